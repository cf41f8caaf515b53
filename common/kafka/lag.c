#include "kafka/lag.h"

#include "base/clock.h"
#include "kafka/client.h"

struct kafka_lag {
	rd_kafka_t *rk;
	char *prefix;
};

int kafka_lag_open(const struct kafka_config *config, const char *group,
                   struct kafka_lag **out, struct err_text *why)
{
	rd_kafka_t *rk = client_consumer_new(config, group, NULL, why);

	if (!rk)
		return KAFKA_E_AWAY;
	*out = xcalloc(1, sizeof(**out));
	(*out)->rk = rk;
	(*out)->prefix = xstrdup(config->topic_prefix);
	return 0;
}

struct kafka_lag *kafka_lag_close(struct kafka_lag *l)
{
	if (l) {
		rd_kafka_destroy(l->rk);
		free(l->prefix);
		free(l);
	}
	return NULL;
}

static int left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_mono_ms();

	return left < 1 ? 1 : left > 60000 ? 60000 : (int)left;
}

/* Of the offsets in `list`: from there, or where the partition begins, to its end. */
static int sum_of_lag(struct kafka_lag *l, const rd_kafka_topic_partition_list_t *list,
                      int64_t deadline_ms, int64_t *out)
{
	*out = 0;
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *at = &list->elems[i];
		int64_t low, high;

		if (at->err ||
		    rd_kafka_query_watermark_offsets(l->rk, at->topic, at->partition, &low,
		                                     &high, left_ms(deadline_ms)))
			return KAFKA_E_AWAY;
		/* nothing committed: below every offset */
		*out += high - (at->offset > low ? at->offset : low);
	}
	return 0;
}

/*
 * By the group's own handle, and not by ListConsumerGroupOffsets: librdkafka 2.0.2 aborts
 * (eonce->refcnt) when that times out before the coordinator is known.
 */
static int lag_of_list(struct kafka_lag *l, rd_kafka_topic_partition_list_t *list,
                       int64_t deadline_ms, int64_t *out)
{
	return rd_kafka_committed(l->rk, list, left_ms(deadline_ms))
	               ? KAFKA_E_AWAY
	               : sum_of_lag(l, list, deadline_ms, out);
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_lag *l,
                                                enum kafka_topic topic, int first, int n)
{
	CLEANUP(freep) char *name = client_topic_name(l->prefix, topic);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);

	rd_kafka_topic_partition_list_add_range(list, name, first, first + n - 1);
	return list;
}

int kafka_lag_of_partition(struct kafka_lag *l, enum kafka_topic topic, int partition,
                           int64_t deadline_ms, int64_t *out)
{
	rd_kafka_topic_partition_list_t *list = list_of(l, topic, partition, 1);
	int r = lag_of_list(l, list, deadline_ms, out);

	rd_kafka_topic_partition_list_destroy(list);
	return r;
}

int kafka_lag_of_key(struct kafka_lag *l, enum kafka_topic topic, const char *key,
                     size_t key_len, int64_t deadline_ms, int64_t *out)
{
	/* the producer's partitioner; it looks at nothing but the key and the count */
	int partition = rd_kafka_msg_partitioner_murmur2(
		NULL, key, key_len, kafka_topics[topic].partitions, NULL, NULL);

	return kafka_lag_of_partition(l, topic, partition, deadline_ms, out);
}

int kafka_lag_of_topic(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                       int64_t *out)
{
	rd_kafka_topic_partition_list_t *list =
		list_of(l, topic, 0, kafka_topics[topic].partitions);
	int r = lag_of_list(l, list, deadline_ms, out);

	rd_kafka_topic_partition_list_destroy(list);
	return r;
}

/* As if a group had committed nothing. */
int kafka_lag_held(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                   int64_t *out)
{
	rd_kafka_topic_partition_list_t *list =
		list_of(l, topic, 0, kafka_topics[topic].partitions);
	int r = sum_of_lag(l, list, deadline_ms, out);

	rd_kafka_topic_partition_list_destroy(list);
	return r;
}
