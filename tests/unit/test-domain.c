#include "unit.h"

#include "domain/action.h"
#include "domain/outcome.h"

static void the_inventory_has_its_31_actions(void **state)
{
	static const int ids[] = { 1,  2,  3,  4,  5,  6,  7,  9,  10, 12, 15,
		                   17, 18, 19, 28, 30, 31, 32, 35, 37, 43, 49,
		                   50, 52, 56, 57, 58, 60, 61, 62, 63 };

	assert_int_equal(actions_count, ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_non_null(action_find(ids[i]));
	assert_null(action_find(8));
	assert_null(action_find(0));
	assert_true(action_find(60)->py3 && action_find(61)->py3);
	assert_string_equal(action_category_name(action_find(35)->category), "Billing");
}

static void codes_become_a_status(void **state)
{
	static const struct {
		long code;
		enum log_status status;
	} cases[] = {
		{ .code = 200, .status = LOG_STATUS_SUCCESS },
		{ .code = 204, .status = LOG_STATUS_SUCCESS },
		{ .code = 209, .status = LOG_STATUS_SUPPRESSED },
		{ .code = 299, .status = LOG_STATUS_SUCCESS },
		{ .code = 199, .status = LOG_STATUS_FAIL },
		{ .code = 302, .status = LOG_STATUS_FAIL },
		{ .code = 410, .status = LOG_STATUS_FAIL },
		{ .code = 500, .status = LOG_STATUS_FAIL },
		{ .code = 0, .status = LOG_STATUS_FAIL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(outcome_of_http_code(cases[i].code), cases[i].status);
}

static void words_read_back(void **state)
{
	static const char *const words[] = { "QUEUED", "SUCCESS", "FAIL", "SUPERSEDED",
		                             "" };
	enum log_status status;
	enum error_kind kind;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_true(log_status_parse(words[i], &status));
		assert_string_equal(log_status_word(status), words[i]);
	}
	assert_false(log_status_parse("DONE", &status));
	assert_true(error_kind_parse("http_status", &kind));
	assert_int_equal(kind, ERROR_KIND_HTTP_STATUS);
	assert_false(error_kind_parse("other", &kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_inventory_has_its_31_actions),
		cmocka_unit_test(codes_become_a_status),
		cmocka_unit_test(words_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
