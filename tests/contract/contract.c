#include "contract.h"

#include "base/random.h"
#include "kafka/client.h"
#include "log/log.h"

#include <stdio.h>
#include <unistd.h>

#define SKIPPED 77

static const char *wanted(const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value) {
		printf("skipped: %s is not set\n", name);
		exit(SKIPPED);
	}
	return value;
}

static char *own_prefix(void)
{
	return xasprintf("contract-%08x-%d.", random_u32(), (int)getpid());
}

struct kafka_config contract_kafka(void)
{
	const char *brokers = wanted("KAFKA_BROKERS");

	log_init("contract-test", getenv("VERBOSE") ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	return (struct kafka_config){
		.brokers = xstrdup(brokers),
		.topic_prefix = own_prefix(),
		.extra = xstrdup(""),
		.replication_factor = -1,
	};
}

void contract_kafka_clean(const struct kafka_config *config)
{
	struct err_text why;
	rd_kafka_conf_t *conf = client_conf_new(config, CLIENT_ADMIN, NULL, &why);
	rd_kafka_t *rk = conf ? client_new(conf, CLIENT_ADMIN, &why) : NULL;
	rd_kafka_DeleteTopic_t *topics[KAFKA_TOPIC_COUNT];

	assert_non_null(rk);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++) {
		CLEANUP(freep)
		char *name = client_topic_name(config->topic_prefix, (enum kafka_topic)i);

		topics[i] = rd_kafka_DeleteTopic_new(name);
	}
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);

	rd_kafka_DeleteTopics(rk, topics, KAFKA_TOPIC_COUNT, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10000);

	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_DeleteTopic_destroy_array(topics, KAFKA_TOPIC_COUNT);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

struct postgres_config contract_postgres(void)
{
	const char *url = wanted("POSTGRES_URL");

	log_init("contract-test", LOG_LEVEL_ERROR);
	return (struct postgres_config){ .url = xstrdup(url), .connect_timeout = 5000 };
}

void contract_produce(const struct kafka_config *config, enum kafka_topic topic, int from,
                      int n)
{
	struct kafka_producer *p = NULL;
	struct err_text why;

	assert_int_equal(kafka_producer_open(config, &p, &why), 0);
	struct kafka_batch *b = kafka_batch_new(p);

	for (int i = from; i < from + n; i++) {
		char number[16];
		int len = snprintf(number, sizeof(number), "%d", i);
		struct kafka_message m = {
			.topic = topic,
			.partition = -1,
			.key = number,
			.key_len = (size_t)len,
			.value = number,
			.value_len = (size_t)len,
		};

		assert_int_equal(kafka_batch_add(b, &m, in_ms(10000)), 0);
	}
	assert_int_equal(kafka_batch_wait(b, in_ms(15000)), 0);
	(void)kafka_batch_free(b);
	(void)kafka_producer_close(p);
}

int contract_number(const struct kafka_message *m)
{
	char text[16] = "";

	assert_true(m->value_len < sizeof(text));
	memcpy(text, m->value, m->value_len);
	return atoi(text);
}
