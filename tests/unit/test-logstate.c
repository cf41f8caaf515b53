#include "unit.h"

#include "domain/logstate.h"

#define Q LOG_STATUS_QUEUED
#define S LOG_STATUS_SUCCESS
#define F LOG_STATUS_FAIL
#define P LOG_STATUS_SUPERSEDED
#define B LOG_STATUS_SUPPRESSED

static void the_whole_matrix_of_moves(void **state)
{
	/* the columns, in this order, are what it moves to */
	static const enum log_status all[] = { Q, S, F, P, B };
	static const struct {
		enum log_status from;
		const char *to;
	} rows[] = {
		{ .from = Q, .to = "yyyyy" }, { .from = S, .to = "nnnnn" },
		{ .from = F, .to = "nynnn" }, { .from = P, .to = "nnnnn" },
		{ .from = B, .to = "nnnnn" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			assert_int_equal(logstate_may_move(rows[i].from, all[k]),
			                 rows[i].to[k] == 'y');
}

static void a_report_changes_what_it_may(void **state)
{
	static const struct {
		enum log_status now;
		int attempt;
		enum log_status reported;
		int of_attempt;
		enum logstate_verdict verdict;
	} cases[] = {
		/* the current attempt: the first final status wins */
		{ Q, 0, S, 0, LOGSTATE_OUTCOME },
		{ Q, 0, F, 0, LOGSTATE_OUTCOME },
		{ Q, 0, B, 0, LOGSTATE_OUTCOME },
		{ Q, 0, Q, 0, LOGSTATE_OUTCOME },
		{ S, 0, F, 0, LOGSTATE_KEEP },
		{ S, 0, S, 0, LOGSTATE_KEEP },
		{ F, 0, F, 0, LOGSTATE_KEEP },
		{ F, 0, Q, 0, LOGSTATE_KEEP },
		{ F, 0, S, 0, LOGSTATE_OUTCOME },
		{ P, 0, S, 0, LOGSTATE_KEEP },
		{ B, 0, S, 0, LOGSTATE_KEEP },
		/* an older attempt: its own record, but a delivery counts for the log */
		{ Q, 2, F, 1, LOGSTATE_OLDER },
		{ Q, 2, S, 1, LOGSTATE_OLDER_DELIVERED },
		{ F, 2, S, 0, LOGSTATE_OLDER_DELIVERED },
		{ S, 2, S, 0, LOGSTATE_OLDER },
		{ S, 2, F, 0, LOGSTATE_OLDER },
		{ P, 1, S, 0, LOGSTATE_OLDER },
		/* an attempt that the log has not come to */
		{ Q, 0, S, 1, LOGSTATE_UNKNOWN },
		{ F, 1, F, 3, LOGSTATE_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct logstate now = { .status = cases[i].now,
			                .attempt = cases[i].attempt };
		struct logstate_report report = { .status = cases[i].reported,
			                          .attempt = cases[i].of_attempt };

		if (logstate_decide(&now, &report) != cases[i].verdict)
			fail_msg("case %zu", i);
	}
}

static void a_record_and_the_log_each_take_a_report_for_themselves(void **state)
{
	static const struct {
		enum log_status now;
		int attempt;
		enum log_status record, reported;
		int of_attempt;
		struct logstate_effect effect;
	} cases[] = {
		/* the newest attempt: both */
		{ Q, 1, Q, F, 1, { .known = true, .log = true, .record = true } },
		/* a crash after the record was written: the log alone is left */
		{ Q, 1, F, F, 1, { .known = true, .log = true } },
		{ F, 1, F, F, 1, { .known = true } },
		{ F, 1, F, S, 1, { .known = true, .log = true, .record = true } },
		/* an older one: its record; a delivery counts for the log too */
		{ Q, 2, Q, F, 1, { .known = true, .record = true } },
		{ Q, 2, F, F, 0, { .known = true } },
		{ Q,
		  2,
		  F,
		  S,
		  0,
		  { .known = true, .log = true, .record = true, .delivered = true } },
		{ Q, 2, S, S, 1, { .known = true, .log = true, .delivered = true } },
		/* delivered meanwhile: the newest attempt ends for itself */
		{ S, 2, Q, P, 2, { .known = true, .record = true } },
		{ S, 2, Q, F, 2, { .known = true, .record = true } },
		/* not begun */
		{ Q, 1, Q, S, 2, { .known = false } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct logstate now = { .status = cases[i].now,
			                .attempt = cases[i].attempt };
		struct logstate_report report = { .status = cases[i].reported,
			                          .attempt = cases[i].of_attempt };
		struct logstate_effect e = logstate_effect(&now, cases[i].record, &report);
		const struct logstate_effect *wanted = &cases[i].effect;

		if (e.known != wanted->known || e.log != wanted->log ||
		    e.record != wanted->record || e.delivered != wanted->delivered)
			fail_msg("case %zu", i);
	}
}

static void an_attempt_begins_once_and_doubts_no_delivery(void **state)
{
	static const struct {
		enum log_status now;
		int attempt, begun;
		bool resend;
		enum logstate_begin verdict;
	} cases[] = {
		{ F, 0, 1, false, LOGSTATE_BEGIN_QUEUED },
		{ Q, 0, 1, false, LOGSTATE_BEGIN_QUEUED },
		{ F, 1, 1, false, LOGSTATE_BEGIN_NOTHING },
		{ Q, 2, 1, true, LOGSTATE_BEGIN_NOTHING },
		{ F, 1, 3, false, LOGSTATE_BEGIN_QUEUED },
		{ S, 0, 1, false, LOGSTATE_BEGIN_COUNTED },
		{ S, 0, 1, true, LOGSTATE_BEGIN_QUEUED },
		{ P, 1, 2, false, LOGSTATE_BEGIN_COUNTED },
		{ P, 1, 2, true, LOGSTATE_BEGIN_QUEUED },
		{ B, 0, 1, true, LOGSTATE_BEGIN_QUEUED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct logstate now = { .status = cases[i].now,
			                .attempt = cases[i].attempt };

		if (logstate_begin(&now, cases[i].begun, cases[i].resend) !=
		    cases[i].verdict)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_matrix_of_moves),
		cmocka_unit_test(a_report_changes_what_it_may),
		cmocka_unit_test(a_record_and_the_log_each_take_a_report_for_themselves),
		cmocka_unit_test(an_attempt_begins_once_and_doubts_no_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
