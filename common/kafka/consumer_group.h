#pragma once
/*
 * Internal to common/kafka: the batch consumer's state, shared by consumer.c (batches,
 * life) and consumer_group.c (rebalances, commits).
 */
#include "kafka/client.h"
#include "kafka/quirks.h"

#include <stdatomic.h>

struct owned {
	enum kafka_topic topic;
	int32_t partition;
	int64_t done_offset; /* to be committed; -1 = nothing handed out yet */
	int64_t committed;   /* acknowledged by the group's coordinator; -1 = unknown */
	int64_t last_ms;     /* timestamp of the newest message handed out, or assignment */
};

struct kafka_consumer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *control, *data;
	int fd; /* readable when either queue has something */
	char *names[KAFKA_TOPIC_COUNT];
	struct owned *owned;
	size_t n_owned, cap_owned;
	rd_kafka_message_t **held; /* handed out, or to be handed out again */
	size_t n_held, cap_held;
	size_t handed; /* the first of held, by the last call */
	struct header_pool headers;
	size_t *first_header;
	struct fetch_waker waker;
	int64_t commit_at_ms; /* not before */
	bool commit_in_flight;
	struct join_watch *join;
	int64_t close_by_ms; /* closing: everything is over by then; 0 = not closing */
	atomic_bool assigned, brokers_down;
	_Atomic int64_t oldest_ms; /* 0 = caught up, -1 = unknown */
};

/* Commits wait for one another, at least this long: a batch may be a single message. */
#define COMMIT_PAUSE_MS 100

/* ---- consumer.c ---- */
void consumer_drop_disowned(struct kafka_consumer *c); /* held, of partitions given up */

/* ---- consumer_group.c ---- */
enum kafka_topic consumer_topic_of(const struct kafka_consumer *c, const char *name);
struct owned *consumer_owned_of(struct kafka_consumer *c, const rd_kafka_message_t *rd);
void consumer_commit(struct kafka_consumer *c); /* what is done; not waited for */
void consumer_serve_group(struct kafka_consumer *c);
