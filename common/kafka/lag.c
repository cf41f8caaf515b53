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

static int committed_offset(struct kafka_lag *l, const char *topic, int partition,
                            int64_t deadline_ms, int64_t *out)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	const rd_kafka_topic_partition_t *at =
		rd_kafka_topic_partition_list_add(list, topic, partition);
	rd_kafka_resp_err_t err = rd_kafka_committed(l->rk, list, left_ms(deadline_ms));

	*out = at->offset;
	if (!err)
		err = at->err;
	rd_kafka_topic_partition_list_destroy(list);
	return err ? KAFKA_E_AWAY : 0;
}

int kafka_lag_of_partition(struct kafka_lag *l, enum kafka_topic topic, int partition,
                           int64_t deadline_ms, int64_t *out)
{
	CLEANUP(freep) char *name = client_topic_name(l->prefix, topic);
	int64_t low, high, done;

	if (committed_offset(l, name, partition, deadline_ms, &done) ||
	    rd_kafka_query_watermark_offsets(l->rk, name, partition, &low, &high,
	                                     left_ms(deadline_ms)))
		return KAFKA_E_AWAY;
	*out = high - (done > low ? done : low); /* nothing committed: below every offset */
	return 0;
}

int kafka_lag_of_key(struct kafka_lag *l, enum kafka_topic topic, const char *key,
                     size_t key_len, int64_t deadline_ms, int64_t *out)
{
	/* the producer's partitioner; it looks at nothing but the key and the count */
	int partition = rd_kafka_msg_partitioner_murmur2(
		NULL, key, key_len, kafka_topics[topic].partitions, NULL, NULL);

	return kafka_lag_of_partition(l, topic, partition, deadline_ms, out);
}

int kafka_lag_held(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                   int64_t *out)
{
	CLEANUP(freep) char *name = client_topic_name(l->prefix, topic);

	*out = 0;
	for (int i = 0; i < kafka_topics[topic].partitions; i++) {
		int64_t low, high;

		if (rd_kafka_query_watermark_offsets(l->rk, name, i, &low, &high,
		                                     left_ms(deadline_ms)))
			return KAFKA_E_AWAY;
		*out += high - low;
	}
	return 0;
}

static int sum_of_lag(struct kafka_lag *l, const rd_kafka_topic_partition_list_t *committed,
                      int64_t deadline_ms, int64_t *out)
{
	*out = 0;
	for (int i = 0; i < committed->cnt; i++) {
		const rd_kafka_topic_partition_t *at = &committed->elems[i];
		int64_t low, high;

		if (at->err ||
		    rd_kafka_query_watermark_offsets(l->rk, at->topic, at->partition, &low,
		                                     &high, left_ms(deadline_ms)))
			return KAFKA_E_AWAY;
		*out += high - (at->offset > low ? at->offset : low);
	}
	return 0;
}

/*
 * By the group's own handle, and not by ListConsumerGroupOffsets: librdkafka 2.0.2 aborts
 * (eonce->refcnt) when that times out before the coordinator is known.
 */
int kafka_lag_of_topic(struct kafka_lag *l, enum kafka_topic topic, int64_t deadline_ms,
                       int64_t *out)
{
	CLEANUP(freep) char *name = client_topic_name(l->prefix, topic);
	int partitions = kafka_topics[topic].partitions;
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(partitions);
	int result = KAFKA_E_AWAY;

	for (int i = 0; i < partitions; i++)
		(void)rd_kafka_topic_partition_list_add(list, name, i);
	if (!rd_kafka_committed(l->rk, list, left_ms(deadline_ms)))
		result = sum_of_lag(l, list, deadline_ms, out);
	rd_kafka_topic_partition_list_destroy(list);
	return result;
}
