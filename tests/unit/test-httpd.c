/* The server from outside, over real sockets; and what a target says. */
#include "unit.h"

#include "httpd/httpd.h"
#include "httpd/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

enum { MAX_CONNECTIONS = 3, MAX_BODY = 64, HEAD_MS = 150, WAIT_STEPS = 5000 };

static struct event_base *loop;
static struct httpd *server;
static struct httpd_request *held; /* what "/hold" has not answered */

static void echo(struct httpd_request *rq, void *arg)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	if (strcmp(rq->head.path, "/hold") == 0) {
		held = rq;
		return;
	}
	buf_printf(&out, "%s %s ?%s x=%s body=%s", rq->head.method, rq->head.path,
	           rq->head.query,
	           http_head_find(&rq->head, "x") ? http_head_find(&rq->head, "x") : "none",
	           rq->body);
	httpd_reply(rq, 200, NULL, out.data, out.len);
}

static int open_server(void **state)
{
	(void)alarm(60);
	const struct httpd_options options = { .name = "test",
		                               .address = "127.0.0.1",
		                               .keys = "ADDRESS, PORT",
		                               .max_connections = MAX_CONNECTIONS,
		                               .max_body = MAX_BODY,
		                               .head_ms = HEAD_MS,
		                               .body_ms = HEAD_MS };

	loop = event_base_new();
	assert_int_equal(httpd_open(loop, &options, echo, NULL, &server, NULL), 0);
	return 0;
}

static int close_server(void **state)
{
	server = httpd_close(server);
	event_base_free(loop);
	return 0;
}

static int dial(void)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		                             .sin_port =
		                                     htons((uint16_t)httpd_port(server)),
		                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)),
	                 0);
	return fd;
}

static void turn(void)
{
	(void)event_base_loop(loop, EVLOOP_NONBLOCK);
	(void)usleep(1000);
}

/* Until `n` answers have come, or the end of the connection; their bytes. */
static const char *hear(int fd, size_t n)
{
	static char text[8192];
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < WAIT_STEPS; i++) {
		size_t heard = 0;

		turn();
		ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return text;
		len += got > 0 ? (size_t)got : 0;
		text[len] = '\0';
		for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++)
			heard++;
		if (heard >= n && got < 0)
			return text;
	}
	return text;
}

static const char *ask(const char *bytes, size_t answers)
{
	static char text[8192];
	int fd = dial();

	assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
	(void)snprintf(text, sizeof(text), "%s", hear(fd, answers));
	(void)close(fd);
	turn();
	return text;
}

#define H "host: a\r\n"

static const struct {
	const char *request, *answer;
} exchanges[] = {
	{ "GET /a?b=c HTTP/1.1\r\n" H "X:  y \r\n\r\n", "GET /a ?b=c x=y body=" },
	{ "GET / HTTP/1.0\r\n\r\n", "connection: close" },
	{ "GET / HTTP/1.1\r\n" H "connection: close\r\n\r\n", "connection: close" },
	{ "POST /a HTTP/1.1\r\n" H "content-length: 3\r\n\r\nabc", "body=abc" },
	{ "POST /a HTTP/1.1\r\n" H
	  "transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
	  "body=abc" },
	{ "POST /a HTTP/1.1\r\n" H "expect: 100-continue\r\ncontent-length: 1\r\n\r\na",
	  "100 Continue" },
	{ "HEAD /a HTTP/1.1\r\n" H "\r\n", "content-length: 22\r\n" },
	{ "POST /a HTTP/1.1\r\n" H "content-length: 65\r\n\r\n", "413 Content Too Large" },
	{ "POST /a HTTP/1.1\r\n" H "transfer-encoding: chunked\r\n\r\n41\r\n"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n",
	  "413 Content Too Large" },
	{ "nonsense\r\n\r\n", "400 Bad Request" },
	{ "GET /", "HTTP/1.1 408" },
	{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H H "\r\n", "400 Bad Request" },
	{ "GET / HTTP/3.0\r\n" H "\r\n", "400 Bad Request" },
	{ "GET http://a/ HTTP/1.1\r\n" H "\r\n", "400 Bad Request" },
	{ "GET /\x7f HTTP/1.1\r\n" H "\r\n", "400 Bad Request" },
	{ "GET /a#b HTTP/1.1\r\n" H "\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H "no colon\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H "name : b\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H " folded\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H "x: b\x01\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\n" H "x: b\ny: c\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\n" H "content-length: 1\r\ncontent-length: 1\r\n\r\na",
	  "400 Bad Request" },
	{ "POST / HTTP/1.1\r\n" H "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
	  "400 Bad Request" },
	{ "POST / HTTP/1.1\r\n" H "content-length: +1\r\n\r\na", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\n" H "transfer-encoding: gzip\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\n" H "expect: more\r\n\r\n", "HTTP/1.1 417" },
	{ "POST /a HTTP/1.1\r\n" H "content-length: 3\r\n\r\nab", "HTTP/1.1 408" },
};

static void each_request_gets_its_answer(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
		const char *text = ask(exchanges[i].request, 1);

		if (!strstr(text, exchanges[i].answer))
			fail_msg("%s: wanted %s in %s", exchanges[i].request,
			         exchanges[i].answer, text);
	}
	assert_int_equal(httpd_connections(server), 0);
}

static void a_head_that_is_too_large_is_refused(void **state)
{
	CLEANUP(buf_deinit) struct buf request = BUF_INIT(0);

	buf_append_str(&request, "GET / HTTP/1.1\r\n" H "x: ");
	while (request.len < 17000)
		buf_append_char(&request, 'a');
	assert_non_null(strstr(ask(request.data, 1), "HTTP/1.1 431"));
}

static void requests_on_one_connection_are_answered_in_turn(void **state)
{
	const char *text = ask("POST /1 HTTP/1.1\r\n" H "content-length: 1\r\n\r\nx"
	                       "GET /2 HTTP/1.1\r\n" H "\r\n",
	                       2);
	const char *first = strstr(text, "POST /1"), *second = strstr(text, "GET /2");

	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
}

static void one_that_rests_gives_way(void **state)
{
	int fds[MAX_CONNECTIONS + 2];
	char c;

	for (size_t i = 0; i <= MAX_CONNECTIONS; i++) {
		fds[i] = dial();
		for (int n = 0; n < 10; n++)
			turn();
	}
	assert_int_equal(httpd_connections(server), MAX_CONNECTIONS);
	/* all are busy: the new one is closed */
	for (size_t i = 1; i <= MAX_CONNECTIONS; i++)
		(void)send(fds[i], "G", 1, MSG_NOSIGNAL);
	for (int n = 0; n < 10; n++)
		turn();
	fds[MAX_CONNECTIONS + 1] = dial();
	for (int n = 0; n < 10; n++)
		turn();
	assert_int_equal(recv(fds[MAX_CONNECTIONS + 1], &c, 1, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)close(fds[i]);
	while (httpd_connections(server) > 0)
		turn();
}

static void who_has_said_all_is_answered(void **state)
{
	static const char bytes[] = "GET /hold HTTP/1.1\r\n" H "\r\n"
				    "GET /a HTTP/1.1\r\n" H "\r\n";
	int fd = dial();

	held = NULL;
	assert_int_equal(send(fd, bytes, sizeof(bytes) - 1, MSG_NOSIGNAL),
	                 sizeof(bytes) - 1);
	(void)shutdown(fd, SHUT_WR);
	while (!held)
		turn();
	for (int n = 0; n < 10; n++)
		turn();
	httpd_reply(held, 200, NULL, "held", 4);
	const char *text = hear(fd, 3); /* to the end */
	assert_non_null(strstr(text, "\r\n\r\nheld"));
	assert_non_null(strstr(text, "GET /a"));
	(void)close(fd);
	while (httpd_connections(server) > 0)
		turn();
}

static void an_answer_to_nobody_is_dropped(void **state)
{
	int fd = dial();

	held = NULL;
	assert_true(send(fd, "GET /hold HTTP/1.1\r\n" H "\r\n", 31, MSG_NOSIGNAL) == 31);
	while (!held)
		turn();
	(void)close(fd);
	turn();
	assert_int_equal(httpd_connections(server), 1);
	httpd_reply(held, 200, NULL, "late", 4);
	while (httpd_connections(server) > 0)
		turn();
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

static const struct {
	const char *pattern, *path, *first, *second; /* NULL: no match; "": none */
} paths[] = {
	{ "/a/b", "/a/b", "", "" },
	{ "/a/b", "/a/b/", "", "" },
	{ "/a/b", "/a", NULL, NULL },
	{ "/a", "/a/b", NULL, NULL },
	{ "/a/{x}/b", "/a/1%202/b", "1 2", "" },
	{ "/a/{x}/{y}", "/a/1/2", "1", "2" },
	{ "/a/{x}", "/a/", NULL, NULL },
	{ "/a/{x}", "/a/%zz", NULL, NULL },
	{ "/a/{x}", "/a/%00", NULL, NULL },
};

static void test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char parts[HTTP_PARTS_MAX][HTTP_PART_SIZE] = { "", "" };
		bool found = http_path_match(paths[i].pattern, paths[i].path, parts);

		if (found != (paths[i].first != NULL))
			fail_msg("%s against %s", paths[i].path, paths[i].pattern);
		if (!found)
			continue;
		assert_string_equal(parts[0], paths[i].first);
		assert_string_equal(parts[1], paths[i].second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_gets_its_answer),
		cmocka_unit_test(a_head_that_is_too_large_is_refused),
		cmocka_unit_test(requests_on_one_connection_are_answered_in_turn),
		cmocka_unit_test(one_that_rests_gives_way),
		cmocka_unit_test(who_has_said_all_is_answered),
		cmocka_unit_test(an_answer_to_nobody_is_dropped),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, open_server, close_server);
}
