/*
 * Requests of strangers, and answers of servers: read whole and read in pieces, by the same
 * rules, with the same result; no byte is lost, and what follows an end is the next
 * message.
 */
#include "http1/reader.h"
#include "http1/rules.h"
#include "inbound/target.h"

#include <assert.h>

struct seen {
	struct buf text;
	unsigned codes;
};

static enum http1_next on_head(void *arg, const struct http1_head *head)
{
	struct seen *s = arg;
	struct target t;
	const char *why;

	s->codes = s->codes * 7 +
	           (head->method ? http1_check_request(head, &why) : head->status);
	for (size_t i = 0; i < head->n_headers; i++)
		if (!http1_is_hop_by_hop(head, &head->headers[i]))
			http1_pass_header(&s->text, &head->headers[i]);
	if (!head->method)
		return head->status == 208 ? HTTP1_SKIP_BODY : HTTP1_GO;
	target_parse(head->target, head->target_len, &t);
	target_append_masked(&t, NULL, 0, &s->text);
	return HTTP1_GO;
}

static void on_body(void *arg, const char *data, size_t len)
{
	struct seen *s = arg;

	buf_append(&s->text, data, len);
}

static void on_end(void *arg)
{
	struct seen *s = arg;

	buf_append_str(&s->text, "|");
}

static void read_all(bool requests, const char *data, size_t len, size_t step,
                     struct seen *s)
{
	static const struct http1_events events = { .head = on_head,
		                                    .body = on_body,
		                                    .end = on_end };
	struct http1_reader *r = http1_reader_new(requests, 4096, &events, s);
	size_t at = 0;

	while (at < len) {
		size_t n = len - at < step ? len - at : step, used = 0;
		int code = http1_reader_feed(r, data + at, n, &used);

		assert(used <= n);
		if (code == HTTP1_E_MALFORMED || code == HTTP1_E_TOO_LARGE) {
			assert(*http1_reader_fault(r));
			buf_append_str(&s->text, "!");
			break;
		}
		assert(used > 0 || code == HTTP1_E_ENDED);
		at += used;
	}
	if (http1_reader_finish(r))
		buf_append_str(&s->text, "$");
	(void)http1_reader_free(r);
}

static void compare(bool requests, const char *data, size_t len)
{
	struct seen whole = { .codes = 0 }, pieces = { .codes = 0 };

	read_all(requests, data, len, len, &whole);
	read_all(requests, data, len, 1 + (size_t)(unsigned char)data[0] % 16, &pieces);
	assert(whole.codes == pieces.codes);
	assert(whole.text.len == pieces.text.len);
	assert(memcmp(buf_str(&whole.text), buf_str(&pieces.text), whole.text.len) == 0);
	buf_deinit(&whole.text);
	buf_deinit(&pieces.text);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
	if (len == 0)
		return 0;
	compare(true, (const char *)data, len);
	compare(false, (const char *)data, len);
	return 0;
}
