#include "httpd/httpd.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

/* A refused client may still be sending: its answer gets through. */
#define LINGER_MS  2000
#define LINGER_MAX ((size_t)4 << 20)
#define BACKLOG    128

enum state {
	STATE_IDLE,     /* between requests */
	STATE_HEAD,     /* some of a head has come */
	STATE_BODY,     /* its body is coming */
	STATE_HANDLING, /* the handler has it */
	STATE_REPLYING, /* the answer is on its way */
	STATE_STREAMING,
	STATE_LINGERING, /* the last answer is out; what still comes is dropped */
};

struct connection {
	struct httpd_request request; /* first: the handler's pointer is ours */
	struct httpd *server;
	LIST_ENTRY(connection) link;
	struct bufferevent *io; /* NULL: the client has gone */
	struct event *deadline;
	enum state state;
	size_t lingered;
	bool last;   /* close after this answer */
	bool ending; /* a stream that was ended */
	const struct httpd_stream_events *events;
	char peer[INET6_ADDRSTRLEN];
};
LIST_HEAD(connection_list, connection);

struct httpd {
	struct event_base *loop;
	struct evconnlistener *listener;
	struct httpd_options options;
	httpd_request_fn on_request;
	void *arg;
	struct connection_list connections;
	size_t n_connections, body_bytes;
	bool draining;
};

static void read_more(struct connection *c);

static void set_deadline(struct connection *c, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		                    .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(c->deadline, &tv);
}

static void drop_request(struct connection *c)
{
	c->server->body_bytes -= c->request.body_len;
	free((char *)(uintptr_t)c->request.body);
	http_head_release(&c->request.head);
	c->request.body = NULL;
	c->request.body_len = 0;
	c->request.user = NULL;
}

static void free_connection(struct connection *c)
{
	LIST_REMOVE(c, link);
	c->server->n_connections--;
	drop_request(c);
	event_free(c->deadline);
	if (c->io)
		bufferevent_free(c->io);
	free(c);
}

/* The handler may still hold the request: then only its socket goes. */
static void lose(struct connection *c)
{
	if (c->state == STATE_STREAMING)
		c->events->on_gone(&c->request);
	if (c->state != STATE_HANDLING) {
		free_connection(c);
		return;
	}
	bufferevent_free(c->io);
	c->io = NULL;
	(void)event_del(c->deadline);
}

/* ---- answers ---- */

static const char *reason_of(int code)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 429, "Too Many Requests" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return code < 400 ? "OK" : "Error";
}

void httpd_header(struct buf *headers, const char *name, const char *value)
{
	buf_printf(headers, "%s: ", name);
	for (; *value; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			buf_append_char(headers, ' ');
		else
			buf_append_char(headers, *value);
	}
	buf_append_str(headers, "\r\n");
}

static void write_head(struct connection *c, int code, const struct buf *headers,
                       int64_t length)
{
	struct evbuffer *out = bufferevent_get_output(c->io);

	(void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", code, reason_of(code));
	if (headers)
		(void)evbuffer_add(out, headers->data, headers->len);
	if (length >= 0)
		(void)evbuffer_add_printf(out, "content-length: %lld\r\n",
		                          (long long)length);
	if (c->last)
		(void)evbuffer_add(out, "connection: close\r\n", 19);
	(void)evbuffer_add(out, "\r\n", 2);
}

void httpd_reply(struct httpd_request *request, int code, const struct buf *headers,
                 const void *body, size_t len)
{
	struct connection *c = (struct connection *)request;
	bool bodiless = code == 204 || code == 304;

	if (!c->io) {
		free_connection(c);
		return;
	}
	c->last |= c->server->draining || !request->head.keep_alive;
	write_head(c, code, headers, bodiless ? -1 : (int64_t)len);
	if (len && !bodiless &&
	    !(request->head.method && strcmp(request->head.method, "HEAD") == 0))
		(void)evbuffer_add(bufferevent_get_output(c->io), body, len);
	c->state = STATE_REPLYING;
	set_deadline(c, c->server->options.write_ms);
}

/* What cannot even be handed over: a plain sentence, and the end. */
static void refuse(struct connection *c, int code, const char *why)
{
	CLEANUP(buf_deinit) struct buf headers = BUF_INIT(0), body = BUF_INIT(0);

	c->last = true;
	buf_printf(&body, "{\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
	           reason_of(code), code, why);
	httpd_header(&headers, "content-type", "application/problem+json");
	if (code == 503)
		httpd_header(&headers, "retry-after", "5");
	httpd_reply(&c->request, code, &headers, body.data, body.len);
}

static void on_replied(struct connection *c)
{
	drop_request(c);
	c->state = STATE_IDLE;
	if (c->last) {
		c->state = STATE_LINGERING;
		(void)shutdown(bufferevent_getfd(c->io), SHUT_WR);
		set_deadline(c, LINGER_MS);
		return;
	}
	set_deadline(c, c->server->options.idle_ms);
	read_more(c);
}

/* ---- requests ---- */

static void hand_over(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	size_t len = c->request.head.content_length;
	char *body = xcalloc(1, len + 1);

	(void)evbuffer_remove(in, body, len);
	c->request.body = body;
	c->request.body_len = len;
	c->server->body_bytes += len;
	c->state = STATE_HANDLING;
	(void)event_del(c->deadline);
	c->server->on_request(&c->request, c->server->arg);
}

static void begin_body(struct connection *c)
{
	const struct httpd_options *o = &c->server->options;
	size_t len = c->request.head.content_length;

	if (len > o->max_body) {
		refuse(c, 413, "the body is too large");
		return;
	}
	if (c->server->body_bytes + len > o->max_bodies) {
		refuse(c, 503, "too many requests are under way");
		return;
	}
	c->state = STATE_BODY;
	set_deadline(c, o->body_ms);
	if (len && c->request.head.expects_continue)
		(void)bufferevent_write(c->io, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* False: the head is not whole yet. */
static bool take_head(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	size_t len = end.pos < 0 ? evbuffer_get_length(in) : (size_t)end.pos;
	struct err_text why = { "" };

	if (len > HTTP_HEAD_MAX) {
		refuse(c, 431, "the head is larger than 16 KiB");
		return true;
	}
	if (end.pos < 0)
		return false;
	const char *text = (const char *)evbuffer_pullup(in, (ev_ssize_t)len + 4);
	int code = http_head_parse(text, len, &c->request.head, &why);
	(void)evbuffer_drain(in, len + 4);
	if (code)
		refuse(c, code, why.text);
	else
		begin_body(c);
	return true;
}

static void read_more(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	size_t len = evbuffer_get_length(in);

	if (c->state == STATE_IDLE && len > 0) {
		c->state = STATE_HEAD;
		set_deadline(c, c->server->options.head_ms);
	}
	if (c->state == STATE_HEAD && !take_head(c))
		return;
	if (c->state == STATE_BODY &&
	    evbuffer_get_length(in) >= c->request.head.content_length)
		hand_over(c);
}

static void on_read(struct bufferevent *io, void *arg)
{
	struct connection *c = arg;
	struct evbuffer *in = bufferevent_get_input(io);

	if (c->state == STATE_LINGERING || c->state == STATE_STREAMING) {
		c->lingered += evbuffer_get_length(in);
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		if (c->lingered > LINGER_MAX)
			lose(c);
		return;
	}
	read_more(c);
}

static void on_written(struct bufferevent *io, void *arg)
{
	struct connection *c = arg;

	if (c->state == STATE_REPLYING)
		on_replied(c);
	else if (c->state == STATE_STREAMING && c->ending)
		lose(c);
	else if (c->state == STATE_STREAMING)
		c->events->on_room(&c->request);
}

static void on_event(struct bufferevent *io, short what, void *arg)
{
	lose(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	if (c->state == STATE_HEAD || c->state == STATE_BODY)
		refuse(c, 408, "the request did not come in time");
	else
		lose(c);
}

/* ---- streams ---- */

void httpd_stream_begin(struct httpd_request *request, const struct buf *headers,
                        const struct httpd_stream_events *events)
{
	struct connection *c = (struct connection *)request;

	c->events = events;
	c->last = true;
	c->state = STATE_STREAMING;
	if (c->io)
		write_head(c, 200, headers, -1);
	else
		set_deadline(c, 1); /* gone before it began: on_gone from the loop */
}

void httpd_stream_write(struct httpd_request *request, const void *data, size_t len)
{
	struct connection *c = (struct connection *)request;

	if (c->io && !c->ending)
		(void)bufferevent_write(c->io, data, len);
}

size_t httpd_stream_unsent(const struct httpd_request *request)
{
	const struct connection *c = (const struct connection *)request;

	return c->io ? evbuffer_get_length(bufferevent_get_output(c->io)) : 0;
}

void httpd_stream_end(struct httpd_request *request)
{
	struct connection *c = (struct connection *)request;

	c->ending = true;
	set_deadline(c, httpd_stream_unsent(request) ? LINGER_MS : 1);
}

/* ---- the server ---- */

static void set_peer(struct connection *c, const struct sockaddr *address)
{
	const void *where = NULL;

	if (address->sa_family == AF_INET)
		where = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		where = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (!where || !inet_ntop(address->sa_family, where, c->peer, sizeof(c->peer)))
		(void)snprintf(c->peer, sizeof(c->peer), "unknown");
	c->request.peer = c->peer;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *arg)
{
	struct httpd *h = arg;

	if (h->n_connections >= h->options.max_connections) {
		(void)evutil_closesocket(fd);
		return;
	}
	struct connection *c = xcalloc(1, sizeof(*c));
	c->server = h;
	c->io = bufferevent_socket_new(h->loop, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = evtimer_new(h->loop, on_deadline, c);
	if (!c->io || !c->deadline)
		abort();
	set_peer(c, address);
	LIST_INSERT_HEAD(&h->connections, c, link);
	h->n_connections++;
	bufferevent_setcb(c->io, on_read, on_written, on_event, c);
	/* what is pipelined, or comes before its place in the budget, waits in the kernel
	 */
	bufferevent_setwatermark(c->io, EV_READ, 0,
	                         h->options.max_body + HTTP_HEAD_MAX + 4);
	set_deadline(c, h->options.idle_ms);
	(void)bufferevent_enable(c->io, EV_READ | EV_WRITE);
}

int httpd_open(struct event_base *loop, const struct httpd_options *options,
               httpd_request_fn on_request, void *arg, struct httpd **out,
               struct err_text *why)
{
	struct sockaddr_storage address;
	int len = sizeof(address);
	char text[128];
	struct httpd *h = NULL;

	(void)snprintf(text, sizeof(text),
	               strchr(options->address, ':') ? "[%s]:%d" : "%s:%d",
	               options->address, options->port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len))
		return err_say(why, -EINVAL, "%s: no address to listen on", options->keys);
	h = xcalloc(1, sizeof(*h));
	h->loop = loop;
	h->options = *options;
	h->on_request = on_request;
	h->arg = arg;
	LIST_INIT(&h->connections);
	h->listener = evconnlistener_new_bind(loop, on_accept, h,
	                                      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
	                                      BACKLOG, (struct sockaddr *)&address, len);
	if (!h->listener) {
		free(h);
		return err_say(why, errno ? -errno : -EIO,
		               "%s: cannot listen there; is another process using the "
		               "port?",
		               options->keys);
	}
	*out = h;
	return 0;
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
			lose(c);
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
		free_connection(c);
	}
	free(h);
	return NULL;
}

size_t httpd_connections(const struct httpd *h)
{
	return h->n_connections;
}
