#pragma once
/*
 * MLLP peers and their connections; private to transport/mllp*.c. A peer is host, port and
 * TLS identity, whatever rows point at it. Its connections are kept between messages; each
 * has one message in flight.
 */
#include "metrics/metrics.h"
#include "transport/mllp_connection.h"
#include "transport/mllp_tls.h"

#include <sys/queue.h>

/*
 * Some listeners close a connection after each acknowledgement. MLLP has no word for that,
 * and a message that crosses the closing is lost or not, which nobody can tell. So the
 * first connection that has had an acknowledgement rests a moment before it is used again.
 */
enum mllp_habit {
	MLLP_HABIT_UNKNOWN,
	MLLP_KEEPS,
	MLLP_CLOSES,
};

TAILQ_HEAD(mllp_links, mllp_link);
TAILQ_HEAD(mllp_exchanges, mllp_exchange);

struct mllp_peer {
	LIST_ENTRY(mllp_peer) link;
	struct transport *t;
	char *host;
	int port;
	uint8_t identity[MLLP_TLS_IDENTITY_SIZE];
	SSL_CTX *tls; /* NULL: plain */
	bool insecure;
	enum mllp_habit habit;
	int64_t used_ms;               /* monotonic */
	unsigned n_open, n_proving;    /* connections: all, and of them */
	struct mllp_links idle;        /* most recently used first */
	struct mllp_links others;      /* opening, busy or proving */
	struct mllp_exchanges waiting; /* for one of them */
	unsigned n_waiting;
};

enum mllp_use { MLLP_OPENING, MLLP_BUSY, MLLP_PROVING, MLLP_IDLE };

/* A connection in its peer's hands. */
struct mllp_link {
	TAILQ_ENTRY(mllp_link) link;      /* peer.idle or .others */
	TAILQ_ENTRY(mllp_link) idle_link; /* transport.idle */
	struct mllp_peer *peer;
	struct mllp_connection *connection;
	struct mllp_exchange *exchange; /* what it opens for, or carries */
	enum mllp_use use;
	unsigned carried; /* messages */
};

/* One message and its acknowledgement. */
struct mllp_exchange {
	TAILQ_ENTRY(mllp_exchange) link; /* peer.waiting */
	struct mllp_peer *peer;
	struct mllp_link *carrier; /* NULL: it waits */
	struct transport_request rq;
	transport_done_fn done;
	void *arg;
	const char *control_id; /* MSH-10, in the body */
	size_t control_id_len;
	struct transport_timing timing;
	int64_t began_us, sent_us; /* monotonic; 0: not sent yet */
	bool mismatched;           /* an acknowledgement for another message came */
};

enum { MLLP_PEER_BUCKETS = 256 };

struct transport {
	const struct transport_ops *ops;
	const struct transport_config *config;
	struct event_base *loop;
	struct resolver *resolver;
	struct address_guard *guard;
	struct mllp_proxy proxy; /* of EGRESS_PROXY; host NULL: none, or not http:// */
	struct event *sweeper;
	LIST_HEAD(, mllp_peer) peers[MLLP_PEER_BUCKETS];
	struct mllp_links idle; /* of all peers, longest idle last */
	unsigned n_idle;
};

extern struct metric mllp_metric_connections, mllp_metric_waiting, mllp_metric_opened,
	mllp_metric_skipped;

/* TRANSPORT_E_CONFIG: the row's TLS cannot be used. */
int mllp_peer_get(struct transport *t, const struct integration *row,
                  struct mllp_peer **out, struct err_text *why) MUST_CHECK;
/* Carries it at once, or when a connection of its peer can. */
void mllp_peer_carry(struct mllp_exchange *x);
/* The exchange is over; `keep`: its connection may carry another. */
void mllp_peer_release(struct mllp_link *l, bool keep);
void mllp_peers_sweep(struct transport *t);
void mllp_peers_close(struct transport *t);

/* ---- of mllp.c, told by the peers ---- */
void mllp_exchange_sent(struct mllp_exchange *x);
bool mllp_exchange_frame(struct mllp_exchange *x,
                         const struct buf *message); /* false: over */
void mllp_exchange_broken(struct mllp_exchange *x, enum error_kind kind, const char *text);
void mllp_exchange_expired(struct mllp_exchange *x);
