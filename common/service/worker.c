#include "service/ctx.h"

#include "metrics/metrics.h"

#include <signal.h>

static struct metric queue_depth = METRIC_GAUGE(
	"service_worker_queue", "Jobs that wait for a worker thread.", "worker");
static struct metric rejected =
	METRIC_COUNTER("service_worker_rejected_total",
                       "Jobs refused because the queue was full.", "worker");
static struct metric *const table[] = { &queue_depth, &rejected };

struct work {
	worker_job_fn run;
	worker_done_fn done;
	void *job;
	struct work *next;
};

struct work_list {
	struct work *first, **last;
	size_t n;
};

struct worker {
	const char *name;
	size_t queue_limit;
	pthread_t thread;
	struct event *finished_event;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	struct work_list waiting, finished;
	bool stopping;
};

void worker_register_metrics(void)
{
	metrics_register(table, ARRAY_SIZE(table));
}

static void list_init(struct work_list *l)
{
	*l = (struct work_list){ .last = &l->first };
}

static void list_append(struct work_list *l, struct work *work)
{
	work->next = NULL;
	*l->last = work;
	l->last = &work->next;
	l->n++;
}

static struct work *list_take(struct work_list *l)
{
	struct work *work = l->first;

	if (!work)
		return NULL;
	l->first = work->next;
	if (!l->first)
		l->last = &l->first;
	l->n--;
	return work;
}

/* The next job; NULL when stopping and none is left. */
static struct work *wait_for_work(struct worker *w)
{
	(void)pthread_mutex_lock(&w->lock);
	while (!w->waiting.first && !w->stopping)
		(void)pthread_cond_wait(&w->changed, &w->lock);

	struct work *work = list_take(&w->waiting);

	metric_set(&queue_depth, w->name, (double)w->waiting.n);
	(void)pthread_mutex_unlock(&w->lock);
	return work;
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	for (struct work *work = wait_for_work(w); work; work = wait_for_work(w)) {
		work->run(work->job);
		(void)pthread_mutex_lock(&w->lock);
		list_append(&w->finished, work);
		(void)pthread_mutex_unlock(&w->lock);
		event_active(w->finished_event, EV_READ, 0);
	}
	return NULL;
}

static void finish_all(struct worker *w)
{
	struct work *work;

	do {
		(void)pthread_mutex_lock(&w->lock);
		work = list_take(&w->finished);
		(void)pthread_mutex_unlock(&w->lock);
		if (work)
			work->done(work->job);
		free(work);
	} while (work);
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	finish_all(arg);
}

struct worker *worker_new(struct service_ctx *ctx, const char *name, size_t queue_limit)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	sigset_t all, before;

	w->name = name;
	w->queue_limit = queue_limit;
	list_init(&w->waiting);
	list_init(&w->finished);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->changed, NULL);
	w->finished_event = event_new(ctx->loop, -1, EV_PERSIST, on_finished, w);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!w->finished_event || pthread_create(&w->thread, NULL, run_worker, w) != 0)
		abort();
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_setname_np(w->thread, name);
	return w;
}

bool worker_submit(struct worker *w, worker_job_fn run, worker_done_fn done, void *job)
{
	struct work *work = NULL;

	(void)pthread_mutex_lock(&w->lock);
	if (w->waiting.n < w->queue_limit && !w->stopping) {
		work = xcalloc(1, sizeof(*work));
		*work = (struct work){ .run = run, .done = done, .job = job };
		list_append(&w->waiting, work);
		metric_set(&queue_depth, w->name, (double)w->waiting.n);
		(void)pthread_cond_signal(&w->changed);
	} else {
		metric_add(&rejected, w->name, 1);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return work != NULL;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	finish_all(w);
	event_free(w->finished_event);
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}
