/* A round's results: logs, then in one wait tasks, reports and status updates. */
#include "base/clock.h"
#include "hl7/hl7.h"
#include "outbox.h"
#include "tasks.h"
#include "work.h"
#include "json/jdoc.h"

#include <stdio.h>

/* ---- logs ---- */

static void add_row(const struct integration *row, struct log_entry *e)
{
	e->integration_id = row->id;
	e->auth_id = row->auth_id;
	e->transport = transport_word(row->transport);
	e->vendor = row->vendor;
	e->developer_name = row->developer_name;
	e->end_point = row->end_point;
	e->request_type = (int)row->request_type;
}

static void make_entry(const struct work *w, const struct build *b, int64_t now_ms,
                       struct log_entry *e)
{
	const struct subject *s = build_subject(w, b);
	const struct origin *origin = s->origin;

	*e = (struct log_entry){
		.id = b->log_id,
		.integration_type = "WEBHOOK",
		.operation = s->action->name,
		.action_category = action_category_name(s->action->category),
		.action_id = s->action->id,
		.lab_id = s->lab_id,
		.org_id = s->references.org_id,
		.bill_id = s->references.bill_id,
		.patient_id = s->references.patient_id,
		.lrr_id = s->references.lrr_id,
		.report_id = s->references.report_id,
		.status = b->status,
		.error_kind = b->error_kind,
		.error_message = b->status == LOG_STATUS_QUEUED ? NULL : b->why.text,
		.stage = b->body.is_hl7 ? HL7_STAGE : NULL,
		.retry_context = b->retry_context,
		.request_body = b->status == LOG_STATUS_QUEUED
		                        ? payload_body_shown(&b->body)
		                        : NULL,
		.payload_sha256 = b->status == LOG_STATUS_QUEUED ? b->body.sha256 : NULL,
		.triggered_by_py3 = origin->event.triggered_by_py3,
		.event_id = origin->event.id,
		.traceparent = origin->event.traceparent,
		.inserted_at_ms = now_ms,
		.activity_date_ms = origin->event.activity_date_ms,
		.position = origin->position,
	};
	add_row(b->row, e);
}

static bool is_of_event(const struct work *w, const struct build *b)
{
	return build_subject(w, b)->origin->kind == ORIGIN_EVENT;
}

/* The log is there as QUEUED, whoever wrote it, and waits for what follows. */
static bool is_waiting(const struct work *w, const struct build *b)
{
	return !is_of_event(w, b) || b->insert == INSERT_SAME_EVENT;
}

static bool is_new(const struct work *w, const struct build *b)
{
	return is_of_event(w, b) &&
	       (b->insert == INSERT_NEW || b->insert == INSERT_REJECTED);
}

/* A batch gathers until the round's end, or until an ordered task of a later event comes.
 */
static int add_task(struct batches *batches, struct outbox *outbox, const struct work *w,
                    struct build *b)
{
	int r = 0;

	if (b->is_batched)
		return batches_add(batches, outbox, w, b);
	if (b->row->ordered_by)
		r = batches_end_earlier(batches, outbox, w, build_subject(w, b)->origin);
	return r ? r : tasks_add(outbox, w, &b, 1);
}

static int add_outcome(struct batches *batches, struct outbox *outbox, const struct work *w,
                       struct build *b)
{
	if (!is_new(w, b) && !is_waiting(w, b))
		return 0;
	if (b->status == LOG_STATUS_QUEUED)
		return add_task(batches, outbox, w, b);
	if (!is_waiting(w, b))
		return 0; /* a new log was written with its final status already */
	int r = tasks_report(outbox, w, b, b->why.text);
	if (r == 0 && build_subject(w, b)->origin->kind == ORIGIN_RELEASE)
		r = tasks_end(outbox, w, b);
	return r;
}

static int add_update(struct outbox *outbox, const struct log_entry *entry)
{
	CLEANUP(freep) char *value = log_entry_status_update(entry);
	char key[24];

	(void)snprintf(key, sizeof(key), "%lld", (long long)entry->lab_id);
	return outbox_add(outbox, KAFKA_TOPIC_STATUS_UPDATES, key, value);
}

static void mark_tasked(struct trigger *t, const struct work *w)
{
	for (size_t i = 0; i < w->n_builds; i++) {
		if (is_new(w, &w->builds[i]))
			logs_mark_tasked(t, &w->builds[i].log_id);
	}
}

struct round {
	struct log_entry
		*entries; /* of those builds that have a log of their own to write */
	struct build **builds;
	size_t n;
};

static struct round make_entries(const struct work *w)
{
	struct round round = { .entries = xcalloc(w->n_builds, sizeof(*round.entries)),
		               .builds = xcalloc(w->n_builds, sizeof(*round.builds)) };
	int64_t now_ms = clock_wall_ms();

	for (size_t i = 0; i < w->n_builds; i++) {
		struct build *b = &w->builds[i];

		if (!is_of_event(w, b))
			continue;
		make_entry(w, b, now_ms, &round.entries[round.n]);
		round.builds[round.n++] = b;
	}
	return round;
}

static int send_round(struct trigger *t, struct work *w, const struct round *round)
{
	CLEANUP(outbox_deinit) struct outbox outbox = outbox_open(t);
	CLEANUP(batches_deinit) struct batches batches = { 0 };
	int r = 0;

	for (size_t i = 0; i < w->n_builds && r == 0; i++)
		r = add_outcome(&batches, &outbox, w, &w->builds[i]);
	if (r == 0)
		r = batches_end(&batches, &outbox, w);
	for (size_t i = 0; i < round->n && r == 0; i++)
		if (is_new(w, round->builds[i]))
			r = add_update(&outbox, &round->entries[i]);
	return r ? r : outbox_send(&outbox);
}

int emit_round(struct trigger *t, struct work *w)
{
	struct round round = make_entries(w);
	int r = logs_write(t, round.entries, round.builds, round.n);

	if (r == 0)
		r = attempts_send(t, w);
	if (r == 0)
		r = send_round(t, w, &round);
	if (r == 0)
		mark_tasked(t, w);
	free(round.entries);
	free(round.builds);
	return r;
}
