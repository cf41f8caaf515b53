/* What a search of logs asks the store: arms that each fit one index, window by window. */
#include "unit.h"

#include "logstore/search_filter.h"
#include "logstore/search_hint.h"
#include "logstore/window.h"

static const int64_t ids[] = { 11, 12, 13 };
static const struct log_id one_log = { { 1 } };

#define FAIL_AND_QUEUED                                                                    \
	(LOG_STATUS_BIT(LOG_STATUS_FAIL) | LOG_STATUS_BIT(LOG_STATUS_QUEUED))
#define FAILED  LOG_STATUS_BIT(LOG_STATUS_FAIL)
#define LABS(n) .labs = ids, .n_labs = (n)

static void test_indexes(void **state)
{
	static int64_t many[40];
	static const struct {
		struct log_filter filter;
		enum search_index by;
	} cases[] = {
		{ { .n_labs = 0 }, SEARCH_BY_STATUS },
		{ { .integration_type = "API" }, SEARCH_BY_STATUS },
		{ { .actions = { 12 }, .n_actions = 1 }, SEARCH_BY_STATUS },
		{ { LABS(1) }, SEARCH_BY_LAB },
		{ { LABS(3), .statuses = FAIL_AND_QUEUED }, SEARCH_BY_LAB },
		{ { LABS(1), .actions = { 12 }, .n_actions = 1 }, SEARCH_BY_ACTION },
		{ { LABS(1), .actions = { 12 }, .n_actions = 1, .statuses = FAILED },
		  SEARCH_BY_LAB },
		{ { .labs = many, .n_labs = ARRAY_SIZE(many) }, SEARCH_BY_STATUS },
		{ { .labs = many, .n_labs = ARRAY_SIZE(many), .statuses = FAILED },
		  SEARCH_BY_LAB },
		{ { LABS(2), .bills = ids, .n_bills = 1 }, SEARCH_BY_REFERENCE },
		{ { .patients = ids, .n_patients = 1 }, SEARCH_BY_REFERENCE },
		{ { LABS(2), .id = &one_log, .statuses = FAILED }, SEARCH_BY_ID },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(search_choose(&cases[i].filter), cases[i].by);
}

#define DAY "{ \"$gt\" : { \"$date\" : \"1970-01-01T00:00:00.999Z\" }"

static void test_queries(void **state)
{
	static const struct log_cursor after = { .set = true,
		                                 .inserted_at_ms = 2000,
		                                 .id = { { 7 } } };
	static const struct {
		struct log_filter filter;
		struct search_span span;
		const char *json;
	} cases[] = {
		/* one arm alone */
		{ { LABS(1), .integration_type = "API", .statuses = FAILED },
		  { .low_ms = 1000 },
		  "{ \"lab_id\" : 11, \"integration_type\" : \"API\", \"status\" : "
		  "\"FAIL\", "
		  "\"inserted_at\" : " DAY " } }" },
		/* what the index has not stands before */
		{ { LABS(1), .integration_type = "API", .statuses = FAILED, .auth_id = 7,
		    .words = "x" },
		  { .low_ms = 0 },
		  "{ \"auth_id\" : 7, \"$or\" : [ { \"lab_id\" : 11, "
		  "\"integration_type\" : \"API\", \"status\" : \"FAIL\" } ] }" },
		/* of the cursor's instant what is behind it */
		{ { LABS(1), .actions = { 3 }, .n_actions = 1 },
		  { .low_ms = 1000, .high_ms = 2000, .after = &after },
		  "{ \"status\" : { \"$in\" : [ "
		  "\"QUEUED\", \"SUCCESS\", \"FAIL\", \"SUPERSEDED\" ] }, "
		  "\"$or\" : [ { \"lab_id\" : 11, \"action_category_list_id\" : 3, "
		  "\"inserted_at\" : " DAY ", \"$lt\" : { \"$date\" : "
		  "\"1970-01-01T00:00:02Z\" } } }, { \"lab_id\" : 11, "
		  "\"action_category_list_id\" : 3, \"inserted_at\" : { \"$date\" : "
		  "\"1970-01-01T00:00:02Z\" }, \"_id\" : { \"$lt\" : { \"$oid\" : "
		  "\"070000000000000000000000\" } } } ] }" },
		{ { .bills = ids,
		    .n_bills = 1,
		    .patients = ids + 1,
		    .n_patients = 1,
		    LABS(2),
		    .statuses = FAILED },
		  { .low_ms = 0 },
		  "{ \"lab_id\" : { \"$in\" : [ 11, 12 ] }, \"status\" : { \"$in\" : [ "
		  "\"FAIL\" ] }, \"$or\" : [ { \"bill_id\" : 11 }, { \"patient_id\" : 12 } "
		  "] }" },
		/* who knows the id sees it, suppressed or not */
		{ { .id = &one_log },
		  { .low_ms = 0 },
		  "{ \"_id\" : { \"$oid\" : \"010000000000000000000000\" } }" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bson_t *query = search_query(&cases[i].filter, &cases[i].span);
		char *text = bson_as_relaxed_extended_json(query, NULL);

		assert_string_equal(text, cases[i].json);
		bson_free(text);
		bson_destroy(query);
	}
}

/* Every instant of the range is in one window, newest first. */
static void test_windows_cover_the_range(void **state)
{
	static const struct {
		int64_t from_ms, to_ms;
		size_t found;
	} cases[] = {
		{ 0, 0, 0 },       { 0, 0, 10 },        { 0, 5000, 100000 },
		{ 999000, 0, 1 },  { 400, 9000, 5000 }, { 1000000, 0, 0 },
		{ 2000000, 0, 0 },
	};
	const int64_t now_ms = 1000000;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct window w;
		int64_t edge = cases[i].to_ms;
		size_t n = 0;

		window_begin(&w, cases[i].from_ms, cases[i].to_ms, now_ms, 50);
		while (window_next(&w, cases[i].found, 50)) {
			assert_int_equal(w.high_ms, edge);
			assert_true(n == 0 || w.low_ms < w.high_ms);
			edge = w.low_ms;
			assert_true(++n < 100000);
		}
		assert_int_equal(w.low_ms, cases[i].from_ms);
	}
}

/* A busy log is read in narrow windows, a quiet one in wide ones. */
static void test_windows_fit(void **state)
{
	struct window w;
	int64_t first_ms;

	window_begin(&w, 0, 1000000000, 0, 50);
	assert_true(window_next(&w, 0, 50));
	first_ms = w.high_ms - w.low_ms;
	assert_true(window_next(&w, 10, 20));
	assert_true(w.high_ms - w.low_ms > 2 * first_ms);
	assert_true(w.high_ms - w.low_ms < 3 * first_ms);
	assert_true(window_next(&w, 0, 20));
	assert_true(w.high_ms - w.low_ms > 16 * first_ms);
	assert_true(window_next(&w, 100000, 20));
	assert_true(w.high_ms - w.low_ms < 6 * first_ms);
}

/* However long nothing was, what comes behind it is read little by little. */
static void test_windows_behind_a_rest(void **state)
{
	const int64_t now_ms = 90LL * 86400000;
	struct window w;
	size_t n = 0;

	window_begin(&w, 0, 0, now_ms, 50);
	while (window_next(&w, 0, 50) && w.low_ms > 0) {
		int64_t edge_ms = w.high_ms ? w.high_ms : now_ms;

		assert_true(edge_ms - w.low_ms <= 20LL * 60000 ||
		            edge_ms - w.low_ms <= (now_ms - edge_ms) / 4);
		assert_true(++n < 50);
	}
}

#define HOUR 3600000LL

/* Where a page was found, the next search of the same begins. */
static void test_hints(void **state)
{
	static const struct log_filter failures = { LABS(1), .statuses = FAILED };
	static const struct {
		int64_t then_ms, newest_ms, last_ms; /* learned */
		int64_t now_ms, low_ms, span_ms;
	} cases[] = {
		/* a steady flow: a third more than it took then */
		{ 100 * HOUR, 100 * HOUR, 97 * HOUR, 200 * HOUR, 196 * HOUR, 3 * HOUR },
		/* nothing came since: the same logs */
		{ 100 * HOUR, 50 * HOUR, 40 * HOUR, 101 * HOUR, 40 * HOUR, 10 * HOUR },
		/* all there are */
		{ 100 * HOUR, 90 * HOUR, 0, 101 * HOUR, 0, 90 * HOUR },
	};
	struct search_hint hint;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t key = search_hint_key(&failures, 51 + i, cases[i].then_ms);

		assert_false(search_hint_find(key, cases[i].now_ms, &hint));
		search_hint_learn(key, cases[i].then_ms, cases[i].newest_ms,
		                  cases[i].last_ms);
		assert_int_equal(search_hint_key(&failures, 51 + i, cases[i].now_ms), key);
		assert_true(search_hint_find(key, cases[i].now_ms, &hint));
		assert_int_equal(hint.low_ms, cases[i].low_ms);
		assert_int_equal(hint.span_ms, cases[i].span_ms);
	}
}

/* Each part of a filter makes another question of it, but for the times. */
static void test_hints_are_of_one_filter(void **state)
{
	static const struct log_filter filters[] = {
		{ LABS(1) },
		{ LABS(2) },
		{ LABS(1), .statuses = FAILED },
		{ LABS(1), .integration_type = "API" },
		{ LABS(1), .error_kind = "API" },
		{ LABS(1), .actions = { 12 }, .n_actions = 1 },
		{ LABS(1), .auth_id = 12 },
		{ LABS(1), .integration_id = 12 },
		{ LABS(1), .to_ms = 9 * HOUR },
		{ LABS(1), .to_ms = 8 * HOUR },
	};
	const struct log_filter later = { LABS(1), .from_ms = HOUR };

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		for (size_t k = 0; k < i; k++)
			assert_true(search_hint_key(&filters[i], 51, 10 * HOUR) !=
			            search_hint_key(&filters[k], 51, 10 * HOUR));
	assert_true(search_hint_key(&later, 51, 10 * HOUR) ==
	            search_hint_key(&filters[0], 51, 11 * HOUR));
}

/* Where a rest is known to end it begins anew, and nothing is left out. */
static void test_windows_beyond_a_rest(void **state)
{
	const int64_t now_ms = 100 * HOUR, until_ms = 40 * HOUR;
	int64_t edge_ms, first_ms;
	struct window w;

	window_begin(&w, 0, 0, now_ms, 50);
	assert_true(window_next(&w, 0, 50));
	edge_ms = w.low_ms;
	first_ms = now_ms - edge_ms;
	window_rest_until(&w, until_ms);
	assert_true(window_next(&w, 0, 50));
	assert_int_equal(w.high_ms, edge_ms);
	assert_int_equal(w.low_ms, until_ms);
	assert_true(window_next(&w, 0, 50));
	assert_int_equal(w.high_ms, until_ms);
	assert_int_equal(w.high_ms - w.low_ms, first_ms);
	/* one that is not older says nothing */
	edge_ms = w.low_ms;
	window_rest_until(&w, until_ms);
	assert_true(window_next(&w, 0, 50));
	assert_int_equal(w.high_ms, edge_ms);
	assert_true(w.low_ms < edge_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_windows_cover_the_range),
		cmocka_unit_test(test_windows_fit),
		cmocka_unit_test(test_windows_behind_a_rest),
		cmocka_unit_test(test_windows_beyond_a_rest),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_hints_are_of_one_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
