#pragma once
/*
 * How much a consumer group has still to handle, asked of the broker: what is committed
 * against what is there. Blocking; one thread.
 */
#include "kafka/kafka.h"

struct kafka_lag;
/* `group` without the prefix. Does not join the group. */
int kafka_lag_open(const struct kafka_config *config, const char *group,
                   struct kafka_lag **out, struct err_text *why) MUST_CHECK;
struct kafka_lag *kafka_lag_close(struct kafka_lag *l);
/* Of the partition where messages of this key are. KAFKA_E_AWAY: the broker does not say.
 */
int kafka_lag_of_key(struct kafka_lag *l, enum kafka_topic topic, const char *key,
                     size_t key_len, int64_t deadline_ms, int64_t *out) MUST_CHECK;
/* Of a partition. */
int kafka_lag_of_partition(struct kafka_lag *l, enum kafka_topic topic, int partition,
                           int64_t deadline_ms, int64_t *out) MUST_CHECK;

/* Of all partitions. */
int kafka_lag_of_topic(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                       int64_t *out) MUST_CHECK;
/* How many messages a topic holds. */
int kafka_lag_held(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                   int64_t *out) MUST_CHECK;
