/*
 * SFTP: a pool of threads, since an SSH library blocks, or is asked in vain, as long as a
 * server stalls. A partner has at most a quarter of them, so one that stalls leaves room
 * for the others. Connections are kept between uploads and belong to no thread.
 */
#include "transport/sftp.h"

#include "base/buf.h"
#include "base/clock.h"
#include "transport/sftp_files.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/queue.h>

enum { IDLE_MAX_MS = 30000, SWEEP_S = 5, STACK_SIZE = 1 << 20, SHARE = 4 };

struct metric sftp_metric_waiting =
	METRIC_GAUGE("dispatcher_sftp_waiting", "Uploads that wait for a thread.", NULL);
struct metric sftp_metric_connections = METRIC_GAUGE(
	"dispatcher_sftp_connections", "Open connections to SFTP servers.", NULL);
struct metric sftp_metric_opened =
	METRIC_COUNTER("dispatcher_sftp_opened_total",
                       "Connections to SFTP servers that were opened.", NULL);

struct upload {
	TAILQ_ENTRY(upload) link;
	transport_done_fn done;
	void *arg;
	struct sftp_target target;
	struct sftp_files files;

	/* what came of it */
	struct sftp_fault fault;
	struct transport_timing timing;
};
TAILQ_HEAD(upload_list, upload);

struct transport {
	const struct transport_ops *ops;
	const struct transport_config *config;
	struct address_guard *guard;
	struct event *finished_event;
	pthread_t *threads;
	size_t n_threads; /* that run */

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	struct upload_list waiting, active, finished;
	size_t n_waiting, n_sessions;
	LIST_HEAD(, sftp_session) idle; /* the last used first */
	atomic_bool closing;
};

/* ---- connections ---- */

static void count_sessions(struct transport *t, int change)
{
	t->n_sessions += (size_t)(ssize_t)change;
	metric_set(&sftp_metric_connections, NULL, (double)t->n_sessions);
}

static struct sftp_session *close_session(struct transport *t, struct sftp_session *s)
{
	if (!s)
		return NULL;
	(void)pthread_mutex_lock(&t->lock);
	count_sessions(t, -1);
	(void)pthread_mutex_unlock(&t->lock);
	return sftp_session_close(s);
}

static struct sftp_session *take_idle(struct transport *t, const char *identity)
{
	struct sftp_session *s;

	(void)pthread_mutex_lock(&t->lock);
	LIST_FOREACH(s, &t->idle, link)
	if (strcmp(s->identity, identity) == 0)
		break;
	if (s)
		LIST_REMOVE(s, link);
	(void)pthread_mutex_unlock(&t->lock);
	return s;
}

/* The one that rested too long; NULL: none. */
static struct sftp_session *take_stale(struct transport *t)
{
	int64_t before_ms = clock_mono_ms() - IDLE_MAX_MS;
	struct sftp_session *s;

	LIST_FOREACH(s, &t->idle, link)
	if (s->idle_since_ms < before_ms || atomic_load(&t->closing))
		break;
	if (s)
		LIST_REMOVE(s, link);
	return s;
}

static struct sftp_session *obtain(struct transport *t, struct upload *u,
                                   int64_t deadline_ms)
{
	const char *proxy = t->config->egress_proxy;
	const struct sftp_where where = { .guard = proxy && *proxy ? NULL : t->guard,
		                          .proxy = proxy,
		                          .stop = &t->closing };
	struct sftp_session *s;

	while ((s = take_idle(t, u->target.identity))) {
		s->deadline_ms = deadline_ms;
		s->reused = true;
		if (sftp_session_is_fresh(s))
			return s;
		(void)close_session(t, s);
	}
	s = sftp_session_open(&u->target, &where, deadline_ms, &u->fault);
	if (s) {
		u->timing = s->timing;
		(void)pthread_mutex_lock(&t->lock);
		count_sessions(t, 1);
		(void)pthread_mutex_unlock(&t->lock);
		metric_add(&sftp_metric_opened, NULL, 1);
	}
	return s;
}

static void release(struct transport *t, struct sftp_session *s)
{
	if (s->fault.broken || atomic_load(&t->closing)) {
		(void)close_session(t, s);
		return;
	}
	s->idle_since_ms = clock_mono_ms();
	(void)pthread_mutex_lock(&t->lock);
	LIST_INSERT_HEAD(&t->idle, s, link);
	(void)pthread_mutex_unlock(&t->lock);
}

/* ---- one upload, on a thread ---- */

static void carry(struct transport *t, struct upload *u)
{
	int64_t began_us = clock_mono_us();
	int64_t deadline_ms = began_us / 1000 + u->target.timeout_ms;
	struct sftp_session *s;
	bool again;

	do {
		u->fault = (struct sftp_fault){ 0 };
		s = obtain(t, u, deadline_ms);
		if (!s)
			break;
		again = false;
		if (sftp_files_put(s, &u->target, &u->files)) {
			u->fault = s->fault;
			/* a kept connection that had ended; nothing is there by its name */
			again = s->reused && s->fault.broken &&
			        s->fault.kind != ERROR_KIND_TIMEOUT;
		}
		release(t, s);
	} while (again);
	u->timing.total_us = clock_mono_us() - began_us;
	u->timing.exchange_us = u->timing.total_us - u->timing.dns_us -
	                        u->timing.connect_us - u->timing.tls_us;
}

/* ---- threads ---- */

static bool has_room(const struct transport *t, const struct upload *u)
{
	int64_t share = (t->config->sftp_connections + SHARE - 1) / SHARE;
	const struct upload *a;
	int64_t n = 0;

	TAILQ_FOREACH (a, &t->active, link)
		n += strcmp(a->target.identity, u->target.identity) == 0;
	return n < share;
}

static struct upload *next_upload(struct transport *t)
{
	struct upload *u;

	TAILQ_FOREACH (u, &t->waiting, link)
		if (has_room(t, u))
			break;
	if (!u)
		return NULL;
	TAILQ_REMOVE(&t->waiting, u, link);
	metric_set(&sftp_metric_waiting, NULL, (double)--t->n_waiting);
	TAILQ_INSERT_TAIL(&t->active, u, link);
	return u;
}

static void wait_for_change(struct transport *t)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SWEEP_S;
	(void)pthread_cond_timedwait(&t->changed, &t->lock, &until);
}

static void *run(void *arg)
{
	struct transport *t = arg;

	(void)pthread_mutex_lock(&t->lock);
	while (!atomic_load(&t->closing)) {
		struct upload *u = next_upload(t);
		struct sftp_session *stale = u ? NULL : take_stale(t);

		if (!u && !stale) {
			wait_for_change(t);
			continue;
		}
		(void)pthread_mutex_unlock(&t->lock);
		(void)close_session(t, stale);
		if (u)
			carry(t, u);
		(void)pthread_mutex_lock(&t->lock);
		if (!u)
			continue;
		TAILQ_REMOVE(&t->active, u, link);
		TAILQ_INSERT_TAIL(&t->finished, u, link);
		/* its partner has room again */
		(void)pthread_cond_signal(&t->changed);
		event_active(t->finished_event, EV_READ, 0);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void start_threads(struct transport *t)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	if (t->threads)
		return;
	t->threads = xcalloc((size_t)t->config->sftp_connections, sizeof(*t->threads));
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; t->n_threads < (size_t)t->config->sftp_connections; t->n_threads++) {
		if (pthread_create(&t->threads[t->n_threads], &attributes, run, t) != 0)
			abort();
		(void)pthread_setname_np(t->threads[t->n_threads], "sftp");
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
}

/* ---- the loop ---- */

static struct upload *upload_free(struct upload *u)
{
	buf_deinit(&u->files.list);
	free(u);
	return NULL;
}

static void finish(struct upload *u)
{
	bool bare = strchr(u->target.host, ':') && u->target.host[0] != '[';
	const char *directory = u->target.directory;
	size_t len = strlen(directory);
	CLEANUP(freep)
	char *end_point =
		xasprintf("sftp://%s%s%s:%d%s%s%s%s", bare ? "[" : "", u->target.host,
	                  bare ? "]" : "", u->target.port, *directory == '/' ? "" : "/",
	                  directory, len > 0 && directory[len - 1] != '/' ? "/" : "",
	                  u->files.final_name[0] ? u->files.final_name : u->files.name);
	const struct transport_result result = {
		.kind = u->fault.kind,
		.verdict = TRANSPORT_DELIVERED,
		.error = u->fault.text.text,
		.end_point = end_point,
		.body = u->files.list.len > 0 ? buf_str(&u->files.list) : NULL,
		.body_len = u->files.list.len,
		.timing = u->timing,
	};

	u->done(&result, u->arg);
	(void)upload_free(u);
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct transport *t = arg;
	struct upload *u;

	do {
		(void)pthread_mutex_lock(&t->lock);
		u = TAILQ_FIRST(&t->finished);
		if (u)
			TAILQ_REMOVE(&t->finished, u, link);
		(void)pthread_mutex_unlock(&t->lock);
		if (u)
			finish(u);
	} while (u);
}

static int sftp_send(struct transport *t, const struct transport_request *rq,
                     transport_done_fn done, void *arg, struct err_text *why)
{
	struct upload *u = xcalloc(1, sizeof(*u));
	int r = sftp_target_read(rq->row, t->config->connect_timeout, &u->target, why);

	if (r == 0)
		r = sftp_files_name(rq, &u->files, why);
	if (r) {
		(void)upload_free(u);
		return r;
	}
	u->done = done;
	u->arg = arg;
	start_threads(t);
	(void)pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->waiting, u, link);
	metric_set(&sftp_metric_waiting, NULL, (double)++t->n_waiting);
	(void)pthread_cond_signal(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	return 0;
}

static int sftp_open(struct transport **out, const struct transport_config *config,
                     struct event_base *loop, struct err_text *why)
{
	struct address_guard *guard;

	if (address_guard_new(config->allow_private, &guard, why) != 0)
		return TRANSPORT_E_CONFIG;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (libssh2_init(0) != 0)
		abort(); /* out of memory */
	struct transport *t = xcalloc(1, sizeof(*t));

	t->ops = &transport_sftp;
	t->config = config;
	t->guard = guard;
	TAILQ_INIT(&t->waiting);
	TAILQ_INIT(&t->active);
	TAILQ_INIT(&t->finished);
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->changed, NULL);
	t->finished_event = event_new(loop, -1, EV_PERSIST, on_finished, t);
	*out = t;
	return 0;
}

static void drop(struct upload_list *list)
{
	struct upload *u;

	while ((u = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, u, link);
		(void)upload_free(u);
	}
}

static struct transport *sftp_close(struct transport *t)
{
	struct sftp_session *s;

	if (!t)
		return NULL;
	(void)pthread_mutex_lock(&t->lock);
	atomic_store(&t->closing, true);
	(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < t->n_threads; i++)
		(void)pthread_join(t->threads[i], NULL);
	while ((s = LIST_FIRST(&t->idle))) {
		LIST_REMOVE(s, link);
		(void)sftp_session_close(s);
	}
	drop(&t->waiting);
	drop(&t->finished);
	event_free(t->finished_event);
	(void)pthread_cond_destroy(&t->changed);
	(void)pthread_mutex_destroy(&t->lock);
	(void)address_guard_free(t->guard);
	free(t->threads);
	free(t);
	return NULL;
}

const struct transport_ops transport_sftp = {
	.kind = TRANSPORT_SFTP,
	.open = sftp_open,
	.send = sftp_send,
	.close = sftp_close,
};
