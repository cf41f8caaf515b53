/* Producer, batches and the batch consumer on a real broker. */
#include "contract.h"

#include "kafka/producer.h"
#include "kafka/stream.h"

#include <poll.h>
#include <stdio.h>

#define MESSAGES 500

static struct kafka_config config;
static struct kafka_producer *producer;

static struct kafka_consumer *open_consumer(const char *group, enum kafka_topic topic)
{
	struct kafka_consumer_options options = {
		.group = group,
		.topics = &topic,
		.n_topics = 1,
	};
	struct kafka_consumer *c = NULL;
	struct err_text why;

	assert_int_equal(kafka_consumer_open(&config, &options, &c, &why), 0);
	return c;
}

static struct kafka_message batch[MESSAGES];

/* The first batch that is not empty. */
static size_t next_batch(struct kafka_consumer *c, size_t max)
{
	int64_t deadline = in_ms(15000);
	size_t n = 0;

	while (n == 0 && clock_mono_ms() < deadline)
		n = kafka_consumer_batch(c, batch, max, 500);
	return n;
}

static int consume(struct kafka_consumer *c, int wanted, unsigned char *seen)
{
	int64_t deadline = in_ms(20000);
	int total = 0;

	while (total < wanted && clock_mono_ms() < deadline) {
		size_t n = kafka_consumer_batch(c, batch, 100, 300);

		for (size_t i = 0; i < n; i++)
			seen[contract_number(&batch[i])]++;
		total += (int)n;
		kafka_consumer_done(c);
	}
	return total;
}

static void topics_are_made_once_with_their_partitions_and_limits(void **state)
{
	struct err_text why = { "" };
	rd_kafka_conf_t *conf = client_conf_new(&config, CLIENT_ADMIN, NULL, &why);
	rd_kafka_t *rk = client_new(conf, CLIENT_ADMIN, &why);
	const rd_kafka_metadata_t *metadata = NULL;
	int found = 0;

	assert_int_equal(kafka_topics_ensure(&config, in_ms(10000), &why), 0);
	assert_int_equal(rd_kafka_metadata(rk, 1, NULL, &metadata, 5000), 0);
	for (int i = 0; i < metadata->topic_cnt; i++) {
		enum kafka_topic topic =
			client_topic_of(config.topic_prefix, metadata->topics[i].topic);

		if (topic == KAFKA_TOPIC_COUNT)
			continue;
		found++;
		assert_int_equal(metadata->topics[i].partition_cnt,
		                 kafka_topics[topic].partitions);
	}
	assert_int_equal(found, KAFKA_TOPIC_COUNT);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_destroy(rk);
}

static void an_unreachable_broker_is_away_before_the_deadline(void **state)
{
	struct kafka_config nowhere = config;
	struct err_text why;
	int64_t start = clock_mono_ms();

	nowhere.brokers = (char[]){ "127.0.0.1:1" };
	assert_int_equal(kafka_topics_ensure(&nowhere, in_ms(500), &why), KAFKA_E_AWAY);
	assert_in_range(clock_mono_ms() - start, 0, 2000);
}

static void an_option_that_is_none_is_named_without_its_value(void **state)
{
	struct kafka_config wrong = config;
	struct kafka_producer *p = NULL;
	struct err_text why = { "" };

	wrong.extra = (char[]){ "sasl.passwort=geheim" };
	assert_int_not_equal(kafka_producer_open(&wrong, &p, &why), 0);
	assert_non_null(strstr(why.text, "sasl.passwort"));
	assert_null(strstr(why.text, "geheim"));
}

static void a_batch_not_done_is_given_again(void **state)
{
	struct kafka_consumer *c = open_consumer("again", KAFKA_TOPIC_EVENTS);
	size_t n = next_batch(c, 50);

	assert_in_range(n, 1, 50);
	int first = contract_number(&batch[0]), last = contract_number(&batch[n - 1]);

	assert_in_range(kafka_consumer_oldest_age_ms(c), 1, 120000);
	assert_true(kafka_consumer_ready(c));
	assert_int_equal(kafka_consumer_batch(c, batch, 50, 500), n);
	assert_int_equal(contract_number(&batch[0]), first);
	assert_int_equal(contract_number(&batch[n - 1]), last);
	if (n > 1) {
		assert_int_equal(kafka_consumer_batch(c, batch, 1, 500), 1);
		assert_int_equal(contract_number(&batch[0]), first);
		kafka_consumer_done(c);
		assert_int_equal(kafka_consumer_batch(c, batch, 50, 500), n - 1);
		assert_int_equal(contract_number(&batch[n - 2]), last);
	}
	(void)kafka_consumer_close(c);

	/* only what was done is committed */
	unsigned char seen[2 * MESSAGES] = { 0 };

	c = open_consumer("again", KAFKA_TOPIC_EVENTS);
	int left = MESSAGES - (n > 1);

	assert_int_equal(consume(c, left, seen), left);
	assert_int_equal(kafka_consumer_batch(c, batch, 10, 500), 0);
	(void)kafka_consumer_close(c);
}

static void everything_comes_once_and_the_age_falls_to_zero(void **state)
{
	struct kafka_consumer *c = open_consumer("once", KAFKA_TOPIC_EVENTS);
	unsigned char seen[2 * MESSAGES] = { 0 };

	assert_int_equal(kafka_consumer_oldest_age_ms(c), -1);
	assert_int_equal(consume(c, MESSAGES, seen), MESSAGES);
	assert_int_equal(kafka_consumer_batch(c, batch, 10, 500), 0);
	for (int i = 0; i < MESSAGES; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(kafka_consumer_oldest_age_ms(c), 0);
	(void)kafka_consumer_close(c);
}

/* The sum of what the group has committed, as another client sees it. */
static int64_t committed_sum(const char *group)
{
	struct err_text why;
	rd_kafka_conf_t *conf = client_conf_new(&config, CLIENT_CONSUMER, group, &why);
	rd_kafka_t *rk = client_new(conf, CLIENT_CONSUMER, &why);
	CLEANUP(freep)
	char *name = client_topic_name(config.topic_prefix, KAFKA_TOPIC_EVENTS);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(12);
	int64_t sum = 0, deadline = in_ms(20000);

	rd_kafka_topic_partition_list_add_range(list, name, 0, 11);
	/* a coordinator that is only just one says at first that it is none */
	while (rd_kafka_committed(rk, list, 5000) != 0)
		assert_true(clock_mono_ms() < deadline);
	for (int i = 0; i < list->cnt; i++)
		sum += list->elems[i].offset > 0 ? list->elems[i].offset : 0;
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	return sum;
}

static void what_is_done_is_committed_while_running(void **state)
{
	struct kafka_consumer *c = open_consumer("running", KAFKA_TOPIC_EVENTS);
	unsigned char seen[2 * MESSAGES] = { 0 };

	assert_int_equal(consume(c, MESSAGES, seen), MESSAGES);
	assert_int_equal(kafka_consumer_batch(c, batch, 10, 1000), 0);
	assert_int_equal(committed_sum("running"), MESSAGES);
	(void)kafka_consumer_close(c);
}

static int take_turn(struct kafka_consumer *c, unsigned char *seen)
{
	size_t n = kafka_consumer_batch(c, batch, 5, 20);

	for (size_t i = 0; i < n; i++)
		seen[contract_number(&batch[i])]++;
	kafka_consumer_done(c);
	return (int)n;
}

/* Both members in one thread: rebalances happen inside each one's own calls. */
static void a_second_consumer_shares_and_nothing_is_lost_or_repeated(void **state)
{
	struct kafka_consumer *a = open_consumer("share", KAFKA_TOPIC_EVENTS);
	unsigned char seen[2 * MESSAGES] = { 0 };
	int of_a = consume(a, 100, seen), of_b = 0;
	struct kafka_consumer *b = open_consumer("share", KAFKA_TOPIC_EVENTS);
	int64_t deadline = in_ms(20000), second_half = in_ms(3000);
	bool produced = false;

	while (of_a + of_b < 2 * MESSAGES && clock_mono_ms() < deadline) {
		of_a += take_turn(a, seen);
		of_b += take_turn(b, seen);
		if (!produced && clock_mono_ms() > second_half) {
			contract_produce(&config, KAFKA_TOPIC_EVENTS, MESSAGES, MESSAGES);
			produced = true;
		}
	}
	(void)kafka_consumer_close(a);
	(void)kafka_consumer_close(b);
	for (int i = 0; i < 2 * MESSAGES; i++)
		assert_int_equal(seen[i], 1);
	assert_true(of_b > 0);
}

static void a_batch_in_hand_is_dropped_with_its_partitions(void **state)
{
	struct kafka_consumer *a = open_consumer("hand", KAFKA_TOPIC_EVENTS);
	size_t n = next_batch(a, MESSAGES);
	struct kafka_consumer *b = open_consumer("hand", KAFKA_TOPIC_EVENTS);
	unsigned char seen[2 * MESSAGES] = { 0 };
	int64_t deadline = in_ms(10000);
	size_t left = n;
	int of_b = 0;

	assert_true(n > 0);
	/* a keeps failing at its batch while b joins and works */
	while ((left == n || of_b == 0) && clock_mono_ms() < deadline) {
		left = kafka_consumer_batch(a, batch, MESSAGES, 50);
		size_t m = kafka_consumer_batch(b, batch, MESSAGES, 50);

		for (size_t i = 0; i < m; i++)
			seen[contract_number(&batch[i])]++;
		of_b += (int)m;
		kafka_consumer_done(b);
	}
	assert_true(of_b > 0);
	left = kafka_consumer_batch(a, batch, MESSAGES, 50);
	for (size_t i = 0; i < left; i++)
		assert_int_equal(seen[contract_number(&batch[i])], 0);
	(void)kafka_consumer_close(a);
	int rest = consume(b, 2 * MESSAGES - of_b, seen);

	(void)kafka_consumer_close(b);
	assert_int_equal(rest + of_b, 2 * MESSAGES);
	for (int i = 0; i < 2 * MESSAGES; i++)
		assert_int_equal(seen[i], 1);
}

/* ---- turns ---- */

#define FLOOD 300

static void produce_flood(const char *key, int n)
{
	struct kafka_batch *b = kafka_batch_new(producer);
	char number[16];

	for (int i = 0; i < n; i++) {
		int len = snprintf(number, sizeof(number), "%d", i);
		const struct kafka_message m = { .topic = KAFKA_TOPIC_INBOUND_CALLS,
			                         .partition = 0,
			                         .key = key,
			                         .key_len = strlen(key),
			                         .value = number,
			                         .value_len = (size_t)len };

		assert_int_equal(kafka_batch_add(b, &m, in_ms(10000)), 0);
	}
	assert_int_equal(kafka_batch_wait(b, in_ms(10000)), 0);
	(void)kafka_batch_free(b);
}

static struct kafka_consumer *open_fair(size_t look_ahead)
{
	static const enum kafka_topic topic = KAFKA_TOPIC_INBOUND_CALLS;
	const struct kafka_consumer_options options = {
		.group = "fair", .topics = &topic, .n_topics = 1, .look_ahead = look_ahead
	};
	struct kafka_consumer *c = NULL;
	struct err_text why;

	assert_int_equal(kafka_consumer_open(&config, &options, &c, &why), 0);
	return c;
}

/* The flood comes in its order; returns the quiet key's messages. */
static int take_fairly(struct kafka_consumer *c, size_t max, int *of_flood)
{
	size_t n = next_batch(c, max);
	int quiet = 0;

	for (size_t i = 0; i < n; i++) {
		if (batch[i].key[0] == 'q')
			quiet++;
		else
			assert_int_equal(contract_number(&batch[i]), (*of_flood)++);
	}
	kafka_consumer_done(c);
	return quiet;
}

static void a_flood_of_one_key_delays_no_other_of_its_partition(void **state)
{
	struct kafka_consumer *c;
	int of_flood = 0, quiet = 0;

	produce_flood("flood", FLOOD);
	produce_flood("quiet", 2);
	c = open_fair(1024 * 1024);
	while (quiet < 2 && of_flood < FLOOD)
		quiet += take_fairly(c, 10, &of_flood);
	assert_int_equal(quiet, 2);
	assert_in_range(of_flood, 1, FLOOD / 2);
	assert_true(kafka_consumer_stats(c).keys == 1);
	assert_in_range(kafka_consumer_stats(c).bytes, 1, 1024 * 1024);
	(void)kafka_consumer_close(c);

	/* the next owner knows what was done out of order */
	c = open_fair(1024 * 1024);
	while (of_flood < FLOOD)
		assert_int_equal(take_fairly(c, 50, &of_flood), 0);
	assert_int_equal(kafka_consumer_batch(c, batch, 10, 500), 0);
	assert_int_equal(kafka_consumer_stats(c).bytes, 0);
	(void)kafka_consumer_close(c);
}

/* Less room than the flood takes: its partition waits, and goes on. */
static void what_is_read_ahead_is_bounded(void **state)
{
	struct kafka_consumer *c = open_fair(64 * 1024);
	int of_flood = 0, quiet = 0;
	size_t most = 0;

	produce_flood("flood", 10 * FLOOD);
	produce_flood("quiet", 1);
	while (of_flood < 10 * FLOOD || quiet < 1) {
		quiet += take_fairly(c, 20, &of_flood);
		if (kafka_consumer_stats(c).bytes > most)
			most = kafka_consumer_stats(c).bytes;
	}
	/* half of the bound, and one fetch */
	assert_in_range(most, 1, 32 * 1024 + 500 * 600);
	(void)kafka_consumer_close(c);
}

static size_t next_aside(struct kafka_consumer *c, struct kafka_held **out, size_t max)
{
	int64_t deadline = in_ms(15000);
	size_t n = 0;

	while (n == 0 && clock_mono_ms() < deadline) {
		assert_int_equal(kafka_consumer_batch(c, batch, MESSAGES, 100), 0);
		n = kafka_consumer_aside(c, out, max);
	}
	return n;
}

static void a_key_set_aside_comes_in_no_batch_until_it_is_let_back(void **state)
{
	struct kafka_held *out[FLOOD];
	struct kafka_consumer *c;
	int of_flood = 0;

	produce_flood("flood", FLOOD);
	produce_flood("quiet", 1);
	c = open_fair(1024 * 1024);
	assert_true(next_batch(c, 10) > 0);
	kafka_consumer_set_aside(c, "flood", 5); /* some of it in hand */
	size_t n = kafka_consumer_batch(c, batch, 10, 5000);

	assert_int_equal(n, 1);
	assert_int_equal(batch[0].key[0], 'q');
	kafka_consumer_done(c);
	n = next_aside(c, out, 20);
	assert_in_range(n, 1, 20);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(contract_number(&out[i]->m), of_flood++);
	kafka_consumer_aside_done(c, out, n, true);
	kafka_consumer_let_back(c, "flood", 5);
	(void)take_fairly(c, 10, &of_flood);
	(void)kafka_consumer_close(c);

	/* what was done aside is done; what was in hand and not done is not */
	c = open_fair(1024 * 1024);
	assert_true(next_batch(c, 10) > 0);
	assert_int_equal(contract_number(&batch[0]), of_flood);
	kafka_consumer_set_aside(c, "flood", 5);
	n = next_aside(c, out, FLOOD);
	(void)kafka_consumer_close(c);
	assert_int_equal(contract_number(&out[0]->m), of_flood);
	for (size_t i = 0; i < n; i++)
		(void)kafka_held_free(out[i]);
	c = open_fair(1024 * 1024);
	while (of_flood < FLOOD)
		assert_int_equal(take_fairly(c, 50, &of_flood), 0);
	(void)kafka_consumer_close(c);
}

static void leaving_is_prompt_and_the_next_member_starts_at_once(void **state)
{
	struct kafka_consumer *a = open_consumer("leave", KAFKA_TOPIC_EVENTS);
	int64_t start;

	assert_true(next_batch(a, 10) > 0);
	start = clock_mono_ms();
	(void)kafka_consumer_close(a);
	assert_in_range(clock_mono_ms() - start, 0, 3000);
	a = open_consumer("leave", KAFKA_TOPIC_EVENTS);
	assert_true(next_batch(a, 10) > 0);
	assert_in_range(clock_mono_ms() - start, 0, 6000);
	(void)kafka_consumer_close(a);
}

static void large_messages_pass_and_larger_ones_are_refused(void **state)
{
	static const struct {
		enum kafka_topic topic;
		size_t len;
		int result;
	} cases[] = {
		{ KAFKA_TOPIC_RETRIES, 1024 * 1024, 0 },
		{ KAFKA_TOPIC_RETRIES, 3 * 1024 * 1024, KAFKA_E_TOO_LARGE },
		{ KAFKA_TOPIC_TASKS, 20 * 1024 * 1024, 0 },
		{ KAFKA_TOPIC_TASKS, 24 * 1024 * 1024, KAFKA_E_TOO_LARGE },
	};
	struct kafka_batch *b = kafka_batch_new(producer);
	CLEANUP(freep) char *bytes = xcalloc(1, 24 * 1024 * 1024);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kafka_message m = { .topic = cases[i].topic,
			                   .partition = -1,
			                   .key = "k",
			                   .key_len = 1,
			                   .value = bytes,
			                   .value_len = cases[i].len };

		assert_int_equal(kafka_batch_add(b, &m, in_ms(5000)), cases[i].result);
		assert_int_equal(kafka_batch_wait(b, in_ms(15000)), 0);
	}
	(void)kafka_batch_free(b);

	struct kafka_consumer *c = open_consumer("large", KAFKA_TOPIC_TASKS);

	assert_int_equal(next_batch(c, 10), 1);
	assert_int_equal(batch[0].value_len, 20 * 1024 * 1024);
	(void)kafka_consumer_close(c);
}

static const char *header_text(const struct kafka_message *m, const char *name, char *out)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	assert_non_null(h);
	memcpy(out, h->value, h->len);
	out[h->len] = '\0';
	return out;
}

static void a_failed_message_keeps_its_bytes_and_says_why(void **state)
{
	static const struct kafka_header headers[] = {
		{ "ce_id", "e-1", 3 },
		{ "Reason", "an older one", 12 },
	};
	struct kafka_message original = {
		.topic = KAFKA_TOPIC_EVENTS,
		.partition = 7,
		.offset = 42,
		.key = "17",
		.key_len = 2,
		.value = "{broken",
		.value_len = 7,
		.headers = headers,
		.n_headers = 2,
	};
	struct kafka_batch *b = kafka_batch_new(producer);
	char text[1100];

	assert_int_equal(
		kafka_batch_add_failed(b, &original, "undecodable", "no JSON", in_ms(5000)),
		0);
	assert_int_equal(kafka_batch_wait(b, in_ms(10000)), 0);
	(void)kafka_batch_free(b);

	struct kafka_consumer *c = open_consumer("failed", KAFKA_TOPIC_FAILED);
	const struct kafka_message *m = &batch[0];

	assert_int_equal(next_batch(c, 10), 1);
	assert_memory_equal(m->value, "{broken", 7);
	assert_memory_equal(m->key, "17", 2);
	assert_int_equal(m->n_headers, 6);
	assert_string_equal(header_text(m, "ce_id", text), "e-1");
	assert_string_equal(header_text(m, "reason", text), "undecodable");
	assert_string_equal(header_text(m, "exception", text), "no JSON");
	assert_string_equal(header_text(m, "source_partition", text), "7");
	assert_string_equal(header_text(m, "source_offset", text), "42");
	header_text(m, "source_topic", text);
	assert_string_equal(text + strlen(config.topic_prefix), "lis.events");
	(void)kafka_consumer_close(c);
}

static int acks, failures;

static void count_ack(int result, void *arg)
{
	acks++;
	failures += result != 0;
}

static void produce_one(void)
{
	static const struct kafka_message m = { .topic = KAFKA_TOPIC_STATUS_UPDATES,
		                                .partition = -1,
		                                .value = "v",
		                                .value_len = 1 };

	assert_int_equal(kafka_produce(producer, &m, count_ack, NULL), 0);
}

static void poll_until(int wanted)
{
	int64_t deadline = in_ms(10000);

	while (acks < wanted && clock_mono_ms() < deadline) {
		struct pollfd pfd = { .fd = kafka_producer_fd(producer), .events = POLLIN };

		(void)poll(&pfd, 1, 100);
		if (pfd.revents)
			kafka_producer_poll(producer);
	}
	assert_int_equal(acks, wanted);
}

static void acks_run_in_poll_even_when_a_batch_took_them(void **state)
{
	struct kafka_batch *b = kafka_batch_new(producer);
	struct kafka_message m = {
		.topic = KAFKA_TOPIC_EVENTS, .partition = 0, .value = "0", .value_len = 1
	};

	acks = failures = 0;
	produce_one();
	m.topic = KAFKA_TOPIC_STATUS_UPDATES;
	assert_int_equal(kafka_batch_add(b, &m, in_ms(5000)), 0);
	assert_int_equal(kafka_batch_wait(b, in_ms(10000)), 0);
	assert_int_equal(acks, 0);
	poll_until(1);
	assert_int_equal(failures, 0);
	(void)kafka_batch_free(b);
}

/* What a broker that lost data does to an idempotent producer. */
static void a_producer_past_a_fatal_error_is_renewed(void **state)
{
	struct kafka_batch *b = kafka_batch_new(producer);
	struct kafka_message m = { .topic = KAFKA_TOPIC_STATUS_UPDATES,
		                   .partition = -1,
		                   .value = "v",
		                   .value_len = 1 };

	acks = failures = 0;
	assert_int_equal(rd_kafka_test_fatal_error(
				 producer->rk,
				 RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test"),
	                 0);
	assert_int_equal(kafka_batch_add(b, &m, in_ms(10000)), 0);
	assert_int_equal(kafka_batch_wait(b, in_ms(10000)), 0);
	(void)kafka_batch_free(b);
	produce_one();
	poll_until(1);
	assert_int_equal(failures, 0);
}

static void without_a_broker_a_batch_waits_no_longer_than_asked(void **state)
{
	struct kafka_config nowhere = config;
	struct kafka_producer *p = NULL;
	struct err_text why;
	struct kafka_message m = { .topic = KAFKA_TOPIC_EVENTS, .partition = -1 };
	int64_t start = clock_mono_ms();

	nowhere.brokers = (char[]){ "127.0.0.1:1" };
	assert_int_equal(kafka_producer_open(&nowhere, &p, &why), 0);
	struct kafka_batch *b = kafka_batch_new(p);

	assert_int_equal(kafka_batch_add(b, &m, in_ms(100)), 0);
	assert_int_equal(kafka_batch_wait(b, in_ms(300)), KAFKA_E_AWAY);
	assert_in_range(clock_mono_ms() - start, 300, 1500);
	(void)kafka_batch_free(b);
	acks = failures = 0;
	assert_int_equal(kafka_produce(p, &m, count_ack, NULL), 0);
	(void)kafka_producer_close(p);
	assert_int_equal(acks, 1);
	assert_int_equal(failures, 1);
}

static int set_up(void **state)
{
	struct err_text why;

	if (kafka_topics_ensure(&config, in_ms(20000), &why))
		fail_msg("%s", why.text);
	assert_int_equal(kafka_producer_open(&config, &producer, &why), 0);
	contract_produce(&config, KAFKA_TOPIC_EVENTS, 0, MESSAGES);
	return 0;
}

static int tear_down(void **state)
{
	producer = kafka_producer_close(producer);
	contract_kafka_clean(&config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_are_made_once_with_their_partitions_and_limits),
		cmocka_unit_test(an_unreachable_broker_is_away_before_the_deadline),
		cmocka_unit_test(an_option_that_is_none_is_named_without_its_value),
		cmocka_unit_test(a_batch_not_done_is_given_again),
		cmocka_unit_test(everything_comes_once_and_the_age_falls_to_zero),
		cmocka_unit_test(what_is_done_is_committed_while_running),
		cmocka_unit_test(a_second_consumer_shares_and_nothing_is_lost_or_repeated),
		cmocka_unit_test(a_batch_in_hand_is_dropped_with_its_partitions),
		cmocka_unit_test(a_flood_of_one_key_delays_no_other_of_its_partition),
		cmocka_unit_test(what_is_read_ahead_is_bounded),
		cmocka_unit_test(a_key_set_aside_comes_in_no_batch_until_it_is_let_back),
		cmocka_unit_test(leaving_is_prompt_and_the_next_member_starts_at_once),
		cmocka_unit_test(large_messages_pass_and_larger_ones_are_refused),
		cmocka_unit_test(a_failed_message_keeps_its_bytes_and_says_why),
		cmocka_unit_test(acks_run_in_poll_even_when_a_batch_took_them),
		cmocka_unit_test(a_producer_past_a_fatal_error_is_renewed),
		cmocka_unit_test(without_a_broker_a_batch_waits_no_longer_than_asked),
	};

	config = contract_kafka();
	return cmocka_run_group_tests_name("kafka", tests, set_up, tear_down);
}
