#include "transport/mllp_connection.h"

#include "base/clock.h"
#include "transport/mllp_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIECE = 65536,      /* of a message with documents, handed on at once */
	READ_AHEAD = 65536, /* bytes that wait in memory for their frame */
	FLOOD_FRAMES = 4,   /* a peer that sends as many of the longest is sick */
};
static const char frame_head[] = { MLLP_VT }, frame_tail[] = { MLLP_FS, MLLP_CR };

static void end(struct mllp_connection *c, enum error_kind kind, const char *text)
{
	c->target.events->ended(c, kind, text); /* closes it */
}

static int64_t phase_took(struct mllp_connection *c)
{
	int64_t now_us = clock_mono_us(), took = now_us - c->phase_us;

	c->phase_us = now_us;
	return took;
}

void mllp_connection_wait(struct mllp_connection *c, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)evtimer_add(c->timer, &tv);
}

/* ---- a stream of frames ---- */

/* False: the connection was closed. A message that is too long counts as it is, cut. */
static bool take(struct mllp_connection *c, struct evbuffer *input, size_t n)
{
	bool whole;
	const char *data = (const char *)evbuffer_pullup(input, (ev_ssize_t)n);
	size_t used = mllp_frame_take(&c->frame, data, n, &whole);
	bool cut = c->frame.message.truncated;

	(void)evbuffer_drain(input, used);
	c->received += used;
	if (!whole && !cut)
		return true;
	if (!c->target.events->frame(c, &c->frame.message))
		return false;
	if (cut || c->frame.message.cap > READ_AHEAD)
		mllp_frame_deinit(&c->frame);
	return true;
}

static void on_read(struct bufferevent *stream, void *arg)
{
	struct mllp_connection *c = arg;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t n;

	while ((n = evbuffer_get_contiguous_space(input)) > 0)
		if (!take(c, input, n))
			return;
	if (c->received / FLOOD_FRAMES > c->target.frame_limit)
		end(c, ERROR_KIND_RESPONSE, "The peer sends without end");
}

/* The peer has taken what there was: the next piece of a message with documents. */
static void on_write(struct bufferevent *stream, void *arg)
{
	struct mllp_connection *c = arg;
	char piece[PIECE];
	ssize_t n;

	if (c->unread == 0)
		return;
	n = content_read(&c->message, &c->place, piece, sizeof(piece));
	if (n < 0) {
		end(c, ERROR_KIND_STORAGE, "A document could not be read back");
		return;
	}
	if (n == 0) {
		c->unread = 0;
		(void)bufferevent_write(stream, frame_tail, sizeof(frame_tail));
		return;
	}
	c->unread -= (size_t)n;
	(void)bufferevent_write(stream, piece, (size_t)n);
}

static void say_broken(struct bufferevent *stream, struct err_text *why)
{
	int error = EVUTIL_SOCKET_ERROR();
	unsigned long tls = bufferevent_get_openssl_error(stream);

	if (tls)
		(void)err_say(why, 0, "The connection broke: %s",
		              ERR_reason_error_string(tls));
	else
		(void)err_say(why, 0, "The connection broke: %s",
		              error > 0 ? strerrordesc_np(error) : "unknown");
}

/* The connection stands; TLS failures of its first moments are still about trust. */
static void end_ready(struct mllp_connection *c, short what)
{
	unsigned long tls = bufferevent_get_openssl_error(c->stream);
	struct err_text why;

	if (what & BEV_EVENT_EOF) {
		end(c, ERROR_KIND_RESPONSE,
		    "The connection ended without an acknowledgement");
	} else if (tls && ERR_GET_LIB(tls) == ERR_LIB_SSL && c->frame.message.len == 0) {
		mllp_tls_say(bufferevent_openssl_get_ssl(c->stream), tls, &why);
		end(c, ERROR_KIND_TLS, why.text);
	} else {
		say_broken(c->stream, &why);
		end(c, ERROR_KIND_RESPONSE, why.text);
	}
}

static void be_ready(struct mllp_connection *c)
{
	c->phase = MLLP_READY;
	(void)evtimer_del(c->timer);
	c->target.events->ready(c);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct mllp_connection *c = arg;
	struct err_text why;

	if (what & BEV_EVENT_CONNECTED) {
		c->timing.tls_us = phase_took(c);
		be_ready(c);
	} else if (c->phase == MLLP_SECURES) {
		mllp_tls_say(bufferevent_openssl_get_ssl(stream),
		             bufferevent_get_openssl_error(stream), &why);
		end(c, ERROR_KIND_TLS, why.text);
	} else {
		end_ready(c, what);
	}
}

static void open_stream(struct mllp_connection *c)
{
	int fd = c->fd;

	c->fd = -1;
	if (c->target.tls) {
		SSL *session =
			mllp_tls_session(c->target.tls, c->target.host, c->target.insecure);

		c->phase = MLLP_SECURES;
		c->stream = bufferevent_openssl_socket_new(c->target.loop, fd, session,
		                                           BUFFEREVENT_SSL_CONNECTING,
		                                           BEV_OPT_CLOSE_ON_FREE);
	} else {
		c->stream =
			bufferevent_socket_new(c->target.loop, fd, BEV_OPT_CLOSE_ON_FREE);
	}
	if (!c->stream)
		abort(); /* out of memory */
	if (c->target.tls)
		bufferevent_openssl_set_allow_dirty_shutdown(c->stream, 1);
	bufferevent_setcb(c->stream, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, READ_AHEAD);
	(void)bufferevent_enable(c->stream, EV_READ | EV_WRITE);
	if (!c->target.tls)
		be_ready(c);
}

/* ---- TCP ---- */

static void try_next(struct mllp_connection *c);

static void drop_socket(struct mllp_connection *c)
{
	c->tunnel = mllp_tunnel_close(c->tunnel);
	if (c->connecting)
		event_free(c->connecting);
	c->connecting = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

static void on_tunnel(const char *refusal, void *arg)
{
	struct mllp_connection *c = arg;

	if (*refusal) {
		end(c, ERROR_KIND_CONNECT, refusal);
		return;
	}
	c->tunnel = mllp_tunnel_close(c->tunnel);
	open_stream(c);
}

static void open_way(struct mllp_connection *c)
{
	const struct mllp_target *to = &c->target;

	if (!to->proxy) {
		open_stream(c);
		return;
	}
	c->phase = MLLP_TUNNELS;
	c->tunnel = mllp_tunnel_open(to->loop, c->fd, to->proxy, to->host, to->port);
	mllp_tunnel_start(c->tunnel, on_tunnel, c);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct mllp_connection *c = arg;
	socklen_t len = sizeof(c->error);

	if (what & EV_TIMEOUT)
		c->error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &c->error, &len) != 0)
		c->error = errno;
	if (c->error != 0) {
		drop_socket(c);
		try_next(c);
		return;
	}
	event_free(c->connecting);
	c->connecting = NULL;
	c->timing.connect_us = phase_took(c);
	open_way(c);
}

/* One that does not answer leaves the others their share of the time. */
static void await_socket(struct mllp_connection *c)
{
	unsigned left = c->n_addresses - c->next_address + 1;
	int64_t ms = (c->deadline_ms - clock_mono_ms()) / left;

	if (ms < 1)
		ms = 1;
	struct timeval share = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	c->connecting = event_new(c->target.loop, c->fd, EV_WRITE, on_connected, c);
	(void)event_add(c->connecting, left > 1 ? &share : NULL);
}

static bool start_socket(struct mllp_connection *c, const struct sockaddr *address)
{
	static const int on = 1;
	socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                               : sizeof(struct sockaddr_in);

	c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		c->error = errno;
		return false;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(c->fd, address, len) == 0 || errno == EINPROGRESS)
		return true;
	c->error = errno;
	drop_socket(c);
	return false;
}

static void end_unconnected(struct mllp_connection *c)
{
	struct err_text why;

	if (c->error == ETIMEDOUT) {
		end(c, ERROR_KIND_TIMEOUT, ERROR_TEXT_CONNECT_TIMEOUT);
	} else if (c->error == 0 && c->blocked[0]) {
		(void)err_say(&why, 0,
		              "The address %s is not public; ALLOW_PRIVATE_DESTINATIONS "
		              "lists exceptions",
		              c->blocked);
		end(c, ERROR_KIND_BLOCKED, why.text);
	} else {
		(void)err_say(&why, 0, "Could not connect: %s",
		              c->error ? strerrordesc_np(c->error) : "no address");
		end(c, ERROR_KIND_CONNECT, why.text);
	}
}

static void try_next(struct mllp_connection *c)
{
	while (c->next_address < c->n_addresses) {
		const struct sockaddr *address =
			(const struct sockaddr *)&c->addresses[c->next_address++];

		if (c->target.guard && !address_guard_allows(c->target.guard, address)) {
			(void)address_to_text(address, c->blocked);
			continue;
		}
		if (start_socket(c, address)) {
			await_socket(c);
			return;
		}
	}
	end_unconnected(c);
}

/* ---- the name ---- */

static void keep_address(struct mllp_connection *c, const struct addrinfo *a)
{
	struct sockaddr_storage *to = &c->addresses[c->n_addresses];
	const struct mllp_proxy *proxy = c->target.proxy;
	in_port_t port = htons((uint16_t)(proxy ? proxy->port : c->target.port));

	if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
		return;
	memcpy(to, a->ai_addr, a->ai_addrlen);
	/* both kinds have their port at the same place, but C does not know */
	if (a->ai_family == AF_INET6)
		((struct sockaddr_in6 *)to)->sin6_port = port;
	else
		((struct sockaddr_in *)to)->sin_port = port;
	c->n_addresses++;
}

static void on_resolved(const struct addrinfo *addresses, const char *error, void *arg)
{
	struct mllp_connection *c = arg;
	struct err_text why;

	c->query = NULL;
	if (error) {
		(void)err_say(&why, 0, "Could not resolve the host name: %s", error);
		end(c, ERROR_KIND_DNS, why.text);
		return;
	}
	c->timing.dns_us = phase_took(c);
	for (; addresses && c->n_addresses < MLLP_ADDRESSES_MAX;
	     addresses = addresses->ai_next)
		keep_address(c, addresses);
	c->phase = MLLP_CONNECTS;
	try_next(c);
}

/* ---- life ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mllp_connection *c = arg;

	switch (c->phase) {
	case MLLP_LOOKS_UP:
		end(c, ERROR_KIND_DNS, "Could not resolve the host name: timed out");
		break;
	case MLLP_CONNECTS:
	case MLLP_TUNNELS:
		end(c, ERROR_KIND_TIMEOUT, ERROR_TEXT_CONNECT_TIMEOUT);
		break;
	case MLLP_SECURES:
		end(c, ERROR_KIND_TIMEOUT, ERROR_TEXT_NO_RESPONSE);
		break;
	case MLLP_READY:
		c->target.events->expired(c);
		break;
	}
}

struct mllp_connection *mllp_connection_open(const struct mllp_target *target,
                                             int64_t limit_ms, void *user)
{
	struct mllp_connection *c = xcalloc(1, sizeof(*c));

	c->target = *target;
	c->user = user;
	c->fd = -1;
	c->phase_us = clock_mono_us();
	c->deadline_ms = c->phase_us / 1000 + limit_ms;
	c->timer = evtimer_new(target->loop, on_timer, c);
	mllp_frame_init(&c->frame, target->frame_limit);
	mllp_connection_wait(c, limit_ms);
	c->query = resolver_ask(target->resolver,
	                        target->proxy ? target->proxy->host : target->host,
	                        on_resolved, c);
	return c;
}

static void close_stream(struct mllp_connection *c)
{
	SSL *session;

	if (!c->stream)
		return;
	session = bufferevent_openssl_get_ssl(c->stream);
	if (session && c->phase == MLLP_READY)
		(void)SSL_shutdown(session); /* says goodbye; does not wait */
	ERR_clear_error();
	bufferevent_free(c->stream);
}

struct mllp_connection *mllp_connection_close(struct mllp_connection *c)
{
	if (!c)
		return NULL;
	if (c->query)
		resolver_cancel(c->query);
	drop_socket(c);
	close_stream(c);
	event_free(c->timer);
	mllp_frame_deinit(&c->frame);
	free(c);
	return NULL;
}

/* TLS's own messages (a session ticket, a goodbye) are taken in here. */
static bool session_is_open(SSL *session)
{
	char byte;
	int n = SSL_peek(session, &byte, 1);
	bool open = n > 0 || SSL_get_error(session, n) == SSL_ERROR_WANT_READ;

	ERR_clear_error();
	return open;
}

bool mllp_connection_is_fresh(struct mllp_connection *c)
{
	SSL *session = bufferevent_openssl_get_ssl(c->stream);
	struct pollfd peer = {
		.fd = bufferevent_getfd(c->stream),
		.events = POLLIN | POLLRDHUP,
	};

	if (poll(&peer, 1, 0) == 0)
		return true;
	return !(peer.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) &&
	       (!session || session_is_open(session));
}

void mllp_connection_send(struct mllp_connection *c, const struct content *message)
{
	struct evbuffer *output = bufferevent_get_output(c->stream);
	size_t len = (size_t)content_length(message);

	c->received = 0;
	c->sent = sizeof(frame_head) + len + sizeof(frame_tail);
	(void)evbuffer_add(output, frame_head, sizeof(frame_head));
	if (message->n_documents > 0) {
		c->message = *message;
		c->place = (struct content_place){ 0 };
		c->unread = len + sizeof(frame_tail); /* on_write() goes on */
		return;
	}
	(void)evbuffer_add_reference(output, message->text, message->len, NULL, NULL);
	(void)evbuffer_add(output, frame_tail, sizeof(frame_tail));
}

/*
 * The peer's FIN acknowledges what its TCP had taken until then. If that is nothing of the
 * message, nobody can read it any more. After a reset, or with TLS, one cannot know.
 */
bool mllp_connection_was_unheard(const struct mllp_connection *c)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int fd = c->stream ? bufferevent_getfd(c->stream) : -1, queued = 0;

	if (fd < 0 || c->target.tls || c->received > 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    info.tcpi_state != TCP_CLOSE_WAIT || ioctl(fd, SIOCOUTQ, &queued) != 0)
		return false;
	return evbuffer_get_length(bufferevent_get_output(c->stream)) + c->unread +
	               (size_t)queued >=
	       c->sent;
}

bool mllp_connection_has_drained(const struct mllp_connection *c)
{
	return c->unread == 0 &&
	       evbuffer_get_length(bufferevent_get_output(c->stream)) == 0;
}
