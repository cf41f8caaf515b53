/* What is asked of a token server, and what its answers mean. */
#include "unit.h"

#include "transport/oauth_token.h"

static char *text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void an_answer_is_a_token_for_a_while_or_says_why_not(void **state)
{
	static const struct {
		const char *body;
		int code;
		int64_t valid_ms; /* -1: none */
		const char *why;
	} cases[] = {
		{ "{\"access_token\":\"t.1\",\"token_type\":\"Bearer\",\"expires_in\":"
		  "3600}",
		  200, 3540000, NULL },
		{ "{\"access_token\":\"t.1\",\"token_type\":\"bearer\",\"expires_in\":"
		  "\"100\"}",
		  200, 80000, NULL },
		{ "{\"access_token\":\"t.1\"}", 200, 240000, NULL },
		{ "{\"access_token\":\"t.1\",\"expires_in\":0}", 201, 0, NULL },
		{ "{\"access_token\":\"t.1\",\"expires_in\":-5}", 200, 0, NULL },
		{ "{\"access_token\":\"t.1\",\"expires_in\":1e300}", 200, 86340000, NULL },
		{ "{\"access_token\":\"t.1\",\"token_type\":\"mac\"}", 200, -1,
		  "token_type is not Bearer" },
		{ "{\"access_token\":\"\"}", 200, -1, "no usable access_token" },
		{ "{\"access_token\":\"a b\"}", 200, -1, "no usable access_token" },
		{ "{\"access_token\":\"a\\r\\nx: y\"}", 200, -1, "no usable access_token" },
		{ "{\"access_token\":7}", 200, -1, "no usable access_token" },
		{ "<html>", 200, -1, "no usable access_token" },
		{ "{\"error\":\"invalid_client\",\"error_description\":\"hunter2\"}", 401,
		  -1, "The token server answers 401: invalid_client" },
		{ "{\"error\":\"hunter2 is wrong\"}", 400, -1,
		  "The token server answers 400" },
		{ "hunter2", 500, -1, "The token server answers 500" },
		{ "{\"access_token\":\"t.1\"}", 302, -1, "The token server answers 302" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct transport_result r = { .status_code = cases[i].code,
			                            .body = cases[i].body,
			                            .body_len = strlen(cases[i].body) };
		CLEANUP(freep) char *token = NULL;
		struct err_text why = { "" };
		int64_t valid_ms = -1;
		int result = oauth_answer_read(&r, &token, &valid_ms, &why);

		if (valid_ms != cases[i].valid_ms || (result == 0) != (token != NULL) ||
		    (cases[i].why && !strstr(why.text, cases[i].why)))
			fail_msg("%s: %lld, %s", cases[i].body, (long long)valid_ms,
			         why.text);
		assert_null(strstr(why.text, "hunter2"));
	}
}

static void the_client_is_encoded_as_the_rfc_asks(void **state)
{
	const struct integration row = { .timeout_ms = 30000,
		                         .oauth_token_url = text_of("https://t.example/"),
		                         .oauth_client_id = text_of("a:b c"),
		                         .oauth_client_secret = text_of("x+/~é"),
		                         .oauth_scope = text_of("read write&x") };
	struct oauth_request rq;

	oauth_request_make(&row, &rq);
	assert_string_equal(rq.username, "a%3Ab%20c");
	assert_string_equal(rq.password, "x%2B%2F~%C3%A9");
	assert_string_equal(rq.body,
	                    "grant_type=client_credentials&scope=read%20write%26x");
	assert_true(rq.row.timeout_ms < row.timeout_ms);
	oauth_request_release(&rq);
}

static void rows_share_a_token_only_with_all_alike(void **state)
{
	const struct integration rows[] = {
		{ .oauth_token_url = text_of("u"),
		  .oauth_client_id = text_of("c"),
		  .oauth_client_secret = text_of("s") },
		{ .oauth_token_url = text_of("uc"),
		  .oauth_client_id = text_of(""),
		  .oauth_client_secret = text_of("s") },
		{ .oauth_token_url = text_of("u"),
		  .oauth_client_id = text_of("c"),
		  .oauth_client_secret = text_of("s2") },
		{ .oauth_token_url = text_of("u"),
		  .oauth_client_id = text_of("c"),
		  .oauth_client_secret = text_of("s"),
		  .oauth_scope = text_of("") },
		{ .oauth_token_url = text_of("u"),
		  .oauth_client_id = text_of("c"),
		  .oauth_client_secret = text_of("s"),
		  .tls_ca = text_of("x") },
		{ .oauth_token_url = text_of("u"),
		  .oauth_client_id = text_of("c"),
		  .oauth_client_secret = text_of("s"),
		  .tls_insecure = true },
	};
	unsigned char keys[ARRAY_SIZE(rows)][OAUTH_KEY_SIZE], again[OAUTH_KEY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		oauth_key(&rows[i], keys[i]);
		oauth_key(&rows[i], again);
		assert_memory_equal(keys[i], again, OAUTH_KEY_SIZE);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(keys[i], keys[k], OAUTH_KEY_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_a_token_for_a_while_or_says_why_not),
		cmocka_unit_test(the_client_is_encoded_as_the_rfc_asks),
		cmocka_unit_test(rows_share_a_token_only_with_all_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
