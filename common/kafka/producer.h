#pragma once
/*
 * Internal to common/kafka: the producer as batch.c (and its contract test) sees it.
 */
#include "kafka/client.h"

#include <pthread.h>
#include <stdatomic.h>

struct round;

/* What a message's acknowledgement means; librdkafka carries the pointer. */
struct delivery {
	struct round *round; /* of a batch, or NULL: then one message's own, freed by it */
	kafka_ack_fn ack;
	void *arg;
	int result;
	struct delivery *next; /* in producer.deferred */
};

/* What one kafka_batch_wait waits for. Outlives its batch while messages are under way. */
struct round {
	struct delivery delivery; /* shared by the round's messages */
	size_t pending;
	bool failed;
	bool abandoned; /* nobody waits: the last acknowledgement frees it */
};

struct kafka_producer {
	struct kafka_config config; /* own copies: an instance may have to be made again */
	/*
	 * Read-held while an instance is used, write-held while it is replaced. Acks run
	 * with it read-held and may produce: readers may recurse (glibc's default).
	 */
	pthread_rwlock_t instance_lock;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topics[KAFKA_TOPIC_COUNT];
	atomic_bool fatal; /* the instance is of no more use: renew it */
	atomic_size_t bytes_in_flight;
	int fd;
	pthread_mutex_t lock; /* of what follows, and of every round */
	struct delivery *deferred, **deferred_tail;
};

/* Hands the message to librdkafka; `d` comes back with its acknowledgement. */
int producer_send(struct kafka_producer *p, const struct kafka_message *m,
                  struct delivery *d);
/*
 * Takes acknowledgements for at most `timeout_ms`. Those of batches are counted; a
 * message's own ack waits for kafka_producer_poll, so that it runs on its owner's thread.
 */
void producer_serve(struct kafka_producer *p, int timeout_ms);
