#include "outgoing.h"

#include "base/clock.h"
#include "commits.h"
#include "gauges.h"
#include "intake.h"
#include "lanes.h"
#include "log/log.h"
#include "message/report.h"

#include <event2/event.h>

enum { RETRY_MS = 200 };

struct outgoing {
	TAILQ_ENTRY(outgoing) link;         /* of all */
	TAILQ_ENTRY(outgoing) waiting_link; /* while it is not with the producer */
	struct dispatcher *d;
	struct source *source; /* whose offset is finished when the broker has it */
	int64_t offset;
	size_t *others; /* not acknowledged, of those that answer for it; NULL: alone */
	enum kafka_topic topic;
	char *key;
	size_t key_len;
	char *value;
	size_t value_len;
	char *task; /* the header `task`; NULL: without */
	size_t task_len;
	struct kafka_held *failed; /* failed-tasks: the original; else NULL */
	const char *reason;
	char *exception;
	bool waiting;
	bool shrunk;
};
TAILQ_HEAD(outgoing_list, outgoing);

struct outgoing_queue {
	struct outgoing_list all, waiting;
	size_t n;
	struct event *timer;
};

static void outgoing_free(struct outgoing *o)
{
	struct outgoing_queue *q = o->d->outgoing;

	TAILQ_REMOVE(&q->all, o, link);
	if (o->waiting)
		TAILQ_REMOVE(&q->waiting, o, waiting_link);
	q->n--;
	if (o->others && --*o->others == 0)
		free(o->others);
	source_unref(o->source);
	(void)kafka_held_free(o->failed);
	free(o->key);
	free(o->value);
	free(o->task);
	free(o->exception);
	free(o);
}

/* The offset is finished when everything about it is in Kafka. */
static void finish(struct outgoing *o)
{
	struct dispatcher *d = o->d;
	struct source *s = o->source;

	source_ref(s);
	s->busy--;
	if (!o->others || *o->others == 1)
		offsets_finish(&s->offsets, o->offset);
	outgoing_free(o);
	commits_settled(d, s);
	source_unref(s);
}

static void wait_for_broker(struct outgoing *o)
{
	static const struct timeval pause = { .tv_usec = RETRY_MS * 1000 };
	struct outgoing_queue *q = o->d->outgoing;

	o->waiting = true;
	TAILQ_INSERT_TAIL(&q->waiting, o, waiting_link);
	if (!evtimer_pending(q->timer, NULL))
		(void)evtimer_add(q->timer, &pause);
}

static bool produce(struct outgoing *o);

/* The broker will never take it as it is: without bodies and headers it will. */
static bool shrink(struct outgoing *o)
{
	struct report report;
	struct err_text why;

	if (o->topic != KAFKA_TOPIC_CALLBACKS || o->shrunk ||
	    report_decode(o->value, o->value_len, &report, &why) != 0) {
		log_error(NULL, "dispatch.too_large", "a message of %zu bytes to topic %d",
		          o->value_len, (int)o->topic);
		finish(o);
		return true;
	}
	report.response_body = NULL;
	report.response_body_truncated = true;
	report.request_headers = report.response_headers = NULL;
	free(o->value);
	o->value = report_encode(&report);
	o->value_len = strlen(o->value);
	o->shrunk = true;
	report_release(&report);
	return produce(o);
}

/* False: it waits for the broker. */
static bool settle(struct outgoing *o, int result)
{
	if (result == 0)
		finish(o);
	else if (result == KAFKA_E_TOO_LARGE)
		return shrink(o);
	else
		wait_for_broker(o);
	return result == 0;
}

static void on_ack(int result, void *arg)
{
	struct outgoing *o = arg;
	struct dispatcher *d = o->d;
	bool was_full = outgoing_is_full(d);

	(void)settle(o, result);
	if (was_full && !outgoing_is_full(d))
		lanes_pump_soon(d);
	if (d->paused)
		intake_balance(d);
}

static int hand_over(struct outgoing *o)
{
	const struct kafka_header header = {
		.name = TASK_HEADER,
		.value = o->task,
		.len = o->task_len,
	};
	const struct kafka_message m = {
		.topic = o->topic,
		.partition = -1,
		.key = o->key,
		.key_len = o->key_len,
		.value = o->value ? o->value : "",
		.value_len = o->value_len,
		.headers = &header,
		.n_headers = o->task ? 1 : 0,
	};

	if (o->failed)
		return kafka_produce_failed(o->d->producer, &o->failed->m, o->reason,
		                            o->exception, on_ack, o);
	return kafka_produce(o->d->producer, &m, on_ack, o);
}

/* False: not taken, it waits. */
static bool produce(struct outgoing *o)
{
	int result = hand_over(o);

	return result == 0 || settle(o, result); /* 0: on_ack() settles it */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dispatcher *d = arg;
	struct outgoing *o;
	bool taken = true;

	while (taken && (o = TAILQ_FIRST(&d->outgoing->waiting))) {
		TAILQ_REMOVE(&d->outgoing->waiting, o, waiting_link);
		o->waiting = false;
		taken = produce(o);
	}
}

static void on_producer(evutil_socket_t fd, short what, void *arg)
{
	struct dispatcher *d = arg;

	kafka_producer_poll(d->producer);
}

void outgoing_open(struct dispatcher *d)
{
	struct outgoing_queue *q = xcalloc(1, sizeof(*q));

	TAILQ_INIT(&q->all);
	TAILQ_INIT(&q->waiting);
	d->outgoing = q;
	q->timer = evtimer_new(service_loop(d->ctx), on_timer, d);
	d->producer_event = event_new(service_loop(d->ctx), kafka_producer_fd(d->producer),
	                              EV_READ | EV_PERSIST, on_producer, d);
	(void)event_add(d->producer_event, NULL);
}

void outgoing_close(struct dispatcher *d)
{
	struct outgoing *o;

	if (!d->outgoing)
		return;
	while ((o = TAILQ_FIRST(&d->outgoing->all)))
		outgoing_free(o);
	event_free(d->outgoing->timer);
	free(d->outgoing);
	d->outgoing = NULL;
}

size_t outgoing_count(const struct dispatcher *d)
{
	return d->outgoing->n;
}

bool outgoing_is_full(const struct dispatcher *d)
{
	return d->outgoing->n >= (size_t)d->config->outgoing_limit;
}

static struct outgoing *outgoing_new(struct dispatcher *d, struct source *s, int64_t offset,
                                     enum kafka_topic topic)
{
	struct outgoing *o = xcalloc(1, sizeof(*o));

	o->d = d;
	o->source = s;
	o->offset = offset;
	o->topic = topic;
	source_ref(s);
	s->busy++;
	TAILQ_INSERT_TAIL(&d->outgoing->all, o, link);
	d->outgoing->n++;
	return o;
}

static void set_key(struct outgoing *o, const char *key, size_t len)
{
	o->key = xstrndup(key ? key : "", len);
	o->key_len = len;
}

static void set_log_id_key(struct outgoing *o, const struct log_id *id)
{
	char hex[LOG_ID_HEX_SIZE];

	set_key(o, log_id_to_hex(id, hex), LOG_ID_HEX_SIZE - 1);
}

void outgoing_report(struct dispatcher *d, struct job *job, struct report *report)
{
	size_t n = task_logs(&job->task);
	size_t *others = n > 1 ? xcalloc(1, sizeof(*others)) : NULL;
	struct outgoing **all = xcalloc(n, sizeof(*all));

	if (others)
		*others = n;
	for (size_t i = 0; i < n; i++) {
		struct outgoing *o = outgoing_new(d, job->source, job->held->m.offset,
		                                  KAFKA_TOPIC_CALLBACKS);

		report->log_id = *task_log(&job->task, i);
		set_log_id_key(o, &report->log_id);
		o->others = others;
		o->value = report_encode(report);
		o->value_len = strlen(o->value);
		all[i] = o;
	}
	for (size_t i = 0; i < n; i++)
		(void)produce(all[i]);
	free(all);
}

void outgoing_release(struct dispatcher *d, struct job *job, char *value)
{
	struct outgoing *o =
		outgoing_new(d, job->source, job->held->m.offset, KAFKA_TOPIC_RETRIES);

	set_log_id_key(o, &job->task.log_id);
	o->value = value;
	o->value_len = strlen(value);
	(void)produce(o);
}

void outgoing_park(struct dispatcher *d, struct job *job)
{
	const struct kafka_header *header = kafka_header_find(&job->held->m, TASK_HEADER);
	struct outgoing *o =
		outgoing_new(d, job->source, job->held->m.offset, KAFKA_TOPIC_PARKED);

	set_key(o, job->held->m.key, job->held->m.key_len);
	o->task = xstrndup(header->value, header->len);
	o->task_len = header->len;
	(void)produce(o);
}

void outgoing_failed(struct dispatcher *d, struct source *s, struct kafka_held *held,
                     const char *reason, const char *exception)
{
	struct outgoing *o = outgoing_new(d, s, held->m.offset, KAFKA_TOPIC_FAILED);
	struct log_ctx ctx = { .topic = kafka_topics[held->m.topic].name,
		               .partition = held->m.partition,
		               .offset = held->m.offset };

	log_warn(&ctx, "dispatch.failed_task", "%s", reason);
	metric_add(&metric_failed_tasks, reason, 1);
	o->failed = held;
	o->reason = reason;
	o->exception = xstrdup(exception);
	(void)produce(o);
}
