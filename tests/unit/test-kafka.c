#include "unit.h"

#include "kafka/client.h"

/* contract.md's table; partitions and sizes are ours, but failed-tasks has to hold all. */
static void topics_have_the_contracts_names(void **state)
{
	static const char *const names[KAFKA_TOPIC_COUNT] = {
		[KAFKA_TOPIC_EVENTS] = "lis.events",
		[KAFKA_TOPIC_TASKS] = "integration.dispatch-tasks",
		[KAFKA_TOPIC_PARKED] = "integration.parked-tasks",
		[KAFKA_TOPIC_CALLBACKS] = "integration.callbacks",
		[KAFKA_TOPIC_RETRIES] = "integration.retries",
		[KAFKA_TOPIC_FAILED] = "integration.failed-tasks",
		[KAFKA_TOPIC_STATUS_UPDATES] = "integration.status-updates",
		[KAFKA_TOPIC_INBOUND_CALLS] = "integration.inbound-calls",
	};

	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++) {
		CLEANUP(freep) char *full = client_topic_name("p.", (enum kafka_topic)i);

		assert_string_equal(kafka_topics[i].name, names[i]);
		assert_int_equal(kafka_topics[i].retention_ms, 14LL * 24 * 3600 * 1000);
		assert_in_range(kafka_topics[i].partitions, 1, 100);
		assert_string_equal(full + 2, names[i]);
		assert_int_equal(client_topic_of("p.", full), i);
		assert_int_equal(client_topic_of(NULL, names[i]), i);
		assert_int_equal(client_topic_of("q.", full), KAFKA_TOPIC_COUNT);
	}
}

static void failed_tasks_holds_whatever_its_sources_hold(void **state)
{
	const int64_t headers = 4096; /* reason, exception, source_... */

	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		if (i != KAFKA_TOPIC_FAILED)
			assert_true(kafka_topics[i].max_message_bytes + headers <=
			            kafka_topics[KAFKA_TOPIC_FAILED].max_message_bytes);
}

static void headers_are_found_without_regard_to_case(void **state)
{
	static const struct kafka_header headers[] = {
		{ "ce_id", "first", 5 },
		{ "CE_ID", "second", 6 },
		{ "content-type", NULL, 0 },
	};
	const struct kafka_message m = { .headers = headers, .n_headers = 3 };

	assert_ptr_equal(kafka_header_find(&m, "Ce_Id"), &headers[0]);
	assert_ptr_equal(kafka_header_find(&m, "Content-Type"), &headers[2]);
	assert_null(kafka_header_find(&m, "ce_i"));
	assert_null(kafka_header_find(&(struct kafka_message){ 0 }, "ce_id"));
}

static void a_held_message_has_its_own_bytes(void **state)
{
	char key[] = "17", value[] = "body", name[] = "task", text[] = "{}";
	struct kafka_header header = { name, text, 2 };
	struct kafka_message m = {
		.topic = KAFKA_TOPIC_TASKS,
		.partition = 3,
		.offset = 9,
		.key = key,
		.key_len = 2,
		.value = value,
		.value_len = 4,
		.headers = &header,
		.n_headers = 1,
	};
	struct kafka_held *h = message_hold(&m);

	key[0] = value[0] = name[0] = text[0] = '#';
	assert_string_equal(h->m.key, "17");
	assert_string_equal(h->m.value, "body");
	assert_string_equal(h->m.headers[0].name, "task");
	assert_string_equal(h->m.headers[0].value, "{}");
	assert_int_equal(h->m.headers[0].len, 2);
	assert_int_equal(h->m.offset, 9);
	assert_in_range(h->bytes, sizeof(*h) + 16, sizeof(*h) + 64);
	assert_null(kafka_held_free(h));
}

static void a_held_tombstone_stays_one(void **state)
{
	struct kafka_held *h = message_hold(&(struct kafka_message){ .offset = 1 });

	assert_null(h->m.value);
	assert_null(h->m.key);
	assert_null(h->m.headers);
	assert_null(kafka_held_free(h));
}

static void options_reach_librdkafka_but_no_guarantee_gives_way(void **state)
{
	struct kafka_config config = {
		.brokers = (char[]){ "b:1" },
		.extra = (char[]){ "client.id=a\\,b, acks=1,linger.ms=7" },
	};
	struct err_text why = { "" };
	rd_kafka_conf_t *conf = client_conf_new(&config, CLIENT_PRODUCER, NULL, &why);
	static const struct {
		const char *name, *value;
	} expected[] = {
		{ "client.id", "a,b" },
		{ "linger.ms", "7" },
		{ "enable.idempotence", "true" },
		{ "acks", "-1" },
	};

	assert_non_null(conf);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		char value[64];
		size_t size = sizeof(value);

		assert_int_equal(rd_kafka_conf_get(conf, expected[i].name, value, &size),
		                 RD_KAFKA_CONF_OK);
		assert_string_equal(value, expected[i].value);
	}
	rd_kafka_conf_destroy(conf);
	config.extra = (char[]){ "sasl.password" };
	assert_null(client_conf_new(&config, CLIENT_PRODUCER, NULL, &why));
	assert_non_null(strstr(why.text, "KAFKA_OPTIONS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_have_the_contracts_names),
		cmocka_unit_test(failed_tasks_holds_whatever_its_sources_hold),
		cmocka_unit_test(headers_are_found_without_regard_to_case),
		cmocka_unit_test(a_held_message_has_its_own_bytes),
		cmocka_unit_test(a_held_tombstone_stays_one),
		cmocka_unit_test(options_reach_librdkafka_but_no_guarantee_gives_way),
	};

	return cmocka_run_group_tests_name("kafka", tests, NULL, NULL);
}
