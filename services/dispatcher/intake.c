#include "intake.h"

#include "attempt.h"
#include "base/clock.h"
#include "checks.h"
#include "commits.h"
#include "documents.h"
#include "gauges.h"
#include "lanes.h"
#include "log/log.h"
#include "newest.h"
#include "outgoing.h"
#include "parking.h"

#include <event2/event.h>

enum { POLL_MAX = 256 };

void source_ref(struct source *s)
{
	s->refs++;
}

void source_unref(struct source *s)
{
	if (--s->refs > 0)
		return;
	offsets_deinit(&s->offsets);
	free(s);
}

static struct source *source_find(struct dispatcher *d, enum kafka_topic topic,
                                  int partition)
{
	struct source *s;

	LIST_FOREACH(s, &d->sources, link)
	if (s->topic == topic && s->partition == partition)
		return s;
	return NULL;
}

bool keeps_order(const struct job *job)
{
	return job->task.order_key && strcmp(job->task.order_key, TASK_ORDER_ALL) != 0;
}

struct order_task order_task_of(const struct job *job)
{
	return (struct order_task){ .lane = job->held->m.key,
		                    .lane_len = job->held->m.key_len,
		                    .entity = job->task.order_key,
		                    .place = job->task.order_place,
		                    .log_id = job->task.log_id,
		                    .attempt = job->task.attempt,
		                    .partition = job->held->m.partition };
}

void order_wake(void *owner)
{
	struct job *job = owner;

	if (job && job->lane)
		lanes_wake(job->lane);
}

void job_free(struct dispatcher *d, struct job *job)
{
	d->n_tasks--;
	d->task_bytes -= job->bytes;
	if (job->ticket)
		order_wake(order_leave(d->order, job->ticket));
	job->documents = documents_release(d, job->documents);
	(void)settings_unref(job->settings);
	task_release(&job->task);
	(void)kafka_held_free(job->held);
	source_unref(job->source);
	free(job);
}

static struct job *job_new(struct dispatcher *d, struct source *s, struct kafka_held *held,
                           struct err_text *why)
{
	const struct kafka_header *header = kafka_header_find(&held->m, TASK_HEADER);
	struct task task;

	if (!header) {
		(void)err_say(why, 0, "the header \"task\" is missing");
		return NULL;
	}
	if (task_decode(header->value, header->len, &task, why) != 0)
		return NULL;
	struct job *job = xcalloc(1, sizeof(*job));

	job->source = s;
	source_ref(s);
	job->held = held;
	job->task = task;
	job->arrived_ms = clock_mono_ms();
	d->n_tasks++;
	/* a decoded header takes some four times its text */
	job->bytes = sizeof(*job) + held->bytes + 4 * header->len;
	d->task_bytes += job->bytes;
	return job;
}

/* A parked task that trigger did not build again. */
static void take_end(struct dispatcher *d, struct job *job)
{
	const struct order_task task = order_task_of(job);
	struct source *s = job->source;

	order_wake(order_end_parked(d->order, &task));
	offsets_finish(&s->offsets, job->held->m.offset);
	job_free(d, job);
}

/* It may be one that was parked, whose entity's next waits for it. */
static void end_needless(struct dispatcher *d, struct job *job)
{
	if (keeps_order(job)) {
		const struct order_task task = order_task_of(job);

		order_wake(order_end_parked(d->order, &task));
	}
	attempt_supersede(d, job, "an earlier attempt was delivered meanwhile");
}

static void take_task(struct dispatcher *d, struct job *job)
{
	struct lane_entry *l = lanes_get(d, job->task.integration_id);

	if (newest_is_needless(d, job)) {
		end_needless(d, job);
		return;
	}
	newest_arrived(d, l, job); /* first: it may be what fills the lane */
	if (keeps_order(job)) {
		const struct order_task task = order_task_of(job);

		job->ticket = order_join(d->order, &task, job, job->arrived_ms);
	}
	if (parking_wants(l, job->source) ||
	    (job->ticket && order_follows_parked(job->ticket))) {
		parking_spill(d, job);
		return;
	}
	lanes_queue(l, job);
	if (l->n_queued >= (size_t)d->config->lane_queue_limit && !lane_entry_is_slow(l))
		intake_pause_source(d, job->source, l);
}

static void on_message(struct kafka_held *held, void *arg)
{
	struct dispatcher *d = arg;
	struct source *s = source_find(d, held->m.topic, held->m.partition);
	struct err_text why;

	if (!s || s->revoked || !offsets_begin(&s->offsets, held->m.offset)) {
		metric_add(&metric_skipped, NULL, 1);
		(void)kafka_held_free(held);
		return;
	}
	struct job *job = job_new(d, s, held, &why);
	if (!job)
		outgoing_failed(d, s, held, "undecodable_task", why.text);
	else if (s->topic == KAFKA_TOPIC_PARKED)
		parking_add(d, job);
	else if (job->task.check)
		checks_take(d, job);
	else if (job->task.ended)
		take_end(d, job);
	else
		take_task(d, job);
	intake_balance(d);
}

static void on_assigned(enum kafka_topic topic, int partition, int64_t committed,
                        const char *metadata, void *arg)
{
	struct dispatcher *d = arg;
	struct source *s = xcalloc(1, sizeof(*s));

	s->topic = topic;
	s->partition = partition;
	s->refs = 1;
	s->since_ms = clock_wall_ms();
	offsets_init(&s->offsets, committed, metadata);
	LIST_INSERT_HEAD(&d->sources, s, link);
	service_ready(d->ctx, "kafka", true, "");
	if (d->paused)
		stream_pause(d->stream, topic, partition);
}

static void on_closed(void *arg)
{
	struct dispatcher *d = arg;

	service_release(d->ctx);
}

static bool too_full(const struct dispatcher *d)
{
	return d->n_tasks >= (size_t)d->config->tasks_limit ||
	       d->task_bytes >= (size_t)d->config->memory_limit || outgoing_is_full(d);
}

static bool has_room(const struct dispatcher *d)
{
	return d->n_tasks <= (size_t)d->config->tasks_limit * 3 / 4 &&
	       d->task_bytes <= (size_t)d->config->memory_limit * 3 / 4 &&
	       outgoing_count(d) <= (size_t)d->config->outgoing_limit * 3 / 4;
}

static void pause_all(struct dispatcher *d)
{
	struct source *s;

	d->paused = true;
	metric_add(&metric_limits, outgoing_is_full(d) ? "outgoing" : "memory", 1);
	LIST_FOREACH(s, &d->sources, link)
	stream_pause(d->stream, s->topic, s->partition);
}

static void resume_all(struct dispatcher *d)
{
	struct source *s;

	d->paused = false;
	LIST_FOREACH(s, &d->sources, link)
	if (!s->paused && !s->revoked)
		stream_resume(d->stream, s->topic, s->partition);
}

void intake_balance(struct dispatcher *d)
{
	if (d->draining)
		return;
	if (!d->paused && too_full(d)) {
		parking_make_room(d);
		if (too_full(d))
			pause_all(d);
	} else if (d->paused && has_room(d)) {
		resume_all(d);
	}
}

void intake_pause_source(struct dispatcher *d, struct source *s, struct lane_entry *full)
{
	if (s->paused || s->revoked)
		return;
	metric_add(&metric_limits, full ? "lane" : "parked", 1);
	s->paused = true;
	s->full = full;
	if (full && !full->lane.holds_up_since_ms)
		full->lane.holds_up_since_ms = clock_mono_ms();
	stream_pause(d->stream, s->topic, s->partition);
}

void intake_resume_source(struct dispatcher *d, struct source *s)
{
	if (!s->paused || s->revoked || s->gone)
		return;
	s->paused = false;
	s->full = NULL;
	if (!d->paused)
		stream_resume(d->stream, s->topic, s->partition);
}

void intake_recheck(struct dispatcher *d)
{
	struct source *s;

	LIST_FOREACH(s, &d->sources, link)
	if (s->full &&
	    (s->full->n_queued <= lanes_room_at(d) || lane_entry_is_slow(s->full)))
		intake_resume_source(d, s);
}

static void on_stream(evutil_socket_t fd, short what, void *arg)
{
	struct dispatcher *d = arg;

	stream_poll(d->stream, POLL_MAX);
}

int intake_open(struct dispatcher *d, struct err_text *why)
{
	static const enum kafka_topic topics[] = { KAFKA_TOPIC_TASKS, KAFKA_TOPIC_PARKED };
	const struct stream_options options = {
		.group = "dispatcher",
		.topics = topics,
		.n_topics = ARRAY_SIZE(topics),
		.callbacks = {
			.message = on_message,
			.assigned = on_assigned,
			.revoked = commits_revoked,
			.closed = on_closed,
			.arg = d,
		},
	};

	int r = stream_open(&d->config->kafka, &options, &d->stream, why);
	if (r != 0)
		return r;
	d->stream_event = event_new(service_loop(d->ctx), stream_fd(d->stream),
	                            EV_READ | EV_PERSIST, on_stream, d);
	(void)event_add(d->stream_event, NULL);
	return 0;
}
