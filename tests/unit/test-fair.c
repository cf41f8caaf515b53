#include "unit.h"

#include "domain/fair.h"

#include <stdio.h>

struct thing {
	struct fair_item turn;
	char name[8];
};

static struct thing *bring(struct fair *f, const char *key, const char *name)
{
	struct thing *t = xcalloc(1, sizeof(*t));

	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	fair_add(f, key, key ? strlen(key) : 0, &t->turn);
	return t;
}

/* "A1" is of key "A". */
static void bring_all(struct fair *f, const char *names)
{
	for (; *names; names += names[2] ? 3 : 2) {
		const char key[] = { names[0], '\0' },
			   name[] = { names[0], names[1], '\0' };

		(void)bring(f, key, name);
	}
}

static char *take_all(struct fair *f, char *out, size_t size)
{
	struct fair_item *item;
	size_t len = 0;

	out[0] = '\0';
	while ((item = fair_take(f))) {
		assert_null(item->line);
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "",
		                        ((struct thing *)item)->name);
		free(item);
	}
	return out;
}

static void turns_go_round_the_keys_and_keep_each_ones_order(void **state)
{
	static const struct {
		const char *brought, *taken;
	} cases[] = {
		{ "", "" },
		{ "A1 A2 A3", "A1 A2 A3" },
		{ "A1 A2 A3 B1", "A1 B1 A2 A3" },
		{ "A1 A2 A3 B1 C1 B2 C2", "A1 B1 C1 A2 B2 C2 A3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fair *f = fair_new();
		char taken[64];

		bring_all(f, cases[i].brought);
		assert_string_equal(take_all(f, taken, sizeof(taken)), cases[i].taken);
		assert_int_equal(fair_items(f), 0);
		assert_int_equal(fair_lines(f), 0);
		(void)fair_free(f);
	}
}

static void who_comes_late_waits_for_one_turn_of_each(void **state)
{
	struct fair *f = fair_new();
	char name[8], taken[64];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "A%d", i);
		(void)bring(f, "A", name);
	}
	for (int i = 0; i < 500; i++)
		free(fair_take(f));
	(void)bring(f, "B", "B1");
	assert_int_equal(fair_lines(f), 2);
	free(fair_take(f));
	struct thing *second = (struct thing *)fair_take(f);

	assert_string_equal(second->name, "B1");
	assert_true(second->turn.alone);
	free(second);
	while (fair_items(f) > 1)
		free(fair_take(f));
	assert_string_equal(take_all(f, taken, sizeof(taken)), "A999");
	(void)fair_free(f);
}

static void one_that_is_removed_is_not_taken(void **state)
{
	struct fair *f = fair_new();
	struct thing *first = bring(f, "A", "A1"), *only = bring(f, "B", "B1");
	char taken[64];

	(void)bring(f, "A", "A2");
	fair_remove(f, &first->turn);
	fair_remove(f, &only->turn);
	assert_int_equal(fair_lines(f), 1);
	free(first);
	free(only);
	assert_string_equal(take_all(f, taken, sizeof(taken)), "A2");
	(void)fair_free(f);
}

static void one_key_may_be_taken_out_of_turn(void **state)
{
	struct fair *f = fair_new();
	char taken[64];

	bring_all(f, "A1 B1 A2");
	for (int i = 0; i < 2; i++)
		free(fair_take_of(f, "A", 1));
	assert_null(fair_take_of(f, "A", 1));
	assert_string_equal(take_all(f, taken, sizeof(taken)), "B1");
	(void)fair_free(f);
}

static void no_key_is_a_key_and_bytes_are_compared_as_a_whole(void **state)
{
	struct fair *f = fair_new();
	char taken[64];

	(void)bring(f, NULL, "none1");
	(void)bring(f, NULL, "none2");
	(void)bring(f, "1", "one");
	(void)bring(f, "10", "ten");
	assert_int_equal(fair_lines(f), 3);
	assert_string_equal(take_all(f, taken, sizeof(taken)), "none1 one ten none2");
	(void)fair_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_go_round_the_keys_and_keep_each_ones_order),
		cmocka_unit_test(who_comes_late_waits_for_one_turn_of_each),
		cmocka_unit_test(one_that_is_removed_is_not_taken),
		cmocka_unit_test(one_key_may_be_taken_out_of_turn),
		cmocka_unit_test(no_key_is_a_key_and_bytes_are_compared_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
