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
