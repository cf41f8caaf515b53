/* The server: its socket, its limits, its connections. */
#include "httpd/connection.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>

enum {
	BACKLOG = 128,
	HEAD_MS = 10000,
	BODY_MS = 30000,
	IDLE_MS = 65000,
	WRITE_MS = 60000,
};

static struct metric metric_connections = METRIC_GAUGE(
	"http_server_connections", "Open connections of a server of ours.", "server");
struct metric httpd_metric_refused = METRIC_COUNTER(
	"http_server_refused_total",
	"Requests that no handler saw, by the code of their answer; 0: connections "
	"that were closed since there were too many.",
	"code");
static struct metric *const metrics[] = { &metric_connections, &httpd_metric_refused };

void httpd_count(struct httpd *h, int change)
{
	h->n_connections += (size_t)change;
	metric_set(&metric_connections, h->options.name, (double)h->n_connections);
}

/* The oldest: new ones are put first. */
static void close_one_that_rests(struct httpd *h)
{
	struct connection *c, *oldest = NULL;

	for (c = LIST_FIRST(&h->connections); c; c = LIST_NEXT(c, link))
		if (c->state == STATE_IDLE)
			oldest = c;
	if (oldest)
		connection_lose(oldest);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *arg)
{
	struct httpd *h = arg;

	if (h->n_connections >= h->options.max_connections)
		close_one_that_rests(h);
	if (h->n_connections >= h->options.max_connections) {
		metric_add(&httpd_metric_refused, "0", 1);
		(void)evutil_closesocket(fd);
		return;
	}
	connection_open(h, fd, address);
}

static int64_t or_else(int64_t ms, int64_t usual)
{
	return ms ? ms : usual;
}

static void set_options(struct httpd *h, const struct httpd_options *options)
{
	struct httpd_options *o = &h->options;

	*o = *options;
	o->max_bodies = o->max_bodies ? o->max_bodies : o->max_body;
	o->head_ms = or_else(o->head_ms, HEAD_MS);
	o->body_ms = or_else(o->body_ms, BODY_MS);
	o->idle_ms = or_else(o->idle_ms, IDLE_MS);
	o->write_ms = or_else(o->write_ms, WRITE_MS);
}

static int bind_listener(struct httpd *h, struct err_text *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                        .ai_flags = AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *a = NULL;
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", h->options.port);
	if (getaddrinfo(h->options.address, port, &hints, &a))
		return err_say(why, -EINVAL, "%s: no address to listen on",
		               h->options.keys);
	h->listener = evconnlistener_new_bind(
		h->loop, on_accept, h,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
		a->ai_addr, (int)a->ai_addrlen);
	freeaddrinfo(a);
	if (h->listener)
		return 0;
	return err_say(why, errno ? -errno : -EIO,
	               "%s: cannot listen there; is another process using the port?",
	               h->options.keys);
}

int httpd_open(struct event_base *loop, const struct httpd_options *options,
               httpd_request_fn on_request, void *arg, struct httpd **out,
               struct err_text *why)
{
	struct httpd *h = xcalloc(1, sizeof(*h));

	h->loop = loop;
	h->on_request = on_request;
	h->arg = arg;
	LIST_INIT(&h->connections);
	set_options(h, options);
	int result = bind_listener(h, why);

	if (result)
		free(h);
	else
		*out = h;
	return result;
}

void httpd_drain(struct httpd *h)
{
	struct connection *next;

	h->draining = true;
	if (h->listener)
		evconnlistener_free(h->listener);
	h->listener = NULL;
	for (struct connection *c = LIST_FIRST(&h->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (c->state == STATE_IDLE)
			connection_lose(c);
	}
}

struct httpd *httpd_close(struct httpd *h)
{
	struct connection *next;

	if (!h)
		return NULL;
	if (h->listener)
		evconnlistener_free(h->listener);
	for (struct connection *c = LIST_FIRST(&h->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (c->state == STATE_STREAMING)
			c->events->on_gone(&c->request);
		connection_free(c);
	}
	free(h);
	return NULL;
}

size_t httpd_connections(const struct httpd *h)
{
	return h->n_connections;
}

int httpd_port(const struct httpd *h)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	if (!h->listener || getsockname(evconnlistener_get_fd(h->listener),
	                                (struct sockaddr *)&address, &len))
		return 0;
	/* the port is at the same place in both families */
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname() filled it */
	return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

void httpd_register_metrics(void)
{
	metrics_register(metrics, ARRAY_SIZE(metrics));
}
