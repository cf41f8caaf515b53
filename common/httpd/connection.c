/* One connection: its requests as they come in, its deadlines, its end. */
#include "httpd/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	HEAD_MAX = 16384,
	READ_MAX = 65536,    /* what is pipelined, or too soon, waits in the kernel */
	STRAY_MAX = 1 << 20, /* bytes that a stream's client sends */
};

void connection_set_deadline(struct connection *c, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		                    .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(c->deadline, &tv);
}

static void drop_request(struct connection *c)
{
	c->server->body_bytes -= c->body.len;
	buf_deinit(&c->body);
	http_head_release(&c->request.head);
	http1_reader_rest(c->reader);
	c->request.body = NULL;
	c->request.body_len = 0;
	c->request.user = NULL;
}

void connection_free(struct connection *c)
{
	LIST_REMOVE(c, link);
	httpd_count(c->server, -1);
	drop_request(c);
	c->reader = http1_reader_free(c->reader);
	event_free(c->deadline);
	if (c->io)
		bufferevent_free(c->io);
	free(c);
}

void connection_lose(struct connection *c)
{
	if (c->state == STATE_STREAMING)
		c->events->on_gone(&c->request);
	if (c->state != STATE_HANDLING) {
		connection_free(c);
		return;
	}
	bufferevent_free(c->io);
	c->io = NULL;
	(void)event_del(c->deadline);
}

static void read_more(struct connection *c);

static void on_replied(struct connection *c)
{
	drop_request(c);
	c->state = STATE_IDLE;
	if (c->last && c->ended) {
		connection_free(c);
		return;
	}
	if (c->last) {
		c->state = STATE_LINGERING;
		(void)shutdown(bufferevent_getfd(c->io), SHUT_WR);
		connection_set_deadline(c, HTTPD_LINGER_MS);
		return;
	}
	connection_set_deadline(c, c->server->options.idle_ms);
	read_more(c);
	if (c->ended && c->state <= STATE_BODY)
		connection_free(c);
}

static void hand_over(struct connection *c)
{
	c->request.body = buf_str(&c->body);
	c->request.body_len = c->body.len;
	c->state = STATE_HANDLING;
	(void)event_del(c->deadline);
	c->server->on_request(&c->request, c->server->arg);
}

static void set_fault(struct connection *c, int code, const char *why)
{
	c->fault = code;
	c->why = why;
}

static enum http1_next on_head(void *arg, const struct http1_head *message)
{
	struct connection *c = arg;

	c->fault = http_head_take(message, &c->request.head, &c->why);
	if (!c->fault && message->framing == HTTP1_LENGTH &&
	    message->length > c->server->options.max_body)
		set_fault(c, 413, "the body is too large");
	if (c->fault)
		return HTTP1_HOLD;
	c->state = STATE_BODY;
	connection_set_deadline(c, c->server->options.body_ms);
	if (c->request.head.has_body && c->request.head.expects_continue)
		(void)bufferevent_write(c->io, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	return HTTP1_GO;
}

static void on_body(void *arg, const char *data, size_t len)
{
	struct connection *c = arg;
	const struct httpd_options *o = &c->server->options;

	if (!c->fault && len > o->max_body - c->body.len)
		set_fault(c, 413, "the body is too large");
	if (!c->fault && c->server->body_bytes + len > o->max_bodies)
		set_fault(c, 503, "too many requests are under way");
	if (c->fault)
		return;
	buf_append(&c->body, data, len);
	c->server->body_bytes += len;
}

static void on_end(void *arg)
{
}

static const struct http1_events reading = { .head = on_head,
	                                     .body = on_body,
	                                     .end = on_end };

static void judge(struct connection *c, int result)
{
	if (c->fault)
		connection_refuse(c, c->fault, c->why);
	else if (result == HTTP1_E_ENDED)
		hand_over(c);
	else if (result == HTTP1_E_TOO_LARGE && c->state == STATE_HEAD)
		connection_refuse(c, 431, "the head is larger than 16 KiB");
	else if (result)
		connection_refuse(c, 400, "the request is no well-formed HTTP/1.1");
}

static void read_more(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	size_t len, used;

	while (c->state <= STATE_BODY && (len = evbuffer_get_contiguous_space(in)) > 0) {
		if (c->state == STATE_IDLE) {
			c->state = STATE_HEAD;
			connection_set_deadline(c, c->server->options.head_ms);
		}
		const char *data = (const char *)evbuffer_pullup(in, (ev_ssize_t)len);
		int result = http1_reader_feed(c->reader, data, len, &used);

		(void)evbuffer_drain(in, used);
		judge(c, result);
	}
}

static void on_read(struct bufferevent *io, void *arg)
{
	struct connection *c = arg;
	struct evbuffer *in = bufferevent_get_input(io);

	if (c->state == STATE_STREAMING)
		c->stray += evbuffer_get_length(in);
	if (c->state == STATE_STREAMING || c->state == STATE_LINGERING)
		(void)evbuffer_drain(in, evbuffer_get_length(in));
	if (c->stray > STRAY_MAX)
		connection_lose(c);
	else
		read_more(c);
}

static void on_written(struct bufferevent *io, void *arg)
{
	struct connection *c = arg;

	if (c->state == STATE_REPLYING)
		on_replied(c);
	else if (c->state == STATE_STREAMING && c->ending)
		connection_lose(c);
	else if (c->state == STATE_STREAMING)
		c->events->on_room(&c->request);
}

static void on_event(struct bufferevent *io, short what, void *arg)
{
	struct connection *c = arg;

	/* whether it is still there to read, writing tells */
	if ((what & BEV_EVENT_EOF) &&
	    (c->state == STATE_HANDLING || c->state == STATE_REPLYING))
		c->ended = true;
	else
		connection_lose(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	if (c->state == STATE_HEAD || c->state == STATE_BODY)
		connection_refuse(c, 408, "the request did not come in time");
	else
		connection_lose(c);
}

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

void connection_open(struct httpd *h, evutil_socket_t fd, const struct sockaddr *address)
{
	struct connection *c = xcalloc(1, sizeof(*c));
	int on = 1;

	/* an answer goes in pieces of 16 KiB: the last one must not wait for the peer's
	 * delayed acknowledgement, which is 40 ms */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->server = h;
	c->reader = http1_reader_new(true, HEAD_MAX, &reading, c);
	c->io = bufferevent_socket_new(h->loop, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = evtimer_new(h->loop, on_deadline, c);
	if (!c->io || !c->deadline)
		abort();
	set_peer(c, address);
	LIST_INSERT_HEAD(&h->connections, c, link);
	httpd_count(h, 1);
	bufferevent_setcb(c->io, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->io, EV_READ, 0, READ_MAX);
	connection_set_deadline(c, h->options.idle_ms);
	(void)bufferevent_enable(c->io, EV_READ | EV_WRITE);
}
