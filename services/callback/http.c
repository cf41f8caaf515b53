#include "http.h"

#include "secrets/tokens.h"
#include "json/jdoc.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

enum {
	TIMEOUT_S = 30,
	MAX_HEADERS = 16 * 1024,
	QUEUE_LIMIT = 128,
	ACK_TIMEOUT_S = 10,
};

/* evhttp answers what is above its own limit in HTML: ours is below it. */
#define MAX_BODY_READ ((size_t)32 << 20)
/* Bodies of all calls under way. */
#define MAX_BYTES ((size_t)64 << 20)

struct http {
	struct callback *cb;
	struct evhttp *server;
	struct evhttp_bound_socket *bound;
	struct tokens *tokens;
	struct kafka_producer *producer; /* acks on the loop: none of the pipeline's */
	struct event *acks;
	struct worker *log_worker, *note_worker;
	struct stores log_stores, note_stores;
	size_t bytes;
	bool draining;
};

static void reply(struct evhttp_request *rq, int code, const json_t *answer)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(rq);
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(answer, &len);
	char label[8];

	(void)snprintf(label, sizeof(label), "%d", code);
	metric_add(&metric_responses, label, 1);
	(void)evhttp_add_header(headers, "content-type", "application/json");
	(void)evhttp_add_header(headers, "cache-control", "no-store");
	if (code == HTTP_SERVUNAVAIL)
		(void)evhttp_add_header(headers, "retry-after", "5");
	if (code == HTTP_BADMETHOD)
		(void)evhttp_add_header(headers, "allow", "POST");
	(void)evbuffer_add(evhttp_request_get_output_buffer(rq), text, len);
	evhttp_send_reply(rq, code, NULL, NULL);
}

static void refuse(struct evhttp_request *rq, int code, const char *why)
{
	CLEANUP_JSON json_t *answer = json_pack("{s:s}", "error", why);

	reply(rq, code, answer);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
	struct call *call = arg;

	call->request = NULL;
}

static void answer(struct call *call)
{
	if (call->request) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(call->request),
		                              NULL, NULL);
		reply(call->request, call->code, call->answer);
	}
	call->request = NULL;
}

static void finish(struct call *call)
{
	struct http *http = call->http;

	answer(call);
	http->bytes -= call->body_len;
	service_release(http->cb->ctx);
	if (call->timeout)
		event_free(call->timeout);
	json_decref(call->answer);
	free(call->body);
	free(call->value);
	free(call);
}

static void on_ack(int result, void *arg)
{
	struct call *call = arg;

	if (result)
		call_fail(call, HTTP_SERVUNAVAIL, "Kafka did not take the report");
	finish(call);
}

/* The report may still arrive, which a repeat does not mind; the client is told to come. */
static void on_ack_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	call_fail(call, HTTP_SERVUNAVAIL, "Kafka does not answer");
	answer(call);
}

static void produce(struct call *call)
{
	static const struct timeval patience = { .tv_sec = ACK_TIMEOUT_S };
	struct http *http = call->http;
	const struct kafka_message m = {
		.topic = KAFKA_TOPIC_CALLBACKS,
		.partition = -1,
		.key = call->key,
		.key_len = strlen(call->key),
		.value = call->value,
		.value_len = strlen(call->value),
	};

	int result = kafka_produce(http->producer, &m, on_ack, call);
	if (result) {
		if (result == KAFKA_E_TOO_LARGE)
			call_fail(call, HTTP_ENTITYTOOLARGE, "the report is too large");
		else
			call_fail(call, HTTP_SERVUNAVAIL, "Kafka does not answer");
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

	if (call->value)
		produce(call);
	else
		finish(call);
}

static void begin(struct http *http, struct evhttp_request *rq, const struct route *route,
                  size_t len)
{
	struct call *call = xcalloc(1, sizeof(*call));

	*call = (struct call){
		.http = http,
		.request = rq,
		.route = route,
		.body = xcalloc(1, len + 1),
		.body_len = len,
		.stores = route->writes_notes ? &http->note_stores : &http->log_stores,
		.code = HTTP_INTERNAL,
	};
	(void)evbuffer_remove(evhttp_request_get_input_buffer(rq), call->body, len);
	http->bytes += len;
	service_hold(http->cb->ctx);
	evhttp_connection_set_closecb(evhttp_request_get_connection(rq), on_gone, call);
	if (!worker_submit(route->writes_notes ? http->note_worker : http->log_worker,
	                   run_call, on_run, call)) {
		call_fail(call, HTTP_SERVUNAVAIL, "too many requests are under way");
		finish(call);
	}
}

static const char *token_of(struct evhttp_request *rq)
{
	return evhttp_find_header(evhttp_request_get_input_headers(rq), "x-internal-token");
}

static void on_request(struct evhttp_request *rq, void *arg)
{
	struct http *http = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(rq);
	const struct route *route = route_find(uri ? evhttp_uri_get_path(uri) : NULL);
	size_t len = evbuffer_get_length(evhttp_request_get_input_buffer(rq));

	if (!route)
		refuse(rq, HTTP_NOTFOUND, "no such address");
	else if (evhttp_request_get_command(rq) != EVHTTP_REQ_POST)
		refuse(rq, HTTP_BADMETHOD, "only POST is served here");
	else if (!tokens_accept(http->tokens, token_of(rq)))
		refuse(rq, 401, "x-internal-token is missing or wrong");
	else if (len > HTTP_BODY_MAX)
		refuse(rq, HTTP_ENTITYTOOLARGE, "the body is larger than 16 MiB");
	else if (http->draining)
		refuse(rq, HTTP_SERVUNAVAIL, "this instance is going away");
	else if (http->bytes + len > MAX_BYTES)
		refuse(rq, HTTP_SERVUNAVAIL, "too many requests are under way");
	else
		begin(http, rq, route, len);
}

static void on_acks(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	kafka_producer_poll(http->producer);
}

static int listen_for_calls(struct http *http, struct err_text *why)
{
	const struct callback_config *config = http->cb->config;

	http->server = evhttp_new(service_loop(http->cb->ctx));
	if (!http->server)
		abort();
	evhttp_set_timeout(http->server, TIMEOUT_S);
	evhttp_set_max_headers_size(http->server, MAX_HEADERS);
	evhttp_set_max_body_size(http->server, (ev_ssize_t)MAX_BODY_READ);
	(void)evhttp_set_flags(http->server, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_allowed_methods(http->server, 0xFFFF); /* 405 is ours to say */
	evhttp_set_gencb(http->server, on_request, http);
	http->bound = evhttp_bind_socket_with_handle(http->server, config->address,
	                                             (uint16_t)config->port);
	if (!http->bound)
		return err_say(why, errno ? -errno : -EIO,
		               "CALLBACK_ADDRESS, CALLBACK_PORT: cannot listen there; is "
		               "another process using the port?");
	return 0;
}

int http_start(struct callback *cb, struct http **out, struct err_text *why)
{
	struct http *http = xcalloc(1, sizeof(*http));
	int result;

	*out = http;
	http->cb = cb;
	http->log_stores.config = http->note_stores.config = cb->config;
	http->tokens =
		tokens_new(cb->config->internal_token, cb->config->internal_token_previous);
	result = kafka_producer_open(&cb->config->kafka, &http->producer, why);
	if (result)
		return result;
	http->acks = event_new(service_loop(cb->ctx), kafka_producer_fd(http->producer),
	                       EV_READ | EV_PERSIST, on_acks, http);
	if (!http->acks || event_add(http->acks, NULL))
		abort();
	http->log_worker = worker_new(cb->ctx, "http-logs", QUEUE_LIMIT);
	http->note_worker = worker_new(cb->ctx, "http-notes", QUEUE_LIMIT);
	return listen_for_calls(http, why);
}

void http_drain(struct http *http)
{
	http->draining = true;
	if (http->bound)
		evhttp_del_accept_socket(http->server, http->bound);
	http->bound = NULL;
}

static void close_stores(struct stores *s)
{
	s->logs = logstore_close(s->logs);
	s->lag = kafka_lag_close(s->lag);
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
	close_stores(&http->log_stores);
	close_stores(&http->note_stores);
	http->producer = kafka_producer_close(http->producer);
	if (http->acks)
		event_free(http->acks);
	if (http->server)
		evhttp_free(http->server);
	http->tokens = tokens_free(http->tokens);
	free(http);
	return NULL;
}
