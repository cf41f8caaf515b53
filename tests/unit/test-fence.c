#include "unit.h"

#include "domain/action.h"
#include "domain/fence.h"

static void a_fact_holds_in_its_state_and_in_those_that_imply_it(void **state)
{
	static const struct {
		int action;
		const char *operation, *state;
		bool expected;
	} cases[] = {
		{ 1, NULL, "ACTIVE", true },
		{ 1, NULL, "CANCELLED", false },
		{ 1, NULL, NULL, true },
		{ 2, NULL, "CANCELLED", false },
		{ 3, NULL, "CANCELLED", true },
		{ 3, NULL, "ACTIVE", false },
		{ 4, NULL, "ACTIVE", true },
		{ 5, NULL, "REFUND", true },
		{ 5, NULL, "PAYMENT", false },
		{ 17, NULL, "SETTLEMENT", true },
		{ 17, NULL, "REFUND", false },
		{ 18, NULL, "CANCELLED", false },
		{ 30, NULL, "COLLECTED", true },
		{ 30, NULL, "RECEIVED", true },
		{ 30, NULL, "PENDING", false },
		{ 31, NULL, "PENDING", true },
		{ 31, NULL, "COLLECTED", false },
		{ 6, NULL, "COLLECTED", false },
		{ 9, NULL, "REDRAW", true },
		{ 9, "redraw", "REDRAW", true },
		{ 9, "dismiss", "REDRAW", false },
		{ 9, "dismiss", "DISMISSED", true },
		{ 10, NULL, "SIGNED", true },
		{ 12, NULL, "SUBMITTED", false },
		{ 15, NULL, "CANCELLED", false },
		{ 57, NULL, "true", true },
		{ 58, NULL, "false", false },
		{ 32, "booked", "CHECKED_IN", true },
		{ 32, "booked", "DISMISSED", false },
		{ 32, "dismissed", "DISMISSED", true },
		{ 62, "delete", "DELETED", true },
		{ 62, "update", "DELETED", false },
		{ 62, "create", "ISSUED", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fence_rule *rule =
			fence_find(cases[i].action, cases[i].operation);

		if (fence_holds(rule, cases[i].state) != cases[i].expected)
			fail_msg("%d %s %s", cases[i].action, cases[i].operation,
			         cases[i].state);
	}
}

/* What such a state means is for traces to say, and for the first building. */
static void a_state_may_come_before_the_fact(void **state)
{
	static const struct {
		int action;
		const char *operation, *state;
		bool expected;
	} cases[] = {
		{ 30, NULL, "PENDING", true },
		{ 30, NULL, "COLLECTED", false },
		{ 30, NULL, "DISMISSED", false },
		{ 30, NULL, NULL, false },
		{ 31, NULL, "COLLECTED", true },
		{ 6, NULL, "COLLECTED", true },
		{ 7, NULL, "RECEIVED", true },
		{ 3, NULL, "ACTIVE", true },
		{ 1, NULL, "CANCELLED", false },
		{ 15, NULL, "PENDING", true },
		{ 15, NULL, "SAVED", false },
		{ 12, NULL, "SUBMITTED", true },
		{ 12, NULL, "CANCELLED", false },
		{ 32, "booked", "DISMISSED", false },
		{ 32, "checked_in", "CONFIRMED", true },
		{ 32, "checked_in", "DISMISSED", false },
		{ 37, NULL, "INITIATED", true },
		{ 60, NULL, "DRAFT", true },
		{ 62, "delete", "ISSUED", true },
		{ 62, "create", "DELETED", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fence_rule *rule =
			fence_find(cases[i].action, cases[i].operation);

		if (fence_precedes(rule, cases[i].state) != cases[i].expected)
			fail_msg("%d %s %s", cases[i].action, cases[i].operation,
			         cases[i].state);
	}
}

static void an_action_without_a_rule_is_never_undone(void **state)
{
	assert_null(fence_find(52, NULL));
	assert_null(fence_find(61, NULL));
}

static void the_reason_names_the_entity_and_the_time(void **state)
{
	struct err_text why;

	fence_say(fence_find(1, NULL), "9001", "2026-11-21T09:30:00Z", &why);
	assert_string_equal(why.text, "bill 9001 was cancelled on 2026-11-21T09:30:00Z");
	fence_say(fence_find(5, NULL), "5", NULL, &why);
	assert_string_equal(why.text, "payment 5 is no refund");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_holds_in_its_state_and_in_those_that_imply_it),
		cmocka_unit_test(a_state_may_come_before_the_fact),
		cmocka_unit_test(an_action_without_a_rule_is_never_undone),
		cmocka_unit_test(the_reason_names_the_entity_and_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
