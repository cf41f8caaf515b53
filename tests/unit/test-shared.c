/* Answers that several readers ask for at the same time. */
#include "unit.h"

#include "../../services/dashboard/shared.h"

#include "base/util.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static void put(struct shared *s, const char *question, const char *text, int64_t cost_ms)
{
	shared_put(s, question, text, text ? strlen(text) : 0, cost_ms);
}

static bool is_told(struct shared *s, const char *question, const char *text)
{
	size_t len = 0;
	char *told = shared_take(s, question, &len);
	bool right = text ? told && len == strlen(text) && strcmp(told, text) == 0 : !told;

	free(told);
	return right;
}

/* What was dear to make is kept, what was cheap is made anew. */
static void test_kept_by_its_cost(void **state)
{
	struct shared *s = shared_new();

	assert_true(is_told(s, "dear", NULL));
	put(s, "dear", "42", 1000);
	assert_true(is_told(s, "dear", "42"));
	assert_true(is_told(s, "cheap", NULL));
	put(s, "cheap", "1", 0);
	assert_true(is_told(s, "cheap", NULL));
	/* while it is made anew, what was there will do */
	assert_true(is_told(s, "cheap", "1"));
	put(s, "cheap", NULL, 0);
	(void)shared_free(s);
}

static void test_what_failed_is_nobodys(void **state)
{
	struct shared *s = shared_new();

	for (int i = 0; i < 3; i++) {
		assert_true(is_told(s, "x", NULL));
		put(s, "x", NULL, 1000);
	}
	(void)shared_free(s);
}

static void *ask(void *arg)
{
	return is_told(arg, "slow", "answer") ? arg : NULL;
}

/* Who asks while it is made waits, and gets the same. */
static void test_made_once(void **state)
{
	struct shared *s = shared_new();
	pthread_t askers[4];
	void *right;

	assert_true(is_told(s, "slow", NULL));
	for (size_t i = 0; i < ARRAY_SIZE(askers); i++)
		assert_int_equal(pthread_create(&askers[i], NULL, ask, s), 0);
	put(s, "slow", "answer", 1000);
	for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
		assert_int_equal(pthread_join(askers[i], &right), 0);
		assert_ptr_equal(right, s);
	}
	(void)shared_free(s);
}

static void test_bounded(void **state)
{
	struct shared *s = shared_new();
	char *large = xcalloc(1, 900001), question[16];

	memset(large, 'x', 900000);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(question, sizeof(question), "%d", i);
		assert_true(is_told(s, question, NULL));
		put(s, question, large, 1000);
		assert_true(is_told(s, question, large));
	}
	assert_true(is_told(s, "0", NULL));
	free(large);
	(void)shared_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_by_its_cost),
		cmocka_unit_test(test_what_failed_is_nobodys),
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
