/*
 * HL7 over MLLP (contract, "MLLP"): a message goes out in a frame, and the acknowledgement
 * with its control id comes back on the same connection. After a time-out the connection is
 * closed, so a late acknowledgement is never taken for the next message's.
 */
#include "base/clock.h"
#include "hl7/ack.h"
#include "hl7/hl7.h"
#include "transport/mllp_peers.h"

#include <event2/event.h>

enum { SWEEP_SECONDS = 60 };

static const char stage[] = HL7_STAGE;
static const struct transport_mirth sent = {
	.sent = true,
	.fusion_log = "Sent to Mirth",
	.stage = stage,
};
static const struct transport_mirth refused = { .stage = stage };
static const struct transport_mirth failed = {
	.fusion_log = "Failed at Livehealthapp",
	.stage = stage,
};
static const struct transport_mirth failed_py3 = {
	.fusion_log = "Failed at Crelio-app",
	.stage = stage,
};

const struct transport_mirth *transport_mirth_failed(bool triggered_by_py3)
{
	return triggered_by_py3 ? &failed_py3 : &failed;
}

/* ---- outcomes ---- */

static void finish(struct mllp_exchange *x, struct transport_result *result, bool keep)
{
	int64_t now_us = clock_mono_us();

	if (x->sent_us)
		x->timing.exchange_us = now_us - x->sent_us;
	x->timing.total_us = now_us - x->began_us;
	result->timing = x->timing;
	result->end_point = x->rq.row->end_point;
	x->done(result, x->arg);
	if (x->carrier)
		mllp_peer_release(x->carrier, keep);
	free(x);
}

static void fail(struct mllp_exchange *x, enum error_kind kind, const char *text)
{
	struct transport_result result = {
		.kind = kind,
		.mirth = transport_mirth_failed(x->rq.task->triggered_by_py3),
		.error = text,
	};

	finish(x, &result, false);
}

static void say_accepted(struct mllp_exchange *x, struct transport_result *result)
{
	result->verdict =
		x->rq.row->ack_await_downstream ? TRANSPORT_ACCEPTED : TRANSPORT_DELIVERED;
	result->mirth = &sent;
	result->error = "";
}

static void say_refused(struct transport_result *result, enum hl7_ack_code code,
                        struct buf *words)
{
	if (words->len == 0)
		buf_printf(words, "The partner answered %s", hl7_ack_code_word(code));
	result->kind = ERROR_KIND_NACK;
	result->mirth = &refused;
	result->error = buf_str(words);
}

static void acknowledge(struct mllp_exchange *x, const struct buf *message,
                        enum hl7_ack_code code, struct buf *words)
{
	struct transport_result result = {
		.body = buf_str(message),
		.body_len = message->len,
		.body_cut = message->truncated,
	};
	bool drained = mllp_connection_has_drained(x->carrier->connection);

	if (hl7_ack_accepts(code))
		say_accepted(x, &result);
	else
		say_refused(&result, code, words);
	/* one that answers half a message, or without end, is not in step */
	finish(x, &result, drained && !message->truncated);
}

/*
 * A refusal without MSA-2 is this message's: no other is on its way here. Anything else
 * must name it.
 */
static bool is_ours(const struct mllp_exchange *x, const struct hl7_ack *ack)
{
	if (ack->control_id_len == 0)
		return ack->code != HL7_ACK_UNKNOWN && !hl7_ack_accepts(ack->code);
	return ack->control_id_len == x->control_id_len &&
	       memcmp(ack->control_id, x->control_id, x->control_id_len) == 0;
}

static bool unreadable(struct mllp_exchange *x, const char *text)
{
	fail(x, ERROR_KIND_RESPONSE, text);
	return false;
}

bool mllp_exchange_frame(struct mllp_exchange *x, const struct buf *message)
{
	CLEANUP(buf_deinit) struct buf words = BUF_INIT(0);
	struct hl7_ack ack;

	switch (hl7_ack_parse(buf_str(message), message->len, &ack, &words)) {
	case HL7_ACK_E_NOT_HL7:
		return unreadable(x, "The answer is no HL7 message");
	case HL7_ACK_E_NO_MSA:
		metric_add(&mllp_metric_skipped, "no_acknowledgement", 1);
		return true;
	default:
		break;
	}
	if (!is_ours(x, &ack)) {
		x->mismatched = true;
		metric_add(&mllp_metric_skipped, "control_id", 1);
		return true;
	}
	if (ack.code == HL7_ACK_UNKNOWN)
		return unreadable(x,
		                  "The acknowledgement has no code of table 0008 (MSA-1)");
	acknowledge(x, message, ack.code, &words);
	return false;
}

void mllp_exchange_broken(struct mllp_exchange *x, enum error_kind kind, const char *text)
{
	fail(x, kind, text);
}

void mllp_exchange_expired(struct mllp_exchange *x)
{
	fail(x, ERROR_KIND_TIMEOUT,
	     x->mismatched ? ERROR_TEXT_NO_RESPONSE
	             ": ACK control id mismatch, what came was for other messages"
	                   : ERROR_TEXT_NO_RESPONSE);
}

void mllp_exchange_sent(struct mllp_exchange *x)
{
	const struct transport_timing *opened = &x->carrier->connection->timing;

	x->sent_us = clock_mono_us();
	if (x->carrier->carried > 0)
		return; /* the look-up and the rest were another message's */
	x->timing.dns_us = opened->dns_us;
	x->timing.connect_us = opened->connect_us;
	x->timing.tls_us = opened->tls_us;
}

/* ---- the contract's operations ---- */

static bool has_proxy(const struct transport_config *config)
{
	return config->egress_proxy && *config->egress_proxy;
}

static int check(const struct transport *t, const struct transport_request *rq,
                 struct mllp_exchange *x, struct err_text *why)
{
	if (has_proxy(t->config) && !t->proxy.host)
		return err_say(why, TRANSPORT_E_CONFIG,
		               "transport: mllp passes an EGRESS_PROXY of http:// only; "
		               "run a dispatcher without it for these partners");
	if (!rq->row->host || rq->row->port <= 0)
		return err_say(why, TRANSPORT_E_CONFIG,
		               "integration_extra_details needs host and port for mllp");
	if (!hl7_control_id(rq->body, rq->body_len, &x->control_id, &x->control_id_len))
		return err_say(
			why, TRANSPORT_E_CONFIG,
			"template_text: mllp needs an HL7 message, MSH with a control "
			"id (MSH-10)");
	if (memchr(rq->body, MLLP_FS, rq->body_len) ||
	    memchr(rq->body, MLLP_VT, rq->body_len))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "template_text: the message has control characters of MLLP");
	return 0;
}

static int mllp_send(struct transport *t, const struct transport_request *rq,
                     transport_done_fn done, void *arg, struct err_text *why)
{
	struct mllp_exchange *x = xcalloc(1, sizeof(*x));
	int r = check(t, rq, x, why);

	if (r == 0)
		r = mllp_peer_get(t, rq->row, &x->peer, why);
	if (r != 0) {
		free(x);
		return r;
	}
	x->rq = *rq;
	x->done = done;
	x->arg = arg;
	x->began_us = clock_mono_us();
	mllp_peer_carry(x);
	return 0;
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	mllp_peers_sweep(arg);
}

static struct transport *mllp_close(struct transport *t)
{
	if (!t)
		return NULL;
	mllp_peers_close(t);
	event_free(t->sweeper);
	t->resolver = resolver_close(t->resolver);
	(void)address_guard_free(t->guard);
	mllp_proxy_release(&t->proxy);
	free(t);
	return NULL;
}

static int mllp_open(struct transport **out, const struct transport_config *config,
                     struct event_base *loop, struct err_text *why)
{
	static const struct timeval period = { .tv_sec = SWEEP_SECONDS };
	struct address_guard *guard;

	if (address_guard_new(config->allow_private, &guard, why) != 0)
		return TRANSPORT_E_CONFIG;
	struct transport *t = xcalloc(1, sizeof(*t));

	t->ops = &transport_mllp;
	t->config = config;
	t->loop = loop;
	t->guard = guard;
	if (has_proxy(config))
		(void)mllp_proxy_parse(config->egress_proxy, &t->proxy);
	t->resolver = resolver_open(loop);
	TAILQ_INIT(&t->idle);
	t->sweeper = event_new(loop, -1, EV_PERSIST, on_sweep, t);
	(void)event_add(t->sweeper, &period);
	*out = t;
	return 0;
}

const struct transport_ops transport_mllp = {
	.kind = TRANSPORT_MLLP,
	.open = mllp_open,
	.send = mllp_send,
	.close = mllp_close,
};
