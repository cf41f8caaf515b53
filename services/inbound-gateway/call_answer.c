/* The answer on its way back: the LIS's, or one of our own. */
#include "base/clock.h"
#include "call.h"
#include "domain/outcome.h"
#include "http1/rules.h"
#include "json/jdoc.h"

#include <stdio.h>

#define BACKLOG_HIGH ((size_t)256 << 10)

static const char *class_of(int status)
{
	static const char *const classes[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };

	return status / 100 < 6 ? classes[status / 100] : "other";
}

static void count(const struct call *call)
{
	metric_add(&metric_calls, class_of(call->status), 1);
	metric_observe(&metric_seconds, NULL,
	               (double)(clock_mono_us() - call->started_us) / 1e6);
}

static void append_status(struct buf *out, int status, const char *reason)
{
	buf_printf(out, "HTTP/1.1 %03d %s\r\n", status, reason);
}

/* What the body's frames say is ours to write, unless they are passed on as they are. */
static bool passes(const struct call *call, const struct http1_head *head,
                   const struct http1_header *h)
{
	if (http1_is_hop_by_hop(head, h))
		return false;
	return !(http1_is(h, "content-length") && (call->chunked_out || call->to_end_out));
}

static void append_connection(const struct call *call, struct buf *out)
{
	if (!call->keep)
		buf_append_str(out, "Connection: close\r\n");
	else if (call->request->minor == 0)
		buf_append_str(out, "Connection: keep-alive\r\n");
}

static void send_interim(struct call *call, const struct http1_head *head)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	if (call->request->minor == 0)
		return;
	append_status(&out, head->status, head->reason);
	for (size_t i = 0; i < head->n_headers; i++)
		if (!http1_is_hop_by_hop(head, &head->headers[i]))
			http1_pass_header(&out, &head->headers[i]);
	buf_append_str(&out, "\r\n");
	wire_send(&call->client->wire, out.data, out.len);
}

static void choose_frames(struct call *call, const struct http1_head *head)
{
	bool open = head->framing == HTTP1_CHUNKED || head->framing == HTTP1_TO_END;

	if (!open)
		return;
	if (call->request->minor == 1) {
		call->chunked_out = true;
	} else {
		call->to_end_out = true;
		call->keep = false;
	}
}

enum http1_next call_answer_head(struct call *call, const struct http1_head *head)
{
	static struct buf out;

	if (head->status / 100 == 1) {
		send_interim(call, head);
		return HTTP1_GO;
	}
	call->answer = head;
	call->status = head->status;
	call->answered = true;
	/* a request that is not read to its end has no next one behind it */
	call->keep &= call->request_done && !call->gw->draining && !call->client->eof;
	choose_frames(call, head);
	buf_clear(&out);
	append_status(&out, head->status, head->reason);
	for (size_t i = 0; i < head->n_headers; i++)
		if (passes(call, head, &head->headers[i]))
			http1_pass_header(&out, &head->headers[i]);
	if (call->chunked_out)
		buf_append_str(&out, "Transfer-Encoding: chunked\r\n");
	append_connection(call, &out);
	buf_append_str(&out, "\r\n");
	wire_send(&call->client->wire, out.data, out.len);
	client_phase(call->client, PHASE_STREAM);
	return call->head_only ? HTTP1_SKIP_BODY : HTTP1_GO;
}

void call_answer_body(struct call *call, const char *data, size_t len)
{
	char size[24];

	call_keep(call, &call->got, data, len);
	if (call->chunked_out) {
		int n = snprintf(size, sizeof(size), "%zx\r\n", len);

		wire_send(&call->client->wire, size, (size_t)n);
		wire_send(&call->client->wire, data, len);
		wire_send(&call->client->wire, "\r\n", 2);
	} else {
		wire_send(&call->client->wire, data, len);
	}
}

bool call_answer_ended(struct call *call)
{
	return call->answered;
}

void call_answer_begins(struct call *call)
{
	wire_cork(&call->client->wire);
}

void call_answer_paused(struct call *call)
{
	struct client *client = call->client;

	wire_uncork(&client->wire);
	if (call->answered)
		client_phase(client, PHASE_STREAM);
	if (client->wire.broken) {
		call_caller_ended(call, WIRE_FAILED);
		return;
	}
	if (wire_backlog(&client->wire) > BACKLOG_HIGH)
		wire_read(&call->link->wire, false);
}

/* First the record, then the last bytes: at the end of the loop's turn. */
void call_answer_complete(struct call *call, bool clean)
{
	struct client *client = call->client;
	struct link *link = call->link;
	bool keep_link = clean && call->request_done && call->answer->keep_alive &&
	                 call->answer->framing != HTTP1_TO_END;

	wire_cork(&client->wire);
	if (call->chunked_out && !call->head_only)
		wire_send(&client->wire, "0\r\n\r\n", 5);
	record_call(call,
	            call->caller_left ? "The caller left before the answer was complete"
	                              : NULL,
	            ERROR_KIND_NONE);
	count(call);
	call->link = NULL;
	link_release(link, keep_link);
	call->is_complete = true;
	TAILQ_INSERT_TAIL(&call->gw->complete, call, complete);
	event_active(call->gw->commit, EV_TIMEOUT, 1);
}

void call_leave(struct call *call)
{
	wire_uncork(&call->client->wire);
	call_end(call, call->keep && call->request_done);
}

/* ---- of our own ---- */

static void send_own(struct call *call, int code, const char *json, const char *header)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	call->keep &= call->request_done || call->request->framing == HTTP1_NONE;
	call->keep &= !call->gw->draining;
	append_status(&out, code, http1_reason_of(code));
	buf_printf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n%s",
	           strlen(json), header);
	append_connection(call, &out);
	buf_append_str(&out, "\r\n");
	if (!call->head_only)
		buf_append_str(&out, json);
	wire_send(&call->client->wire, out.data, out.len);
}

static void answer(struct call *call, int code, const char *json, const char *header)
{
	call->status = code;
	count(call);
	wire_cork(&call->client->wire);
	send_own(call, code, json, header);
	wire_uncork(&call->client->wire);
	call_end(call, call->keep);
}

void call_answer_json(struct call *call, int code, const char *json, const char *header)
{
	answer(call, code, json, header);
}

static char *error_json(const char *why)
{
	CLEANUP_JSON json_t *doc = json_pack("{s:s}", "error", why);

	return doc ? jdoc_dump(doc, NULL) : xstrdup("{\"error\":\"\"}");
}

static void answer_recorded(struct call *call, int code, const char *why,
                            const char *header, int error_kind)
{
	CLEANUP(freep) char *json = error_json(why);

	call->status = code;
	call->answer = NULL;
	buf_clear(&call->got.text);
	call_keep(call, &call->got, json, strlen(json));
	record_call(call, why, error_kind);
	record_commit(call->gw);
	answer(call, code, json, header);
}

void call_answer_own(struct call *call, int code, const char *why, const char *header)
{
	answer_recorded(call, code, why, header, ERROR_KIND_HTTP_STATUS);
}

void call_answer_failure(struct call *call, int code, const char *error, int error_kind)
{
	answer_recorded(call, code, error, "", error_kind);
}
