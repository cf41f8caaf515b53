#include "unit.h"

#include "base/backoff.h"
#include "base/random.h"

static void waits_double_up_to_the_limit(void **state)
{
	static const struct {
		int64_t first, max;
		unsigned failures;
		uint32_t dice;
		int64_t wait;
	} cases[] = {
		{ .first = 100,
		  .max = 30000,
		  .failures = 0,
		  .dice = UINT32_MAX,
		  .wait = 100 },
		{ .first = 100,
		  .max = 30000,
		  .failures = 1,
		  .dice = UINT32_MAX,
		  .wait = 100 },
		{ .first = 100, .max = 30000, .failures = 1, .dice = 0, .wait = 50 },
		{ .first = 100,
		  .max = 30000,
		  .failures = 3,
		  .dice = UINT32_MAX,
		  .wait = 400 },
		{ .first = 100, .max = 30000, .failures = 3, .dice = 0, .wait = 200 },
		{ .first = 100,
		  .max = 30000,
		  .failures = 40,
		  .dice = UINT32_MAX,
		  .wait = 30000 },
		{ .first = 100, .max = 30000, .failures = 40, .dice = 0, .wait = 15000 },
		{ .first = 1, .max = 1, .failures = UINT32_MAX, .dice = 0, .wait = 1 },
		{ .first = INT64_MAX / 2 + 1,
		  .max = INT64_MAX,
		  .failures = 2,
		  .dice = 0,
		  .wait = INT64_MAX / 2 + 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(backoff_wait_ms(cases[i].first, cases[i].max,
		                                 cases[i].failures, cases[i].dice),
		                 cases[i].wait);
}

static void dice_spread_over_the_upper_half(void **state)
{
	for (int i = 0; i < 1000; i++) {
		int64_t wait = backoff_wait_ms(100, 30000, 5, random_u32());

		assert_in_range(wait, 800, 1600);
	}
}

static void random_bytes_fill_the_whole_buffer(void **state)
{
	uint8_t bytes[1000] = { 0 };
	size_t zeros = 0;

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = sizeof(bytes) - 100; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	assert_true(zeros < 50);
	assert_int_not_equal(random_u64(), random_u64());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_limit),
		cmocka_unit_test(dice_spread_over_the_upper_half),
		cmocka_unit_test(random_bytes_fill_the_whole_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
