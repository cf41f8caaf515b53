#include "tasks.h"

#include "base/clock.h"
#include "json/jdoc.h"

#include <stdio.h>

static const char *order_key(const struct references *of, const char *ordered_by,
                             char out[96])
{
	int64_t id;

	if (!ordered_by)
		return NULL;
	if (strcmp(ordered_by, "accession") == 0) {
		(void)snprintf(out, 96, "accession:%s",
		               of->accession_no ? of->accession_no : "");
		return of->accession_no ? out : NULL;
	}
	id = strcmp(ordered_by, "bill") == 0 ? of->bill_id : of->patient_id;
	(void)snprintf(out, 96, "%s:%lld", ordered_by, (long long)id);
	return id ? out : NULL;
}

int tasks_report(struct outbox *outbox, const struct work *w, const struct build *b,
                 const char *why)
{
	const struct report report = {
		.kind = REPORT_OUTCOME,
		.log_id = b->log_id,
		.lab_id = build_subject(w, b)->lab_id,
		.attempt = b->attempt,
		.retry_id = b->retry_id,
		.status = b->status,
		.error_kind = b->error_kind,
		.error_message = why,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.occurred_at_ms = clock_wall_ms(),
	};

	return outbox_add_report(outbox, &report);
}

/* What the dispatcher needs of each record, and a rebuild; NULL for one alone. */
static json_t *make_records(struct build *const *builds, size_t n)
{
	json_t *records = n > 1 ? json_array() : NULL;
	char hex[LOG_ID_HEX_SIZE];

	for (size_t i = 0; n > 1 && i < n; i++) {
		json_t *record = json_object();

		jdoc_set_text(record, "log_id", log_id_to_hex(&builds[i]->log_id, hex));
		(void)json_object_set(record, "context", builds[i]->retry_context);
		(void)json_array_append_new(records, record);
	}
	return records;
}

/* A released fax may have been sent before its dispatcher died, and then been parked. */
static int64_t unsure_since(const struct origin *origin, const struct integration *row)
{
	if (row->transport != TRANSPORT_FAX || origin->kind == ORIGIN_EVENT)
		return 0;
	if (origin->kind == ORIGIN_RELEASE && origin->task.unsure_since_ms == 0)
		return origin->task.created_at_ms;
	return origin->task.unsure_since_ms;
}

static int add(struct outbox *outbox, const struct work *w, struct build *const *builds,
               size_t n, const struct payload_body *body)
{
	const struct build *b = builds[0];
	const struct subject *s = build_subject(w, b);
	const struct origin *origin = s->origin;
	bool again = origin->kind != ORIGIN_EVENT;
	char lane[LANE_KEY_SIZE], order[96];
	CLEANUP_JSON json_t *records = make_records(builds, n);
	struct task task = {
		.log_id = b->log_id,
		.integration_id = b->row->id,
		.lab_id = s->lab_id,
		.action_id = s->action->id,
		.settings_version = w->settings_version,
		.attempt = b->attempt,
		.retry_id = b->retry_id,
		.method = body->method,
		.content_type = body->content_type,
		.payload_type = b->row->payload_type,
		.traceparent = again ? origin->task.traceparent : origin->event.traceparent,
		.created_at_ms = clock_wall_ms(),
		.event_at_ms = origin->event_at_ms,
		.triggered_by_py3 = again ? origin->task.triggered_by_py3
		                          : origin->event.triggered_by_py3,
		.resend = again && origin->task.resend,
		.order_key = order_key(&s->references, b->row->ordered_by, order),
		.order_place =
			again ? origin->task.order_place : origin->position.offset + 1,
		.vendor_fax_id = again ? origin->task.vendor_fax_id : NULL,
		.unsure_since_ms = unsure_since(origin, b->row),
		.automatic = again && origin->task.automatic,
		.context = b->retry_context,
		.records = records,
		.documents = body->documents,
	};

	if (records && b->row->ordered_by)
		task.order_key = TASK_ORDER_ALL;
	return outbox_add_task(outbox, settings_lane_key(b->row, lane), &task, body->data,
	                       body->len);
}

int tasks_end(struct outbox *outbox, const struct work *w, const struct build *b)
{
	const struct task *parked = &build_subject(w, b)->origin->task;
	char lane[LANE_KEY_SIZE];
	const struct task task = {
		.log_id = b->log_id,
		.integration_id = parked->integration_id,
		.lab_id = parked->lab_id,
		.action_id = parked->action_id,
		.attempt = b->attempt,
		.retry_id = b->retry_id,
		.method = "POST",
		.order_key = parked->order_key,
		.order_place = parked->order_place,
		.ended = true,
	};

	if (!b->row || !parked->order_key)
		return 0; /* its entity waits until the dispatcher gives it up */
	return outbox_add_task(outbox, settings_lane_key(b->row, lane), &task, "", 0);
}

static void join(struct build *const *builds, size_t n, struct payload_body *out)
{
	CLEANUP(freep)
	const struct payload_body **parts = xcalloc(n, sizeof(struct payload_body *));

	for (size_t i = 0; i < n; i++)
		parts[i] = &builds[i]->body;
	payload_join(parts, n, out);
}

int tasks_add(struct outbox *outbox, const struct work *w, struct build *const *builds,
              size_t n)
{
	struct payload_body joined = { 0 };

	if (builds[0]->is_batched)
		join(builds, n, &joined);
	int r = add(outbox, w, builds, n, joined.data ? &joined : &builds[0]->body);
	payload_body_release(&joined);
	if (r != OUTBOX_E_TOO_LARGE)
		return r;
	r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		builds[i]->status = LOG_STATUS_FAIL;
		builds[i]->error_kind = ERROR_KIND_BUILD;
		r = tasks_report(outbox, w, builds[i],
		                 "the payload is larger than a task may be");
	}
	return r;
}
