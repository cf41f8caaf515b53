#include "kafka/client.h"

#include "base/clock.h"
#include "log/log.h"

#include <errno.h>
#include <stdio.h>

#define MIB  (1024 * 1024)
#define DAYS (24LL * 60 * 60 * 1000)

/*
 * Sizes. Events may have 1 MiB: a larger one is turned away by trigger with a reason, so it
 * must get as far as that, hence 8. Tasks hold a body with its documents; reports on
 * callbacks and recorded calls hold two bodies of LOG_BODY_LIMIT, escaped, or a callback of
 * 16 MiB. failed-tasks takes anything that its sources can hold, with the headers added.
 */
const struct kafka_topic_def kafka_topics[KAFKA_TOPIC_COUNT] = {
	[KAFKA_TOPIC_EVENTS] = { "lis.events", 12, 8 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_TASKS] = { "integration.dispatch-tasks", 12, 24 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_PARKED] = { "integration.parked-tasks", 12, 2 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_CALLBACKS] = { "integration.callbacks", 12, 24 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_RETRIES] = { "integration.retries", 12, 2 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_FAILED] = { "integration.failed-tasks", 3, 32 * MIB, 14 * DAYS },
	[KAFKA_TOPIC_STATUS_UPDATES] = { "integration.status-updates", 3, 1 * MIB,
	                                 14 * DAYS },
	[KAFKA_TOPIC_INBOUND_CALLS] = { "integration.inbound-calls", 6, 24 * MIB,
	                                14 * DAYS },
};

static int seconds_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_mono_ms();

	return left < 1 ? 1 : left > 60000 ? 60000 : (int)left;
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_config *config,
                                      const struct kafka_topic_def *def)
{
	CLEANUP(freep)
	char *name = client_topic_name(config->topic_prefix,
	                               (enum kafka_topic)(def - kafka_topics));
	char number[24], why[160];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
		name, def->partitions, (int)config->replication_factor, why, sizeof(why));

	if (!topic)
		return NULL;
	(void)snprintf(number, sizeof(number), "%lld", (long long)def->max_message_bytes);
	(void)rd_kafka_NewTopic_set_config(topic, "max.message.bytes", number);
	(void)snprintf(number, sizeof(number), "%lld", (long long)def->retention_ms);
	(void)rd_kafka_NewTopic_set_config(topic, "retention.ms", number);
	(void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete");
	return topic;
}

static int check_created(rd_kafka_event_t *event, struct err_text *why)
{
	const rd_kafka_CreateTopics_result_t *result =
		rd_kafka_event_CreateTopics_result(event);
	size_t n = 0;
	const rd_kafka_topic_result_t **topics =
		rd_kafka_CreateTopics_result_topics(result, &n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t err = rd_kafka_topic_result_error(topics[i]);

		if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			return err_say(why, KAFKA_E_AWAY,
			               "kafka: creating the topic %.80s: %s",
			               rd_kafka_topic_result_name(topics[i]),
			               rd_kafka_err2str(err));
	}
	return 0;
}

static int create_topics(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t n,
                         int64_t deadline_ms, struct err_text *why)
{
	int left = seconds_left_ms(deadline_ms);
	char text[160];
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);

	(void)rd_kafka_AdminOptions_set_request_timeout(options, left, text, sizeof(text));
	/* the controller answers when the topics are there, so that produce works at once
	 */
	(void)rd_kafka_AdminOptions_set_operation_timeout(options, left, text,
	                                                  sizeof(text));
	rd_kafka_CreateTopics(rk, topics, n, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left + 1000);
	int r;

	if (!event)
		r = err_say(why, KAFKA_E_AWAY, "kafka: no answer from the brokers");
	else if (rd_kafka_event_error(event))
		r = err_say(why, KAFKA_E_AWAY, "kafka: %s",
		            rd_kafka_event_error_string(event));
	else
		r = check_created(event, why);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	return r;
}

static const rd_kafka_metadata_topic_t *find_topic(const rd_kafka_metadata_t *metadata,
                                                   const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++)
		if (strcmp(metadata->topics[i].topic, name) == 0 &&
		    !metadata->topics[i].err)
			return &metadata->topics[i];
	return NULL;
}

/* Lists the missing topics; says where an existing one has another count. */
static size_t missing_topics(const struct kafka_config *config,
                             const rd_kafka_metadata_t *metadata, rd_kafka_NewTopic_t **out)
{
	size_t n = 0;

	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++) {
		const struct kafka_topic_def *def = &kafka_topics[i];
		CLEANUP(freep)
		char *name = client_topic_name(config->topic_prefix, (enum kafka_topic)i);
		const rd_kafka_metadata_topic_t *there = find_topic(metadata, name);

		if (!there) {
			out[n] = new_topic(config, def);
			n += out[n] != NULL;
		} else if (there->partition_cnt != def->partitions)
			log_warn(NULL, "kafka.partitions_differ",
			         "topic %s has %d partitions, not the fleet's %d: kept",
			         name, there->partition_cnt, def->partitions);
	}
	return n;
}

static int ensure(rd_kafka_t *rk, const struct kafka_config *config, int64_t deadline_ms,
                  struct err_text *why)
{
	const rd_kafka_metadata_t *metadata = NULL;
	rd_kafka_NewTopic_t *missing[KAFKA_TOPIC_COUNT];
	rd_kafka_resp_err_t err =
		rd_kafka_metadata(rk, 1, NULL, &metadata, seconds_left_ms(deadline_ms));

	if (err)
		return err_say(why, KAFKA_E_AWAY, "kafka: %s", rd_kafka_err2str(err));
	size_t n = missing_topics(config, metadata, missing);
	int r = n ? create_topics(rk, missing, n, deadline_ms, why) : 0;

	rd_kafka_NewTopic_destroy_array(missing, n);
	rd_kafka_metadata_destroy(metadata);
	return r;
}

int kafka_topics_ensure(const struct kafka_config *config, int64_t deadline_ms,
                        struct err_text *why)
{
	rd_kafka_conf_t *conf = client_conf_new(config, CLIENT_ADMIN, NULL, why);
	rd_kafka_t *rk = conf ? client_new(conf, CLIENT_ADMIN, why) : NULL;

	if (!rk)
		return -EINVAL;
	int r = ensure(rk, config, deadline_ms, why);

	rd_kafka_destroy(rk);
	return r;
}
