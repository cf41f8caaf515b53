#include "unit.h"

#include "domain/recent.h"

static struct log_id id_of(uint32_t n)
{
	struct log_id id = { { 0 } };

	/* few leading bytes, so that chains have several members */
	id.bytes[0] = (uint8_t)(n % 251);
	id.bytes[1] = (uint8_t)(n % 11);
	memcpy(id.bytes + 4, &n, sizeof(n));
	return id;
}

static void a_log_is_remembered_with_its_event(void **state)
{
	struct recent *r = recent_new();
	struct log_id id = id_of(1), other = id_of(8);

	assert_null(recent_find(r, &id));
	recent_add(r, &id, 3, 44);
	assert_int_equal(recent_find(r, &id)->partition, 3);
	assert_int_equal(recent_find(r, &id)->offset, 44);
	assert_false(recent_find(r, &id)->tasked);
	assert_null(recent_find(r, &other));
	recent_find(r, &id)->tasked = true;
	recent_add(r, &id, 5, 1);
	assert_int_equal(recent_find(r, &id)->partition, 3);
	assert_true(recent_find(r, &id)->tasked);
	recent_free(r);
}

static void the_oldest_is_forgotten_first(void **state)
{
	struct recent *r = recent_new();
	const uint32_t extra = 1000;

	for (uint32_t n = 0; n < RECENT_MAX + extra; n++) {
		struct log_id id = id_of(n);

		recent_add(r, &id, 0, n);
	}
	for (uint32_t n = 0; n < RECENT_MAX + extra; n += 499) {
		struct log_id id = id_of(n);
		const struct recent_entry *found = recent_find(r, &id);

		assert_int_equal(found != NULL, n >= extra);
		if (found)
			assert_int_equal(found->offset, n);
	}
	recent_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_remembered_with_its_event),
		cmocka_unit_test(the_oldest_is_forgotten_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
