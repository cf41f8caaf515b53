#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define PIECE 65536 /* read at once */
#define SMALL 4096  /* a larger backlog is given back when it is empty */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static char
		piece[PIECE]; /* one loop: whoever is called is done with it on return */
	struct wire *w = arg;
	ssize_t n = recv(fd, piece, sizeof(piece), 0);

	if (n > 0) {
		w->events->data(w->arg, piece, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	wire_read(w, false);
	if (n < 0)
		w->broken = true;
	w->events->ended(w->arg, n == 0 ? WIRE_EOF : WIRE_FAILED);
}

static void want_write(struct wire *w, bool on)
{
	if (on == w->writing)
		return;
	w->writing = on;
	if (on)
		(void)event_add(&w->write, NULL);
	else
		(void)event_del(&w->write);
}

static void empty_backlog(struct wire *w)
{
	w->sent = 0;
	if (w->backlog.cap > SMALL)
		buf_deinit(&w->backlog);
	else
		buf_clear(&w->backlog);
}

/* False: the connection is gone. */
static bool flush(struct wire *w)
{
	while (wire_backlog(w) > 0) {
		ssize_t n = send(w->fd, w->backlog.data + w->sent, wire_backlog(w),
		                 MSG_NOSIGNAL);

		if (n >= 0) {
			w->sent += (size_t)n;
		} else if (errno == EAGAIN) {
			want_write(w, true);
			return true;
		} else if (errno != EINTR) {
			return false;
		}
	}
	empty_backlog(w);
	want_write(w, false);
	return true;
}

/* What cannot be sent is dropped; the reader may still hear what the peer said before. */
static void fail_writing(struct wire *w)
{
	w->broken = true;
	want_write(w, false);
	empty_backlog(w);
}

static void finish_connecting(struct wire *w)
{
	int error = 0;
	socklen_t len = sizeof(error);

	want_write(w, false);
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		w->broken = true;
		w->events->ended(w->arg, WIRE_FAILED); /* `connecting` says which failure */
		return;
	}
	w->connecting = false;
	wire_uncork(w);
	w->events->connected(w->arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;

	if (w->connecting) {
		finish_connecting(w);
		return;
	}
	if (w->corked) {
		want_write(w, false); /* it goes on when the cork is out */
		return;
	}
	if (!flush(w)) {
		fail_writing(w);
		w->events->ended(w->arg, WIRE_FAILED);
	} else if (!w->writing) {
		w->events->drained(w->arg);
	}
}

void wire_open(struct wire *w, struct event_base *loop, int fd,
               const struct wire_events *events, void *arg)
{
	static const int on = 1;

	*w = (struct wire){ .fd = fd, .events = events, .arg = arg };
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (event_assign(&w->read, loop, fd, EV_READ | EV_PERSIST, on_readable, w) ||
	    event_assign(&w->write, loop, fd, EV_WRITE | EV_PERSIST, on_writable, w))
		abort();
}

int wire_connect(struct wire *w, struct event_base *loop, const struct sockaddr *address,
                 socklen_t len, const struct wire_events *events, void *arg)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, address, len) && errno != EINPROGRESS) {
		int code = -errno;

		(void)close(fd);
		return code;
	}
	wire_open(w, loop, fd, events, arg);
	w->connecting = w->corked = true;
	want_write(w, true);
	return 0;
}

void wire_close(struct wire *w)
{
	if (w->fd < 0)
		return;
	(void)event_del(&w->read);
	(void)event_del(&w->write);
	(void)close(w->fd);
	w->fd = -1;
	w->reading = w->writing = w->connecting = false;
	buf_deinit(&w->backlog);
	w->sent = 0;
}

void wire_read(struct wire *w, bool on)
{
	if (on == w->reading || w->fd < 0)
		return;
	w->reading = on;
	if (on)
		(void)event_add(&w->read, NULL);
	else
		(void)event_del(&w->read);
}

static void keep(struct wire *w, const char *data, size_t len)
{
	if (w->sent > w->backlog.len / 2) { /* a slow peer's backlog never is empty */
		w->backlog.len -= w->sent;
		memmove(w->backlog.data, w->backlog.data + w->sent, w->backlog.len);
		w->sent = 0;
	}
	buf_append(&w->backlog, data, len);
}

void wire_send(struct wire *w, const void *data, size_t len)
{
	ssize_t n = 0;

	if (w->fd < 0 || w->broken || len == 0)
		return;
	if (!w->corked && wire_backlog(w) == 0) {
		n = send(w->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			w->broken = true;
			return;
		}
		n = n < 0 ? 0 : n;
	}
	if ((size_t)n == len)
		return;
	keep(w, (const char *)data + n, len - (size_t)n);
	if (!w->corked)
		want_write(w, true);
}

void wire_cork(struct wire *w)
{
	w->corked = true;
}

void wire_uncork(struct wire *w)
{
	if (w->connecting)
		return; /* what waits goes out when the connection stands */
	w->corked = false;
	if (w->fd >= 0 && !w->broken && !flush(w))
		fail_writing(w);
}

void wire_end(struct wire *w)
{
	if (w->fd >= 0)
		(void)shutdown(w->fd, SHUT_WR);
}

bool wire_is_stale(const struct wire *w)
{
	char c;
	ssize_t n = recv(w->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n >= 0 || (errno != EAGAIN && errno != EINTR);
}
