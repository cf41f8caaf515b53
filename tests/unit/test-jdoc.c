#include "unit.h"

#include "json/jdoc.h"

#include <string.h>

static const struct {
	const char *text, *dumped; /* NULL: no JSON */
} bodies[] = {
	{ "{\"a\":1}", "{\"a\":1}" },
	{ "{\"a\":7.0,\"b\":[2.5,-3.0]}", "{\"a\":7,\"b\":[2.5,-3]}" },
	{ "[9007199254740993.0]", "[9007199254740992]" },
	{ "{\"a\\u0000b\":\"x\\u0000\"}", "{\"a\xef\xbf\xbd"
	                                  "b\":\"x\xef\xbf\xbd\"}" },
	{ "\"\\\\u0000\"", "\"\\\\u0000\"" }, /* a backslash, and then text */
	{ "[12345678901234567890]", "[12345678901234567000]" },
	{ "[-123456789012345678]", "[-123456789012345678]" },
	{ "{\"a\":}", NULL },
	{ "{\"a\":12345678901234567890", NULL },
	{ "", NULL },
};

static void what_json_allows_is_read(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		CLEANUP_JSON json_t *doc =
			jdoc_parse_any(bodies[i].text, strlen(bodies[i].text), NULL);
		CLEANUP_JSON json_t *wanted =
			bodies[i].dumped ? jdoc_parse(bodies[i].dumped,
		                                      strlen(bodies[i].dumped), NULL)
					 : NULL;

		if (!doc != !bodies[i].dumped)
			fail_msg("%s", bodies[i].text);
		if (doc && i != 5 && !json_equal(doc, wanted))
			fail_msg("%s is another one", bodies[i].text);
		if (i == 5) /* as near as a real comes */
			assert_true(json_is_real(json_array_get(doc, 0)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_json_allows_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
