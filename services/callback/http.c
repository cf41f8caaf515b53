#include "http.h"

#include "message/task.h"
#include "secrets/tokens.h"
#include "json/jdoc.h"

#include <event2/event.h>

enum {
	QUEUE_LIMIT = 128,
	ACK_TIMEOUT_S = 10,
};

/* Bodies of all calls under way. */
#define BODIES_MAX ((size_t)64 << 20)

struct http {
	struct callback *cb;
	struct httpd *server;
	struct tokens *tokens;
	struct kafka_producer *producer; /* acks on the loop: none of the pipeline's */
	struct event *acks;
	struct worker *log_worker, *note_worker, *open_worker;
	struct stores log_stores, note_stores, open_stores;
};

static void reply(struct httpd_request *rq, int code, const json_t *answer)
{
	CLEANUP(buf_deinit) struct buf headers = BUF_INIT(0);
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(answer, &len);
	char label[8];

	(void)snprintf(label, sizeof(label), "%d", code);
	metric_add(&metric_responses, label, 1);
	httpd_header(&headers, "content-type", "application/json");
	httpd_header(&headers, "cache-control", "no-store");
	if (code == CODE_AWAY)
		httpd_header(&headers, "retry-after", "5");
	if (code == CODE_NO_METHOD)
		httpd_header(&headers, "allow", "POST");
	httpd_reply(rq, code, &headers, text, len);
}

static void refuse(struct httpd_request *rq, int code, const char *why)
{
	CLEANUP_JSON json_t *answer = json_pack("{s:s}", "error", why);

	reply(rq, code, answer);
}

static void answer(struct call *call)
{
	if (call->request)
		reply(call->request, call->code, call->answer);
	call->request = NULL;
}

static void finish(struct call *call)
{
	answer(call);
	service_release(call->http->cb->ctx);
	if (call->timeout)
		event_free(call->timeout);
	json_decref(call->answer);
	free(call->value);
	free(call->task);
	free(call);
}

static void on_ack(int result, void *arg)
{
	struct call *call = arg;

	if (result)
		call_fail(call, CODE_AWAY, "Kafka did not take the report");
	finish(call);
}

/* The report may still arrive, which a repeat does not mind; the client is told to come. */
static void on_ack_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	call_fail(call, CODE_AWAY, "Kafka does not answer");
	answer(call);
}

static void produce(struct call *call)
{
	static const struct timeval patience = { .tv_sec = ACK_TIMEOUT_S };
	struct http *http = call->http;
	const struct kafka_header header = { .name = TASK_HEADER,
		                             .value = call->task,
		                             .len = call->task ? strlen(call->task) : 0 };
	const struct kafka_message m = {
		.topic = call->task ? KAFKA_TOPIC_TASKS : KAFKA_TOPIC_CALLBACKS,
		.partition = -1,
		.key = call->key,
		.key_len = strlen(call->key),
		.value = call->value ? call->value : "",
		.value_len = call->value ? strlen(call->value) : 0,
		.headers = &header,
		.n_headers = call->task ? 1 : 0,
	};

	int result = kafka_produce(http->producer, &m, on_ack, call);
	if (result) {
		if (result == KAFKA_E_TOO_LARGE)
			call_fail(call, CODE_TOO_LARGE, "the report is too large");
		else
			call_fail(call, CODE_AWAY, "Kafka does not answer");
		finish(call);
		return;
	}
	call->timeout = evtimer_new(service_loop(http->cb->ctx), on_ack_timeout, call);
	if (!call->timeout)
		abort();
	(void)evtimer_add(call->timeout, &patience);
}

static void run_call(void *arg)
{
	struct call *call = arg;

	call->route->run(call);
}

static void on_run(void *arg)
{
	struct call *call = arg;

	if (call->value || call->task)
		produce(call);
	else
		finish(call);
}

static void begin(struct http *http, struct call *call)
{
	struct worker *worker = http->log_worker;

	call->stores = &http->log_stores;
	if (call->route->flags & ROUTE_NOTES) {
		worker = http->note_worker;
		call->stores = &http->note_stores;
	} else if (call->route->flags & ROUTE_OPEN) {
		worker = http->open_worker;
		call->stores = &http->open_stores;
	}
	service_hold(http->cb->ctx);
	if (!worker_submit(worker, run_call, on_run, call)) {
		call_fail(call, CODE_AWAY, "too many requests are under way");
		finish(call);
	}
}

static bool is_known(const struct http *http, const struct httpd_request *rq)
{
	return tokens_accept(http->tokens, http_head_find(&rq->head, "x-internal-token"));
}

static void on_request(struct httpd_request *rq, void *arg)
{
	struct http *http = arg;
	struct call *call = xcalloc(1, sizeof(*call));

	*call = (struct call){ .http = http, .request = rq, .code = CODE_INTERNAL };
	call->route = route_find(rq->head.path, call->parts);
	if (!call->route)
		refuse(rq, CODE_NOT_FOUND, "no such address");
	else if (strcmp(rq->head.method, "POST") != 0)
		refuse(rq, CODE_NO_METHOD, "only POST is served here");
	else if (!(call->route->flags & ROUTE_OPEN) && !is_known(http, rq))
		refuse(rq, CODE_UNKNOWN_CALLER, "x-internal-token is missing or wrong");
	else if (service_draining(http->cb->ctx))
		refuse(rq, CODE_AWAY, "this instance is going away");
	else {
		begin(http, call);
		return;
	}
	free(call);
}

static void on_acks(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	kafka_producer_poll(http->producer);
}

static int listen_for_calls(struct http *http, struct err_text *why)
{
	const struct callback_config *config = http->cb->config;
	const struct httpd_options options = {
		.name = "callback",
		.address = config->address,
		.port = (int)config->port,
		.keys = "CALLBACK_ADDRESS, CALLBACK_PORT",
		.max_connections = (size_t)config->max_connections,
		.max_body = HTTP_BODY_MAX,
		.max_bodies = BODIES_MAX,
	};

	return httpd_open(service_loop(http->cb->ctx), &options, on_request, http,
	                  &http->server, why);
}

int http_start(struct callback *cb, struct http **out, struct err_text *why)
{
	struct http *http = xcalloc(1, sizeof(*http));
	int result;

	*out = http;
	http->cb = cb;
	http->log_stores.config = http->note_stores.config = cb->config;
	http->open_stores.config = cb->config;
	http->tokens = tokens_new(cb->config->tokens.current, cb->config->tokens.previous);
	result = kafka_producer_open(&cb->config->kafka, &http->producer, why);
	if (result)
		return result;
	http->acks = event_new(service_loop(cb->ctx), kafka_producer_fd(http->producer),
	                       EV_READ | EV_PERSIST, on_acks, http);
	if (!http->acks || event_add(http->acks, NULL))
		abort();
	http->log_worker = worker_new(cb->ctx, "http-logs", QUEUE_LIMIT);
	http->note_worker = worker_new(cb->ctx, "http-notes", QUEUE_LIMIT);
	http->open_worker = worker_new(cb->ctx, "http-vendors", QUEUE_LIMIT);
	return listen_for_calls(http, why);
}

void http_drain(struct http *http)
{
	if (http->server)
		httpd_drain(http->server);
}

static void close_stores(struct stores *s)
{
	s->logs = logstore_close(s->logs);
	s->lag = kafka_lag_close(s->lag);
	s->settings = settings_unref(s->settings);
	s->source = settings_source_free(s->source);
	s->pg = pg_close(s->pg);
}

struct http *http_stop(struct http *http)
{
	if (!http)
		return NULL;
	/* first the workers: their calls may produce; then the broker's acks; then sockets
	 */
	http->log_worker = worker_free(http->log_worker);
	http->note_worker = worker_free(http->note_worker);
	http->open_worker = worker_free(http->open_worker);
	close_stores(&http->log_stores);
	close_stores(&http->note_stores);
	close_stores(&http->open_stores);
	http->producer = kafka_producer_close(http->producer);
	if (http->acks)
		event_free(http->acks);
	http->server = httpd_close(http->server);
	http->tokens = tokens_free(http->tokens);
	free(http);
	return NULL;
}
