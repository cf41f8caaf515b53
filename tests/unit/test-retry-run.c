#include "unit.h"

#include "retryrun/runner.h"

/* Newest first: S delivered, F refused by the partner (500), C no connection, O the circuit
 * was open; of integration 1, in lower case of integration 2. */
static size_t read_results(const char *letters, struct runner_result *out)
{
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)letters[i];
		bool second = c >= 'a';

		c -= second ? 'a' - 'A' : 0;
		out[i] = (struct runner_result){
			.integration_id = second ? 2 : 1,
			.status = c == 'S' ? LOG_STATUS_SUCCESS : LOG_STATUS_FAIL,
			.kind = c == 'C'   ? ERROR_KIND_CONNECT
			        : c == 'O' ? ERROR_KIND_CIRCUIT
			        : c == 'F' ? ERROR_KIND_HTTP_STATUS
			                   : ERROR_KIND_NONE,
			.code = c == 'F' ? 500 : 0,
		};
	}
	return n;
}

static void a_run_stops_of_itself(void **state)
{
	static const struct {
		const char *results;
		double stop_when_failing;
		const char *why; /* NULL: it goes on */
	} cases[] = {
		{ "", 50, NULL },
		{ "CCCC", 0, NULL },
		{ "CCCCC", 0,
		  "integration 1: the last 5 attempts found nobody there (connect)" },
		{ "CCSCCC", 0, NULL },
		{ "SCCCCC", 0, NULL }, /* it answers again */
		{ "CsCsCsCsC", 0,
		  "integration 1: the last 5 attempts found nobody there (connect)" },
		{ "ssccccc", 0, NULL },
		{ "SSccccc", 0,
		  "integration 2: the last 5 attempts found nobody there (connect)" },
		{ "CCFCC", 0, NULL }, /* a refusal is an answer */
		{ "SSSO", 0, "integration 1: its partner's circuit is open" },
		{ "FFFFFFFFF", 50, NULL }, /* too few for a share */
		{ "FFFFFFSSSS", 50, "6 of the last 10 attempts failed, more than 50 %" },
		{ "FFFFFSSSSS", 50, NULL },
		{ "FSSSSSSSSS", 5, "1 of the last 10 attempts failed, more than 5 %" },
		{ "FFFFFFFFFF", 0, NULL }, /* never */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct runner_result results[RUNNER_RESULTS_MAX];
		struct err_text why = { "" };
		size_t n = read_results(cases[i].results, results);
		bool stops = runner_must_stop(results, n, cases[i].stop_when_failing, &why);

		if (stops != (cases[i].why != NULL))
			fail_msg("%s: %s", cases[i].results, stops ? why.text : "goes on");
		if (stops)
			assert_string_equal(why.text, cases[i].why);
	}
}

static void a_retry_id_is_made_of_the_run_and_the_log(void **state)
{
	char id[RETRYRUN_RETRY_ID_SIZE];

	assert_string_equal(retryrun_retry_id(7, "0123456789abcdef01234567", id),
	                    "run-7-0123456789abcdef01234567");
	assert_true(strlen(retryrun_retry_id(INT64_MAX, "0123456789abcdef01234567", id)) <
	            RETRYRUN_RETRY_ID_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_stops_of_itself),
		cmocka_unit_test(a_retry_id_is_made_of_the_run_and_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
