#pragma once
/*
 * Internal to common/kafka: what its parts share around librdkafka. Nobody else includes
 * this (nor librdkafka), save the contract tests.
 */
#include "kafka/stream.h"

#include <librdkafka/rdkafka.h>

enum client_role { CLIENT_PRODUCER, CLIENT_CONSUMER, CLIENT_ADMIN };

/*
 * librdkafka's configuration of a role: tuning, then KAFKA_OPTIONS, then the settings that
 * our guarantees rest on. NULL and `why` when KAFKA_OPTIONS is not understood. The caller
 * destroys it, or hands it to client_new.
 */
rd_kafka_conf_t *client_conf_new(const struct kafka_config *config, enum client_role role,
                                 const char *group, struct err_text *why);
/* Takes `conf` in any case. NULL and `why` on failure. */
rd_kafka_t *client_new(rd_kafka_conf_t *conf, enum client_role role, struct err_text *why);

struct join_watch;
/*
 * A consumer; its rebalances, commits' results and errors come as events. `watch`: for a
 * member of a group, to be released with join_watch_destroy; NULL when it never joins.
 */
rd_kafka_t *client_consumer_new(const struct kafka_config *config, const char *group,
                                struct join_watch **watch, struct err_text *why);
int client_subscribe(rd_kafka_t *rk, const struct kafka_config *config,
                     const enum kafka_topic *topics, size_t n, struct err_text *why);

/* The prefix and the name; the caller frees. */
char *client_topic_name(const char *prefix, enum kafka_topic topic);
/* Back again; KAFKA_TOPIC_COUNT when it is none of ours. */
enum kafka_topic client_topic_of(const char *prefix, const char *full_name);

/* librdkafka's code as ours: 0, KAFKA_E_TOO_LARGE or KAFKA_E_AWAY. */
int client_error(rd_kafka_resp_err_t err);

/* Bytes that a message takes in a broker's batch, an upper bound. */
size_t message_wire_size(const struct kafka_message *m);

/*
 * The headers of received messages, side by side in one array that is used again for every
 * batch.
 */
struct header_pool {
	struct kafka_header *items;
	size_t n, cap;
};
/* Views `rd` as a message: borrows its bytes. Headers go to the pool by index. */
void message_view(const rd_kafka_message_t *rd, enum kafka_topic topic,
                  struct kafka_message *out, struct header_pool *pool, size_t *first);
/* A copy with its own memory. */
struct kafka_held *message_hold(const struct kafka_message *m);
