/* The listener, and the look at deadlines a few times a second. */
#include "base/clock.h"
#include "call.h"
#include "upstream.h"

#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/resource.h>

enum { TICK_MS = 100, BACKLOG = 1024 };

static void count(const struct gateway *gw)
{
	metric_set(&metric_connections, NULL, (double)gw->n_clients);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *arg)
{
	struct gateway *gw = arg;

	gw->n_clients++;
	count(gw);
	if ((int64_t)gw->n_clients >= gw->config->max_connections)
		(void)evconnlistener_disable(listener); /* the kernel's queue holds more */
	client_accept(gw, fd, address, (socklen_t)len);
}

/* No descriptor, no memory in the kernel: try again at the next tick. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	metric_add(&metric_refused, "accept", 1);
	(void)evconnlistener_disable(listener);
}

void server_client_gone(struct gateway *gw)
{
	gw->n_clients--;
	count(gw);
	if (gw->listener)
		(void)evconnlistener_enable(gw->listener);
}

static void free_dead(struct gateway *gw)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&gw->dead)) != NULL) {
		TAILQ_REMOVE(&gw->dead, c, link);
		client_free(c);
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;

	free_dead(gw);
	upstream_sweep(gw->upstream, clock_mono_ms());
}

/*
 * After everything that this turn brought. A call that leaves may let the next one in,
 * whose record is kept in its turn before it leaves.
 */
static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;
	struct call *call;

	do {
		record_commit(gw);
		call = TAILQ_FIRST(&gw->complete);
		if (call)
			call_leave(call);
	} while (call);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;
	int64_t now_ms = clock_mono_ms();
	struct client *c, *next;

	/* expiring one ends it, and no other */
	for (c = TAILQ_FIRST(&gw->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (now_ms >= c->deadline_ms)
			client_expired(c);
	}
	upstream_sweep(gw->upstream, now_ms);
	free_dead(gw);
	metric_set(&metric_capture_bytes, NULL, (double)gw->capture_bytes);
	if (gw->listener && (int64_t)gw->n_clients < gw->config->max_connections)
		(void)evconnlistener_enable(gw->listener);
}

/* A caller and the LIS each. */
static void raise_descriptors(const struct gateway *gw)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)(2 * gw->config->max_connections + 256);

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int bind_listener(struct gateway *gw, struct err_text *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV |
		                                    AI_PASSIVE };
	struct addrinfo *a = NULL;
	char port[16];

	(void)snprintf(port, sizeof(port), "%lld", (long long)gw->config->port);
	if (getaddrinfo(gw->config->address, port, &hints, &a))
		return err_say(why, -EINVAL, "GATEWAY_ADDRESS: must be an address");
	gw->listener = evconnlistener_new_bind(
		gw->loop, on_accept, gw,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
		a->ai_addr, (int)a->ai_addrlen);
	freeaddrinfo(a);
	if (!gw->listener)
		return err_say(why, errno ? -errno : -EIO,
		               "GATEWAY_ADDRESS, GATEWAY_PORT: cannot listen there; is "
		               "another process using the port?");
	evconnlistener_set_error_cb(gw->listener, on_accept_error);
	return 0;
}

int server_open(struct gateway *gw, struct err_text *why)
{
	static const struct timeval period = { .tv_usec = TICK_MS * 1000 };

	raise_descriptors(gw);
	gw->tick = event_new(gw->loop, -1, EV_PERSIST, on_tick, gw);
	gw->sweep = event_new(gw->loop, -1, 0, on_sweep, gw);
	gw->commit = event_new(gw->loop, -1, 0, on_commit, gw);
	if (!gw->tick || !gw->sweep || !gw->commit || event_add(gw->tick, &period))
		abort();
	return bind_listener(gw, why);
}

void server_drain(struct gateway *gw)
{
	struct client *c, *next;

	gw->draining = true;
	if (gw->listener)
		evconnlistener_free(gw->listener);
	gw->listener = NULL;
	for (c = TAILQ_FIRST(&gw->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		client_drain(c);
	}
}

void server_close(struct gateway *gw)
{
	struct client *c;

	if (gw->listener)
		evconnlistener_free(gw->listener);
	gw->listener = NULL;
	while ((c = TAILQ_FIRST(&gw->clients)) != NULL)
		client_shut(c);
	free_dead(gw);
	record_commit(gw);
	buf_deinit(&gw->records);
	if (gw->tick)
		event_free(gw->tick);
	if (gw->sweep)
		event_free(gw->sweep);
	if (gw->commit)
		event_free(gw->commit);
}
