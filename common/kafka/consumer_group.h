#pragma once
/*
 * Internal to common/kafka: the batch consumer's state, shared by consumer.c (batches,
 * life), consumer_window.c (what is read ahead), consumer_aside.c (keys set aside) and
 * consumer_group.c (rebalances, commits).
 */
#include "kafka/client.h"
#include "kafka/quirks.h"

#include "domain/fair.h"
#include "domain/offsets.h"

#include <stdatomic.h>

/* A message, from when it was fetched until all before it in its partition are done. */
struct held {
	struct fair_item turn; /* the first member: it waits in consumer.waiting */
	TAILQ_ENTRY(held) link;
	struct owned *owned;
	rd_kafka_message_t *rd; /* NULL: done */
	int64_t offset;
	size_t bytes;
};

struct owned {
	TAILQ_ENTRY(owned) link;
	enum kafka_topic topic;
	int32_t partition;
	struct offsets offsets;   /* those that are done */
	uint64_t committed, sent; /* offsets.changes, acknowledged and under way */
	TAILQ_HEAD(, held) held;  /* by offset; the first one is not done */
	size_t bytes;             /* of them; those done count: their response is shared */
	bool crowded;             /* what is done does not fit into a commit's metadata */
	bool paused;              /* not fetched: it has its share of the window */
	int64_t last_ms; /* timestamp of the newest message handed out, or assignment */
};

struct aside_key {
	char *bytes;
	size_t len;
};

struct kafka_consumer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *control, *data;
	int fd; /* readable when either queue has something */
	char *names[KAFKA_TOPIC_COUNT];
	TAILQ_HEAD(, owned) owned;
	size_t n_owned;
	size_t look_ahead;    /* bytes; 0: no more than a batch */
	size_t bytes;         /* of all that is held */
	struct fair *waiting; /* by key; in one line without look_ahead */
	struct fair *aside;   /* the same, of keys that were set aside */
	struct aside_key *aside_keys;
	size_t n_aside_keys;
	struct held **batch; /* handed out, or to be handed out again */
	size_t n_batch, cap_batch;
	size_t handed; /* the first of batch, by the last call */
	int64_t alone_ms;
	struct header_pool headers;
	size_t *first_header;
	rd_kafka_message_t **fetched; /* scratch of a fetch */
	struct fetch_waker waker;
	bool wake_wanted;     /* partitions were resumed: have them fetched now */
	int64_t commit_at_ms; /* not before */
	bool commit_in_flight;
	struct join_watch *join;
	int64_t close_by_ms; /* closing: everything is over by then; 0 = not closing */
	atomic_bool assigned, brokers_down;
	_Atomic int64_t oldest_ms; /* 0 = caught up, -1 = unknown */
};

/* Commits wait for one another, at least this long: a batch may be a single message. */
#define COMMIT_PAUSE_MS 100

/* ---- consumer_window.c ---- */
/* Fetches what there is room for; `max` is the batch's. */
void window_fetch(struct kafka_consumer *c, size_t max);
/* The next batch: of each key one, and so round again. */
void window_pick(struct kafka_consumer *c, size_t max);
void window_done(struct kafka_consumer *c, struct held *h);
/* Partitions that have too much are no longer fetched, others again. */
void window_balance(struct kafka_consumer *c);
/* Where a key's messages wait. */
struct fair *window_line_of(struct kafka_consumer *c, const void *key, size_t len);
/* Forgets what is held of it, also in the batch; its offsets stay. */
void window_drop(struct kafka_consumer *c, struct owned *o);

/* ---- consumer_aside.c ---- */
void consumer_aside_free(struct kafka_consumer *c);

/* ---- consumer_group.c ---- */
enum kafka_topic consumer_topic_of(const struct kafka_consumer *c, const char *name);
struct owned *consumer_find_owned(struct kafka_consumer *c, enum kafka_topic topic,
                                  int32_t partition);
struct owned *consumer_owned_of(struct kafka_consumer *c, const rd_kafka_message_t *rd);
void consumer_disown(struct kafka_consumer *c, struct owned *o);
void consumer_commit(struct kafka_consumer *c); /* what is done; not waited for */
void consumer_serve_group(struct kafka_consumer *c);
