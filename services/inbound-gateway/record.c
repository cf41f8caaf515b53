/* What is kept of a call, into the journal. */
#include "base/clock.h"
#include "call.h"
#include "http1/rules.h"
#include "inbound/capture.h"
#include "log/log.h"
#include "secrets/mask.h"
#include "sender.h"

#include <strings.h>

#define COMPLAIN_MS 10000
#define BATCH       ((size_t)1 << 20) /* at most so much, and one record, waits */
#define LARGE       ((size_t)4 << 20) /* buffers above it are given back */

/* The key shows its last four, other secrets nothing. */
static void append_masked(const struct call *call, const struct http1_header *h,
                          struct buf *out)
{
	bool scheme = strncasecmp(h->value, "Bearer ", 7) == 0 ||
	              strncasecmp(h->value, "Token ", 6) == 0;

	buf_append(out, h->name, h->name_len);
	buf_append(out, ": ", 2);
	if (h == call->key.header) {
		if (scheme)
			buf_append(out, h->value, strcspn(h->value, " ") + 1);
		buf_append_str(out, call->key.shown);
	} else if (mask_wants(h->name, h->name_len)) {
		buf_append_str(out, MASK_TEXT);
	} else {
		buf_append(out, h->value, h->value_len);
	}
	buf_append(out, "\r\n", 2);
}

static void append_headers(const struct call *call, const struct http1_head *head,
                           struct buf *out)
{
	for (size_t i = 0; head && i < head->n_headers; i++)
		append_masked(call, &head->headers[i], out);
}

/* The API's name, where no row says it: the path without slashes around it, or the key. */
static void append_operation(const struct call *call, struct buf *out)
{
	const struct target *t = &call->target;

	if (call->route->operation) {
		buf_append_str(out, call->route->operation);
		return;
	}
	for (size_t i = 0; i < t->n_segments; i++) {
		const struct target_span *key = &call->key.in_target;

		if (key->len && key->at == t->segment[i].at)
			continue;
		if (out->len)
			buf_append_char(out, '/');
		buf_append(out, t->text + t->segment[i].at, t->segment[i].len);
	}
}

struct scratch {
	struct buf sent, got, target, operation, piece;
};

static void take(struct capture *c, enum capture_text which, const struct buf *from)
{
	c->text[which] = (struct capture_span){ from->data, from->len };
}

static const char *origin_of(const struct call *call)
{
	const struct http1_header *h = http1_find(call->request, "origin");

	if (!h)
		h = http1_find(call->request, "referer");
	return h ? h->value : NULL;
}

static void set_caller(struct capture *c, const struct call *call)
{
	const struct developer *d = call->key.developer;

	if (d) {
		c->number[CAPTURE_LAB_ID] = d->lab_id;
		c->number[CAPTURE_ORG_ID] = d->org_id;
		c->number[CAPTURE_AUTH_ID] = d->auth_id;
		capture_set(c, CAPTURE_DEVELOPER, d->name);
	}
	capture_set(c, CAPTURE_TOKEN, call->key.present ? call->key.shown : NULL);
	capture_set(c, CAPTURE_IP, call->ip);
	capture_set(c, CAPTURE_ORIGIN, origin_of(call));
	capture_set(c, CAPTURE_METHOD, call->request->method);
	capture_set(c, CAPTURE_CATEGORY, call->route->category);
	capture_set(c, CAPTURE_REFERENCES, call->route->references);
	capture_set(c, CAPTURE_RECORD_ID, call->record_id);
	capture_set(c, CAPTURE_TRACEPARENT, call->traceparent);
}

static void append_target(const struct call *call, struct buf *out)
{
	const struct target_mask masks[] = {
		{ .at = call->key.in_target, .shown = call->key.shown },
		{ .at = call->key.segment, .shown = MASK_TEXT },
	};

	target_append_masked(&call->target, masks, ARRAY_SIZE(masks), out);
}

static void set_exchange(struct capture *c, const struct call *call, struct scratch *s)
{
	c->number[CAPTURE_STATUS] = call->status;
	c->number[CAPTURE_TIME_US] = clock_mono_us() - call->started_us;
	c->number[CAPTURE_OCCURRED_MS] = call->started_wall_ms;
	c->number[CAPTURE_REQUEST_CUT] = call->sent.cut;
	c->number[CAPTURE_RESPONSE_CUT] = call->got.cut;
	append_headers(call, call->request, &s->sent);
	append_headers(call, call->answer, &s->got);
	take(c, CAPTURE_REQUEST_HEADERS, &s->sent);
	take(c, CAPTURE_RESPONSE_HEADERS, &s->got);
	take(c, CAPTURE_REQUEST_BODY, &call->sent.text);
	take(c, CAPTURE_RESPONSE_BODY, &call->got.text);
	append_target(call, &s->target);
	take(c, CAPTURE_END_POINT, &s->target);
	c->text[CAPTURE_PATH] = c->text[CAPTURE_END_POINT];
	c->text[CAPTURE_PATH].len = strcspn(buf_str(&s->target), "?");
	append_operation(call, &s->operation);
	take(c, CAPTURE_OPERATION, &s->operation);
}

static void clear(struct scratch *s)
{
	buf_clear(&s->sent);
	buf_clear(&s->got);
	buf_clear(&s->target);
	buf_clear(&s->operation);
	buf_clear(&s->piece);
}

/* An answer is never late, and never missing, because its record cannot be kept. */
static void complain(int result, size_t n)
{
	static int64_t last_ms;
	int64_t now_ms = clock_mono_ms();

	metric_add(&metric_recorded, "dropped", (double)n);
	if (last_ms && now_ms - last_ms < COMPLAIN_MS)
		return;
	last_ms = now_ms;
	log_error(NULL, "gateway.record_dropped", "calls are not recorded: %s",
	          result == JOURNAL_E_FULL
	                  ? "the spool is full (GATEWAY_SPOOL_LIMIT)"
	                  : strerror(-result)); /* NOLINT(concurrency-mt-unsafe) */
}

void record_call(struct call *call, const char *error, int error_kind)
{
	static struct scratch s; /* the loop's alone */
	struct gateway *gw = call->gw;
	struct capture c = { 0 };

	if (call->recorded || call->post || call->route->capture == CAPTURE_NOTHING)
		return;
	call->recorded = true;
	clear(&s);
	set_caller(&c, call);
	set_exchange(&c, call, &s);
	capture_set(&c, CAPTURE_ERROR, error);
	c.number[CAPTURE_ERROR_KIND] = error_kind;
	capture_encode(&c, &s.piece);
	if (journal_add(&gw->records, s.piece.data, s.piece.len))
		complain(JOURNAL_E_FULL, 1);
	else
		gw->n_records++;
	if (s.piece.cap > LARGE)
		buf_deinit(&s.piece);
	if (gw->records.len > BATCH)
		record_commit(gw);
	else
		event_active(gw->commit, EV_TIMEOUT, 1);
}

void record_commit(struct gateway *gw)
{
	size_t n = gw->n_records;

	if (n == 0)
		return;
	int result = journal_append(gw->journal, &gw->records);
	if (result) {
		complain(result, n);
	} else {
		metric_add(&metric_recorded, "kept", (double)n);
		sender_wake(gw->sender);
	}
	if (gw->records.cap > LARGE)
		buf_deinit(&gw->records);
	else
		buf_clear(&gw->records);
	gw->n_records = 0;
}
