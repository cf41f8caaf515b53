#include "transport/mllp_peers.h"

#include "base/clock.h"

#include <event2/event.h>

enum {
	PROOF_MS = 100, /* a connection that stands this long after an answer is kept */
	IDLE_MS = 60 * 1000,   /* then it is closed */
	IDLE_MAX = 256,        /* idle connections, of all peers */
	FORGET_MS = 600 * 1000 /* a peer that nobody has sent to */
};

struct metric mllp_metric_connections =
	METRIC_GAUGE("mllp_connections", "Connections to MLLP peers by their use.", "use");
struct metric mllp_metric_waiting =
	METRIC_GAUGE("mllp_waiting",
                     "Messages that wait for a connection: their peer has as many as the "
                     "row's max_concurrency.",
                     NULL);
struct metric mllp_metric_opened =
	METRIC_COUNTER("mllp_connections_total",
                       "Connections to MLLP peers by what became of them.", "end");
struct metric mllp_metric_skipped = METRIC_COUNTER(
	"mllp_skipped_total", "Messages from peers that were read past.", "reason");

static const char *const use_words[] = {
	[MLLP_OPENING] = "opening",
	[MLLP_BUSY] = "busy",
	[MLLP_PROVING] = "proving",
	[MLLP_IDLE] = "idle",
};

/* ---- places ---- */

static void leave_place(struct mllp_link *l)
{
	struct mllp_peer *p = l->peer;

	metric_add(&mllp_metric_connections, use_words[l->use], -1);
	if (l->use != MLLP_IDLE) {
		TAILQ_REMOVE(&p->others, l, link);
		p->n_proving -= l->use == MLLP_PROVING;
		return;
	}
	TAILQ_REMOVE(&p->idle, l, link);
	TAILQ_REMOVE(&p->t->idle, l, idle_link);
	p->t->n_idle--;
}

static void take_place(struct mllp_link *l, enum mllp_use use)
{
	struct mllp_peer *p = l->peer;

	l->use = use;
	metric_add(&mllp_metric_connections, use_words[use], 1);
	if (use != MLLP_IDLE) {
		TAILQ_INSERT_HEAD(&p->others, l, link);
		p->n_proving += use == MLLP_PROVING;
		return;
	}
	TAILQ_INSERT_HEAD(&p->idle, l, link);
	TAILQ_INSERT_HEAD(&p->t->idle, l, idle_link);
	p->t->n_idle++;
}

static void move(struct mllp_link *l, enum mllp_use use)
{
	leave_place(l);
	take_place(l, use);
}

static void close_link(struct mllp_link *l, const char *why)
{
	metric_add(&mllp_metric_opened, why, 1);
	leave_place(l);
	l->peer->n_open--;
	(void)mllp_connection_close(l->connection);
	free(l);
}

/* ---- carrying ---- */

static void put_on(struct mllp_link *l, struct mllp_exchange *x)
{
	l->exchange = x;
	x->carrier = l;
	move(l, MLLP_BUSY);
	const struct content message = { .text = x->rq.body,
		                         .len = x->rq.body_len,
		                         .documents = x->rq.documents,
		                         .n_documents = x->rq.n_documents };

	mllp_connection_send(l->connection, &message);
	mllp_connection_wait(l->connection, x->rq.row->ack_timeout_ms);
	mllp_exchange_sent(x);
	l->carried++;
}

static const struct mllp_connection_events events;

static void open_for(struct mllp_exchange *x)
{
	struct mllp_peer *p = x->peer;
	struct transport *t = p->t;
	struct mllp_link *l = xcalloc(1, sizeof(*l));
	const struct mllp_target target = {
		.loop = t->loop,
		.resolver = t->resolver,
		.guard = t->proxy.host ? NULL : t->guard,
		.proxy = t->proxy.host ? &t->proxy : NULL,
		.events = &events,
		.owner = t,
		.host = p->host,
		.port = p->port,
		.tls = p->tls,
		.insecure = p->insecure,
		.frame_limit = (size_t)t->config->response_limit,
	};
	int64_t limit = t->config->connect_timeout;

	if (limit > x->rq.row->timeout_ms)
		limit = x->rq.row->timeout_ms;
	l->peer = p;
	l->exchange = x;
	x->carrier = l;
	p->n_open++;
	take_place(l, MLLP_OPENING);
	l->connection = mllp_connection_open(&target, limit, l);
}

/* The most recently used one that still stands. */
static struct mllp_link *take_idle(struct mllp_peer *p)
{
	struct mllp_link *l;

	while ((l = TAILQ_FIRST(&p->idle))) {
		if (mllp_connection_is_fresh(l->connection))
			return l;
		close_link(l, "closed_by_peer");
	}
	return NULL;
}

/*
 * One that is being proved will soon do as well as a new one. Never more connections than
 * the row wants: peers have a limit, too (Mirth's is 10).
 */
static bool may_open(const struct mllp_peer *p, const struct mllp_exchange *x)
{
	return p->n_open < (unsigned)x->rq.row->max_concurrency &&
	       p->n_waiting >= p->n_proving;
}

static bool try_carry(struct mllp_exchange *x)
{
	struct mllp_link *l = take_idle(x->peer);

	if (l)
		put_on(l, x);
	else if (may_open(x->peer, x))
		open_for(x);
	else
		return false;
	return true;
}

void mllp_peer_carry(struct mllp_exchange *x)
{
	struct mllp_peer *p = x->peer;

	p->used_ms = clock_mono_ms();
	if (try_carry(x))
		return;
	TAILQ_INSERT_TAIL(&p->waiting, x, link);
	p->n_waiting++;
	metric_add(&mllp_metric_waiting, NULL, 1);
}

/* Something of this peer has become free. */
static void carry_waiting(struct mllp_peer *p)
{
	struct mllp_exchange *x;

	while ((x = TAILQ_FIRST(&p->waiting))) {
		p->n_waiting--; /* it is none of those that wait before it */
		if (!try_carry(x)) {
			p->n_waiting++;
			return;
		}
		TAILQ_REMOVE(&p->waiting, x, link);
		metric_add(&mllp_metric_waiting, NULL, -1);
	}
}

static void rest(struct mllp_link *l)
{
	struct transport *t = l->peer->t;

	move(l, MLLP_IDLE);
	mllp_connection_wait(l->connection, IDLE_MS);
	if (t->n_idle > IDLE_MAX)
		close_link(TAILQ_LAST(&t->idle, mllp_links), "surplus");
}

void mllp_peer_release(struct mllp_link *l, bool keep)
{
	struct mllp_peer *p = l->peer;

	l->exchange = NULL;
	if (!keep || p->habit == MLLP_CLOSES) {
		close_link(l, keep ? "after_answer" : "failed");
	} else if (p->habit == MLLP_HABIT_UNKNOWN) {
		move(l, MLLP_PROVING);
		mllp_connection_wait(l->connection, PROOF_MS);
	} else {
		rest(l);
	}
	carry_waiting(p);
}

/* ---- what a connection tells ---- */

static void on_ready(struct mllp_connection *c)
{
	struct mllp_link *l = c->user;

	put_on(l, l->exchange);
}

static bool on_frame(struct mllp_connection *c, const struct buf *message)
{
	struct mllp_link *l = c->user;

	if (l->exchange)
		return mllp_exchange_frame(l->exchange, message);
	metric_add(&mllp_metric_skipped, "unasked", 1);
	return true;
}

/* The peer closed a kept connection before a byte of the message had come to it. */
static void carry_anew(struct mllp_link *l)
{
	struct mllp_exchange *x = l->exchange;

	close_link(l, "closed_by_peer");
	open_for(x);
}

static void on_ended(struct mllp_connection *c, enum error_kind kind, const char *text)
{
	struct mllp_link *l = c->user;
	struct mllp_peer *p = l->peer;

	if (l->exchange && l->carried > 1) {
		p->habit = MLLP_HABIT_UNKNOWN; /* it may close after answers */
		if (mllp_connection_was_unheard(c)) {
			carry_anew(l);
			return;
		}
	}
	if (l->exchange) {
		mllp_exchange_broken(l->exchange, kind, text);
		return;
	}
	if (l->use == MLLP_PROVING)
		p->habit = MLLP_CLOSES;
	close_link(l, "closed_by_peer");
	carry_waiting(p);
}

static void prove(struct mllp_peer *p)
{
	struct mllp_link *l, *next;

	p->habit = MLLP_KEEPS;
	for (l = TAILQ_FIRST(&p->others); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->use != MLLP_PROVING)
			continue;
		rest(l);
		carry_waiting(p);
	}
}

/* Its peer has closed another one meanwhile. */
static void give_up(struct mllp_link *l)
{
	struct mllp_peer *p = l->peer;

	close_link(l, "after_answer");
	carry_waiting(p);
}

static void on_expired(struct mllp_connection *c)
{
	struct mllp_link *l = c->user;

	if (l->use == MLLP_BUSY)
		mllp_exchange_expired(l->exchange);
	else if (l->use == MLLP_PROVING && l->peer->habit == MLLP_CLOSES)
		give_up(l);
	else if (l->use == MLLP_PROVING)
		prove(l->peer);
	else
		close_link(l, "idle");
}

static const struct mllp_connection_events events = {
	.ready = on_ready,
	.frame = on_frame,
	.ended = on_ended,
	.expired = on_expired,
};

/* ---- peers ---- */

static struct mllp_peer *find(struct transport *t, const struct integration *row,
                              const uint8_t *identity, unsigned bucket)
{
	struct mllp_peer *p;

	LIST_FOREACH(p, &t->peers[bucket], link)
	if (p->port == row->port && strcmp(p->host, row->host) == 0 &&
	    memcmp(p->identity, identity, sizeof(p->identity)) == 0)
		return p;
	return NULL;
}

static unsigned bucket_of(const struct integration *row)
{
	unsigned hash = (unsigned)row->port;

	for (const char *c = row->host; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	return hash % MLLP_PEER_BUCKETS;
}

int mllp_peer_get(struct transport *t, const struct integration *row,
                  struct mllp_peer **out, struct err_text *why)
{
	unsigned bucket = bucket_of(row);
	uint8_t identity[MLLP_TLS_IDENTITY_SIZE];
	SSL_CTX *tls = NULL;

	mllp_tls_identity(row, identity);
	*out = find(t, row, identity, bucket);
	if (*out)
		return 0;
	int r = row->tls ? mllp_tls_context(row, &tls, why) : 0;
	if (r)
		return r;
	struct mllp_peer *p = xcalloc(1, sizeof(*p));
	p->t = t;
	p->host = xstrdup(row->host);
	p->port = row->port;
	p->tls = tls;
	p->insecure = row->tls_insecure;
	memcpy(p->identity, identity, sizeof(identity));
	TAILQ_INIT(&p->idle);
	TAILQ_INIT(&p->others);
	TAILQ_INIT(&p->waiting);
	LIST_INSERT_HEAD(&t->peers[bucket], p, link);
	*out = p;
	return 0;
}

static void peer_free(struct mllp_peer *p)
{
	LIST_REMOVE(p, link);
	SSL_CTX_free(p->tls);
	free(p->host);
	free(p);
}

void mllp_peers_sweep(struct transport *t)
{
	int64_t now_ms = clock_mono_ms();
	struct mllp_peer *p, *next;

	for (size_t i = 0; i < MLLP_PEER_BUCKETS; i++) {
		for (p = LIST_FIRST(&t->peers[i]); p; p = next) {
			next = LIST_NEXT(p, link);
			if (p->n_open == 0 && p->n_waiting == 0 &&
			    now_ms - p->used_ms > FORGET_MS)
				peer_free(p);
			else if (p->habit == MLLP_CLOSES)
				p->habit =
					MLLP_HABIT_UNKNOWN; /* it may have been restarted */
		}
	}
}

static void drop_links(struct mllp_links *links)
{
	struct mllp_link *l;

	while ((l = TAILQ_FIRST(links))) {
		free(l->exchange);
		close_link(l, "stopped");
	}
}

static void drop_waiting(struct mllp_peer *p)
{
	struct mllp_exchange *x;

	while ((x = TAILQ_FIRST(&p->waiting))) {
		TAILQ_REMOVE(&p->waiting, x, link);
		metric_add(&mllp_metric_waiting, NULL, -1);
		free(x);
	}
}

void mllp_peers_close(struct transport *t)
{
	struct mllp_peer *p;

	for (size_t i = 0; i < MLLP_PEER_BUCKETS; i++) {
		while ((p = LIST_FIRST(&t->peers[i]))) {
			drop_waiting(p);
			drop_links(&p->others);
			drop_links(&p->idle);
			peer_free(p);
		}
	}
}
