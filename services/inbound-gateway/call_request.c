/* The request on its way to the LIS. */
#include "base/clock.h"
#include "call.h"
#include "domain/outcome.h"
#include "http1/rules.h"
#include "post.h"

#include <stdio.h>
#include <strings.h>

#define BACKLOG_HIGH ((size_t)256 << 10)

/* Headers by which a caller could say that it is somebody else. */
static bool is_about_origin(const struct http1_header *h)
{
	return http1_is(h, "x-forwarded-for") || http1_is(h, "forwarded") ||
	       http1_is(h, "x-real-ip");
}

static bool passes(const struct call *call, const struct http1_header *h, bool trusted)
{
	if (http1_is_hop_by_hop(call->request, h) || http1_is(h, "traceparent") ||
	    http1_is(h, "x-forwarded-for"))
		return false;
	return trusted || !is_about_origin(h);
}

static void append_forwarded_for(const struct call *call, bool trusted, struct buf *out)
{
	buf_append_str(out, "x-forwarded-for: ");
	for (size_t i = 0; trusted && i < call->request->n_headers; i++) {
		const struct http1_header *h = &call->request->headers[i];

		if (http1_is(h, "x-forwarded-for") && h->value_len)
			buf_printf(out, "%s, ", h->value);
	}
	buf_append_str(out, call->client->ip);
	buf_append_str(out, "\r\n");
}

void call_append_head(const struct call *call, struct buf *out)
{
	const struct http1_head *head = call->request;
	bool trusted = call_is_trusted(call->gw, &call->client->peer);

	buf_append_str(out, head->method);
	buf_append_char(out, ' ');
	buf_append(out, head->target, head->target_len);
	buf_append_str(out, " HTTP/1.1\r\n");
	for (size_t i = 0; i < head->n_headers; i++)
		if (passes(call, &head->headers[i], trusted))
			http1_pass_header(out, &head->headers[i]);
	if (!http1_find(head, "host"))
		http1_append_header(out, "Host", upstream_authority(call->gw->upstream));
	if (head->framing == HTTP1_CHUNKED)
		buf_append_str(out, "Transfer-Encoding: chunked\r\n");
	append_forwarded_for(call, trusted, out);
	http1_append_header(out, "traceparent", call->traceparent);
	buf_append_str(out, "\r\n");
}

static bool is_idempotent(const char *method)
{
	static const char *const safe[] = { "GET",     "HEAD",  "PUT",     "DELETE",
		                            "OPTIONS", "TRACE", "PROPFIND" };

	for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
		if (strcmp(method, safe[i]) == 0)
			return true;
	return false;
}

/* A connection that was kept may have been closed at the other end in this very moment. */
static void remember(struct call *call, const void *data, size_t len)
{
	if (!call->replayable)
		return;
	if (call->replay.len + len > REPLAY_LIMIT) {
		call->replayable = false;
		buf_deinit(&call->replay);
		return;
	}
	buf_append(&call->replay, data, len);
}

static void send_on(struct call *call, const void *data, size_t len)
{
	remember(call, data, len);
	wire_send(&call->link->wire, data, len);
}

void call_forward(struct call *call)
{
	static struct buf head;

	call->link = upstream_link(call->gw->upstream, call, false);
	if (!call->link) {
		call_upstream_failed(call, UPSTREAM_UNKNOWN, "");
		return;
	}
	buf_clear(&head);
	call_append_head(call, &head);
	call->replayable = call->link->reused && is_idempotent(call->request->method);
	wire_cork(&call->link->wire);
	send_on(call, head.data, head.len);
	if (call->link->wire.connecting)
		client_phase(call->client, PHASE_CONNECT);
	else
		call_connected(call);
}

void call_connected(struct call *call)
{
	if (!call->answered)
		client_phase(call->client, call->request_done ? PHASE_ANSWER : PHASE_BODY);
}

void call_connect_failed(struct call *call)
{
	if (link_try_next(call->link))
		client_phase(call->client, PHASE_CONNECT);
	else
		call_upstream_failed(call, UPSTREAM_REFUSED, "");
}

void call_take_body(struct call *call, const char *data, size_t len)
{
	char size[24];

	if (call->post) {
		post_take_body(call->post, data, len);
		return;
	}
	call_keep(call, &call->sent, data, len);
	if (!call->link)
		return;
	if (call->request->framing == HTTP1_CHUNKED) {
		int n = snprintf(size, sizeof(size), "%zx\r\n", len);

		send_on(call, size, (size_t)n);
		send_on(call, data, len);
		send_on(call, "\r\n", 2);
	} else {
		send_on(call, data, len);
	}
	if (call->client->phase == PHASE_BODY)
		client_phase(call->client, PHASE_BODY);
}

void call_request_ended(struct call *call)
{
	call->request_done = true;
	if (call->post) {
		post_complete(call->post);
		return;
	}
	if (!call->link)
		return;
	if (call->request->framing == HTTP1_CHUNKED)
		send_on(call, "0\r\n\r\n", 5);
	if (!call->answered && !call->link->wire.connecting)
		client_phase(call->client, PHASE_ANSWER);
}

void call_flush(struct call *call)
{
	if (!call->link)
		return;
	wire_uncork(&call->link->wire);
	call->body_paused = wire_backlog(&call->link->wire) > BACKLOG_HIGH;
}

void call_upstream_drained(struct call *call)
{
	if (!call->body_paused)
		return;
	call->body_paused = false;
	if (call->client->phase == PHASE_BODY)
		client_phase(call->client, PHASE_BODY);
	client_go_on(call->client);
}

/* Only what the LIS may be asked twice, and only over a connection of its own. */
static bool try_again(struct call *call)
{
	struct link *old = call->link;

	if (!old || !old->reused || old->heard || !call->replayable)
		return false;
	struct link *fresh = upstream_link(call->gw->upstream, call, true);
	if (!fresh)
		return false;
	link_release(old, false);
	call->link = fresh;
	call->replayable = false;
	wire_send(&fresh->wire, call->replay.data, call->replay.len);
	client_phase(call->client, PHASE_CONNECT);
	return true;
}

void call_upstream_failed(struct call *call, enum upstream_failure how, const char *why)
{
	static const struct {
		const char *word, *error;
		enum error_kind kind;
	} failures[] = {
		[UPSTREAM_BROKE] = { "broke",
		                     "The LIS closed before its answer was complete",
		                     ERROR_KIND_RESPONSE },
		[UPSTREAM_UNREADABLE] = { "unreadable", "The LIS's answer is not HTTP",
		                          ERROR_KIND_RESPONSE },
		[UPSTREAM_REFUSED] = { "refused", "The LIS refused the connection",
		                       ERROR_KIND_CONNECT },
		[UPSTREAM_UNKNOWN] = { "unknown", "The LIS's name is not known",
		                       ERROR_KIND_DNS },
	};
	char error[200];

	if (how == UPSTREAM_BROKE && try_again(call))
		return;
	metric_add(&metric_upstream_failures, failures[how].word, 1);
	(void)snprintf(error, sizeof(error), "%s%s%s", failures[how].error,
	               *why ? ": " : "", why);
	if (call->answered) {
		record_call(call, error, (int)failures[how].kind);
		call_break_off(call);
	} else {
		call_answer_failure(call, 502, error, (int)failures[how].kind);
	}
}
