#include "call.h"

#include "base/clock.h"
#include "base/random.h"
#include "domain/outcome.h"
#include "http1/rules.h"
#include "people.h"
#include "post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* For ids, not for secrets: the kernel is asked once for many of them. */
static void hex_of_random(char *out, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	static unsigned char pool[4096];
	static size_t used = sizeof(pool);

	if (sizeof(pool) - used < bytes) {
		random_bytes(pool, sizeof(pool));
		used = 0;
	}
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = pool[used++];

		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	out[2 * bytes] = '\0';
}

/* ---- who calls, and the trace ---- */

bool call_is_trusted(const struct gateway *gw, const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < gw->n_trusted; i++)
		if (address_block_holds(&gw->trusted[i], (const struct sockaddr *)address))
			return true;
	return false;
}

static bool parse_ip(const char *text, size_t len, struct sockaddr_storage *out)
{
	struct address_block block;

	if (memchr(text, '/', len) || !address_block_parse(text, len, &block))
		return false;
	*out = block.address;
	return true;
}

void call_print_ip(const struct sockaddr_storage *peer, char out[IP_SIZE])
{
	const void *bytes =
		peer->ss_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)(const void *)peer)
				  ->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)peer)
				  ->sin6_addr;

	if (!inet_ntop(peer->ss_family, bytes, out, IP_SIZE))
		out[0] = '\0';
	if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.'))
		memmove(out, out + 7, strlen(out + 7) + 1);
}

/*
 * Of a trusted hop's list, from its end: the first address that is no trusted hop. Any
 * other caller's list is worth nothing.
 */
static void find_ip(struct call *call)
{
	call->caller = call->client->peer;
	memcpy(call->ip, call->client->ip, sizeof(call->ip));
	for (size_t i = call->request->n_headers; i-- > 0;) {
		const struct http1_header *h = &call->request->headers[i];
		size_t end = h->value_len;

		if (!http1_is(h, "x-forwarded-for"))
			continue;
		while (end > 0 && call_is_trusted(call->gw, &call->caller)) {
			const char *comma = memrchr(h->value, ',', end);
			const char *at = comma ? comma + 1 : h->value;
			struct sockaddr_storage next;

			at += strspn(at, " \t");
			size_t len = strcspn(at, " \t,");
			if (!parse_ip(at, len, &next))
				return;
			call->caller = next;
			call_print_ip(&next, call->ip);
			end = comma ? (size_t)(comma - h->value) : 0;
		}
	}
}

static bool is_traceparent(const char *text)
{
	static const char zeros[] = "00000000000000000000000000000000";

	return strlen(text) == TRACEPARENT_SIZE - 1 && strncmp(text, "00-", 3) == 0 &&
	       strspn(text + 3, "0123456789abcdef") == 32 && text[35] == '-' &&
	       strspn(text + 36, "0123456789abcdef") == 16 && text[52] == '-' &&
	       strspn(text + 53, "0123456789abcdef") == 2 &&
	       memcmp(text + 3, zeros, 32) != 0 && memcmp(text + 36, zeros, 16) != 0;
}

static void find_trace(struct call *call)
{
	const struct http1_header *h = http1_find(call->request, "traceparent");
	char *trace = call->traceparent;

	if (h && is_traceparent(h->value)) {
		memcpy(call->traceparent, h->value, TRACEPARENT_SIZE);
		return;
	}
	trace[0] = trace[1] = '0';
	trace[2] = '-';
	hex_of_random(trace + 3, 16);
	trace[35] = '-';
	hex_of_random(trace + 36, 8);
	(void)snprintf(trace + 52, TRACEPARENT_SIZE - 52, "-01");
}

/* ---- its life ---- */

static struct call *begin(struct client *client, const struct http1_head *head)
{
	struct call *call = xcalloc(1, sizeof(*call));

	*call = (struct call){
		.gw = client->gw,
		.client = client,
		.request = head,
		.started_us = clock_mono_us(),
		.started_wall_ms = clock_wall_ms(),
		.head_only = head->method && strcmp(head->method, "HEAD") == 0,
		.keep = head->keep_alive,
	};
	client->call = call;
	service_hold(call->gw->ctx);
	call->gw->calls++;
	hex_of_random(call->record_id, 16);
	target_parse(head->target, head->target_len, &call->target);
	find_trace(call);
	find_ip(call);
	return call;
}

static void release_kept(struct call *call, struct kept *kept)
{
	call->gw->capture_bytes -= kept->text.len;
	buf_deinit(&kept->text);
}

void call_end(struct call *call, bool keep)
{
	struct client *client = call->client;

	if (call->is_waiting)
		people_forget(call->gw->people, call);
	if (call->is_complete)
		TAILQ_REMOVE(&call->gw->complete, call, complete);
	if (call->link)
		link_release(call->link, false);
	if (call->post)
		post_abandon(call->post);
	release_kept(call, &call->sent);
	release_kept(call, &call->got);
	buf_deinit(&call->replay);
	directory_unref(call->directory);
	call->gw->calls--;
	service_release(call->gw->ctx);
	free(call);
	if (client)
		client_call_over(client, keep);
}

/* As much of it as there is room for, in this body and in all. */
void call_keep(struct call *call, struct kept *kept, const char *data, size_t len)
{
	const struct gateway_config *config = call->gw->config;
	size_t limit = (size_t)config->body_limit, room;

	kept->whole += len;
	if (!call->route || call->route->capture != CAPTURE_BODIES)
		return;
	if (call->route->body_limit < limit)
		limit = call->route->body_limit;
	room = limit - kept->text.len;
	if ((int64_t)call->gw->capture_bytes + (int64_t)len > config->capture_memory)
		room = 0;
	if (len > room) {
		kept->cut = true;
		len = room;
	}
	buf_append(&kept->text, data, len);
	call->gw->capture_bytes += len;
}

/* ---- what becomes of it ---- */

static enum http1_next refuse(struct call *call, int code, const char *reason,
                              const char *why)
{
	metric_add(&metric_refused, reason, 1);
	call_answer_own(call, code, why, code == 429 ? "retry-after: 1\r\n" : "");
	return HTTP1_GO;
}

static bool may_come_from(const struct developer *d, const struct sockaddr *from)
{
	for (size_t i = 0; i < d->n_addresses; i++)
		if (address_block_holds(&d->addresses[i], from))
			return true;
	return d->n_addresses == 0;
}

static bool is_over_rate(struct developer *d)
{
	int64_t now_ms = clock_mono_ms();

	if (d->rate <= 0)
		return false;
	if (bucket_wait_ms(&d->bucket, now_ms) > 0)
		return true;
	bucket_take(&d->bucket, now_ms);
	return false;
}

static enum http1_next judge(struct call *call)
{
	struct developer *d = call->key.developer;

	if (!d && call->route->refuse_unknown)
		return refuse(call, 401, "unknown_key",
		              call->key.present ? "the auth key is unknown"
		                                : "an auth key is needed");
	if (d && !d->enabled)
		return refuse(call, 403, "disabled", "this integration is disabled");
	if (d && !may_come_from(d, (const struct sockaddr *)&call->caller))
		return refuse(call, 403, "address",
		              "this auth key may not be used from here");
	if (d && is_over_rate(d))
		return refuse(call, 429, "rate", "too many calls with this auth key");
	call_forward(call);
	return HTTP1_GO;
}

static void look_up(struct call *call, struct directory *now)
{
	directory_unref(call->directory);
	call->directory = directory_ref(now);
	call->route = directory_route(now, call->request->method, &call->target);
	directory_key(now, call->route, call->request, &call->target, clock_wall_ms(),
	              &call->key);
}

void call_decide(struct call *call, struct directory *now)
{
	struct client *client = call->client;

	look_up(call, now);
	if (call->post) {
		post_submit(call->post);
		return;
	}
	(void)judge(call);
	client_go_on(client);
}

static bool is_post(const struct call *call)
{
	static const char path[] = "/inbound-calls";

	return call->target.path_len == strlen(path) &&
	       memcmp(call->target.text, path, strlen(path)) == 0;
}

enum http1_next call_new(struct client *client, const struct http1_head *head)
{
	struct call *call = begin(client, head);
	const char *why;
	int code = http1_check_request(head, &why);

	look_up(call, people_now(call->gw->people));
	if (code) {
		call->keep = false;
		return refuse(call, code, "malformed", why);
	}
	if (is_post(call)) {
		post_begin(call);
		return HTTP1_GO;
	}
	if (call->key.present && !call->key.developer &&
	    people_ask(call->gw->people, call)) {
		client_phase(client, PHASE_KEYS);
		return HTTP1_HOLD;
	}
	return judge(call);
}

/* As much of a request as can be told of what was no request. */
void call_unread(struct client *client, int code, const char *why)
{
	struct http1_head head = { .method = "?", .target = "", .major = 1, .minor = 1 };

	http1_reader_partial(client->reader, &head);
	struct call *call = begin(client, &head);
	look_up(call, people_now(call->gw->people));
	call->keep = false;
	call->recorded = head.target_len == 0; /* noise of scanners */
	metric_add(&metric_refused, "malformed", 1);
	call_answer_own(call, code, why, "");
}

void call_malformed(struct call *call, int code, const char *why)
{
	if (call->is_complete)
		return;
	call->keep = false;
	metric_add(&metric_refused, "malformed", 1);
	if (call->post || !call->answered) {
		call_answer_own(call, code, why, "");
	} else {
		record_call(call, why, ERROR_KIND_NONE);
		call_break_off(call);
	}
}

static void fail_late(struct call *call)
{
	const char *error = call->client->phase == PHASE_CONNECT
	                            ? ERROR_TEXT_CONNECT_TIMEOUT
	                            : ERROR_TEXT_NO_RESPONSE;

	metric_add(&metric_upstream_failures, "timeout", 1);
	if (!call->answered) {
		call_answer_failure(call, 504, error, ERROR_KIND_TIMEOUT);
		return;
	}
	record_call(call, "The LIS's answer stopped", ERROR_KIND_TIMEOUT);
	call_break_off(call);
}

void call_expired(struct call *call)
{
	if (call->is_complete)
		return;
	switch (call->client->phase) {
	case PHASE_KEYS:
		people_forget(call->gw->people, call);
		call_decide(call, people_now(call->gw->people));
		return;
	case PHASE_BODY:
		call->keep = false;
		if (!call->answered) {
			(void)refuse(call, 408, "slow_body",
			             "the body did not come in time");
			return;
		}
		record_call(call, "The caller stopped sending", ERROR_KIND_NONE);
		call_break_off(call);
		return;
	case PHASE_CONNECT:
		if (call->link && link_try_next(call->link)) {
			client_phase(call->client, PHASE_CONNECT);
			return;
		}
		break;
	case PHASE_STREAM:
		if (wire_backlog(&call->client->wire) > 0) {
			record_call(call, "The caller stopped taking the answer",
			            ERROR_KIND_NONE);
			call_break_off(call);
			return;
		}
		break;
	default:
		break;
	}
	fail_late(call);
}

void call_caller_drained(struct call *call)
{
	if (call->link && !call->link->wire.connecting)
		wire_read(&call->link->wire, true);
	if (call->answered)
		client_phase(call->client, PHASE_STREAM);
}

/*
 * A caller that leaves after its request does not stop the LIS, which has it: what it
 * answers is recorded.
 */
void call_caller_ended(struct call *call, enum wire_end how)
{
	call->caller_left = true;
	if (how == WIRE_EOF && (call->request_done || call->is_complete))
		return;
	record_call(call,
	            call->request_done ? "The caller left before the answer was complete"
	                               : "The caller left before its request was complete",
	            ERROR_KIND_NONE);
	call_break_off(call);
}

bool call_has_request(const struct call *call)
{
	return call->request_done;
}

bool call_takes_body(const struct call *call)
{
	return !call || !call->body_paused;
}

void call_break_off(struct call *call)
{
	struct client *client = call->client;
	bool reset = call->to_end_out && !call->caller_left;

	call->client = NULL;
	client->call = NULL;
	call_end(call, false);
	client_abort(client, reset);
}
