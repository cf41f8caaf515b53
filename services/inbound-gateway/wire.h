#pragma once
/*
 * A non-blocking socket on the loop: what comes is handed over as it is read, what is sent
 * goes out at once as far as the kernel takes it, and waits in a backlog else. Callers keep
 * the backlog small by not reading from the other side while it is large.
 */
#include "base/buf.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/socket.h>

struct wire;

enum wire_end {
	WIRE_EOF,    /* the peer will send no more */
	WIRE_FAILED, /* reset, or the connection was refused: nothing goes either way */
};

/* Called on the loop; each may close the wire. */
struct wire_events {
	void (*data)(void *arg, const char *data, size_t len);
	void (*drained)(void *arg); /* the backlog is empty again */
	void (*connected)(void *arg);
	void (*ended)(void *arg, enum wire_end how); /* once for each way of ending */
};

struct wire {
	int fd; /* -1: closed */
	struct event read, write;
	struct buf backlog; /* its first `sent` bytes are gone */
	size_t sent;
	const struct wire_events *events;
	void *arg;
	bool reading, writing, connecting, corked, broken;
};

/* Takes over a connected socket. Nothing is read before wire_read. */
void wire_open(struct wire *w, struct event_base *loop, int fd,
               const struct wire_events *events, void *arg);
/* 0, or -errno when the address cannot even be tried. */
int wire_connect(struct wire *w, struct event_base *loop, const struct sockaddr *address,
                 socklen_t len, const struct wire_events *events, void *arg) MUST_CHECK;
void wire_close(struct wire *w); /* drops what was not sent */
static inline bool wire_is_open(const struct wire *w)
{
	return w->fd >= 0;
}

void wire_read(struct wire *w, bool on);
void wire_send(struct wire *w, const void *data, size_t len);
/* What is sent between these two leaves in one piece. */
void wire_cork(struct wire *w);
void wire_uncork(struct wire *w);
static inline size_t wire_backlog(const struct wire *w)
{
	return w->backlog.len - w->sent;
}
/* No more is sent after what was; the peer sees an end. Call when the backlog is empty. */
void wire_end(struct wire *w);
/* Has an idle connection been closed, or has it something to say? */
bool wire_is_stale(const struct wire *w);
