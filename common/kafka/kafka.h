#pragma once
/*
 * Kafka, hiding librdkafka: configuration, topics, a producer, and two consumers: the batch
 * consumer for pipeline threads (blocking, with deadlines) and the stream consumer for the
 * loop (kafka/stream.h). Delivery is at least once: offsets are committed after the work.
 */
#include "base/err.h"
#include "config/config.h"

#include <stdbool.h>

struct kafka_config {
	char *brokers;      /* KAFKA_BROKERS */
	char *topic_prefix; /* KAFKA_TOPIC_PREFIX, "" by default; also prefixes group ids */
	char *extra;        /* KAFKA_OPTIONS: librdkafka "key=value,..." (TLS, SASL) */
	int64_t replication_factor; /* KAFKA_REPLICATION_FACTOR; -1 = the cluster's default
	                             */
};
extern const struct config_key kafka_config_keys[];

enum {
	KAFKA_E_AWAY =
		1, /* not (all) acknowledged before the deadline; safe to try again */
	KAFKA_E_TOO_LARGE, /* the message can never be taken: send it elsewhere */
};

/* The topics, without the prefix; one table (kafka/topics.c) has partitions, sizes,
 * retention. */
enum kafka_topic {
	KAFKA_TOPIC_EVENTS,         /* lis.events */
	KAFKA_TOPIC_TASKS,          /* integration.dispatch-tasks */
	KAFKA_TOPIC_PARKED,         /* integration.parked-tasks */
	KAFKA_TOPIC_CALLBACKS,      /* integration.callbacks */
	KAFKA_TOPIC_RETRIES,        /* integration.retries */
	KAFKA_TOPIC_FAILED,         /* integration.failed-tasks */
	KAFKA_TOPIC_STATUS_UPDATES, /* integration.status-updates */
	KAFKA_TOPIC_INBOUND_CALLS,  /* integration.inbound-calls */
	KAFKA_TOPIC_COUNT,
};

struct kafka_topic_def {
	const char *name; /* without the prefix */
	int partitions;
	int64_t max_message_bytes;
	int64_t retention_ms;
};
extern const struct kafka_topic_def kafka_topics[KAFKA_TOPIC_COUNT];

/* Creates the missing ones. Blocks until `deadline_ms` (monotonic). */
int kafka_topics_ensure(const struct kafka_config *config, int64_t deadline_ms,
                        struct err_text *why) MUST_CHECK;

struct kafka_header {
	const char *name;
	const void *value; /* not terminated */
	size_t len;
};

/* Borrowed bytes; the producer copies what it needs. */
struct kafka_message {
	enum kafka_topic topic;
	int partition; /* produce: -1 = by key (murmur2, as the Java clients) */
	int64_t offset;
	int64_t timestamp_ms;
	const char *key; /* may be NULL */
	size_t key_len;
	const char *value; /* NULL = tombstone */
	size_t value_len;
	const struct kafka_header *headers;
	size_t n_headers;
};
/* The first header of that name, compared without case; NULL when absent. */
const struct kafka_header *kafka_header_find(const struct kafka_message *m,
                                             const char *name);

/* ---- producer: idempotent, acks=all; any thread ---- */
struct kafka_producer;
int kafka_producer_open(const struct kafka_config *config, struct kafka_producer **out,
                        struct err_text *why) MUST_CHECK;
struct kafka_producer *kafka_producer_close(struct kafka_producer *p); /* flushes, 5 s */

/* Called once a message when it was acknowledged (0) or given up (KAFKA_E_...). */
typedef void (*kafka_ack_fn)(int result, void *arg);
/*
 * Asynchronous. `ack` runs on the thread that calls kafka_producer_poll (for the loop: made
 * readable by kafka_producer_fd), or on kafka_flush's caller. KAFKA_E_AWAY: the queue is
 * full.
 */
int kafka_produce(struct kafka_producer *p, const struct kafka_message *m, kafka_ack_fn ack,
                  void *arg) MUST_CHECK;
void kafka_producer_poll(struct kafka_producer *p);
int kafka_producer_fd(struct kafka_producer *p); /* readable when acks wait; owned by p */

/*
 * A batch: messages produced with kafka_batch_add, then one wait for all of them. Blocking;
 * for pipeline threads. kafka_batch_wait returns 0 when every message was acknowledged, and
 * KAFKA_E_AWAY otherwise: the caller repeats the whole batch or leaves its offsets
 * uncommitted.
 */
struct kafka_batch;
struct kafka_batch *kafka_batch_new(struct kafka_producer *p);
int kafka_batch_add(struct kafka_batch *b, const struct kafka_message *m,
                    int64_t deadline_ms)
	MUST_CHECK; /* waits for room in the queue until the deadline */
int kafka_batch_wait(struct kafka_batch *b, int64_t deadline_ms) MUST_CHECK;
struct kafka_batch *kafka_batch_free(struct kafka_batch *b);

/* ---- batch consumer: one thread ---- */
struct kafka_consumer;
struct kafka_consumer_options {
	const char *group; /* without the prefix */
	const enum kafka_topic *topics;
	size_t n_topics;
	/*
	 * Bytes of messages that are read ahead, so that each batch can take of every key
	 * in turn: one that has brought very many delays no other, up to this bound. The
	 * order of a key's messages stays. 0: batches come in each partition's order.
	 */
	size_t look_ahead;
};
int kafka_consumer_open(const struct kafka_config *config,
                        const struct kafka_consumer_options *options,
                        struct kafka_consumer **out, struct err_text *why) MUST_CHECK;
/*
 * Up to `max` messages, waiting at most `wait_ms` for the first, and then only for what is
 * there. The messages live until the next call. Returns the count, 0 when nothing came.
 * Rebalances happen inside this call only, after what was handed out before was committed.
 */
size_t kafka_consumer_batch(struct kafka_consumer *c, struct kafka_message *out, size_t max,
                            int wait_ms);
/*
 * The messages of the last batch are done: commit behind them (not waited for; within some
 * 100 ms, at the latest before the partitions are given up). Without
 * this call the next kafka_consumer_batch gives the same messages again (seek back).
 */
void kafka_consumer_done(struct kafka_consumer *c);
/*
 * A key set aside comes in no batch any more; for consumers with look_ahead. What there is
 * of it is had by kafka_consumer_aside, as copies, which another thread may hold as long as
 * it likes: at most `max`, in their order, all of one key. kafka_consumer_aside_done says
 * that they are done, or not (they are left to the partition's next owner), and frees them.
 */
struct kafka_held;
void kafka_consumer_set_aside(struct kafka_consumer *c, const void *key, size_t len);
size_t kafka_consumer_aside(struct kafka_consumer *c, struct kafka_held **out, size_t max);
void kafka_consumer_aside_done(struct kafka_consumer *c, struct kafka_held **list, size_t n,
                               bool done);
/* Again as all others. Not while messages of it are out. */
void kafka_consumer_let_back(struct kafka_consumer *c, const void *key, size_t len);

struct kafka_consumer_stats {
	size_t waiting; /* messages fetched and not handed out */
	size_t keys;    /* of them */
	size_t aside;   /* messages of keys that were set aside, not handed out */
	size_t bytes;   /* of memory, all that is fetched and not done */
	/* Of the last batch the longest that a message waited of whose key nothing else
	 * waited; -1 without any. From Kafka's timestamp. */
	int64_t alone_ms;
};
struct kafka_consumer_stats kafka_consumer_stats(const struct kafka_consumer *c);
/* Broker seen and assignment received (for readiness). */
bool kafka_consumer_ready(const struct kafka_consumer *c);
/* Age in ms of the oldest message not yet handled, 0 when caught up; -1 unknown. */
int64_t kafka_consumer_oldest_age_ms(struct kafka_consumer *c);
/* Commits and leaves the group at once; bounded by 6 s. */
struct kafka_consumer *kafka_consumer_close(struct kafka_consumer *c);

/*
 * A message that cannot be handled: the original bytes and key to integration.failed-tasks,
 * with headers reason, exception, source_topic, source_partition, source_offset (and the
 * original headers). `reason` is a stable word ("undecodable", "unknown_action"),
 * `exception` a sentence for the operator.
 */
int kafka_batch_add_failed(struct kafka_batch *b, const struct kafka_message *original,
                           const char *reason, const char *exception,
                           int64_t deadline_ms) MUST_CHECK;
/* The same for the loop: asynchronous, with kafka_produce's contract. */
int kafka_produce_failed(struct kafka_producer *p, const struct kafka_message *original,
                         const char *reason, const char *exception, kafka_ack_fn ack,
                         void *arg) MUST_CHECK;
