#include "rows.h"

#include "base/clock.h"
#include "lanes.h"
#include "log/log.h"

#include <event2/event.h>

enum { POLL_MS = 200, QUERY_MS = 5000 };

/* One at a time, so it belongs to whoever has it: the worker, or the loop. */
struct refresh {
	struct rows *rows;
	struct pg *pg;
	struct settings_source *source;
	struct settings *settings; /* the result */
	int64_t asked_ms;
	int result;
	char error[200];
};

struct rows {
	struct dispatcher *d;
	struct worker *worker;
	struct event *timer;
	struct refresh refresh;
	bool asking;    /* `refresh` is the worker's */
	bool ask_again; /* a task wants newer rows than were asked for */
	bool reachable;
	struct settings *now;
	int64_t as_of_ms; /* when the last successful refresh was asked for */
};

static void read_rows(void *job)
{
	struct refresh *r = job;

	r->settings = NULL;
	r->error[0] = '\0';
	r->result = settings_refresh(r->source, r->asked_ms + QUERY_MS, &r->settings);
	if (r->result != 0)
		(void)snprintf(r->error, sizeof(r->error), "%s", pg_error(r->pg));
}

static void note_reachable(struct rows *rows, const struct refresh *r)
{
	bool reachable = r->result == 0;

	if (reachable != rows->reachable) {
		if (reachable)
			log_info(NULL, "rows.read", "version %lld",
			         (long long)settings_version(r->settings));
		else
			log_warn(NULL, "rows.away", "%s", r->error);
	}
	rows->reachable = reachable;
	/* With rows of before, the dispatcher works on while PostgreSQL is away. */
	service_ready(rows->d->ctx, "postgres", rows->now != NULL,
	              rows->now ? "" : "no rows read yet");
}

static void ask(struct rows *rows);

static void take_rows(void *job)
{
	struct refresh *r = job;
	struct rows *rows = r->rows;
	bool again = rows->ask_again;

	rows->asking = rows->ask_again = false;
	if (r->result == 0) {
		(void)settings_unref(rows->now);
		rows->now = settings_ref(r->settings);
		rows->as_of_ms = r->asked_ms;
	}
	note_reachable(rows, r);
	r->settings = settings_unref(r->settings);
	if (r->result == 0)
		lanes_rows_changed(rows->d);
	if (again && rows->reachable)
		ask(rows);
}

static void ask(struct rows *rows)
{
	if (rows->asking)
		return;
	rows->refresh.asked_ms = clock_mono_ms();
	rows->asking = worker_submit(rows->worker, read_rows, take_rows, &rows->refresh);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	ask(arg);
}

struct rows *rows_open(struct dispatcher *d)
{
	static const struct timeval period = { .tv_usec = POLL_MS * 1000 };
	struct rows *rows = xcalloc(1, sizeof(*rows));

	rows->d = d;
	rows->refresh.rows = rows;
	rows->refresh.pg = pg_open(&d->config->postgres);
	rows->refresh.source = settings_source_new(rows->refresh.pg, &d->config->secrets);
	rows->worker = worker_new(d->ctx, "rows", 1);
	rows->timer = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_timer, rows);
	(void)event_add(rows->timer, &period);
	ask(rows);
	return rows;
}

struct rows *rows_close(struct rows *r)
{
	if (!r)
		return NULL;
	event_free(r->timer);
	r->ask_again = false;
	r->worker = worker_free(r->worker);
	(void)settings_source_free(r->refresh.source);
	(void)pg_close(r->refresh.pg);
	(void)settings_unref(r->now);
	free(r);
	return NULL;
}

struct settings *rows_now(const struct rows *r)
{
	return r->now;
}

bool rows_serve(struct rows *r, const struct job *job)
{
	if (r->now && (settings_version(r->now) >= job->task.settings_version ||
	               r->as_of_ms >= job->arrived_ms))
		return true;
	if (r->asking)
		r->ask_again = true;
	else
		ask(r);
	return false;
}
