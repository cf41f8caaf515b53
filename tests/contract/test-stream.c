/* The stream consumer on a real broker: members that come and go, commits, pauses. */
#include "contract.h"

#include "kafka/stream.h"

#include <poll.h>
#include <stdio.h>

#define TOPIC      KAFKA_TOPIC_TASKS
#define PARTITIONS 12
#define MESSAGES   600

static struct kafka_config config;

struct member {
	struct stream *stream;
	unsigned char seen[2 * MESSAGES];
	int n_seen, n_twice;
	int64_t next[PARTITIONS]; /* offset behind the last message */
	bool owns[PARTITIONS];
	int64_t committed[PARTITIONS];
	char metadata[PARTITIONS][64];
	int n_owned, n_revocations;
	bool hold_revoke; /* answer revocations later */
	bool revoke_waits, closed;
};

static void on_message(struct kafka_held *h, void *arg)
{
	struct member *m = arg;
	int number = contract_number(&h->m);

	assert_true(m->owns[h->m.partition]);
	if (m->next[h->m.partition] > 0)
		assert_int_equal(h->m.offset, m->next[h->m.partition]);
	m->next[h->m.partition] = h->m.offset + 1;
	m->n_twice += m->seen[number]++ > 0;
	m->n_seen++;
	(void)kafka_held_free(h);
}

static void on_assigned(enum kafka_topic topic, int partition, int64_t committed,
                        const char *metadata, void *arg)
{
	struct member *m = arg;

	assert_int_equal(topic, TOPIC);
	assert_false(m->owns[partition]);
	m->owns[partition] = true;
	m->n_owned++;
	m->committed[partition] = committed;
	m->next[partition] = committed > 0 ? committed : 0;
	(void)snprintf(m->metadata[partition], sizeof(m->metadata[0]), "%s", metadata);
}

static void commit_all(struct member *m)
{
	char metadata[32];

	for (int i = 0; i < PARTITIONS; i++) {
		(void)snprintf(metadata, sizeof(metadata), "p%d:%d", i, (int)m->next[i]);
		if (m->owns[i])
			stream_commit(m->stream, TOPIC, i, m->next[i], metadata);
	}
}

static void answer_revoke(struct member *m, const struct stream_partition *parts, size_t n)
{
	commit_all(m);
	for (size_t i = 0; i < n; i++) {
		m->owns[parts[i].partition] = false;
		m->n_owned--;
	}
	stream_revoke_done(m->stream);
}

static struct stream_partition waiting[PARTITIONS];
static size_t n_waiting;

static void on_revoked(const struct stream_partition *parts, size_t n, bool lost, void *arg)
{
	struct member *m = arg;

	assert_false(lost);
	m->n_revocations++;
	if (!m->hold_revoke) {
		answer_revoke(m, parts, n);
		return;
	}
	memcpy(waiting, parts, n * sizeof(*parts));
	n_waiting = n;
	m->revoke_waits = true;
}

static void on_closed(void *arg)
{
	((struct member *)arg)->closed = true;
}

static struct member *join(const char *group)
{
	static const enum kafka_topic topics[] = { TOPIC };
	struct member *m = xcalloc(1, sizeof(*m));
	struct stream_options options = {
		.group = group,
		.topics = topics,
		.n_topics = 1,
		.callbacks = { on_message, on_assigned, on_revoked, on_closed, m },
	};
	struct err_text why;

	assert_int_equal(stream_open(&config, &options, &m->stream, &why), 0);
	return m;
}

/* Runs the members as a loop would, until `until` holds for the pair or `ms` passed. */
static bool run(struct member *a, struct member *b,
                bool (*until)(struct member *a, struct member *b), int ms)
{
	int64_t deadline = in_ms(ms);

	while (!until(a, b)) {
		struct pollfd fds[2] = { { .fd = stream_fd(a->stream), .events = POLLIN },
			                 { .fd = b ? stream_fd(b->stream) : -1,
			                   .events = POLLIN } };

		if (clock_mono_ms() >= deadline)
			return false;
		(void)poll(fds, 2, 20);
		if (fds[0].revents)
			stream_poll(a->stream, 50);
		if (b && fds[1].revents)
			stream_poll(b->stream, 50);
	}
	return true;
}

static bool a_owns_all(struct member *a, struct member *b)
{
	return a->n_owned == PARTITIONS;
}

static bool both_own_half(struct member *a, struct member *b)
{
	return a->n_owned == PARTITIONS / 2 && b->n_owned == PARTITIONS / 2;
}

static bool a_saw_all(struct member *a, struct member *b)
{
	return a->n_seen == MESSAGES;
}

static bool a_is_closed(struct member *a, struct member *b)
{
	return a->closed;
}

static bool revoke_waits(struct member *a, struct member *b)
{
	return a->revoke_waits;
}

static bool never(struct member *a, struct member *b)
{
	return false;
}

static void leave(struct member *m, struct member *other)
{
	stream_close(m->stream, in_ms(5000));
	assert_true(run(m, other, a_is_closed, 6000));
	(void)stream_free(m->stream);
	free(m);
}

static void every_message_comes_once_and_in_order(void **state)
{
	struct member *m = join("once");

	assert_true(run(m, NULL, a_saw_all, 15000));
	assert_true(stream_ready(m->stream));
	(void)run(m, NULL, never, 300);
	assert_int_equal(m->n_seen, MESSAGES);
	assert_int_equal(m->n_twice, 0);
	for (int i = 0; i < PARTITIONS; i++)
		assert_int_equal(m->committed[i], -1);
	leave(m, NULL);
}

static void a_new_owner_gets_offset_and_metadata(void **state)
{
	struct member *a = join("metadata");

	assert_true(run(a, NULL, a_saw_all, 15000));
	int64_t next[PARTITIONS];

	memcpy(next, a->next, sizeof(next));
	commit_all(a);
	stream_commit_send(a->stream);
	leave(a, NULL);

	struct member *b = join("metadata");
	int64_t joined = clock_mono_ms();

	assert_true(run(b, NULL, a_owns_all, 15000));
	/* the first member left at once, not when its session ended (10 s) */
	assert_in_range(clock_mono_ms() - joined, 0, 5000);
	for (int i = 0; i < PARTITIONS; i++) {
		char expected[64];

		(void)snprintf(expected, sizeof(expected), "p%d:%d", i, (int)next[i]);
		assert_int_equal(b->committed[i], next[i]);
		assert_string_equal(b->metadata[i], expected);
	}
	(void)run(b, NULL, never, 300);
	assert_int_equal(b->n_seen, 0);
	leave(b, NULL);
}

static void a_second_member_waits_for_the_deferred_revocation(void **state)
{
	struct member *a = join("deferred");

	assert_true(run(a, NULL, a_saw_all, 15000));
	a->hold_revoke = true;
	struct member *b = join("deferred");

	assert_true(run(a, b, revoke_waits, 15000));
	assert_int_equal(n_waiting, PARTITIONS / 2);
	(void)run(a, b, never, 700);
	assert_int_equal(b->n_owned, 0);
	answer_revoke(a, waiting, n_waiting);
	a->hold_revoke = false;
	assert_true(run(a, b, both_own_half, 15000));
	(void)run(a, b, never, 300);
	/* the last commit came through before the partitions moved: nothing comes twice */
	assert_int_equal(b->n_seen, 0);

	leave(b, a);
	assert_true(run(a, NULL, a_owns_all, 15000));
	(void)run(a, NULL, never, 300);
	assert_int_equal(a->n_seen, MESSAGES);
	leave(a, NULL);
}

static void a_killed_members_partitions_are_taken_over(void **state)
{
	struct member *a = join("killed");

	assert_true(run(a, NULL, a_owns_all, 15000));
	(void)stream_free(a->stream);
	free(a);
	struct member *b = join("killed");

	/* the session of the dead member has to end first */
	assert_true(run(b, NULL, a_saw_all, 25000));
	leave(b, NULL);
}

static int paused_sum(const struct member *m)
{
	int sum = 0;

	for (int i = 0; i < PARTITIONS / 2; i++)
		sum += (int)m->next[i];
	return sum;
}

static void set_paused(struct member *m, bool paused)
{
	for (int i = 0; i < PARTITIONS / 2; i++)
		(paused ? stream_pause : stream_resume)(m->stream, TOPIC, i);
}

static bool saw_some(struct member *a, struct member *b)
{
	return a->n_seen >= 100;
}

/* Runs last: it adds messages to the topic. on_message checks that no offset is skipped. */
static void a_paused_partition_rests_and_goes_on_where_it_was(void **state)
{
	struct member *m = join("paused");

	assert_true(run(m, NULL, saw_some, 15000));
	set_paused(m, true);
	set_paused(m, true);
	(void)run(m, NULL, never, 500);
	int before = paused_sum(m);

	assert_in_range(m->n_seen, 100, MESSAGES - 1);
	contract_produce(&config, TOPIC, MESSAGES, MESSAGES);
	(void)run(m, NULL, never, 1000);
	assert_int_equal(paused_sum(m), before);
	set_paused(m, false);
	(void)run(m, NULL, never, 3000);
	assert_int_equal(m->n_seen, 2 * MESSAGES);
	assert_int_equal(m->n_twice, 0);
	leave(m, NULL);
}

static int set_up(void **state)
{
	struct err_text why;

	if (kafka_topics_ensure(&config, in_ms(20000), &why))
		fail_msg("%s", why.text);
	contract_produce(&config, TOPIC, 0, MESSAGES);
	return 0;
}

static int tear_down(void **state)
{
	contract_kafka_clean(&config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_comes_once_and_in_order),
		cmocka_unit_test(a_new_owner_gets_offset_and_metadata),
		cmocka_unit_test(a_second_member_waits_for_the_deferred_revocation),
		cmocka_unit_test(a_killed_members_partitions_are_taken_over),
		cmocka_unit_test(a_paused_partition_rests_and_goes_on_where_it_was),
	};

	config = contract_kafka();
	return cmocka_run_group_tests_name("stream", tests, set_up, tear_down);
}
