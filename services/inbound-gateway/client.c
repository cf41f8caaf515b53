#include "client.h"

#include "base/clock.h"
#include "call.h"

#include <unistd.h>

/* What may be read ahead of a call that is under way. */
#define REST_LIMIT ((size_t)128 << 10)
#define LINGER_MS  2000

static int64_t patience_ms(const struct gateway_config *config, enum phase phase)
{
	switch (phase) {
	case PHASE_IDLE:
		return config->idle_timeout;
	case PHASE_HEAD:
		return config->head_timeout;
	case PHASE_KEYS:
		return 1000;
	case PHASE_BODY:
		return config->body_timeout;
	case PHASE_CONNECT:
		return config->connect_timeout;
	case PHASE_ANSWER:
	case PHASE_STREAM:
		return config->answer_timeout;
	case PHASE_WORK:
		return 60000;
	case PHASE_LINGER:
		return LINGER_MS;
	}
	return 0;
}

void client_phase(struct client *c, enum phase phase)
{
	c->phase = phase;
	c->deadline_ms = clock_mono_ms() + patience_ms(c->gw->config, phase);
}

/* Its memory is given back at the end of the loop's turn: callers may still look at it. */
static void bury(struct client *c)
{
	if (c->dead)
		return;
	c->dead = true;
	wire_close(&c->wire);
	TAILQ_REMOVE(&c->gw->clients, c, link);
	TAILQ_INSERT_TAIL(&c->gw->dead, c, link);
	event_active(c->gw->sweep, EV_TIMEOUT, 1);
	server_client_gone(c->gw);
}

void client_free(struct client *c)
{
	c->reader = http1_reader_free(c->reader);
	buf_deinit(&c->rest);
	free(c);
}

void client_abort(struct client *c, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset && wire_is_open(&c->wire))
		(void)setsockopt(c->wire.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	bury(c);
}

/* A socket that is closed with unread bytes in it resets the answer away: they are read. */
static void end_gently(struct client *c)
{
	c->closing = true;
	buf_deinit(&c->rest);
	client_phase(c, PHASE_LINGER);
	if (c->wire.broken) {
		bury(c);
	} else if (wire_backlog(&c->wire) == 0) {
		wire_end(&c->wire);
		if (c->eof)
			bury(c);
	}
	wire_read(&c->wire, !c->eof);
}

static void refuse_unread(struct client *c, int code)
{
	if (c->call)
		call_malformed(c->call, code, http1_reader_fault(c->reader));
	else
		call_unread(c, code, http1_reader_fault(c->reader));
}

static bool may_read(const struct client *c)
{
	return !c->dead && !c->closing && !c->held &&
	       !(c->call && call_has_request(c->call)) &&
	       !(c->call == NULL && wire_backlog(&c->wire) > 0);
}

/* Returns how much was read. */
static size_t feed(struct client *c, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && may_read(c)) {
		size_t used = 0;

		if (!http1_reader_is_within(c->reader))
			client_phase(c, PHASE_HEAD);
		int code = http1_reader_feed(c->reader, data + at, len - at, &used);

		/* refused while it was read: what the reader thinks of the rest is moot */
		if (c->dead || c->closing)
			return len;
		switch (code) {
		case 0:
		case HTTP1_E_ENDED:
			break;
		case HTTP1_E_HELD:
			c->held = true;
			break;
		case HTTP1_E_TOO_LARGE:
			refuse_unread(c, 431);
			return len;
		default:
			refuse_unread(c, 400);
			return len;
		}
		at += used;
	}
	return at;
}

/* What is left of `rest` goes to its front. */
static void pump(struct client *c)
{
	if (c->pumping)
		return; /* the loop below sees that it may go on */
	c->pumping = true;
	while (c->rest.len > 0 && may_read(c)) {
		size_t used = feed(c, c->rest.data, c->rest.len);

		if (c->rest.len == 0 || used == 0)
			break;
		memmove(c->rest.data, c->rest.data + used, c->rest.len - used);
		c->rest.len -= used;
	}
	c->pumping = false;
	if (c->dead || c->closing)
		return;
	if (c->call)
		call_flush(c->call);
	if (!c->eof)
		wire_read(&c->wire, c->rest.len < REST_LIMIT && call_takes_body(c->call));
}

static void on_data(void *arg, const char *data, size_t len)
{
	struct client *c = arg;
	size_t used = 0;

	if (c->closing)
		return;
	if (c->rest.len == 0 && !c->pumping) {
		c->pumping = true;
		used = feed(c, data, len);
		c->pumping = false;
	}
	if (c->dead || c->closing)
		return;
	buf_append(&c->rest, data + used, len - used);
	pump(c);
}

static void on_drained(void *arg)
{
	struct client *c = arg;

	if (c->closing) {
		wire_end(&c->wire);
		if (c->eof)
			bury(c);
	} else if (c->call) {
		call_caller_drained(c->call);
	} else {
		pump(c);
	}
}

static void on_ended(void *arg, enum wire_end how)
{
	struct client *c = arg;

	if (how == WIRE_EOF)
		c->eof = true;
	if (c->call)
		call_caller_ended(c->call, how);
	else if (how == WIRE_FAILED || c->closing || wire_backlog(&c->wire) == 0)
		bury(c);
	else
		end_gently(c);
}

static const struct wire_events wire_events = { .data = on_data,
	                                        .drained = on_drained,
	                                        .ended = on_ended };

static enum http1_next on_head(void *arg, const struct http1_head *head)
{
	return call_new(arg, head);
}

static void on_body(void *arg, const char *data, size_t len)
{
	struct client *c = arg;

	if (c->call)
		call_take_body(c->call, data, len);
}

static void on_end(void *arg)
{
	struct client *c = arg;

	if (c->call)
		call_request_ended(c->call);
}

static const struct http1_events http1_events = { .head = on_head,
	                                          .body = on_body,
	                                          .end = on_end };

void client_accept(struct gateway *gw, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->gw = gw;
	memcpy(&c->peer, peer, len < sizeof(c->peer) ? len : sizeof(c->peer));
	call_print_ip(&c->peer, c->ip);
	c->reader =
		http1_reader_new(true, (size_t)gw->config->head_limit, &http1_events, c);
	wire_open(&c->wire, gw->loop, fd, &wire_events, c);
	TAILQ_INSERT_TAIL(&gw->clients, c, link);
	client_phase(c, PHASE_IDLE);
	wire_read(&c->wire, true);
}

void client_go_on(struct client *c)
{
	c->held = false;
	pump(c);
}

void client_call_over(struct client *c, bool keep)
{
	c->call = NULL;
	c->held = false;
	if (c->dead)
		return;
	if (!keep || c->eof || c->gw->draining) {
		end_gently(c);
		return;
	}
	client_phase(c, PHASE_IDLE);
	if (c->rest.len == 0) {
		buf_deinit(&c->rest);
		if (!http1_reader_is_within(c->reader) && !c->pumping)
			http1_reader_rest(c->reader);
	}
	pump(c);
}

void client_shut(struct client *c)
{
	if (c->call)
		call_break_off(c->call);
	else
		bury(c);
}

void client_expired(struct client *c)
{
	if (c->call) {
		call_expired(c->call);
	} else if (c->phase == PHASE_HEAD) {
		metric_add(&metric_refused, "slow_head", 1);
		call_unread(c, 408, "the head did not come in time");
	} else {
		bury(c);
	}
}

void client_drain(struct client *c)
{
	if (!c->call && !c->closing)
		end_gently(c);
}
