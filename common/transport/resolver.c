#include "transport/resolver.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

struct resolver_query {
	TAILQ_ENTRY(resolver_query) link;
	struct lookup *lookup;
	resolver_done_fn done;
	void *arg;
};

/* What a thread works on. It is the loop's again once it is in `finished`. */
struct lookup {
	TAILQ_ENTRY(lookup) link;   /* resolver.lookups */
	STAILQ_ENTRY(lookup) ended; /* mailbox.finished */
	TAILQ_HEAD(, resolver_query) queries;
	struct mailbox *mailbox;
	bool started;
	char *host;
	int code;
	struct addrinfo *addresses;
};

/* Threads outlive the resolver when a name server hangs: what they touch has its own life.
 */
struct mailbox {
	pthread_mutex_t lock;
	STAILQ_HEAD(, lookup) finished;
	int fd;
	unsigned refs;
	bool closed;
};

struct resolver {
	struct event *wake;
	struct mailbox *mailbox;
	TAILQ_HEAD(, lookup) lookups; /* waiting, running or finished */
	unsigned running;
};

static void lookup_free(struct lookup *l)
{
	if (l->addresses)
		freeaddrinfo(l->addresses);
	free(l->host);
	free(l);
}

/* The last one gone takes it away. */
static void mailbox_leave(struct mailbox *m)
{
	(void)pthread_mutex_lock(&m->lock);
	bool last = --m->refs == 0;
	(void)pthread_mutex_unlock(&m->lock);
	if (!last)
		return;
	(void)pthread_mutex_destroy(&m->lock);
	(void)close(m->fd);
	free(m);
}

/* False: nobody waits any more. */
static bool post(struct mailbox *m, struct lookup *l)
{
	(void)pthread_mutex_lock(&m->lock);
	bool open = !m->closed;
	if (open) {
		STAILQ_INSERT_TAIL(&m->finished, l, ended);
		(void)eventfd_write(m->fd, 1);
	}
	(void)pthread_mutex_unlock(&m->lock);
	return open;
}

static int look_up(struct lookup *l, int flags)
{
	const struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};

	return getaddrinfo(l->host, NULL, &hints, &l->addresses);
}

static void *run(void *arg)
{
	struct lookup *l = arg;
	struct mailbox *m = l->mailbox;

	l->code = look_up(l, AI_ADDRCONFIG);
	if (!post(m, l))
		lookup_free(l);
	mailbox_leave(m);
	return NULL;
}

static void start(struct resolver *r, struct lookup *l)
{
	pthread_t thread;

	l->started = true;
	r->running++;
	/* a spelling of a number needs no thread */
	l->code = look_up(l, AI_NUMERICHOST);
	if (l->code == 0) {
		(void)post(l->mailbox, l);
		return;
	}
	(void)pthread_mutex_lock(&l->mailbox->lock);
	l->mailbox->refs++;
	(void)pthread_mutex_unlock(&l->mailbox->lock);
	if (pthread_create(&thread, NULL, run, l) == 0) {
		(void)pthread_detach(thread);
		return;
	}
	mailbox_leave(l->mailbox);
	l->code = EAI_MEMORY;
	(void)post(l->mailbox, l);
}

static void start_waiting(struct resolver *r)
{
	struct lookup *l = TAILQ_FIRST(&r->lookups);

	while (l && r->running < RESOLVER_THREADS) {
		struct lookup *next = TAILQ_NEXT(l, link);

		if (!l->started && TAILQ_EMPTY(&l->queries)) {
			TAILQ_REMOVE(&r->lookups, l, link); /* its asker gave up */
			lookup_free(l);
		} else if (!l->started) {
			start(r, l);
		}
		l = next;
	}
}

static void answer(struct resolver *r, struct lookup *l)
{
	struct resolver_query *q;

	/* whoever asks from now on wants a new answer */
	TAILQ_REMOVE(&r->lookups, l, link);
	r->running--;
	while ((q = TAILQ_FIRST(&l->queries))) {
		TAILQ_REMOVE(&l->queries, q, link);
		q->done(l->addresses, l->code == 0 ? NULL : gai_strerror(l->code), q->arg);
		free(q);
	}
	lookup_free(l);
}

static struct lookup *take_finished(struct mailbox *m)
{
	(void)pthread_mutex_lock(&m->lock);
	struct lookup *l = STAILQ_FIRST(&m->finished);
	if (l)
		STAILQ_REMOVE_HEAD(&m->finished, ended);
	(void)pthread_mutex_unlock(&m->lock);
	return l;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	struct lookup *l;
	eventfd_t n;

	(void)eventfd_read(fd, &n);
	while ((l = take_finished(r->mailbox)))
		answer(r, l);
	start_waiting(r);
}

struct resolver *resolver_open(struct event_base *loop)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	struct mailbox *m = xcalloc(1, sizeof(*m));

	TAILQ_INIT(&r->lookups);
	STAILQ_INIT(&m->finished);
	(void)pthread_mutex_init(&m->lock, NULL);
	m->refs = 1;
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0)
		abort(); /* no descriptors at the start */
	r->mailbox = m;
	r->wake = event_new(loop, m->fd, EV_READ | EV_PERSIST, on_wake, r);
	(void)event_add(r->wake, NULL);
	return r;
}

static void forget_queries(struct lookup *l)
{
	struct resolver_query *q;

	while ((q = TAILQ_FIRST(&l->queries))) {
		TAILQ_REMOVE(&l->queries, q, link);
		free(q);
	}
}

struct resolver *resolver_close(struct resolver *r)
{
	struct lookup *l;

	if (!r)
		return NULL;
	while ((l = TAILQ_FIRST(&r->lookups))) {
		TAILQ_REMOVE(&r->lookups, l, link);
		forget_queries(l);
		if (!l->started)
			lookup_free(l);
	}
	(void)pthread_mutex_lock(&r->mailbox->lock);
	r->mailbox->closed = true; /* a thread frees its look-up from now on */
	(void)pthread_mutex_unlock(&r->mailbox->lock);
	while ((l = take_finished(r->mailbox)))
		lookup_free(l);
	event_free(r->wake);
	mailbox_leave(r->mailbox);
	free(r);
	return NULL;
}

static struct lookup *find(struct resolver *r, const char *host)
{
	struct lookup *l;

	TAILQ_FOREACH (l, &r->lookups, link)
		if (strcmp(l->host, host) == 0)
			return l;
	return NULL;
}

struct resolver_query *resolver_ask(struct resolver *r, const char *host,
                                    resolver_done_fn done, void *arg)
{
	struct resolver_query *q = xcalloc(1, sizeof(*q));
	struct lookup *l = find(r, host);

	if (!l) {
		l = xcalloc(1, sizeof(*l));
		l->host = xstrdup(host);
		l->mailbox = r->mailbox;
		TAILQ_INIT(&l->queries);
		TAILQ_INSERT_TAIL(&r->lookups, l, link);
	}
	q->lookup = l;
	q->done = done;
	q->arg = arg;
	TAILQ_INSERT_TAIL(&l->queries, q, link);
	start_waiting(r);
	return q;
}

void resolver_cancel(struct resolver_query *q)
{
	TAILQ_REMOVE(&q->lookup->queries, q, link);
	free(q);
}
