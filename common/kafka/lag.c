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

/* What the group's coordinator says; NULL: nothing in time. The caller destroys it. */
static rd_kafka_event_t *ask_group(struct kafka_lag *l, const char *group,
                                   const rd_kafka_topic_partition_list_t *partitions,
                                   int64_t deadline_ms)
{
	char text[160];
	int left = left_ms(deadline_ms);
	rd_kafka_ListConsumerGroupOffsets_t *wanted =
		rd_kafka_ListConsumerGroupOffsets_new(group, partitions);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		l->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(l->rk);

	(void)rd_kafka_AdminOptions_set_request_timeout(options, left, text, sizeof(text));
	rd_kafka_ListConsumerGroupOffsets(l->rk, &wanted, 1, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left + 500);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
	if (event && rd_kafka_event_error(event)) {
		rd_kafka_event_destroy(event);
		return NULL;
	}
	return event;
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

int kafka_lag_of_group(struct kafka_lag *l, const char *group, enum kafka_topic topic,
                       int64_t deadline_ms, int64_t *out)
{
	CLEANUP(freep) char *name = client_topic_name(l->prefix, topic);
	CLEANUP(freep) char *full = xasprintf("%s%s", l->prefix, group);
	int partitions = kafka_topics[topic].partitions;
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(partitions);
	size_t n = 0;
	int result = KAFKA_E_AWAY;

	for (int i = 0; i < partitions; i++)
		(void)rd_kafka_topic_partition_list_add(list, name, i);
	rd_kafka_event_t *event = ask_group(l, full, list, deadline_ms);
	if (event) {
		const rd_kafka_group_result_t **groups =
			rd_kafka_ListConsumerGroupOffsets_result_groups(
				rd_kafka_event_ListConsumerGroupOffsets_result(event), &n);

		if (n == 1 && !rd_kafka_group_result_error(groups[0]))
			result = sum_of_lag(l, rd_kafka_group_result_partitions(groups[0]),
			                    deadline_ms, out);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return result;
}
