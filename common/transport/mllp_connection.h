#pragma once
/*
 * One connection to an MLLP peer: name look-up, TCP, TLS, then frames in both directions.
 * It never blocks and knows nothing of acknowledgements; its owner (mllp.c) does. Loop
 * thread.
 */
#include "transport/address_guard.h"
#include "transport/mllp_frame.h"
#include "transport/mllp_tunnel.h"
#include "transport/resolver.h"
#include "transport/transport.h"

#include <openssl/ssl.h>

struct bufferevent;
struct mllp_connection;

struct mllp_connection_events {
	/* It can take a message. */
	void (*ready)(struct mllp_connection *c);
	/* One came; false: the connection was closed in it. */
	bool (*frame)(struct mllp_connection *c, const struct buf *message);
	/* It failed, or the peer closed it: close it. `text` is for a person. */
	void (*ended)(struct mllp_connection *c, enum error_kind kind, const char *text);
	/* The time that mllp_connection_wait() set is over. */
	void (*expired)(struct mllp_connection *c);
};

/* Where to; all borrowed for the connection's life. */
struct mllp_target {
	struct event_base *loop;
	struct resolver *resolver;
	const struct address_guard *guard; /* NULL: the proxy guards */
	const struct mllp_proxy *proxy;    /* NULL: straight to the peer */
	const struct mllp_connection_events *events;
	void *owner;
	const char *host;
	int port;
	SSL_CTX *tls; /* NULL: plain */
	bool insecure;
	size_t frame_limit; /* bytes kept of a message from the peer */
};

enum mllp_phase {
	MLLP_LOOKS_UP,
	MLLP_CONNECTS,
	MLLP_TUNNELS, /* through EGRESS_PROXY */
	MLLP_SECURES,
	MLLP_READY,
};

enum { MLLP_ADDRESSES_MAX = 8 };

/* Its owner reads what is public, and writes only `user`. */
struct mllp_connection {
	struct mllp_target target;
	void *user;
	enum mllp_phase phase;
	struct transport_timing timing; /* of the phases that are over */

	/* private */
	struct resolver_query *query;
	struct sockaddr_storage addresses[MLLP_ADDRESSES_MAX];
	unsigned n_addresses, next_address;
	char blocked[ADDRESS_TEXT_SIZE]; /* an address that the guard refused; "" */
	int64_t deadline_ms;             /* of being ready */
	int64_t phase_us;                /* when the phase began */
	int fd;                          /* while it connects */
	int error;                       /* errno of the last address */
	struct event *connecting, *timer;
	struct mllp_tunnel *tunnel;
	struct bufferevent *stream;
	struct mllp_frame frame;
	size_t received, sent;  /* bytes: since the last message was sent; its own */
	struct content message; /* one with documents is read as the peer takes it */
	struct content_place place;
	size_t unread; /* bytes of it and its frame's end that are not in `stream` yet */
};

/* `limit_ms` for look-up, TCP and TLS together. ready() or ended() follows, not from
 * inside. */
struct mllp_connection *mllp_connection_open(const struct mllp_target *target,
                                             int64_t limit_ms, void *user);
struct mllp_connection *mllp_connection_close(struct mllp_connection *c);
/* False: the peer has closed it, though the loop has not come to it yet. Ask before
 * sending. */
bool mllp_connection_is_fresh(struct mllp_connection *c);
/* In a frame. What the content points to is borrowed until the connection is closed or has
 * drained. */
void mllp_connection_send(struct mllp_connection *c, const struct content *message);
/* Ended, and for certain before the peer's TCP took a byte of the last message. */
bool mllp_connection_was_unheard(const struct mllp_connection *c);
bool mllp_connection_has_drained(const struct mllp_connection *c);
void mllp_connection_wait(struct mllp_connection *c, int64_t ms); /* then expired() */
