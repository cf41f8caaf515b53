#include "unit.h"

#include "http1/reader.h"
#include "http1/rules.h"

#include <stdio.h>
#include <string.h>

/* What was read, as one text: "head:METHOD TARGET framing;body:...;end;" */
struct seen {
	struct http1_reader *reader;
	struct buf text;
	int code; /* of http1_check_request */
	enum http1_next next;
};

static enum http1_next on_head(void *arg, const struct http1_head *head)
{
	static const char *const framings[] = { "none", "length", "chunked", "to-end" };
	struct seen *s = arg;
	const char *why;

	if (head->method) {
		s->code = http1_check_request(head, &why);
		buf_printf(&s->text, "head:%s %s", head->method, head->target);
	} else {
		buf_printf(&s->text, "head:%d %s", head->status, head->reason);
	}
	buf_printf(&s->text, " %s%s;", framings[head->framing],
	           head->keep_alive ? "" : " close");
	return s->next;
}

static void on_body(void *arg, const char *data, size_t len)
{
	struct seen *s = arg;

	buf_append(&s->text, data, len);
}

static void on_end(void *arg)
{
	struct seen *s = arg;

	buf_append_str(&s->text, ";end;");
}

static const struct http1_events events = { .head = on_head,
	                                    .body = on_body,
	                                    .end = on_end };

/* Bytes in pieces of `step`; the last code that was not 0. */
static int read_in_steps(struct seen *s, bool requests, const char *bytes, size_t len,
                         size_t step)
{
	int last = 0;
	size_t at = 0;

	s->reader = http1_reader_new(requests, 4096, &events, s);
	while (at < len && last != HTTP1_E_MALFORMED && last != HTTP1_E_TOO_LARGE) {
		size_t n = len - at < step ? len - at : step, used;
		int code = http1_reader_feed(s->reader, bytes + at, n, &used);

		last = code ? code : last;
		at += used;
	}
	return last;
}

#define HOST "Host: lis\r\n"

enum verdict { TAKEN, REFUSED };

static const struct {
	const char *name;
	const char *bytes;
	enum verdict verdict;
} requests[] = {
	{ "plain", "GET /a HTTP/1.1\r\n" HOST "\r\n", TAKEN },
	{ "length", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", TAKEN },
	{ "chunked",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
	  TAKEN },
	{ "chunk extension",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\n\r\n",
	  TAKEN },
	{ "trailer",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n",
	  TAKEN },
	{ "1.0 without host", "GET /a HTTP/1.0\r\n\r\n", TAKEN },
	{ "asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", TAKEN },
	{ "blanks around a value", "GET /a HTTP/1.1\r\nHost:   lis  \r\n\r\n", TAKEN },

	{ "length and chunked",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "chunked and length",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "two lengths that differ",
	  "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	  REFUSED },
	{ "two lengths in one",
	  "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1, 2\r\n\r\nab", REFUSED },
	{ "length with a sign", "POST /a HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\nab",
	  REFUSED },
	{ "negative length", "POST /a HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
	  REFUSED },
	{ "hexadecimal length", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\nab",
	  REFUSED },
	{ "length over 64 bits",
	  "POST /a HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n",
	  REFUSED },
	{ "folded header", "GET /a HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", REFUSED },
	{ "folded length",
	  "POST /a HTTP/1.1\r\n" HOST "X: a\r\n\tContent-Length: 2\r\n\r\nab", REFUSED },
	{ "blank before the colon",
	  "POST /a HTTP/1.1\r\n" HOST "Content-Length : 2\r\n\r\nab", REFUSED },
	{ "blank before a name", "GET /a HTTP/1.1\r\n Host: lis\r\n\r\n", REFUSED },
	{ "line ends in LF", "GET /a HTTP/1.1\n" HOST "\r\n", REFUSED },
	{ "header ends in LF", "GET /a HTTP/1.1\r\nHost: lis\nX: y\r\n\r\n", REFUSED },
	{ "head ends in LF", "GET /a HTTP/1.1\r\n" HOST "\n", REFUSED },
	{ "header ends in CR", "GET /a HTTP/1.1\r\nHost: lis\rX: y\r\n\r\n", REFUSED },
	{ "head ends in CR", "GET /a HTTP/1.1\r\n" HOST "\rx", REFUSED },
	{ "name without value", "GET /a HTTP/1.1\r\n" HOST "X\r\n\r\n", REFUSED },
	{ "name that is no token", "GET /a HTTP/1.1\r\n" HOST "X(): y\r\n\r\n", REFUSED },
	{ "control in a value", "GET /a HTTP/1.1\r\n" HOST "X: a\001b\r\n\r\n", REFUSED },
	{ "encoding that is none",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", REFUSED },
	{ "encoding before chunked",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "encoding behind chunked",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "encoding that looks alike",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "encoding in quotes",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "encoding twice",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  REFUSED },
	{ "chunked in 1.0",
	  "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", REFUSED },
	{ "chunk size that is none",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
	  REFUSED },
	{ "chunk size with a prefix",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n",
	  REFUSED },
	{ "chunk size with a blank",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2 \r\nab\r\n",
	  REFUSED },
	{ "chunk size over 64 bits",
	  "POST /a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nab\r\n",
	  REFUSED },
	{ "chunk line ends in LF",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n",
	  REFUSED },
	{ "chunk longer than its size",
	  "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
	  REFUSED },
	{ "no host", "GET /a HTTP/1.1\r\n\r\n", REFUSED },
	{ "two hosts", "GET /a HTTP/1.1\r\n" HOST HOST "\r\n", REFUSED },
	{ "CONNECT", "CONNECT lis:80 HTTP/1.1\r\n" HOST "\r\n", REFUSED },
	{ "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED },
	{ "HTTP/3.0", "GET /a HTTP/3.0\r\n" HOST "\r\n", REFUSED },
	{ "another protocol", "GET /a RTSP/1.0\r\n" HOST "\r\n", REFUSED },
	{ "blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", REFUSED },
	{ "no target", "GET  HTTP/1.1\r\n" HOST "\r\n", REFUSED },
	{ "no path", "GET a HTTP/1.1\r\n" HOST "\r\n", REFUSED },
	{ "TLS", "\x16\x03\x01\x02", REFUSED },
};

static void reads_what_is_sound_and_refuses_the_rest(void **state)
{
	static const size_t steps[] = { 1, 7, 100000 };

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			struct seen s = { .next = HTTP1_GO };
			int code = read_in_steps(&s, true, requests[i].bytes,
			                         strlen(requests[i].bytes), steps[k]);
			bool refused = code == HTTP1_E_MALFORMED || s.code != 0;

			if (refused != (requests[i].verdict == REFUSED))
				fail_msg("%s, in pieces of %zu: %s (code %d, %d)",
				         requests[i].name, steps[k], buf_str(&s.text), code,
				         s.code);
			if (!refused)
				assert_int_equal(code, HTTP1_E_ENDED);
			buf_deinit(&s.text);
			s.reader = http1_reader_free(s.reader);
		}
	}
}

static void tells_messages_apart(void **state)
{
	static const char bytes[] =
		"POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
		"PUT /b?c=d HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nxyz"
		"GET /e HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";

	for (size_t step = 1; step < 40; step += 3) {
		struct seen s = { .next = HTTP1_GO };

		assert_int_equal(read_in_steps(&s, true, bytes, sizeof(bytes) - 1, step),
		                 HTTP1_E_ENDED);
		assert_string_equal(buf_str(&s.text), "head:POST /a chunked;abcde;end;"
		                                      "head:PUT /b?c=d length;xyz;end;"
		                                      "head:GET /e none close;;end;");
		buf_deinit(&s.text);
		s.reader = http1_reader_free(s.reader);
	}
}

static const struct {
	const char *bytes;
	enum http1_next next;
	bool ended; /* the stream, after the bytes */
	const char *seen;
} answers[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", HTTP1_GO, false,
	  "head:200 OK length;ab;end;" },
	{ "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
	  HTTP1_GO, false, "head:200  chunked;a;end;" },
	{ "HTTP/1.0 200 OK\r\n\r\nabc", HTTP1_GO, true,
	  "head:200 OK to-end close;abc;end;" },
	{ "HTTP/1.1 200 OK\r\n\r\nabc", HTTP1_GO, true,
	  "head:200 OK to-end close;abc;end;" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", HTTP1_GO, false,
	  "head:204 No Content none;;end;" },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", HTTP1_GO, false,
	  "head:304 Not Modified none;;end;" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", HTTP1_SKIP_BODY, false,
	  "head:200 OK length;;end;" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
	  HTTP1_GO, false, "head:100 Continue none;;end;head:200 OK length;a;end;" },
	/* broken off */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", HTTP1_GO, true,
	  "head:200 OK length;ab" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", HTTP1_GO, true,
	  "head:200 OK chunked;ab" },
};

static void knows_where_an_answer_ends(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct seen s = { .next = answers[i].next };

		(void)read_in_steps(&s, false, answers[i].bytes, strlen(answers[i].bytes),
		                    5);
		if (answers[i].ended)
			(void)http1_reader_finish(s.reader);
		assert_string_equal(buf_str(&s.text), answers[i].seen);
		buf_deinit(&s.text);
		s.reader = http1_reader_free(s.reader);
	}
}

static void limits_the_head(void **state)
{
	struct buf bytes = BUF_INIT(0);
	struct seen s = { .next = HTTP1_GO };

	buf_append_str(&bytes, "GET / HTTP/1.1\r\n" HOST "X: ");
	for (size_t i = 0; i < 5000; i++)
		buf_append_char(&bytes, 'x');
	assert_int_equal(read_in_steps(&s, true, bytes.data, bytes.len, 1000),
	                 HTTP1_E_TOO_LARGE);
	s.reader = http1_reader_free(s.reader);
	buf_clear(&bytes);
	buf_append_str(&bytes, "GET / HTTP/1.1\r\n");
	for (size_t i = 0; i <= HTTP1_MAX_HEADERS; i++)
		buf_append_str(&bytes, "a: b\r\n");
	assert_int_equal(read_in_steps(&s, true, bytes.data, bytes.len, 1000),
	                 HTTP1_E_TOO_LARGE);
	s.reader = http1_reader_free(s.reader);
	buf_clear(&bytes);
	buf_append_str(&bytes,
	               "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2;");
	for (size_t i = 0; i < 20000; i++)
		buf_append_char(&bytes, 'x');
	assert_int_equal(read_in_steps(&s, true, bytes.data, bytes.len, 1000),
	                 HTTP1_E_TOO_LARGE);
	s.reader = http1_reader_free(s.reader);
	buf_deinit(&s.text);
	buf_deinit(&bytes);
}

static void holds_before_the_body(void **state)
{
	static const char bytes[] =
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab";
	struct seen s = { .next = HTTP1_HOLD };
	size_t used, more;

	s.reader = http1_reader_new(true, 4096, &events, &s);
	assert_int_equal(http1_reader_feed(s.reader, bytes, sizeof(bytes) - 1, &used),
	                 HTTP1_E_HELD);
	assert_string_equal(buf_str(&s.text), "head:POST /a length;");
	assert_int_equal(
		http1_reader_feed(s.reader, bytes + used, sizeof(bytes) - 1 - used, &more),
		HTTP1_E_ENDED);
	assert_string_equal(buf_str(&s.text), "head:POST /a length;ab;end;");
	buf_deinit(&s.text);
	s.reader = http1_reader_free(s.reader);
}

static enum http1_next list_passed(void *arg, const struct http1_head *head)
{
	struct buf *out = arg;

	for (size_t i = 0; i < head->n_headers; i++)
		if (!http1_is_hop_by_hop(head, &head->headers[i]))
			buf_printf(out, "%s=%s;", head->headers[i].name,
			           head->headers[i].value);
	return HTTP1_GO;
}

static void note_end(void *arg)
{
	buf_append_str(arg, "end");
}

static void drops_what_is_about_one_connection(void **state)
{
	static const struct http1_events list = { .head = list_passed, .end = note_end };
	static const char bytes[] =
		"GET / HTTP/1.1\r\nHost: lis\r\nConnection: keep-alive, X-Mine, Host\r\n"
		"Keep-Alive: 5\r\nX-Mine: 1\r\nx-minea: 2\r\nTE: trailers\r\nUpgrade: "
		"h2c\r\n"
		"Proxy-Authorization: x\r\nX-Kept: \r\nConnection: x-other\r\nX-Other: "
		"3\r\n\r\n";
	struct buf out = BUF_INIT(0);
	struct http1_reader *r = http1_reader_new(true, 4096, &list, &out);
	size_t used;

	assert_int_equal(http1_reader_feed(r, bytes, sizeof(bytes) - 1, &used),
	                 HTTP1_E_ENDED);
	assert_string_equal(buf_str(&out), "Host=lis;x-minea=2;X-Kept=;end");
	(void)http1_reader_free(r);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_sound_and_refuses_the_rest),
		cmocka_unit_test(tells_messages_apart),
		cmocka_unit_test(knows_where_an_answer_ends),
		cmocka_unit_test(limits_the_head),
		cmocka_unit_test(holds_before_the_body),
		cmocka_unit_test(drops_what_is_about_one_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
