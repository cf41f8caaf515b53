/* Secrets at rest: what opens what, and what does not. */
#include "secrets/seal.h"
#include "unit.h"

#define PLACE "lab_integration/17/integration_extra_details.auth.token"
#define KEY   "a key of thirty-two characters.."
#define OTHER "another key of enough characters"

static struct keyring *keys_of(const char *key, const char *previous)
{
	return keyring_new(&(struct secrets_config){
		.key = (char *)(uintptr_t)key, .previous = (char *)(uintptr_t)previous });
}

static void a_sealed_text_opens_with_its_key_at_its_place(void **state)
{
	static const struct {
		const char *name, *key, *previous, *place;
		int result;
		const char *remedy;
	} cases[] = {
		{ "the same key", KEY, "", PLACE, 0, "" },
		{ "it is the previous one", OTHER, KEY, PLACE, 0, "" },
		{ "only the previous one", "", KEY, PLACE, 0, "" },
		{ "another key", OTHER, "", PLACE, SEAL_E_KEY, "SECRETS_KEY_PREVIOUS" },
		{ "no key", "", "", PLACE, SEAL_E_KEY, "SECRETS_KEY is not set" },
		{ "another row", KEY, "",
		  "lab_integration/18/integration_extra_details.auth.token", SEAL_E_BROKEN,
		  "enter the secret again" },
	};
	CLEANUP(keyring_freep) struct keyring *keys = keys_of(KEY, "");
	CLEANUP(freep) char *sealed = seal_close(keys, PLACE, "tök en");

	assert_true(seal_is_sealed(sealed));
	assert_null(strstr(sealed, "tök"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(keyring_freep)
		struct keyring *ring = keys_of(cases[i].key, cases[i].previous);
		CLEANUP(freep) char *plain = NULL;
		struct err_text why = { "" };
		int r = seal_open(ring, cases[i].place, sealed, &plain, &why);

		if (r != cases[i].result || !strstr(why.text, cases[i].remedy))
			fail_msg("%s: %d, %s", cases[i].name, r, why.text);
		if (r == 0)
			assert_string_equal(plain, "tök en");
	}
}

static void one_text_is_never_sealed_alike(void **state)
{
	CLEANUP(keyring_freep) struct keyring *keys = keys_of(KEY, "");
	CLEANUP(freep) char *one = seal_close(keys, PLACE, "token");
	CLEANUP(freep) char *two = seal_close(keys, PLACE, "token");

	assert_string_not_equal(one, two);
}

static void damaged_text_is_refused_and_not_quoted(void **state)
{
	CLEANUP(keyring_freep) struct keyring *keys = keys_of(KEY, "");
	CLEANUP(freep) char *sealed = seal_close(keys, PLACE, "token");
	const char *damaged[] = { sealed, "sealed:v1:", "sealed:v1:!!!!",
		                  "sealed:v1:c2hvcnQ=" };

	sealed[strlen(sealed) - 6] ^= 1;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct err_text why = { "" };
		char *plain = NULL;

		assert_int_equal(seal_open(keys, PLACE, damaged[i], &plain, &why),
		                 SEAL_E_BROKEN);
		assert_null(plain);
		assert_null(strstr(why.text, "sealed:v1"));
	}
}

static void plain_text_is_taken_as_it_is(void **state)
{
	CLEANUP(keyring_freep) struct keyring *none = keys_of("", "");
	CLEANUP(freep) char *plain = NULL;

	assert_int_equal(seal_open(none, PLACE, "token", &plain, NULL), 0);
	assert_string_equal(plain, "token");
	assert_null(seal_close(none, PLACE, "token"));
	assert_false(keyring_has_key(none));
}

static void what_the_previous_key_sealed_is_not_current(void **state)
{
	CLEANUP(keyring_freep) struct keyring *before = keys_of(KEY, "");
	CLEANUP(keyring_freep) struct keyring *now = keys_of(OTHER, KEY);
	CLEANUP(freep) char *sealed = seal_close(before, PLACE, "token");

	assert_true(seal_is_current(before, sealed));
	assert_false(seal_is_current(now, sealed));
	assert_false(seal_is_current(now, "token"));
}

static void a_presented_key_is_hashed_with_both_keys(void **state)
{
	CLEANUP(keyring_freep) struct keyring *before = keys_of(KEY, "");
	CLEANUP(keyring_freep) struct keyring *now = keys_of(OTHER, KEY);
	CLEANUP(keyring_freep) struct keyring *none = keys_of("", "");
	unsigned char one[2][AUTH_KEY_HASH_SIZE], two[2][AUTH_KEY_HASH_SIZE];

	assert_int_equal(keyring_auth_key_hashes(before, "abc", 3, one), 1);
	assert_int_equal(keyring_auth_key_hashes(now, "abc", 3, two), 2);
	assert_memory_equal(one[0], two[1], AUTH_KEY_HASH_SIZE);
	assert_memory_not_equal(two[0], two[1], AUTH_KEY_HASH_SIZE);
	assert_int_equal(keyring_auth_key_hashes(before, "abd", 3, two), 1);
	assert_memory_not_equal(one[0], two[0], AUTH_KEY_HASH_SIZE);
	assert_int_equal(keyring_auth_key_hashes(none, "abc", 3, one), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_text_opens_with_its_key_at_its_place),
		cmocka_unit_test(one_text_is_never_sealed_alike),
		cmocka_unit_test(damaged_text_is_refused_and_not_quoted),
		cmocka_unit_test(plain_text_is_taken_as_it_is),
		cmocka_unit_test(what_the_previous_key_sealed_is_not_current),
		cmocka_unit_test(a_presented_key_is_hashed_with_both_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
