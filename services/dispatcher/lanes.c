#include "lanes.h"

#include "attempt.h"
#include "base/clock.h"
#include "gauges.h"
#include "intake.h"
#include "log/log.h"
#include "newest.h"
#include "outgoing.h"
#include "parking.h"
#include "rows.h"

#include <event2/event.h>
#include <stdio.h>

enum {
	PUMP_MAX = 128,        /* requests started in one turn of the loop */
	PAUSED_LOOK_MS = 1000, /* how often a lane that a person holds is looked at */
};

static struct lane_bucket *bucket_of(struct dispatcher *d, int64_t integration_id)
{
	return &d->lanes[(uint64_t)integration_id * 0x9e3779b97f4a7c15u >> 54];
}

struct lane_entry *lanes_find(struct dispatcher *d, int64_t integration_id)
{
	struct lane_entry *l;

	LIST_FOREACH(l, bucket_of(d, integration_id), hash_link)
	if (l->integration_id == integration_id)
		return l;
	return NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	lanes_wake(arg);
}

struct lane_entry *lanes_get(struct dispatcher *d, int64_t integration_id)
{
	struct lane_entry *l = lanes_find(d, integration_id);

	if (l)
		return l;
	l = xcalloc(1, sizeof(*l));
	l->d = d;
	l->integration_id = integration_id;
	l->configured = -1;
	bucket_init(&l->own_rate, 0, clock_mono_ms());
	lane_init(&l->lane, &l->own_rate, 1);
	TAILQ_INIT(&l->queue);
	TAILQ_INIT(&l->flying);
	l->timer = evtimer_new(service_loop(d->ctx), on_timer, l);
	LIST_INSERT_HEAD(bucket_of(d, integration_id), l, hash_link);
	return l;
}

/* ---- limits out of the row ---- */

static struct rate_group *group_get(struct dispatcher *d, const char *name, double rate,
                                    int64_t now_ms)
{
	struct rate_group *g;

	LIST_FOREACH(g, &d->groups, link)
	if (strcmp(g->name, name) == 0)
		break;
	if (!g) {
		g = xcalloc(1, sizeof(*g));
		g->name = xstrdup(name);
		bucket_init(&g->bucket, rate, now_ms);
		LIST_INSERT_HEAD(&d->groups, g, link);
	}
	g->refs++;
	return g;
}

static void group_put(struct rate_group *g)
{
	if (!g || --g->refs > 0)
		return;
	LIST_REMOVE(g, link);
	free(g->name);
	free(g);
}

/* Rows of one group should agree on its rate; the row that changed last counts. */
static void configure(struct lane_entry *l, const struct settings *settings,
                      const struct integration *row, int64_t now_ms)
{
	struct rate_group *old = l->group;

	if (l->configured == settings_version(settings))
		return;
	l->configured = settings_version(settings);
	l->group = row->rate_limit_group ? group_get(l->d, row->rate_limit_group,
	                                             row->rate_per_second, now_ms)
	                                 : NULL;
	group_put(old);
	l->lane.bucket = l->group ? &l->group->bucket : &l->own_rate;
	bucket_set_rate(l->lane.bucket, row->rate_per_second, now_ms);
	lane_set_widest(&l->lane, (unsigned)row->max_concurrency);
}

/* ---- places: at rest, in the round robin, or held for newer rows ---- */

static void place(struct lane_entry *l, enum lane_place where)
{
	struct dispatcher *d = l->d;

	if (l->place == where)
		return;
	if (l->place == LANE_HAS_TURN)
		TAILQ_REMOVE(&d->turns, l, turn_link);
	else if (l->place == LANE_IS_HELD)
		TAILQ_REMOVE(&d->held, l, turn_link);
	l->place = where;
	if (where == LANE_HAS_TURN)
		TAILQ_INSERT_TAIL(&d->turns, l, turn_link);
	else if (where == LANE_IS_HELD)
		TAILQ_INSERT_TAIL(&d->held, l, turn_link);
}

void lanes_pump_soon(struct dispatcher *d)
{
	event_active(d->pump_event, EV_TIMEOUT, 0);
}

void lanes_wake(struct lane_entry *l)
{
	if (l->place == LANE_RESTS && !TAILQ_EMPTY(&l->queue))
		place(l, LANE_HAS_TURN);
	if (!TAILQ_EMPTY(&l->d->turns))
		lanes_pump_soon(l->d);
}

void lanes_rows_changed(struct dispatcher *d)
{
	struct lane_entry *l;

	while ((l = TAILQ_FIRST(&d->held)))
		place(l, LANE_HAS_TURN);
	if (!TAILQ_EMPTY(&d->turns))
		lanes_pump_soon(d);
}

void lanes_queue(struct lane_entry *l, struct job *job)
{
	job->lane = l;
	TAILQ_INSERT_TAIL(&l->queue, job, link);
	l->n_queued++;
	l->n_retries += job->task.attempt > 0;
	l->n_batches += job->task.records != NULL;
	lanes_wake(l);
}

static void take_out(struct lane_entry *l, struct job *job)
{
	TAILQ_REMOVE(&l->queue, job, link);
	l->n_queued--;
	l->n_retries -= job->task.attempt > 0;
	l->n_batches -= job->task.records != NULL;
	if (l->n_queued <= (size_t)l->d->config->lane_queue_limit / 2)
		l->lane.holds_up_since_ms = 0;
}

void lanes_unqueue(struct lane_entry *l, struct job *job)
{
	take_out(l, job);
	if (job->source->full == l && l->n_queued <= lanes_room_at(l->d))
		intake_resume_source(l->d, job->source);
}

size_t lanes_room_at(const struct dispatcher *d)
{
	return (size_t)d->config->lane_queue_limit * 3 / 4;
}

/* A person holds it (integration.lane_pause). */
static bool is_paused(const struct lane_entry *l)
{
	const struct settings *settings = rows_now(l->d->rows);
	const struct integration *row =
		settings ? settings_find(settings, l->integration_id) : NULL;

	return row && row->held_until_ms > clock_wall_ms();
}

bool lane_entry_is_slow(const struct lane_entry *l)
{
	return is_paused(l) ||
	       lane_is_slow(&l->lane, &l->d->policy, l->n_queued, clock_mono_ms());
}

/* ---- whose turn ---- */

/* The request of several records: nothing ordered in its lane passes it, nor it others. */
static bool is_for_all(const struct job *job)
{
	return job->task.order_key && strcmp(job->task.order_key, TASK_ORDER_ALL) == 0;
}

/* What of a lane's flying tasks stands before ordered ones. */
struct before {
	bool ordered; /* any ordered task flies */
	bool for_all;
};

static struct before look_at_flying(const struct lane_entry *l)
{
	struct before before = { false };
	const struct job *job;

	TAILQ_FOREACH (job, &l->flying, link) {
		before.ordered |= job->task.order_key != NULL;
		before.for_all |= is_for_all(job);
	}
	return before;
}

static bool is_in_turn(const struct job *job, const struct before *before)
{
	if (is_for_all(job))
		return !before->ordered;
	return !job->ticket || (!before->for_all && order_may_start(job->ticket));
}

/*
 * The first waiting task that nothing earlier of its entity, and no attempt of its log on
 * the wire, stands before. A lane's queue is bounded, so the look is.
 */
static struct job *next_job(const struct lane_entry *l)
{
	struct before before = look_at_flying(l);
	struct job *job;

	TAILQ_FOREACH (job, &l->queue, link) {
		if (is_in_turn(job, &before) && !newest_must_wait(l, job))
			return job;
		if (is_for_all(job))
			break;
		before.ordered |= job->task.order_key != NULL; /* passed over */
	}
	return NULL;
}

/* Tasks that an open circuit has held too long end here; returns when the next one will. */
static int64_t expire(struct lane_entry *l, int64_t now_ms)
{
	struct job *job;
	char message[256];

	while ((job = TAILQ_FIRST(&l->queue))) {
		int64_t since = l->lane.circuit.open_since_ms;
		int64_t end;

		if (job->arrived_ms > since)
			since = job->arrived_ms;
		end = since + l->d->config->circuit_hold;
		if (end > now_ms || outgoing_is_full(l->d))
			return end > now_ms ? end : now_ms + 1000;
		(void)snprintf(message, sizeof(message), "Circuit open: %s", l->last_error);
		attempt_refuse(l->d, job, ERROR_KIND_CIRCUIT, message);
	}
	return INT64_MAX;
}

static void wait_until(struct lane_entry *l, int64_t at_ms, int64_t now_ms)
{
	int64_t wait = at_ms - now_ms;
	struct timeval tv;

	if (l->lane.circuit.state != CIRCUIT_CLOSED) {
		int64_t end = expire(l, now_ms) - now_ms;
		if (end < wait)
			wait = end;
	}
	if (wait < 1)
		wait = 1;
	tv = (struct timeval){ .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };
	(void)evtimer_add(l->timer, &tv);
}

/* What a row that cannot be sent with says; NULL: it can. */
static const char *unusable(const struct dispatcher *d, const struct integration *row,
                            const struct job *job)
{
	if (!row)
		return "integration: the row is gone; add it again and retry";
	if (!row->active)
		return "integration: switched off (is_disable, or is_integration_enable of "
		       "its "
		       "authentication); switch it on and retry";
	if (row->lab_id != job->task.lab_id)
		return "integration: it is another lab's now";
	if (row->config_error)
		return row->config_error;
	if (!d->transports[row->transport])
		return "transport: not available in this fleet; use http";
	return NULL;
}

/*
 * One task of this lane, if it may go now. Then the lane goes to the end of the round;
 * else it rests until a request ends, its time comes or newer rows are there.
 */
static void take_turn(struct dispatcher *d, struct lane_entry *l, int64_t now_ms)
{
	struct job *job = next_job(l);

	place(l, LANE_RESTS);
	if (!job)
		return;
	if (!rows_serve(d->rows, job)) {
		place(l, LANE_IS_HELD);
		return;
	}
	struct settings *settings = rows_now(d->rows);
	const struct integration *row = settings_find(settings, l->integration_id);
	const char *why = unusable(d, row, job);

	if (why) {
		attempt_refuse(d, job, ERROR_KIND_CONFIG, why);
		lanes_wake(l);
		return;
	}
	if (is_paused(l)) {
		wait_until(l, now_ms + PAUSED_LOOK_MS, now_ms);
		return;
	}
	configure(l, settings, row, now_ms);
	struct lane_decision next = lane_next(&l->lane, now_ms);

	if (next.step == LANE_SEND) {
		job->settings = settings_ref(settings);
		job->row = row;
		attempt_start(d, job);
		lanes_wake(l);
	} else if (next.step == LANE_WAIT) {
		wait_until(l, next.at_ms, now_ms);
	}
}

void lanes_pump(struct dispatcher *d)
{
	int64_t now_ms = clock_mono_ms();

	for (int i = 0; i < PUMP_MAX && !d->draining; i++) {
		struct lane_entry *l = TAILQ_FIRST(&d->turns);

		if (!l || outgoing_is_full(d))
			return;
		if (d->in_flight >= (unsigned)d->config->max_in_flight) {
			metric_add(&metric_limits, "in_flight", 1);
			return;
		}
		take_turn(d, l, now_ms);
	}
	if (!TAILQ_EMPTY(&d->turns) && !d->draining)
		lanes_pump_soon(d);
}

/* ---- all lanes ---- */

void lanes_each(struct dispatcher *d, void (*visit)(struct lane_entry *l, void *arg),
                void *arg)
{
	for (size_t i = 0; i < LANE_BUCKETS; i++) {
		struct lane_entry *l = LIST_FIRST(&d->lanes[i]);

		while (l) {
			struct lane_entry *next = LIST_NEXT(l, hash_link);

			visit(l, arg);
			l = next;
		}
	}
}

static void drop_waiting(struct lane_entry *l, void *arg)
{
	const struct source *s = arg;
	struct job *job = TAILQ_FIRST(&l->queue);

	while (job) {
		struct job *next = TAILQ_NEXT(job, link);

		if (job->source == s) {
			take_out(l, job);
			job_free(l->d, job);
		}
		job = next;
	}
}

void lanes_drop_source(struct dispatcher *d, const struct source *s)
{
	lanes_each(d, drop_waiting, (void *)(uintptr_t)s);
}

static void lane_free(struct lane_entry *l)
{
	place(l, LANE_RESTS);
	LIST_REMOVE(l, hash_link);
	event_free(l->timer);
	group_put(l->group);
	free(l);
}

static void sweep(struct lane_entry *l, void *arg)
{
	const int64_t *now_ms = arg;

	if (TAILQ_EMPTY(&l->queue) && TAILQ_EMPTY(&l->flying) && !l->spilling &&
	    l->lane.circuit.state == CIRCUIT_CLOSED && l->lane.circuit.failures == 0 &&
	    l->lane.parked_until_ms <= *now_ms &&
	    bucket_wait_ms(l->lane.bucket, *now_ms) == 0 &&
	    l->lane.bucket->tokens >= l->lane.bucket->rate)
		lane_free(l);
}

void lanes_sweep(struct dispatcher *d)
{
	int64_t now_ms = clock_mono_ms();

	intake_recheck(d); /* no partition waits for an empty lane, which may go now */
	lanes_each(d, sweep, &now_ms);
}

static void close_lane(struct lane_entry *l, void *arg)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&l->queue))) {
		take_out(l, job);
		job_free(l->d, job);
	}
	while ((job = TAILQ_FIRST(&l->flying))) {
		TAILQ_REMOVE(&l->flying, job, link);
		job_free(l->d, job);
	}
	lane_free(l);
}

void lanes_close(struct dispatcher *d)
{
	lanes_each(d, close_lane, NULL);
}
