#include "unit.h"

#include "domain/budget.h"
#include "domain/under_way.h"

static struct log_id log_number(uint32_t i)
{
	struct log_id id = { { 0 } };

	memcpy(id.bytes + 8, &i, sizeof(i));
	return id;
}

static void an_attempt_is_under_way_and_the_next_is_not(void **state)
{
	struct under_way *u = under_way_new(1000);
	struct log_id one = log_number(1), two = log_number(2);

	under_way_add(u, &one, 3, 0);
	under_way_add(u, &one, 3, 0);
	assert_true(under_way_has(u, &one, 3));
	assert_false(under_way_has(u, &one, 4));
	assert_false(under_way_has(u, &two, 3));
	(void)under_way_free(u);
}

static void a_request_is_forgotten_after_once_to_twice_the_time(void **state)
{
	struct under_way *u = under_way_new(1000);
	struct log_id early = log_number(1), late = log_number(2);

	under_way_forget_old(u, 5000);
	under_way_add(u, &early, 1, 5000);
	under_way_forget_old(u, 5999);
	under_way_add(u, &late, 1, 5999);
	under_way_forget_old(u, 6000);
	assert_true(under_way_has(u, &early, 1));
	under_way_forget_old(u, 7000);
	assert_false(under_way_has(u, &early, 1));
	assert_false(under_way_has(u, &late, 1));
	(void)under_way_free(u);
}

static void so_many_are_remembered_for_certain_and_never_more_than_twice(void **state)
{
	struct under_way *u = under_way_new(1000);
	size_t known = 0;

	for (uint32_t i = 0; i < 5 * UNDER_WAY_MAX; i++) {
		struct log_id id = log_number(i);

		under_way_add(u, &id, 1, 0);
	}
	for (uint32_t i = 0; i < 5 * UNDER_WAY_MAX; i++) {
		struct log_id id = log_number(i);
		bool has = under_way_has(u, &id, 1);

		known += has;
		assert_true(has || i < 4 * UNDER_WAY_MAX);
	}
	assert_true(known <= 2 * (size_t)UNDER_WAY_MAX);
	(void)under_way_free(u);
}

static void every_partner_has_its_own_budget_in_each_sweep(void **state)
{
	struct budget *b = budget_new(3);

	for (int sweep = 0; sweep < 2; sweep++) {
		for (int64_t partner = 0; partner < 1000; partner++)
			for (int i = 0; i < 5; i++)
				assert_int_equal(budget_take(b, partner * 64), i < 3);
		budget_reset(b);
	}
	(void)budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attempt_is_under_way_and_the_next_is_not),
		cmocka_unit_test(a_request_is_forgotten_after_once_to_twice_the_time),
		cmocka_unit_test(
			so_many_are_remembered_for_certain_and_never_more_than_twice),
		cmocka_unit_test(every_partner_has_its_own_budget_in_each_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
