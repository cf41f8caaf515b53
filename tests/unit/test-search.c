/* A search of logs is split into parts that each fit one index. */
#include "unit.h"

#include "logstore/search_filter.h"

static const int64_t ids[] = { 11, 12, 13 };

static size_t split(const struct log_filter *f)
{
	struct search_part parts[SEARCH_PARTS_MAX];

	return search_split(f, parts);
}

#define FAIL_AND_QUEUED                                                                    \
	(LOG_STATUS_BIT(LOG_STATUS_FAIL) | LOG_STATUS_BIT(LOG_STATUS_QUEUED))

static void test_parts(void **state)
{
	static const struct log_id id = { { 1 } };
	static const struct {
		struct log_filter filter;
		size_t parts;
	} cases[] = {
		{ { .n_labs = 0 }, 4 },
		{ { .labs = ids, .n_labs = 3 }, 12 },
		{ { .statuses = FAIL_AND_QUEUED }, 2 },
		{ { .labs = ids, .n_labs = 3, .statuses = FAIL_AND_QUEUED }, 6 },
		{ { .bills = ids, .n_bills = 2, .patients = ids, .n_patients = 1 }, 3 },
		{ { .labs = ids, .n_labs = 2, .bills = ids, .n_bills = 1 }, 1 },
		{ { .labs = ids, .n_labs = 2, .id = &id, .statuses = FAIL_AND_QUEUED }, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(split(&cases[i].filter), cases[i].parts);
}

static void test_many_labs_are_no_parts(void **state)
{
	int64_t many[40] = { 0 };
	const struct log_filter f = { .labs = many, .n_labs = ARRAY_SIZE(many) };

	assert_int_equal(split(&f), 4);
}

static void check_filter(const struct log_filter *f, const char *json)
{
	static const struct log_cursor beginning = { .set = false };
	struct search_part parts[SEARCH_PARTS_MAX];

	(void)search_split(f, parts);
	bson_t *filter = search_filter(f, &parts[0], &beginning);
	char *text = bson_as_relaxed_extended_json(filter, NULL);

	assert_string_equal(text, json);
	bson_free(text);
	bson_destroy(filter);
}

static void test_filters(void **state)
{
	check_filter(&(struct log_filter){ .labs = ids,
	                                   .n_labs = 1,
	                                   .statuses = FAIL_AND_QUEUED },
	             "{ \"lab_id\" : 11, \"status\" : \"QUEUED\" }");
	check_filter(&(struct log_filter){ .integration_type = "API", .auth_id = 7 },
	             "{ \"status\" : \"QUEUED\", \"integration_type\" : \"API\", "
	             "\"auth_id\" : 7 }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_many_labs_are_no_parts),
		cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
