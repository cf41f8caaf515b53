/* The head of a request: what two readers could understand in two ways is refused. */
#include "unit.h"

#include "httpd/head.h"

static const struct {
	const char *text;
	int code;
} heads[] = {
	{ "GET / HTTP/1.1\r\nhost: a", 0 },
	{ "GET /a?b=c HTTP/1.0", 0 },
	{ "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12", 0 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nx: \t b \t", 0 },
	{ "", 400 },
	{ "GET /", 400 },
	{ "GET  / HTTP/1.1\r\nhost: a", 400 },
	{ "G T / HTTP/1.1\r\nhost: a", 400 },
	{ "GET / HTTP/1.1", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nhost: b", 400 },
	{ "GET / HTTP/3.0\r\nhost: a", 505 },
	{ "GET / HTTP/1.1 \r\nhost: a", 505 },
	{ "GET http://a/ HTTP/1.1\r\nhost: a", 400 },
	{ "GET /\x7f HTTP/1.1\r\nhost: a", 400 },
	{ "GET /a#b HTTP/1.1\r\nhost: a", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nno colon", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nname : b", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\n: b", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\n folded", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nx: b\x01", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nx: b\ny: c", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: +1", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: ", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999", 400 },
	{ "GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked", 411 },
	{ "GET / HTTP/1.1\r\nhost: a\r\nexpect: more", 417 },
};

static void test_heads(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct err_text why = { "" };
		struct http_head head;
		int code =
			http_head_parse(heads[i].text, strlen(heads[i].text), &head, &why);

		http_head_release(&head);
		if (code != heads[i].code)
			fail_msg("%s: %d instead of %d", heads[i].text, code,
			         heads[i].code);
		assert_int_equal(code == 0, why.text[0] == '\0');
	}
}

static void test_a_head_is_taken_apart(void **state)
{
	static const char text[] = "POST /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-One:  two \r\n"
				   "content-length: 7\r\nConnection: close\r\n"
				   "Expect: 100-continue";
	struct http_head head;

	assert_int_equal(http_head_parse(text, strlen(text), &head, NULL), 0);
	assert_string_equal(head.method, "POST");
	assert_string_equal(head.path, "/a/b");
	assert_string_equal(head.query, "c=d");
	assert_string_equal(http_head_find(&head, "x-one"), "two");
	assert_null(http_head_find(&head, "x-two"));
	assert_int_equal(head.content_length, 7);
	assert_false(head.keep_alive);
	assert_true(head.expects_continue);
	http_head_release(&head);
}

static void test_a_nul_is_no_head(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nhost: a\0b";
	struct http_head head;

	assert_int_equal(http_head_parse(text, sizeof(text) - 1, &head, NULL), 400);
	http_head_release(&head);
}

static const struct {
	const char *query, *name, *value; /* NULL: absent */
	bool bad;
} queries[] = {
	{ "a=b", "a", "b", false },
	{ "a=b&c=d%20e+f", "c", "d e f", false },
	{ "a=b&a=c", "a", "b", false },
	{ "aa=b&a=", "a", "", false },
	{ "a", "a", NULL, false },
	{ "", "a", NULL, false },
	{ "a=%4", "a", NULL, true },
	{ "a=%zz", "a", NULL, true },
	{ "a=%00", "a", NULL, true },
	{ "a=%ff", "a", NULL, true },
	{ "a=%c3%bc", "a", "\xc3\xbc", false },
};

static void test_queries(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		bool bad = false;
		CLEANUP(freep)
		char *value = http_query_find(queries[i].query, queries[i].name, &bad);

		assert_int_equal(bad, queries[i].bad);
		assert_int_equal(value == NULL, queries[i].value == NULL);
		if (value)
			assert_string_equal(value, queries[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_a_head_is_taken_apart),
		cmocka_unit_test(test_a_nul_is_no_head),
		cmocka_unit_test(test_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
