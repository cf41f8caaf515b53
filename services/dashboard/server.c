/* From a request to its route, to a worker thread, and back with the answer. */
#include "call.h"
#include "shared.h"
#include "stream.h"

#include "base/clock.h"
#include "base/random.h"
#include "log/log.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

enum {
	READ_THREADS = 4,
	SLOW_THREADS = 3,
	SEND_THREADS = 2,
	SEND_QUEUE_LIMIT = 4,
	QUEUE_LIMIT = 64,
	BODY_MAX = 1 << 20,
	BODIES_MAX = 32 << 20,
	RETRY_AFTER_S = 5,
};

static void add_headers(struct call *call)
{
	struct buf *h = &call->headers;

	if (call->code != CODE_NO_CONTENT)
		httpd_header(h, "content-type",
		             call->raw_type           ? call->raw_type
		             : call->code >= CODE_BAD ? "application/problem+json"
		                                      : "application/json");
	if (!call->raw_type || call->code >= CODE_BAD)
		httpd_header(h, "cache-control", "no-store");
	if (call->code == CODE_AWAY)
		buf_printf(h, "retry-after: %d\r\n", RETRY_AFTER_S);
	httpd_header(h, "x-request-id", call->id);
	httpd_header(h, "x-content-type-options", "nosniff");
	httpd_header(h, "referrer-policy", "no-referrer");
	if (!call->raw_type)
		httpd_header(h, "content-security-policy",
		             "default-src 'none'; frame-ancestors 'none'");
}

static void free_call(struct call *call)
{
	who_release(&call->who);
	json_decref(call->body);
	json_decref(call->answer);
	free(call->text);
	buf_deinit(&call->raw);
	buf_deinit(&call->headers);
	free(call);
}

static void make_text(struct call *call)
{
	if (call->code == 0)
		call_fail(call, CODE_INTERNAL, "no answer was made");
	if (call->raw_type || !call->answer)
		return;
	free(call->text);
	call->text = jdoc_dump(call->answer, &call->text_len);
	json_decref(call->answer);
	call->answer = NULL;
}

static void reply(struct call *call)
{
	char label[8];

	if (!call->text || call->answer)
		make_text(call);
	(void)snprintf(label, sizeof(label), "%d", call->code);
	metric_add(&metric_responses, label, 1);
	metric_observe(&metric_seconds, call->route ? call->route->path : "none",
	               (double)(clock_mono_us() - call->began_us) / 1e6);
	add_headers(call);
	size_t len = call->raw_type ? call->raw.len : call->text_len;
	httpd_reply_taking(call->request, call->code, &call->headers,
	                   call->raw_type ? buf_take(&call->raw) : STEAL(call->text), len);
	free_call(call);
}

static void on_done(void *arg)
{
	struct call *call = arg;
	struct service_ctx *ctx = call->d->ctx;

	pool_finished(call->pool, call->stores);
	if (call->streams &&
	    stream_count(call->d->stream) >= (size_t)call->d->config->max_streams) {
		call->streams = false;
		call_fail(call, CODE_TOO_MANY, "too many streams are open");
	}
	if (call->streams) {
		stream_take(call->d->stream, call);
		free_call(call);
	} else {
		reply(call);
	}
	service_release(ctx);
}

/* ---- on a worker thread ---- */

static bool read_body(struct call *call)
{
	const struct httpd_request *rq = call->request;
	const char *type = http_head_find(&rq->head, "content-type");
	struct err_text why = { "" };

	if (!(call->route->flags & ROUTE_BODY))
		return true;
	if ((call->route->flags & ROUTE_NO_BODY_OK) && rq->body_len == 0) {
		call->body = json_object();
		return true;
	}
	/* a form of another site cannot say this, and old clients need not */
	if (type ? strncasecmp(type, "application/json", 16) != 0
	         : call->who.via == VIA_SESSION || call->who.via == VIA_NOBODY) {
		call_fail(call, CODE_NO_JSON, "content-type must be application/json");
		return false;
	}
	call->body = jdoc_parse_any(rq->body, rq->body_len, &why);
	if (!call->body)
		call_fault(call, "", "%s", why.text);
	else if (!json_is_object(call->body))
		call_fault(call, "", "the body must be a JSON object");
	return !call_failed(call);
}

/* What the answer depends on; NULL: it is this caller's alone. The caller frees. */
static char *question_of(const struct call *call)
{
	const char *query = call->request->head.query;

	if (!(call->route->flags & ROUTE_SHARED) || !call->who.all_labs ||
	    (query && strstr(query, "lab_id")))
		return NULL;
	return xasprintf("%d %d %s?%s", (int)call->who.via, (int)call->who.role,
	                 call->route->path, query ? query : "");
}

static void answer(struct call *call)
{
	CLEANUP(freep) char *question = question_of(call);
	int64_t began_ms = clock_mono_ms();

	if (question &&
	    (call->text = shared_take(call->d->shared, question, &call->text_len))) {
		metric_add(&metric_shared, NULL, 1);
		call->code = CODE_OK;
		return;
	}
	call->route->run(call);
	if (call->streams)
		return;
	make_text(call);
	if (question)
		shared_put(call->d->shared, question,
		           call->code == CODE_OK ? call->text : NULL, call->text_len,
		           clock_mono_ms() - began_ms);
}

static void run_call(void *arg)
{
	struct call *call = arg;

	if (call->route->role != ROLE_NONE && (!who_identify(call) || !who_authorise(call)))
		return;
	if (read_body(call))
		answer(call);
}

/* ---- on the loop ---- */

static bool submit(struct dashboard *d, struct call *call)
{
	call->pool = call->route->flags & ROUTE_SENDS  ? d->sends
	             : call->route->flags & ROUTE_SLOW ? d->slow
	                                               : d->reads;
	if (service_draining(d->ctx)) {
		call_fail(call, CODE_AWAY, "this instance is going away");
		return false;
	}
	if (!pool_submit(call->pool, run_call, on_done, call, &call->stores)) {
		call_fail(call, CODE_AWAY, "too many requests are under way");
		return false;
	}
	service_hold(d->ctx);
	return true;
}

static void on_request(struct httpd_request *rq, void *arg)
{
	struct dashboard *d = arg;
	struct call *call = xcalloc(1, sizeof(*call));
	char allow[ALLOW_SIZE];

	*call = (struct call){ .d = d, .request = rq, .began_us = clock_mono_us() };
	(void)snprintf(call->id, sizeof(call->id), "%016" PRIx64, random_u64());
	call->route = route_find(rq->head.method, rq->head.path, call->parts, allow);
	if (call->route && submit(d, call))
		return;
	if (!call->route && *allow) {
		call_fail(call, 405, "%s is not served here", rq->head.method);
		httpd_header(&call->headers, "allow", allow);
	} else if (!call->route) {
		call_fail(call, CODE_NOT_FOUND, "no such address");
	}
	reply(call);
}

int server_start(struct dashboard *d, struct err_text *why)
{
	const struct httpd_options options = {
		.name = "dashboard",
		.address = d->config->address,
		.port = (int)d->config->port,
		.keys = "DASHBOARD_ADDRESS, DASHBOARD_PORT",
		.max_connections = (size_t)d->config->max_connections,
		.max_body = BODY_MAX,
		.max_bodies = BODIES_MAX,
	};

	d->reads = pool_new(d, "reads", READ_THREADS, QUEUE_LIMIT);
	d->slow = pool_new(d, "slow", SLOW_THREADS, QUEUE_LIMIT);
	d->sends = pool_new(d, "sends", SEND_THREADS, SEND_QUEUE_LIMIT);
	d->shared = shared_new();
	d->stream = stream_start(d);
	return httpd_open(service_loop(d->ctx), &options, on_request, d, &d->httpd, why);
}

void server_drain(struct dashboard *d)
{
	if (d->httpd)
		httpd_drain(d->httpd);
	if (d->stream)
		stream_drain(d->stream);
}

void server_stop(struct dashboard *d)
{
	/* the workers' last calls answer into connections, which go after them */
	d->reads = pool_free(d->reads);
	d->slow = pool_free(d->slow);
	d->sends = pool_free(d->sends);
	d->httpd = httpd_close(d->httpd);
	d->stream = stream_stop(d->stream);
	d->shared = shared_free(d->shared);
}
