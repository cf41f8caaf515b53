#pragma once
/*
 * The dispatcher: takes tasks from integration.dispatch-tasks, sends each to its partner at
 * that partner's own pace, and reports the outcome. Everything runs on the loop thread,
 * save the reading of rows (rows.c) and documents (documents.c).
 *
 *   intake.c    messages in: a source per partition, a job per task; pauses
 *   commits.c   offsets out; partitions that leave
 *   lanes.c     a queue per integration; whose turn it is
 *   attempt.c   one request: from the lane to the wire, from the answer to the report
 *   outgoing.c  messages out, kept until they are acknowledged
 *   parking.c   tasks of slow lanes, to integration.parked-tasks and back
 *   checks.c    questions to fax vendors
 *   documents.c PDFs of a request, read before it starts
 *   rows.c      the integrations as they are now
 *   gauges.c    metrics
 *   told.c      the lanes' states, for the dashboard
 */
#include "document/document.h"
#include "domain/lane.h"
#include "domain/offsets.h"
#include "domain/order.h"
#include "kafka/stream.h"
#include "message/task.h"
#include "postgres/postgres.h"
#include "service/service.h"
#include "settings/settings.h"
#include "transport/transport.h"

#include <sys/queue.h>

struct event;

struct dispatcher_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct secrets_config secrets;
	struct transport_config transport;
	int64_t max_in_flight;
	int64_t lane_queue_limit;
	int64_t tasks_limit;
	int64_t memory_limit;   /* bytes of waiting tasks */
	int64_t outgoing_limit; /* messages */
	int64_t slow_after;
	int64_t circuit_threshold;
	int64_t circuit_pause;
	int64_t circuit_longest_pause;
	int64_t circuit_hold;
	int64_t retry_after_max;
	int64_t park_delay;
	int64_t order_hold;
	int64_t body_limit; /* LOG_BODY_LIMIT */
	struct document_config document;
	int64_t spool_limit; /* bytes of all */
};

/* A partition of ours. Lives until the last of its jobs and messages has ended. */
struct source {
	LIST_ENTRY(source) link; /* dispatcher.sources, until it is revoked */
	enum kafka_topic topic;
	int partition;
	int64_t since_ms; /* wall clock: when it became ours */
	struct offsets offsets;
	uint64_t committed; /* offsets.changes at the last commit */
	unsigned refs;      /* jobs, and messages that will finish an offset */
	unsigned busy;      /* of them: on the wire, or reported and not acknowledged */
	size_t n_parked;    /* parked records in memory */
	bool paused;
	const struct lane_entry *full; /* the lane that it was paused for */
	bool revoked;                  /* not lost: waits for busy to reach 0 */
	bool gone;                     /* finishing an offset means nothing any more */
};

/* A task in memory. */
struct job {
	/* its lane's queue or flying; a source's parked list; dispatcher.checks */
	TAILQ_ENTRY(job) link;
	struct source *source;
	struct lane_entry *lane; /* NULL while it is a parked record */
	struct kafka_held *held; /* the body, and what `task` was decoded from */
	struct task task;
	size_t bytes;                /* of memory, about */
	int64_t arrived_ms;          /* monotonic */
	struct order_ticket *ticket; /* NULL: in any order, or a parked record */

	struct dispatcher *checking; /* a question on the wire */

	/* while it is on the wire */
	struct settings *settings; /* what `row` belongs to */
	const struct integration *row;
	struct documents_read *documents; /* NULL: the task has none */
	int64_t started_us;               /* monotonic */
	int64_t started_wall_ms;
};
TAILQ_HEAD(job_list, job);

/* A bucket that lanes of one rate_limit_group share. */
struct rate_group {
	LIST_ENTRY(rate_group) link;
	char *name;
	struct bucket bucket;
	unsigned refs;
};

enum lane_place {
	LANE_RESTS,
	LANE_HAS_TURN, /* in dispatcher.turns */
	LANE_IS_HELD,  /* in dispatcher.held */
};

/* An integration's lane: domain/lane.h decides, this queues. */
struct lane_entry {
	LIST_ENTRY(lane_entry) hash_link;
	TAILQ_ENTRY(lane_entry) turn_link; /* dispatcher.turns, or .held */
	struct dispatcher *d;
	int64_t integration_id;
	struct lane lane;
	struct bucket own_rate;
	struct rate_group *group; /* NULL: own_rate counts */
	int64_t configured;       /* settings version that limits come from; -1: none */
	struct job_list queue, flying;
	size_t n_queued;
	size_t n_retries; /* of them, attempts above 0 */
	size_t n_batches; /* of them, requests of several records */
	enum lane_place place;
	struct event *timer;  /* armed while it waits for a time */
	bool spilling;        /* new tasks follow those that were parked */
	size_t released;      /* parked tasks sent back in this second */
	char last_error[200]; /* of the failures that opened the circuit */
	enum error_kind last_kind;
	int64_t success_ms; /* monotonic, of the last one; 0: none yet */
	unsigned sent;      /* requests that ended, since they were told of (told.c) */
	size_t n_parked;    /* told.c's, while it counts */
};
TAILQ_HEAD(lane_list, lane_entry);

enum { LANE_BUCKETS = 1024 };

struct dispatcher {
	struct service_ctx *ctx;
	const struct dispatcher_config *config;
	struct lane_policy policy;
	struct kafka_producer *producer;
	struct stream *stream;
	struct transport *transports[TRANSPORT_FAX + 1];
	struct rows *rows;
	struct told *told;
	struct order *order;
	struct recent *delivered; /* by attempt; newest.c */
	struct documents *documents;
	struct job_list checks;
	size_t n_checks;

	LIST_HEAD(, source) sources;
	LIST_HEAD(lane_bucket, lane_entry) lanes[LANE_BUCKETS];
	LIST_HEAD(, rate_group) groups;
	struct lane_list turns; /* lanes with something to send, fair round robin */
	struct lane_list held;  /* lanes whose next task wants newer rows */

	size_t n_tasks, task_bytes; /* waiting or on the wire */
	unsigned in_flight;
	struct outgoing_queue *outgoing;
	struct parking *parking;
	bool paused;   /* all partitions, for want of room */
	bool draining; /* start nothing any more */
	bool revoking; /* the stream waits for stream_revoke_done */
	int64_t revoke_deadline_ms;

	struct event *stream_event, *producer_event, *pump_event, *commit_event,
		*tick_event;
};
