/* Counts of logs by lab, hour and what the dashboard filters by. */
#include "unit.h"

#include "logstore/tally.h"

#define HOUR 3600000LL

static struct log_brief a_log(int64_t lab, int64_t action, enum log_status status,
                              double ms)
{
	return (struct log_brief){ .lab_id = lab,
		                   .action_id = action,
		                   .integration_id = action,
		                   .auth_id = 7,
		                   .inserted_at_ms = 5 * HOUR + 1,
		                   .status = status,
		                   .response_time_ms = ms,
		                   .operation = "x" };
}

static void add(struct tally *t, int64_t lab, enum log_status status, double ms)
{
	struct log_brief log = a_log(lab, 2, status, ms);

	tally_add_log(t, &log);
}

static void logs_of_a_kind_are_one_item(void **state)
{
	struct tally t = { .n = 0 };
	struct log_brief later = a_log(1, 2, LOG_STATUS_FAIL, -1);

	later.inserted_at_ms += HOUR;
	for (size_t i = 0; i < 3; i++)
		add(&t, 1, LOG_STATUS_SUCCESS, 10);
	add(&t, 1, LOG_STATUS_FAIL, -1);
	add(&t, 2, LOG_STATUS_FAIL, -1);
	tally_add_log(&t, &later);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.items[0].by_status[LOG_STATUS_SUCCESS], 3);
	assert_int_equal(t.items[0].by_status[LOG_STATUS_FAIL], 1);
	assert_int_equal(t.items[0].times[tally_bucket(10)], 3);
	assert_int_equal(t.items[0].hour, 5);
	assert_int_equal(t.items[2].hour, 6);
	tally_deinit(&t);
}

static void many_kinds_are_told_apart_and_bounded(void **state)
{
	struct tally t = { .n = 0 }, sum = { .n = 0 };

	for (int64_t i = 0; i < TALLY_ITEMS_MAX + 5; i++) {
		struct log_brief log = a_log(i % 50, i / 50, LOG_STATUS_SUCCESS, 1);
		tally_add_log(&t, &log);
	}
	assert_int_equal(t.n, TALLY_ITEMS_MAX);
	assert_true(t.full);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < t.n; i++)
			tally_add_item(&sum, &t.items[i]);
	assert_int_equal(sum.n, t.n);
	for (size_t i = 0; i < sum.n; i++)
		assert_int_equal(sum.items[i].by_status[LOG_STATUS_SUCCESS], 2);
	tally_deinit(&t);
	tally_deinit(&sum);
}

static void filters_say_which_items_are_theirs(void **state)
{
	static const int64_t labs[] = { 4, 5 };
	static const struct tally_item item = {
		.lab_id = 5, .action_id = 9, .auth_id = 7, .integration_id = 3
	};
	static const struct {
		struct log_filter filter;
		bool fits, known;
	} cases[] = {
		{ { .n_labs = 0 }, true, true },
		{ { .labs = labs, .n_labs = 2 }, true, true },
		{ { .labs = labs, .n_labs = 1 }, false, true },
		{ { .actions = { 8, 9 }, .n_actions = 2 }, true, true },
		{ { .actions = { 8 }, .n_actions = 1 }, false, true },
		{ { .auth_id = 8 }, false, true },
		{ { .integration_id = 3, .integration_type = "WEBHOOK" }, true, true },
		{ { .integration_type = "API" }, false, true },
		{ { .words = "x" }, true, false },
		{ { .error_kind = "dns" }, true, false },
		{ { .bills = labs, .n_bills = 1 }, true, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(tally_fits(&item, &cases[i].filter), cases[i].fits);
		assert_int_equal(tally_knows(&cases[i].filter), cases[i].known);
	}
}

static void of_a_hundred_answers_95_are_below(void **state)
{
	uint32_t times[TALLY_BUCKETS] = { 0 };

	assert_true(tally_p95(times) < 0);
	times[tally_bucket(10)] = 95;
	times[tally_bucket(5000)] = 5;
	assert_true(tally_p95(times) > 7 && tally_p95(times) < 14);
	times[tally_bucket(5000)]++;
	assert_true(tally_p95(times) > 3700 && tally_p95(times) < 6700);
	assert_int_equal(tally_bucket(0), 0);
	assert_int_equal(tally_bucket(1e12), TALLY_BUCKETS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_of_a_kind_are_one_item),
		cmocka_unit_test(many_kinds_are_told_apart_and_bounded),
		cmocka_unit_test(filters_say_which_items_are_theirs),
		cmocka_unit_test(of_a_hundred_answers_95_are_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
