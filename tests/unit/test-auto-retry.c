#include "unit.h"

#include "domain/auto_retry.h"

#define MINUTE (60 * 1000LL)
#define HOUR   (60 * MINUTE)
#define NOW    (1000 * HOUR)

static struct retry_pattern patterns[16];
static struct retry_policy policy = { .max = 5, .patterns = patterns };

static const struct retry_row on = { .exists = true,
	                             .active = true,
	                             .is_auto_retry = true };
static const struct retry_log no_response = { .status = LOG_STATUS_FAIL,
	                                      .error_kind = ERROR_KIND_TIMEOUT,
	                                      .error_message = "No response",
	                                      .inserted_at_ms = NOW - HOUR };

static int read_patterns(void **state)
{
	static char text[] = AUTO_RETRY_DEFAULT_PATTERNS;
	const char *bad = NULL;
	int n = retry_patterns_parse(text, patterns, ARRAY_SIZE(patterns), &bad);

	policy.n_patterns = (size_t)n;
	return n == 9 ? 0 : -1;
}

#define FAILED(...)                                                                        \
	{                                                                                  \
		.status = LOG_STATUS_FAIL, .inserted_at_ms = NOW - HOUR, __VA_ARGS__       \
	}
#define WAITING(...)                                                                       \
	{                                                                                  \
		.status = LOG_STATUS_QUEUED, .inserted_at_ms = NOW - HOUR, __VA_ARGS__     \
	}

static const struct {
	const char *name;
	struct retry_log log;
	enum retry_verdict verdict;
} log_cases[] = {
	{ "no response", FAILED(.error_message = "No response"), RETRY_ELIGIBLE },
	{ "connect timeout by its words",
	  FAILED(.error_message = "Session.connect: java.net.SocketTimeoutException"),
	  RETRY_ELIGIBLE },
	{ "dns by its kind", FAILED(.error_kind = ERROR_KIND_DNS), RETRY_ELIGIBLE },
	{ "503", FAILED(.error_kind = ERROR_KIND_HTTP_STATUS, .code = 503),
	  RETRY_ELIGIBLE },
	{ "500 is the partner's word",
	  FAILED(.error_kind = ERROR_KIND_HTTP_STATUS, .code = 500), RETRY_NO_PATTERN },
	{ "410 even with a matching text",
	  FAILED(.error_message = "No response", .code = 410), RETRY_GONE_FOR_GOOD },
	{ "a negative acknowledgement", FAILED(.error_kind = ERROR_KIND_NACK, .mllp = true),
	  RETRY_NO_PATTERN },
	{ "a negative acknowledgement with a matching text",
	  FAILED(.error_kind = ERROR_KIND_NACK,
	         .error_message = "No response of the analyser", .mllp = true),
	  RETRY_NO_PATTERN },
	{ "a fax of which pages went out, with a matching text",
	  FAILED(.error_kind = ERROR_KIND_VENDOR, .error_message = "No response (failure)",
	         .pages_sent = 1),
	  RETRY_PAGES_SENT },
	{ "a fax of which none did",
	  FAILED(.error_kind = ERROR_KIND_VENDOR, .error_message = "No response (failure)"),
	  RETRY_ELIGIBLE },
	{ "success",
	  { .status = LOG_STATUS_SUCCESS, .inserted_at_ms = NOW - HOUR },
	  RETRY_STATUS },
	{ "suppressed",
	  { .status = LOG_STATUS_SUPPRESSED, .inserted_at_ms = NOW - HOUR },
	  RETRY_STATUS },
	{ "superseded",
	  { .status = LOG_STATUS_SUPERSEDED, .inserted_at_ms = NOW - HOUR },
	  RETRY_STATUS },
	{ "exactly 24 hours",
	  { .status = LOG_STATUS_FAIL,
	    .error_message = "No response",
	    .inserted_at_ms = NOW - 24 * HOUR },
	  RETRY_ELIGIBLE },
	{ "24 hours and a millisecond",
	  { .status = LOG_STATUS_FAIL,
	    .error_message = "No response",
	    .inserted_at_ms = NOW - 24 * HOUR - 1 },
	  RETRY_TOO_OLD },
	{ "four attempts made",
	  FAILED(.error_message = "No response", .auto_retry_count = 4), RETRY_ELIGIBLE },
	{ "five attempts made",
	  FAILED(.error_message = "No response", .auto_retry_count = 5), RETRY_SPENT },
	{ "due in a moment",
	  FAILED(.error_message = "No response", .next_auto_retry_at_ms = NOW + 1),
	  RETRY_NOT_DUE },
	{ "Mirth queued 10 minutes",
	  WAITING(.mllp = true, .queued_since_ms = NOW - 10 * MINUTE), RETRY_STILL_QUEUED },
	{ "Mirth queued more than 10 minutes",
	  WAITING(.mllp = true, .queued_since_ms = NOW - 10 * MINUTE - 1), RETRY_ELIGIBLE },
	{ "HTTP queued for an hour is stuck work, not this",
	  WAITING(.queued_since_ms = NOW - HOUR), RETRY_STILL_QUEUED },
};

static void the_log_decides(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(log_cases); i++) {
		enum retry_verdict got = retry_judge(&policy, &on, &log_cases[i].log, NOW);

		if (got != log_cases[i].verdict)
			fail_msg("%s: %s", log_cases[i].name, retry_verdict_text(got));
	}
}

#define ON(...)                                                                            \
	{                                                                                  \
		.exists = true, .active = true, .is_auto_retry = true, __VA_ARGS__         \
	}

static void the_row_decides(void **state)
{
	static const char *const refused[] = { "refused by the desk" };
	const struct retry_log refusal = { .status = LOG_STATUS_FAIL,
		                           .error_message = "refused by the desk, sorry",
		                           .inserted_at_ms = NOW - HOUR };
	const struct retry_log spent = { .status = LOG_STATUS_FAIL,
		                         .error_message = "No response",
		                         .auto_retry_count = 2,
		                         .inserted_at_ms = NOW - HOUR };
	const struct {
		const char *name;
		struct retry_row row;
		const struct retry_log *log;
		enum retry_verdict verdict;
	} cases[] = {
		{ .name = "gone", .log = &no_response, .verdict = RETRY_ROW_GONE },
		{ .name = "switched off",
		  .row = { .exists = true, .is_auto_retry = true },
		  .log = &no_response,
		  .verdict = RETRY_ROW_INACTIVE },
		{ .name = "no auto retry",
		  .row = { .exists = true, .active = true },
		  .log = &no_response,
		  .verdict = RETRY_SWITCHED_OFF },
		{ .name = "switched on after the failure",
		  .row = ON(.auto_retry_since_ms = NOW - HOUR + 1),
		  .log = &no_response,
		  .verdict = RETRY_BEFORE_SWITCH },
		{ .name = "switched on with the log",
		  .row = ON(.auto_retry_since_ms = NOW - HOUR),
		  .log = &no_response,
		  .verdict = RETRY_ELIGIBLE },
		{ .name = "a maximum of its own",
		  .row = ON(.max = 2),
		  .log = &spent,
		  .verdict = RETRY_SPENT },
		{ .name = "a pattern of its own",
		  .row = ON(.patterns = refused, .n_patterns = 1),
		  .log = &refusal,
		  .verdict = RETRY_ELIGIBLE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum retry_verdict got =
			retry_judge(&policy, &cases[i].row, cases[i].log, NOW);

		if (got != cases[i].verdict)
			fail_msg("%s: %s", cases[i].name, retry_verdict_text(got));
	}
}

static void a_range_replaces_the_24_hours(void **state)
{
	struct retry_policy ranged = policy;
	struct retry_log log = no_response;

	ranged.from_ms = NOW - 100 * HOUR;
	ranged.to_ms = NOW - 50 * HOUR;
	log.inserted_at_ms = NOW - 60 * HOUR;
	assert_int_equal(retry_judge(&ranged, &on, &log, NOW), RETRY_ELIGIBLE);
	log.inserted_at_ms = NOW - 101 * HOUR;
	assert_int_equal(retry_judge(&ranged, &on, &log, NOW), RETRY_TOO_OLD);
	log.inserted_at_ms = NOW - HOUR;
	assert_int_equal(retry_judge(&ranged, &on, &log, NOW), RETRY_TOO_NEW);
}

static void the_wait_doubles_and_jitter_only_delays(void **state)
{
	static const struct {
		int64_t attempts, retry_after;
		uint32_t dice;
		int64_t wait;
	} cases[] = {
		{ .attempts = 0, .dice = 0, .wait = 60000 },
		{ .attempts = 1, .dice = 0, .wait = 120000 },
		{ .attempts = 3, .dice = 0, .wait = 480000 },
		{ .attempts = 9, .dice = 0, .wait = 1800000 },
		{ .attempts = 0, .dice = UINT32_MAX, .wait = 89999 },
		{ .attempts = 0, .dice = 0, .retry_after = 300000, .wait = 300000 },
		{ .attempts = 4, .dice = 0, .retry_after = 300000, .wait = 960000 },
	};
	const struct retry_policy waits = { .base_ms = 60000, .cap_ms = 1800000 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(retry_due_ms(&waits, cases[i].attempts, NOW,
		                              cases[i].retry_after, cases[i].dice),
		                 NOW + cases[i].wait);
}

static void a_bad_pattern_is_pointed_out(void **state)
{
	static const char *const lists[] = { "kind=weird", "a,,b", "code=99", "code=5x",
		                             "kind=" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct retry_pattern out[4];
		const char *bad = NULL;
		CLEANUP(freep) char *list = xstrdup(lists[i]);

		assert_int_equal(retry_patterns_parse(list, out, ARRAY_SIZE(out), &bad),
		                 -1);
		assert_non_null(bad);
	}
}

static void work_is_stuck_after_a_time_that_doubles(void **state)
{
	static const struct {
		const char *name;
		struct retry_log log;
		bool stuck;
	} cases[] = {
		{ .name = "just not",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .queued_since_ms = NOW - 15 * MINUTE } },
		{ .name = "too long",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .queued_since_ms = NOW - 15 * MINUTE - 1 },
		  .stuck = true },
		{ .name = "a new attempt of an old log",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .inserted_at_ms = NOW - HOUR,
		           .queued_since_ms = NOW - MINUTE } },
		{ .name = "failed",
		  .log = { .status = LOG_STATUS_FAIL, .queued_since_ms = NOW - HOUR } },
		{ .name = "waits for a vendor",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .awaits_other = true,
		           .queued_since_ms = NOW - HOUR } },
		{ .name = "driven twice, just not",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .auto_retry_count = 2,
		           .queued_since_ms = NOW - HOUR } },
		{ .name = "driven twice, too long",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .auto_retry_count = 2,
		           .queued_since_ms = NOW - HOUR - 10 },
		  .stuck = true },
		{ .name = "a count that nobody counted",
		  .log = { .status = LOG_STATUS_QUEUED,
		           .auto_retry_count = INT64_MAX,
		           .queued_since_ms = NOW - 900 * HOUR },
		  .stuck = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (retry_is_stuck(&cases[i].log, 15 * MINUTE, NOW) != cases[i].stuck)
			fail_msg("%s", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_decides),
		cmocka_unit_test(the_row_decides),
		cmocka_unit_test(a_range_replaces_the_24_hours),
		cmocka_unit_test(the_wait_doubles_and_jitter_only_delays),
		cmocka_unit_test(a_bad_pattern_is_pointed_out),
		cmocka_unit_test(work_is_stuck_after_a_time_that_doubles),
	};

	return cmocka_run_group_tests(tests, read_patterns, NULL);
}
