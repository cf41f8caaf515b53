#include "unit.h"

#include "domain/retry_after.h"

static void seconds_and_dates_become_a_wait(void **state)
{
	static const int64_t now = 1700000000500; /* Tue, 14 Nov 2023 22:13:20.5 GMT */
	static const struct {
		const char *text;
		int64_t wait_ms;
	} cases[] = {
		{ .text = "0", .wait_ms = 0 },
		{ .text = "7", .wait_ms = 7000 },
		{ .text = " 7 ", .wait_ms = 7000 },
		{ .text = "3600", .wait_ms = 3600000 },
		{ .text = "3601", .wait_ms = 3600000 },
		{ .text = "99999999999999999999999", .wait_ms = 3600000 },
		{ .text = "Tue, 14 Nov 2023 22:13:25 GMT", .wait_ms = 4500 },
		{ .text = "Tuesday, 14-Nov-23 22:13:25 GMT", .wait_ms = 4500 },
		{ .text = "Tue Nov 14 22:13:25 2023", .wait_ms = 4500 },
		{ .text = "Tue, 14 Nov 2023 22:13:19 GMT", .wait_ms = 0 },
		{ .text = "Fri, 31 Dec 2100 00:00:00 GMT", .wait_ms = 3600000 },
		{ .text = NULL, .wait_ms = -1 },
		{ .text = "", .wait_ms = -1 },
		{ .text = "-5", .wait_ms = -1 },
		{ .text = "5s", .wait_ms = -1 },
		{ .text = "1.5", .wait_ms = -1 },
		{ .text = "soon", .wait_ms = -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (retry_after_ms(cases[i].text, now, 3600000) != cases[i].wait_ms)
			fail_msg("%s", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_and_dates_become_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
