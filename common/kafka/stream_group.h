#pragma once
/*
 * Internal to common/kafka: the stream consumer's state, shared by stream.c (life,
 * messages) and stream_group.c (rebalances, commits).
 */
#include "kafka/client.h"
#include "kafka/quirks.h"

#include <stdatomic.h>

/* What the stream waits for while a rebalance is under way. */
enum rebalance {
	REBALANCE_NONE,
	REBALANCE_COMMITTED, /* assignment: for the group's committed offsets */
	REBALANCE_OWNER,     /* revocation: for stream_revoke_done */
	REBALANCE_COMMIT,    /* revocation: for the last commit's answer */
};

enum stream_timer {
	TIMER_COMMITTED, /* ask for the committed offsets again */
	TIMER_COMMIT,    /* send the failed commit again */
	TIMER_REVOKE,    /* give the partitions up, commit answered or not */
	TIMER_PROBE,     /* brokers were down: are they back? */
	TIMER_LEAVE,     /* the pause before leaving is over */
	TIMER_CLOSE,     /* the deadline of stream_close */
	TIMER_TICK,      /* poll although nothing came, or the group thinks that we hang */
	TIMER_COUNT,
};

struct stream_part {
	enum kafka_topic topic;
	int32_t partition;
	int64_t commit_offset; /* -1 = none noted */
	char *commit_metadata;
	bool dirty; /* noted, not sent */
	bool leaving;
	bool paused;
};

struct stream {
	rd_kafka_t *rk;
	/* control: rebalances and errors; answers: of commits and questions; data: messages
	 */
	rd_kafka_queue_t *control, *answers, *data;
	int event_fd, timer_fd, epoll_fd;
	int64_t due[TIMER_COUNT]; /* monotonic ms; 0 = not set */
	char *group;
	char *names[KAFKA_TOPIC_COUNT];
	struct stream_callbacks callbacks;

	struct stream_part *parts;
	size_t n_parts, cap_parts;

	enum rebalance rebalance;
	rd_kafka_topic_partition_list_t *pending; /* of that rebalance */
	bool commit_in_flight, commit_wanted;
	int64_t commit_at_ms; /* not before */
	struct join_watch *join;
	bool closing, leaving_group, closed;
	bool wake_wanted; /* partitions were resumed: have them fetched now */
	atomic_bool assigned, brokers_down;

	rd_kafka_message_t **fetched; /* scratch of stream_poll */
	size_t cap_fetched;
	struct header_pool headers;
	struct fetch_waker waker;
};

/* ---- stream.c ---- */
void stream_wake(struct stream *s); /* makes the fd readable */
void stream_timer_set(struct stream *s, enum stream_timer which, int64_t in_ms);
void stream_timer_clear(struct stream *s, enum stream_timer which);
void stream_partitions_left(struct stream *s); /* closing: nothing is owned any more */

/* ---- stream_group.c ---- */
struct stream_part *stream_find(struct stream *s, enum kafka_topic topic, int partition);
enum kafka_topic stream_topic_of(const struct stream *s, const char *name);
void group_serve(struct stream *s); /* control and answers */
void group_ask_committed(struct stream *s);
void group_probe(struct stream *s);
void group_finish_revoke(struct stream *s);
void group_release(struct stream *s); /* memory, when the stream is freed */
