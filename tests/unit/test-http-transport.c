/*
 * The HTTP transport against a small server of its own (http_server.h), on loopback: every
 * way in which a partner can misbehave, one row a case.
 */
#include "unit.h"

#include "base/clock.h"
#include "http_server.h"
#include "transport/transport.h"

#include <event2/event.h>
#include <stdio.h>

struct kept {
	bool done;
	enum error_kind kind;
	int code;
	char error[256], body[64], retry_after[16];
	size_t body_len;
	bool cut;
	json_t *request_headers, *response_headers;
	int64_t took_ms;
	struct transport_timing timing;
};

struct fixture {
	struct transport_config config;
	struct event_base *loop;
	struct transport *transport;
	struct integration row;
	struct task task;
};

static void keep(const struct transport_result *r, void *arg)
{
	struct kept *k = arg;

	assert_false(k->done); /* exactly once */
	k->done = true;
	k->kind = r->kind;
	k->code = r->status_code;
	(void)snprintf(k->error, sizeof(k->error), "%s", r->error);
	(void)snprintf(k->body, sizeof(k->body), "%.*s",
	               (int)(r->body_len < 60 ? r->body_len : 60), r->body);
	(void)snprintf(k->retry_after, sizeof(k->retry_after), "%s",
	               r->retry_after ? r->retry_after : "");
	k->body_len = r->body_len;
	k->cut = r->body_cut;
	k->request_headers = json_deep_copy(r->request_headers);
	k->response_headers = json_deep_copy(r->response_headers);
	k->timing = r->timing;
}

static void kept_release(struct kept *k)
{
	json_decref(k->request_headers);
	json_decref(k->response_headers);
}

static void open_fixture(struct fixture *f, const char *allow)
{
	struct err_text why;

	*f = (struct fixture){
		.config = { .connect_timeout = 300, .response_limit = 100000 },
		.row = { .timeout_ms = 600 },
		.task = { .method = "POST", .content_type = "application/json" },
	};
	f->config.allow_private = xstrdup(allow);
	f->row.url = xstrdup("");
	f->loop = event_base_new();
	assert_int_equal(transport_http.open(&f->transport, &f->config, f->loop, &why), 0);
}

static void close_fixture(struct fixture *f)
{
	assert_null(transport_http.close(f->transport));
	event_base_free(f->loop);
	free(f->config.allow_private);
	free(f->row.url);
}

static void set_url(struct fixture *f, const char *scheme, const char *host, int at,
                    const char *path)
{
	free(f->row.url);
	f->row.url = xasprintf("%s://%s:%d%s", scheme, host, at, path);
}

static int send_body(struct fixture *f, const char *body, struct kept *k,
                     struct err_text *why)
{
	struct transport_request rq = {
		.row = &f->row,
		.task = &f->task,
		.body = body,
		.body_len = strlen(body),
	};

	*k = (struct kept){ .done = false };
	int64_t start = clock_mono_ms();
	int r = transport_http.send(f->transport, &rq, keep, k, why);
	assert_false(k->done); /* never from inside send() */
	while (r == 0 && !k->done && clock_mono_ms() - start < 5000)
		(void)event_base_loop(f->loop, EVLOOP_ONCE);
	k->took_ms = clock_mono_ms() - start;
	return r;
}

static void send_and_wait(struct fixture *f, const char *body, struct kept *k)
{
	struct err_text why = { .text = "" };

	if (send_body(f, body, k, &why) != 0)
		fail_msg("refused: %s", why.text);
	if (!k->done)
		fail_msg("%s never ended", f->row.url);
}

static void every_way_to_answer_has_its_kind(void **state)
{
	static const struct {
		const char *path;
		enum error_kind kind;
		int code;
		const char *error; /* begins with */
		bool cut;
	} cases[] = {
		{ "/ok", ERROR_KIND_NONE, 200, "", false },
		{ "/empty", ERROR_KIND_NONE, 204, "", false },
		{ "/error", ERROR_KIND_NONE, 500, "", false },
		{ "/moved", ERROR_KIND_NONE, 302, "", false },
		{ "/interim", ERROR_KIND_NONE, 200, "", false },
		{ "/latin", ERROR_KIND_NONE, 200, "", false },
		{ "/big", ERROR_KIND_NONE, 200, "", true },
		{ "/bomb", ERROR_KIND_NONE, 200, "", true },
		{ "/hang", ERROR_KIND_TIMEOUT, 0, "No response", false },
		{ "/half-hang", ERROR_KIND_TIMEOUT, 200, "No response", false },
		{ "/reset", ERROR_KIND_RESPONSE, 0, "The connection", false },
		{ "/nothing", ERROR_KIND_RESPONSE, 0, "The connection ended", false },
		{ "/half", ERROR_KIND_RESPONSE, 200, "The answer broke off", false },
		{ "/chunk", ERROR_KIND_RESPONSE, 200, "The", false },
		{ "/garbage", ERROR_KIND_RESPONSE, 0, "The answer is not HTTP", false },
		{ "/bad-gzip", ERROR_KIND_RESPONSE, 200, "The answer cannot be unpacked",
		  false },
	};
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kept k;

		set_url(&f, "http", "127.0.0.1", port, cases[i].path);
		send_and_wait(&f, "{}", &k);
		if (k.kind != cases[i].kind || k.code != cases[i].code ||
		    k.cut != cases[i].cut ||
		    strncmp(k.error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: kind %s code %d cut %d error %s", cases[i].path,
			         error_kind_word(k.kind), k.code, k.cut, k.error);
		assert_true(k.body_len <= 100000);
		assert_true(k.took_ms < 1500);
		kept_release(&k);
	}
	close_fixture(&f);
}

static void ways_not_to_get_there_have_their_kind(void **state)
{
	const struct {
		const char *scheme, *host;
		int at;
		enum error_kind kind;
		const char *error;
	} cases[] = {
		{ "http", "127.0.0.1", closed_port, ERROR_KIND_CONNECT,
		  "Could not connect" },
		{ "http", "127.0.0.1", full_port, ERROR_KIND_TIMEOUT,
		  "Session.connect: SocketTimeoutException" },
		{ "http", "no-such-host.invalid", 80, ERROR_KIND_DNS, "Could not resolve" },
		{ "https", "127.0.0.1", port, ERROR_KIND_TLS, "TLS" },
		{ "https", "127.0.0.1", silent_port, ERROR_KIND_TIMEOUT, "No response" },
		{ "http", "10.0.0.1", 80, ERROR_KIND_BLOCKED, "The address 10.0.0.1:80" },
		{ "http", "[::ffff:10.0.0.1]", 80, ERROR_KIND_BLOCKED, "The address" },
		{ "http", "0xa9fea9fe", 80, ERROR_KIND_BLOCKED,
		  "The address 169.254.169.254" },
		{ "http", "0251.0376.0251.0376", 80, ERROR_KIND_BLOCKED,
		  "The address 169" },
		{ "http", "2852039166", 80, ERROR_KIND_BLOCKED,
		  "The address 169.254.169.254" },
		{ "http", "0", 80, ERROR_KIND_BLOCKED, "The address 0.0.0.0" },
	};
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kept k;

		set_url(&f, cases[i].scheme, cases[i].host, cases[i].at, "/ok");
		send_and_wait(&f, "{}", &k);
		if (k.kind != cases[i].kind ||
		    strncmp(k.error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: kind %s error %s", f.row.url, error_kind_word(k.kind),
			         k.error);
		kept_release(&k);
	}
	close_fixture(&f);
}

static void loopback_is_refused_unless_it_is_listed(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "");
	set_url(&f, "http", "localhost", port, "/ok");
	send_and_wait(&f, "{}", &k);
	assert_int_equal(k.kind, ERROR_KIND_BLOCKED);
	kept_release(&k);
	close_fixture(&f);
}

static void rows_that_cannot_be_used_are_refused_at_once(void **state)
{
	static const struct {
		const char *url, *name, *value, *secret, *word;
	} cases[] = {
		{ .url = "", .word = "url" },
		{ .url = "not a url", .word = "url" },
		{ .url = "ftp://127.0.0.1/x", .word = "url" },
		{ .url = "file:///etc/passwd", .word = "url" },
		{ .url = "http://", .word = "url" },
		{ .url = "http://h/",
		  .name = "x-a",
		  .value = "1\r\nx-b: 2",
		  .word = "headers" },
		{ .url = "http://h/",
		  .name = "x-a: 1\r\nx-b",
		  .value = "2",
		  .word = "headers" },
		{ .url = "http://h/", .name = "", .value = "2", .word = "headers" },
		{ .url = "http://h/", .name = "x a", .value = "2", .word = "headers" },
		{ .url = "http://h/", .secret = "whsec_!", .word = "webhook_secret" },
	};
	struct fixture f;

	open_fixture(&f, "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *name = xstrdup(cases[i].name ? cases[i].name : "");
		CLEANUP(freep) char *value = xstrdup(cases[i].value ? cases[i].value : "");
		CLEANUP(freep)
		char *secret = xstrdup(cases[i].secret ? cases[i].secret : "");
		struct header header = { .name = name, .value = value };
		struct err_text why = { .text = "" };
		struct kept k;

		free(f.row.url);
		f.row.url = xstrdup(cases[i].url);
		f.row.headers = &header;
		f.row.n_headers = cases[i].name ? 1 : 0;
		f.row.webhook_secret = cases[i].secret ? secret : NULL;
		if (send_body(&f, "{}", &k, &why) != TRANSPORT_E_CONFIG ||
		    !strstr(why.text, cases[i].word))
			fail_msg("case %zu: %s", i, why.text);
		assert_null(strstr(why.text, "x-b: 2"));
	}
	close_fixture(&f);
}

static void the_request_is_as_the_contract_says(void **state)
{
	struct header headers[] = {
		{ .name = (char[]){ "Content-Type" }, .value = (char[]){ "text/plain" } },
		{ .name = (char[]){ "Host" }, .value = (char[]){ "elsewhere" } },
		{ .name = (char[]){ "webhook-id" }, .value = (char[]){ "forged" } },
		{ .name = (char[]){ "X-Empty" }, .value = (char[]){ "" } },
		{ .name = (char[]){ "X-Auth-Token" }, .value = (char[]){ "hidden-1" } },
	};
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/ok?a=1");
	f.row.headers = headers;
	f.row.n_headers = ARRAY_SIZE(headers);
	f.row.api_key = (char[]){ "hidden-2" };
	f.row.auth_type = AUTH_BASIC;
	f.row.auth_username = (char[]){ "user" };
	f.row.auth_password = (char[]){ "pass" };
	f.row.webhook_secret = (char[]){ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
	f.task.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	send_and_wait(&f, "{\"a\":1}", &k);
	static const char *const there[] = {
		"POST /ok?a=1 HTTP/1.1\r\n",
		"Content-Type: text/plain\r\n",
		"X-Empty:\r\n",
		"webhook-id: 000000000000000000000000\r\n",
		"webhook-timestamp: ",
		"webhook-signature: v1,",
		"authorization: Basic dXNlcjpwYXNz\r\n",
		"x-api-key: hidden-2\r\n",
		"X-Auth-Token: hidden-1\r\n",
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-",
		"\r\n\r\n{\"a\":1}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		if (!strstr(seen, there[i]))
			fail_msg("%s is not in:\n%s", there[i], seen);
	assert_null(strstr(seen, "elsewhere"));
	assert_null(strstr(seen, "forged"));
	assert_null(strstr(seen, "application/json"));
	assert_null(strstr(seen, "b7ad6b7169203331")); /* a span of our own */
	CLEANUP(freep) char *shown = json_dumps(k.request_headers, 0);
	static const char *const hidden[] = { "hidden", "dXNlcjpwYXNz", "v1," };
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (strstr(shown, hidden[i]))
			fail_msg("%s is shown: %s", hidden[i], shown);
	kept_release(&k);
	close_fixture(&f);
}

static void methods_carry_what_they_should(void **state)
{
	static const struct {
		const char *method, *body, *line, *tail;
	} cases[] = {
		{ "GET", "b=2&c=3", "GET /ok?a=1&b=2&c=3 HTTP/1.1\r\n", "\r\n\r\n" },
		{ "GET", "", "GET /ok?a=1 HTTP/1.1\r\n", "\r\n\r\n" },
		{ "POST", "{}", "POST /ok?a=1 ", "\r\n\r\n{}" },
		{ "POST", "", "POST /ok?a=1 ", "\r\n\r\n" },
		{ "PUT", "{}", "PUT /ok?a=1 ", "\r\n\r\n{}" },
		{ "DELETE", "{}", "DELETE /ok?a=1 ", "\r\n\r\n{}" },
		{ "DELETE", "", "DELETE /ok?a=1 ", "\r\n\r\n" },
	};
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/ok?a=1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kept k;

		f.task.method = cases[i].method;
		send_and_wait(&f, cases[i].body, &k);
		size_t tail = strlen(cases[i].tail);
		if (strncmp(seen, cases[i].line, strlen(cases[i].line)) != 0 ||
		    strcmp(seen + strlen(seen) - tail, cases[i].tail) != 0)
			fail_msg("%s: %s", cases[i].method, seen);
		kept_release(&k);
	}
	close_fixture(&f);
}

static void headers_of_the_answer_are_kept(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/wait");
	send_and_wait(&f, "{}", &k);
	assert_string_equal(k.retry_after, "7");
	assert_string_equal(json_string_value(json_object_get(k.response_headers, "x-a")),
	                    "1, 2");
	assert_string_equal(
		json_string_value(json_object_get(k.response_headers, "set-cookie")),
		"***");
	assert_true(k.timing.total_us > 0 && k.timing.exchange_us > 0);
	kept_release(&k);
	set_url(&f, "http", "127.0.0.1", port, "/interim");
	send_and_wait(&f, "{}", &k);
	assert_null(json_object_get(k.response_headers, "x-early"));
	kept_release(&k);
	close_fixture(&f);
}

static void a_head_without_end_is_bounded(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/long-head");
	send_and_wait(&f, "{}", &k);
	assert_int_not_equal(k.kind, ERROR_KIND_NONE);
	size_t size = json_dumpb(k.response_headers, NULL, 0, 0);
	assert_true(size < 200000);
	kept_release(&k);
	close_fixture(&f);
}

static void one_task_is_one_request(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/ok");
	send_and_wait(&f, "{}", &k);
	kept_release(&k);
	unsigned before = n_requests;
	/* The kept connection dies after it took the request: curl would try again. */
	set_url(&f, "http", "127.0.0.1", port, "/nothing");
	send_and_wait(&f, "{}", &k);
	assert_int_equal(k.kind, ERROR_KIND_RESPONSE);
	assert_int_equal(n_requests, before + 1);
	kept_release(&k);
	close_fixture(&f);
}

static void closing_drops_what_is_in_flight(void **state)
{
	struct fixture f;
	struct kept k = { .done = false };
	struct err_text why;

	open_fixture(&f, "127.0.0.0/8");
	set_url(&f, "http", "127.0.0.1", port, "/hang");
	struct transport_request rq = {
		.row = &f.row, .task = &f.task, .body = "{}", .body_len = 2
	};
	assert_int_equal(transport_http.send(f.transport, &rq, keep, &k, &why), 0);
	(void)event_base_loop(f.loop, EVLOOP_NONBLOCK);
	close_fixture(&f);
	assert_false(k.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_answer_has_its_kind),
		cmocka_unit_test(ways_not_to_get_there_have_their_kind),
		cmocka_unit_test(loopback_is_refused_unless_it_is_listed),
		cmocka_unit_test(rows_that_cannot_be_used_are_refused_at_once),
		cmocka_unit_test(the_request_is_as_the_contract_says),
		cmocka_unit_test(methods_carry_what_they_should),
		cmocka_unit_test(headers_of_the_answer_are_kept),
		cmocka_unit_test(a_head_without_end_is_bounded),
		cmocka_unit_test(one_task_is_one_request),
		cmocka_unit_test(closing_drops_what_is_in_flight),
	};

	return cmocka_run_group_tests(tests, start_server, NULL);
}
