#include "upstream.h"

#include "base/clock.h"
#include "call.h"
#include "log/log.h"

#include <netdb.h>
#include <stdio.h>

#define MAX_ADDRESSES 8
#define MAX_IDLE      256
/* Shorter than any server's keep-alive: an idle connection is ours to close, not its. */
#define IDLE_MS    1500
#define RESOLVE_MS 30000
#define HEAD_LIMIT ((size_t)256 << 10)

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* One look-up at a time: the worker's while it runs. */
struct lookup {
	struct upstream *upstream;
	struct address found[MAX_ADDRESSES];
	size_t n;
	int code;
};

TAILQ_HEAD(link_list, link);

struct upstream {
	struct gateway *gw;
	char *host, *port, *authority;
	struct address addresses[MAX_ADDRESSES];
	size_t n_addresses, next;
	struct link_list idle, busy, dead;
	size_t n_idle, n_all;
	struct worker *resolver;
	struct lookup lookup;
	bool asking, is_number, told;
	int64_t asked_ms;
};

/* Of "http://host:port": malloc'd parts; false when it is something else. */
static bool split(const char *url, char **host, char **port, char **authority)
{
	const char *at = url + 7, *end, *colon;

	if (strncmp(url, "http://", 7) != 0)
		return false;
	size_t len = strcspn(at, "/");
	if (len == 0 || (at[len] == '/' && at[len + 1]) || memchr(at, '@', len) ||
	    memchr(at, '?', len) || memchr(at, '#', len))
		return false;
	end = at + len;
	if (*at == '[') {
		const char *close = memchr(at, ']', len);

		if (!close || (close + 1 < end && close[1] != ':'))
			return false;
		*host = xstrndup(at + 1, (size_t)(close - at - 1));
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(at, ':', len);
		*host = xstrndup(at, (size_t)((colon ? colon : end) - at));
	}
	*port = colon ? xstrndup(colon + 1, (size_t)(end - colon - 1)) : xstrdup("80");
	*authority = xstrndup(at, len);
	return true;
}

const char *upstream_url_fault(const char *url)
{
	char *host = NULL, *port = NULL, *authority = NULL;
	bool sound = split(url, &host, &port, &authority) && *host && *port &&
	             strspn(port, "0123456789") == strlen(port);

	free(host);
	free(port);
	free(authority);
	return sound ? NULL
	             : "must be http://host:port, without a path (TLS is a proxy's "
	               "between)";
}

/* ---- its addresses ---- */

static void resolve(void *job)
{
	struct lookup *l = job;
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = l->upstream->is_number ? AI_NUMERICHOST | AI_NUMERICSERV : 0,
	};
	struct addrinfo *list = NULL;

	l->n = 0;
	l->code = getaddrinfo(l->upstream->host, l->upstream->port, &hints, &list);
	for (const struct addrinfo *a = l->code ? NULL : list; a && l->n < MAX_ADDRESSES;
	     a = a->ai_next) {
		memcpy(&l->found[l->n].storage, a->ai_addr, a->ai_addrlen);
		l->found[l->n++].len = a->ai_addrlen;
	}
	if (l->code == 0)
		freeaddrinfo(list);
}

static void take_addresses(void *job)
{
	struct lookup *l = job;
	struct upstream *u = l->upstream;

	u->asking = false;
	/* asked, whatever the answer: without the LIS calls are answered, too */
	service_ready(u->gw->ctx, "upstream-name", true, "");
	if (l->code || l->n == 0) {
		if (!u->told)
			log_warn(NULL, "gateway.upstream",
			         "LIS_UPSTREAM_URL: the host's name is not known: %s",
			         gai_strerror(l->code));
		u->told = true;
		return;
	}
	u->told = false;
	memcpy(u->addresses, l->found, sizeof(u->addresses));
	u->n_addresses = l->n;
}

static void ask_addresses(struct upstream *u)
{
	if (u->asking || u->is_number)
		return;
	u->asked_ms = clock_mono_ms();
	u->asking = worker_submit(u->resolver, resolve, take_addresses, &u->lookup);
}

struct upstream *upstream_open(struct gateway *gw)
{
	struct upstream *u = xcalloc(1, sizeof(*u));

	u->gw = gw;
	TAILQ_INIT(&u->idle);
	TAILQ_INIT(&u->busy);
	TAILQ_INIT(&u->dead);
	if (!split(gw->config->upstream_url, &u->host, &u->port, &u->authority))
		abort(); /* checked */
	u->lookup.upstream = u;
	u->is_number = true;
	resolve(&u->lookup);
	if (u->lookup.code == 0) {
		take_addresses(&u->lookup);
		return u;
	}
	u->is_number = false;
	service_ready(gw->ctx, "upstream-name", false,
	              "the LIS's address is not known yet");
	u->resolver = worker_new(gw->ctx, "resolver", 1);
	ask_addresses(u);
	return u;
}

const char *upstream_authority(const struct upstream *u)
{
	return u->authority;
}

/* ---- its connections ---- */

static struct link_list *list_of(struct link *l)
{
	return l->call ? &l->upstream->busy : &l->upstream->idle;
}

static void count(struct upstream *u)
{
	metric_set(&metric_upstream_connections, NULL, (double)u->n_all);
}

static void bury(struct link *l)
{
	struct upstream *u = l->upstream;

	if (l->dead)
		return;
	TAILQ_REMOVE(list_of(l), l, entry);
	u->n_idle -= l->call == NULL;
	u->n_all--;
	l->dead = true;
	l->call = NULL;
	wire_close(&l->wire);
	TAILQ_INSERT_TAIL(&u->dead, l, entry);
	event_active(u->gw->sweep, EV_TIMEOUT, 1);
	count(u);
}

static void free_link(struct link *l)
{
	l->reader = http1_reader_free(l->reader);
	free(l);
}

static int try_connect(struct link *l);

bool link_try_next(struct link *l)
{
	struct buf waiting = l->wire.backlog; /* none of it is sent */

	l->wire.backlog = BUF_INIT(0);
	wire_close(&l->wire);
	while (l->tried < l->upstream->n_addresses) {
		if (try_connect(l))
			continue;
		l->wire.backlog = waiting;
		return true;
	}
	buf_deinit(&waiting);
	return false;
}

static void feed(struct link *l, const char *data, size_t len)
{
	size_t at = 0;

	l->feeding = true;
	while (at < len && l->call && !l->ended) {
		size_t used = 0;

		switch (http1_reader_feed(l->reader, data + at, len - at, &used)) {
		case 0:
		case HTTP1_E_ENDED:
			break;
		default:
			l->feeding = false;
			call_upstream_failed(l->call, UPSTREAM_UNREADABLE,
			                     http1_reader_fault(l->reader));
			return;
		}
		at += used;
	}
	l->feeding = false;
	if (l->call && l->ended)
		call_answer_complete(l->call, at == len);
}

static void on_data(void *arg, const char *data, size_t len)
{
	struct link *l = arg;

	if (!l->call) { /* an answer that nobody asked for */
		bury(l);
		return;
	}
	l->heard = true;
	call_answer_begins(l->call);
	feed(l, data, len);
	if (l->call)
		call_answer_paused(l->call);
}

static void on_drained(void *arg)
{
	struct link *l = arg;

	if (l->call)
		call_upstream_drained(l->call);
}

static void on_connected(void *arg)
{
	struct link *l = arg;

	struct upstream *u = l->upstream;

	u->next = (l->address + l->tried - 1) % u->n_addresses; /* this one works */
	wire_read(&l->wire, true);
	if (l->call)
		call_connected(l->call);
}

static void on_ended(void *arg, enum wire_end how)
{
	struct link *l = arg;

	if (!l->call) {
		bury(l);
	} else if (l->wire.connecting) {
		call_connect_failed(l->call);
	} else if (how == WIRE_FAILED && l->wire.reading) {
		return; /* it takes no more; what it said is still to be read */
	} else if (how == WIRE_EOF && http1_reader_finish(l->reader)) {
		call_answer_complete(l->call, false);
	} else {
		call_upstream_failed(l->call, UPSTREAM_BROKE, "");
	}
}

static const struct wire_events wire_events = {
	.data = on_data, .drained = on_drained, .connected = on_connected, .ended = on_ended
};

static enum http1_next on_head(void *arg, const struct http1_head *head)
{
	struct link *l = arg;

	return call_answer_head(l->call, head);
}

static void on_body(void *arg, const char *data, size_t len)
{
	struct link *l = arg;

	if (l->call)
		call_answer_body(l->call, data, len);
}

static void on_end(void *arg)
{
	struct link *l = arg;

	l->ended = l->call && call_answer_ended(l->call);
}

static const struct http1_events http1_events = { .head = on_head,
	                                          .body = on_body,
	                                          .end = on_end };

static int try_connect(struct link *l)
{
	struct upstream *u = l->upstream;
	const struct address *a = &u->addresses[(l->address + l->tried) % u->n_addresses];

	l->tried++;
	return wire_connect(&l->wire, u->gw->loop, (const struct sockaddr *)&a->storage,
	                    a->len, &wire_events, l);
}

static struct link *connect_new(struct upstream *u)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->upstream = u;
	l->wire.fd = -1;
	l->address = u->next;
	l->reader = http1_reader_new(false, HEAD_LIMIT, &http1_events, l);
	if (try_connect(l) == 0 || link_try_next(l))
		return l;
	free_link(l);
	return NULL;
}

static struct link *take_idle(struct upstream *u)
{
	struct link *l;

	while ((l = TAILQ_FIRST(&u->idle)) != NULL) {
		if (!wire_is_stale(&l->wire)) {
			TAILQ_REMOVE(&u->idle, l, entry);
			u->n_idle--;
			u->n_all--;
			l->reused = true;
			return l;
		}
		bury(l);
	}
	return NULL;
}

struct link *upstream_link(struct upstream *u, struct call *call, bool fresh)
{
	struct link *l = fresh ? NULL : take_idle(u);

	if (!l && u->n_addresses == 0) {
		ask_addresses(u);
		return NULL;
	}
	if (!l)
		l = connect_new(u);
	if (!l)
		return NULL;
	l->call = call;
	l->heard = l->ended = false;
	TAILQ_INSERT_HEAD(&u->busy, l, entry);
	u->n_all++;
	count(u);
	return l;
}

void link_release(struct link *l, bool keep)
{
	struct upstream *u = l->upstream;

	if (!keep || u->n_idle >= MAX_IDLE || u->gw->draining || l->wire.broken ||
	    wire_backlog(&l->wire) > 0) {
		bury(l);
		return;
	}
	TAILQ_REMOVE(&u->busy, l, entry);
	l->call = NULL;
	l->idle_since_ms = clock_mono_ms();
	wire_read(&l->wire, true);
	TAILQ_INSERT_HEAD(&u->idle, l, entry);
	u->n_idle++;
}

static void free_dead(struct upstream *u)
{
	struct link *l;

	while ((l = TAILQ_FIRST(&u->dead)) != NULL) {
		TAILQ_REMOVE(&u->dead, l, entry);
		free_link(l);
	}
}

void upstream_sweep(struct upstream *u, int64_t now_ms)
{
	struct link *l;

	while ((l = TAILQ_LAST(&u->idle, link_list)) != NULL &&
	       now_ms - l->idle_since_ms >= IDLE_MS)
		bury(l);
	free_dead(u);
	if (now_ms - u->asked_ms > RESOLVE_MS)
		ask_addresses(u);
}

struct upstream *upstream_close(struct upstream *u)
{
	struct link *l;

	if (!u)
		return NULL;
	if (u->resolver)
		u->resolver = worker_free(u->resolver);
	while ((l = TAILQ_FIRST(&u->idle)) != NULL || (l = TAILQ_FIRST(&u->busy)) != NULL)
		bury(l);
	free_dead(u);
	free(u->host);
	free(u->port);
	free(u->authority);
	free(u);
	return NULL;
}
