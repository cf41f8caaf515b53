#pragma once
/*
 * A dispatch task (topic integration.dispatch-tasks, and integration.parked-tasks without
 * the body): one request to one partner. The Kafka value is the body exactly as it will be
 * sent (or the query string of a GET), never parsed again; everything else is the header
 * `task`, JSON of docs/schemas/dispatch-task.json. The key is the lane's
 * (settings_lane_key).
 */
#include "base/err.h"
#include "base/log_id.h"

#include <jansson.h>
#include <stdbool.h>

#define TASK_HEADER    "task"
#define TASK_ORDER_ALL "*" /* order_key: neither before nor after any other task */

struct task {
	struct log_id log_id;
	int64_t integration_id;
	int64_t lab_id;
	int action_id;
	int64_t settings_version; /* the dispatcher uses rows at least this new */
	int attempt;              /* 0 = the first */
	const char *retry_id;     /* NULL for attempt 0 */
	const char *method;       /* GET | POST | PUT | DELETE; for transport http */
	const char *content_type;
	const char *payload_type; /* "" | JSON | ORM | ... */
	const char *traceparent;  /* NULL */
	int64_t created_at_ms;    /* when the task was built */
	int64_t event_at_ms; /* when the event came in (Kafka's timestamp), for latency */
	bool triggered_by_py3;
	bool resend;           /* a retry of what was delivered, asked for as such */
	const char *order_key; /* NULL: any order */
	int64_t order_place;   /* of its event in the lab's line; 0: behind all that wait */
	/* Fax: the name that the vendor gave to the log's last fax; NULL: none is known. */
	const char *vendor_fax_id;
	bool check; /* no request of an attempt: asks the vendor what became of that fax */
	bool older; /* of a check: not the log's last fax, so only its delivery counts */
	/* Fax: a request without an answer may have been sent since then (wall ms); 0: no
	 */
	int64_t unsure_since_ms;
	bool automatic; /* a retry that no person asked for */
	bool ended; /* a parked task ended without a request: its entity's next may go */
	const json_t *context; /* the retry_context: with it a parked task can be rebuilt */
	/* Where documents belong in the body, whose content is read when it is sent; NULL:
	   none. Each {"document_id", "name", "offset"}, offsets ascending; without an
	   offset it is sent beside the body. */
	const json_t *documents;
	/* Several records of a bulk event in one request, each with a log of its own:
	   [{"log_id", "context"}], the first is this task's; NULL: one record. Such a task
	   is attempt 0; a retry sends one record. */
	const json_t *records;
	struct log_id *record_ids; /* decoded tasks: theirs; NULL without records */
	json_t *owner;             /* decoded tasks: what the strings above point into */
};

/* JSON text of the header; the caller frees. */
char *task_encode(const struct task *t);
/* Fills `out`, whose strings live until task_release. MESSAGE_E_INVALID names the field. */
int task_decode(const char *json, size_t len, struct task *out,
                struct err_text *why) MUST_CHECK;
void task_release(struct task *t);

/* Of a decoded task: the logs that its request is for, at least one; the first is its own.
 */
size_t task_logs(const struct task *t);
const struct log_id *task_log(const struct task *t, size_t i);
bool task_has_log(const struct task *t, const struct log_id *id);

enum { MESSAGE_E_INVALID = 1 };
