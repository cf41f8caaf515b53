#include "intake.h"

#include "base/clock.h"
#include "log/log.h"

#include <stdio.h>

#define MAX_ROWS       1024              /* integrations of one event */
#define MAX_BYTES      (8 * 1024 * 1024) /* of the events of a round */
#define BATCH_BUILDS   3000              /* of a round that a bulk event's batch may fill */
#define MAX_HEADERS    64
#define FAILED_RECORDS 8 /* of one event, each with the whole event's bytes */

static int carry_out(struct intake *in)
{
	int64_t began_us = clock_mono_us();
	int r = 0;

	if (in->work.n_builds > 0) {
		in->work.settings_version = settings_version(in->trigger->settings);
		r = work_fetch_contexts(in->trigger, &in->work);
		if (r == 0) {
			builds_make(&in->work);
			r = emit_round(in->trigger, &in->work);
		}
		metric_observe(&metric_batch, NULL,
		               (double)(clock_mono_us() - began_us) / 1e6);
	}
	return r;
}

static int make_room(struct intake *in, size_t builds)
{
	if (in->work.n_builds < builds && in->work.bytes < MAX_BYTES)
		return 0;
	int r = carry_out(in);
	work_clear(&in->work);
	return r;
}

int intake_make_room(struct intake *in)
{
	return make_room(in, TRIGGER_BATCH);
}

int intake_fail(struct intake *in, const struct kafka_message *m, const char *reason,
                const char *exception)
{
	metric_add(&metric_events, reason, 1);
	return outbox_add_failed(&in->failed, m, reason, exception);
}

int intake_end(struct intake *in, int r)
{
	if (r == 0)
		r = carry_out(in);
	/* the last: a batch that is given again finds its wrong messages again */
	if (r == 0)
		r = outbox_send(&in->failed);
	work_deinit(&in->work);
	outbox_deinit(&in->failed);
	return r;
}

static void add_builds(struct intake *in, struct origin *origin, size_t record,
                       const struct integration *const *rows, size_t n)
{
	const struct labevent *event = &origin->event;
	struct subject *s = work_add_subject(&in->work);

	s->origin = origin;
	s->action = event->action;
	s->lab_id = event->lab_id;
	s->org_id = event->records[record].org_id;
	s->ids = labevent_context(event, record);
	s->result = payload_entity_id(s->action, s->ids, &s->entity_id, &s->why);
	for (size_t i = 0; i < n; i++) {
		struct build *b = work_add_build(&in->work);

		b->row = rows[i];
		labevent_log_id(event->source, event->id, rows[i]->id, record, &b->log_id);
	}
}

/* A bulk event's wrong records: each with its own reason, but not a thousand copies. */
static int fail_record(struct intake *in, const struct kafka_message *m,
                       const struct labevent *event, size_t record, size_t *failed)
{
	char more[300];
	const char *fault = event->records[record].fault;

	metric_add(&metric_events, "failed_record", 1);
	if (++*failed > FAILED_RECORDS)
		return 0;
	if (*failed == FAILED_RECORDS) {
		(void)snprintf(more, sizeof(more), "%s (and perhaps more records)", fault);
		fault = more;
	}
	return outbox_add_failed(&in->failed, m, labevent_reason(LABEVENT_E_WRONG_TYPE),
	                         fault);
}

/* Records that go to a partner as one request are built in one round. */
static size_t round_size(const struct labevent *event,
                         const struct integration *const *rows, size_t n)
{
	for (size_t i = 0; event->is_bulk && i < n; i++)
		if (rows[i]->is_batch)
			return BATCH_BUILDS;
	return TRIGGER_BATCH;
}

static int take_record(struct intake *in, struct origin *origin, size_t record,
                       size_t *built)
{
	static _Thread_local const struct integration *rows[MAX_ROWS];
	const struct labevent *event = &origin->event;
	size_t n = settings_match(in->trigger->settings, event->lab_id, event->action->id,
	                          event->records[record].org_id, rows, MAX_ROWS);

	if (n > MAX_ROWS) {
		log_error(&(struct log_ctx){ .lab_id = event->lab_id },
		          "trigger.too_many_rows", "%zu rows match, %d are served", n,
		          MAX_ROWS);
		n = MAX_ROWS;
	}
	if (n == 0)
		return 0;
	*built += n;
	int r = make_room(in, round_size(event, rows, n));
	if (r == 0)
		add_builds(in, origin, record, rows, n);
	return r;
}

static int take_records(struct intake *in, const struct kafka_message *m,
                        struct origin *origin, size_t *built)
{
	const struct labevent *event = &origin->event;
	size_t failed = 0;

	for (size_t i = 0; i < event->n_records; i++) {
		int r = event->records[i].fault ? fail_record(in, m, event, i, &failed)
		                                : take_record(in, origin, i, built);

		if (r)
			return r;
	}
	metric_add(&metric_events, *built ? "matched" : "unmatched", 1);
	return 0;
}

static int parse(const struct kafka_message *m, struct labevent *event,
                 struct err_text *why)
{
	struct labevent_header headers[MAX_HEADERS];
	struct labevent_message message = {
		.value = m->value,
		.len = m->value_len,
		.headers = headers,
		.n_headers = m->n_headers < MAX_HEADERS ? m->n_headers : MAX_HEADERS,
		.timestamp_ms = m->timestamp_ms,
	};

	for (size_t i = 0; i < message.n_headers; i++)
		headers[i] = (struct labevent_header){ .name = m->headers[i].name,
			                               .value = m->headers[i].value,
			                               .len = m->headers[i].len };
	return labevent_parse(&message, event, why);
}

static int intake_event(struct intake *in, const struct kafka_message *m)
{
	struct origin *origin = xcalloc(1, sizeof(*origin));
	struct err_text why = { "" };
	size_t built = 0;
	int r = parse(m, &origin->event, &why);

	if (r) {
		r = intake_fail(in, m, labevent_reason((enum labevent_error)r), why.text);
	} else {
		origin->position = (struct event_position){
			.topic = kafka_topics[m->topic].name,
			.partition = m->partition,
			.offset = m->offset,
		};
		origin->event_at_ms = m->timestamp_ms;
		r = take_records(in, m, origin, &built);
	}
	/* the last: until here a full round was cleared without this event */
	if (built)
		work_adopt(&in->work, origin, m->value_len);
	else
		origin_free(origin);
	return r;
}

int intake_events(struct trigger *t, const struct kafka_message *messages, size_t n)
{
	struct intake in = { .trigger = t, .failed = outbox_open(t) };
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = intake_event(&in, &messages[i]);
	return intake_end(&in, r);
}
