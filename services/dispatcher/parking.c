#include "parking.h"

#include "attempt.h"
#include "base/clock.h"
#include "gauges.h"
#include "intake.h"
#include "lanes.h"
#include "log/log.h"
#include "outgoing.h"

#include <event2/event.h>

enum {
	LOOK_MS = 250,
	LOOK_MAX = 250,      /* records settled in one look: 1,000 a second */
	IN_MEMORY_MAX = 200, /* records of one partition that wait in memory */
	KEEP_QUEUED = 16,    /* a lane keeps these when memory is full: its next probes */
	PENDING_MAX = 1500,  /* offsets of a partition: what fits a commit's metadata */
};

struct parking {
	struct job_list records; /* read, and not settled yet */
	struct event *timer;
};

static size_t lane_limit(const struct lane_entry *l)
{
	return (size_t)l->d->config->lane_queue_limit;
}

static void start_spilling(struct lane_entry *l)
{
	struct log_ctx ctx = { .integration_id = l->integration_id };

	if (!l->spilling)
		log_info(&ctx, "dispatch.spill", "%zu tasks wait; further ones are parked",
		         l->n_queued);
	l->spilling = true;
}

static void maybe_stop_spilling(struct lane_entry *l, bool slow)
{
	struct log_ctx ctx = { .integration_id = l->integration_id };

	if (!l->spilling || slow || l->n_queued > lane_limit(l) / 2)
		return;
	l->spilling = false;
	log_info(&ctx, "dispatch.spill_over", "tasks are queued again");
}

bool parking_wants(struct lane_entry *l, const struct source *s)
{
	bool full =
		l->n_queued >= lane_limit(l) || offsets_pending(&s->offsets) > PENDING_MAX;

	if (!full && !l->spilling)
		return false;
	bool slow = lane_entry_is_slow(l);

	maybe_stop_spilling(l, slow);
	if (full && slow)
		start_spilling(l);
	return l->spilling;
}

void parking_spill(struct dispatcher *d, struct job *job)
{
	metric_add(&metric_parking, "spilled", 1);
	if (job->ticket)
		order_park(d->order, STEAL(job->ticket), clock_mono_ms());
	outgoing_park(d, job);
	job_free(d, job);
}

static void spill_waiting(struct lane_entry *l, void *arg)
{
	struct job *job = TAILQ_FIRST(&l->queue);

	if (l->n_queued <= KEEP_QUEUED || !lane_entry_is_slow(l))
		return;
	start_spilling(l);
	for (int i = 0; job && i < KEEP_QUEUED; i++)
		job = TAILQ_NEXT(job, link);
	while (job && !outgoing_is_full(l->d)) {
		struct job *next = TAILQ_NEXT(job, link);

		lanes_unqueue(l, job);
		parking_spill(l->d, job);
		job = next;
	}
}

void parking_make_room(struct dispatcher *d)
{
	lanes_each(d, spill_waiting, NULL);
}

/* ---- the way back ---- */

void parking_add(struct dispatcher *d, struct job *job)
{
	struct source *s = job->source;

	if (keeps_order(job)) {
		const struct order_task task = order_task_of(job);

		order_meet_parked(d->order, &task, job->arrived_ms);
	}
	TAILQ_INSERT_TAIL(&d->parking->records, job, link);
	if (++s->n_parked >= IN_MEMORY_MAX)
		intake_pause_source(d, s, NULL);
}

static void take_out(struct dispatcher *d, struct job *job)
{
	struct source *s = job->source;

	TAILQ_REMOVE(&d->parking->records, job, link);
	if (--s->n_parked <= IN_MEMORY_MAX * 3 / 4 && !s->full)
		intake_resume_source(d, s);
}

/*
 * Only as many as the lane has room for, each second: they come back as new tasks. A lane
 * whose circuit is open and that has nothing left to probe with gets one.
 */
static bool lane_can_take(struct lane_entry *l)
{
	if (!l)
		return true;
	if (!lane_entry_is_slow(l))
		return l->n_queued + l->released < lane_limit(l) / 2;
	return l->n_queued == 0 && l->released == 0 &&
	       lane_next(&l->lane, clock_mono_ms()).step == LANE_SEND;
}

static bool held_too_long(const struct dispatcher *d, const struct lane_entry *l,
                          const struct job *job)
{
	int64_t hold = d->config->circuit_hold;

	return l && l->lane.circuit.state != CIRCUIT_CLOSED &&
	       clock_mono_ms() - l->lane.circuit.open_since_ms >= hold &&
	       clock_wall_ms() - job->task.created_at_ms >= hold;
}

static void release(struct dispatcher *d, struct lane_entry *l, struct job *job)
{
	const struct kafka_header *header = kafka_header_find(&job->held->m, TASK_HEADER);
	char hex[LOG_ID_HEX_SIZE];
	char *value = xasprintf("{\"log_id\":\"%s\",\"lab_id\":%lld,\"release\":%.*s}",
	                        log_id_to_hex(&job->task.log_id, hex),
	                        (long long)job->task.lab_id, (int)header->len,
	                        (const char *)header->value);

	if (l)
		l->released++;
	metric_add(&metric_parking, "released", 1);
	outgoing_release(d, job, value);
	job_free(d, job);
}

static enum order_release ask_order(struct dispatcher *d, const struct job *job)
{
	const struct order_task task = order_task_of(job);

	return keeps_order(job) ? order_ask_release(d->order, &task) : ORDER_MAY_RELEASE;
}

static void end_in_order(struct dispatcher *d, const struct job *job, bool released)
{
	const struct order_task task = order_task_of(job);

	if (!keeps_order(job))
		return;
	if (released)
		order_release(d->order, &task, clock_mono_ms());
	else
		order_wake(order_end_parked(d->order, &task));
}

/* False: it waits for an earlier one of its entity that is on its way back. */
static bool settle(struct dispatcher *d, struct job *job)
{
	struct lane_entry *l = lanes_find(d, job->task.integration_id);
	enum order_release order = ask_order(d, job);

	if (order == ORDER_SOON)
		return false;
	take_out(d, job);
	if (order == ORDER_MAY_RELEASE && lane_can_take(l)) {
		end_in_order(d, job, true);
		release(d, l, job);
	} else if (held_too_long(d, l, job)) {
		CLEANUP(freep) char *message = xasprintf("Circuit open: %s", l->last_error);

		metric_add(&metric_parking, "expired", 1);
		end_in_order(d, job, false);
		attempt_refuse(d, job, ERROR_KIND_CIRCUIT, message);
	} else {
		metric_add(&metric_parking, "parked_again", 1);
		outgoing_park(d, job);
		job_free(d, job);
	}
	return true;
}

static void look(struct dispatcher *d)
{
	int64_t due = clock_wall_ms() - d->config->park_delay;
	struct job *job = TAILQ_FIRST(&d->parking->records);

	for (int settled = 0; job && settled < LOOK_MAX && !outgoing_is_full(d);) {
		struct job *next = TAILQ_NEXT(job, link);

		if (job->held->m.timestamp_ms <= due)
			settled += settle(d, job);
		job = next;
	}
}

static void calm(struct lane_entry *l, void *arg)
{
	l->released = 0;
	if (l->spilling)
		maybe_stop_spilling(l, lane_entry_is_slow(l));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dispatcher *d = arg;

	if (d->draining)
		return;
	intake_recheck(d);
	look(d);
}

void parking_second(struct dispatcher *d)
{
	lanes_each(d, calm, NULL);
}

void parking_open(struct dispatcher *d)
{
	static const struct timeval period = { .tv_usec = LOOK_MS * 1000 };

	d->parking = xcalloc(1, sizeof(*d->parking));
	TAILQ_INIT(&d->parking->records);
	d->parking->timer = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_timer, d);
	(void)event_add(d->parking->timer, &period);
}

static void drop(struct dispatcher *d, const struct source *s)
{
	struct job *job = TAILQ_FIRST(&d->parking->records);

	while (job) {
		struct job *next = TAILQ_NEXT(job, link);

		if (!s || job->source == s) {
			TAILQ_REMOVE(&d->parking->records, job, link);
			job->source->n_parked--;
			job_free(d, job);
		}
		job = next;
	}
}

void parking_drop_source(struct dispatcher *d, const struct source *s)
{
	drop(d, s);
}

void parking_close(struct dispatcher *d)
{
	if (!d->parking)
		return;
	drop(d, NULL);
	event_free(d->parking->timer);
	free(d->parking);
	d->parking = NULL;
}

void parking_each(struct dispatcher *d, void (*visit)(const struct job *job, void *arg),
                  void *arg)
{
	const struct job *job;

	TAILQ_FOREACH (job, &d->parking->records, link)
		visit(job, arg);
}
