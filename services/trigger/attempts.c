/* Reports of kind `attempt`: what a retry will send, told before it is sent. */
#include "base/clock.h"
#include "base/utf8.h"
#include "hl7/hl7.h"
#include "outbox.h"
#include "work.h"
#include "json/jdoc.h"

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Compared with the attempt before; null where either was not built. */
static json_t *payload_changed(const struct retry *retry, const struct build *b)
{
	const char *last = jdoc_text_or(retry->log, "payload_sha256", NULL);

	if (!last || b->status != LOG_STATUS_QUEUED)
		return json_null();
	return json_boolean(strcmp(last, b->body.sha256) != 0);
}

static void add_request(json_t *to, const struct build *b, int64_t body_limit)
{
	bool built = b->status == LOG_STATUS_QUEUED;
	const char *body = built ? payload_body_shown(&b->body) : "";
	size_t len = strlen(body), kept = utf8_cut(body, len, (size_t)body_limit);

	(void)json_object_set_new(to, "end_point",
	                          text_or_null(b->row ? b->row->end_point : NULL));
	(void)json_object_set_new(to, "request_type",
	                          b->row ? json_integer((json_int_t)b->row->request_type)
	                                 : json_null());
	(void)json_object_set_new(to, "request_headers",
	                          json_null()); /* the dispatcher's */
	(void)json_object_set_new(to, "request_body",
	                          built ? json_stringn(body, kept) : json_null());
	if (kept < len)
		(void)json_object_set_new(to, "request_body_truncated", json_true());
	jdoc_set_text(to, "stage", b->body.is_hl7 ? HL7_STAGE : NULL);
	(void)json_object_set_new(to, "payload_sha256",
	                          text_or_null(built ? b->body.sha256 : NULL));
}

static json_t *make_payload(const struct retry *retry, const struct build *b,
                            int64_t body_limit)
{
	json_t *payload = json_object();
	char at[CLOCK_ISO_SIZE];

	jdoc_set_text(payload, "retry_id", b->retry_id);
	jdoc_set_text(payload, "kind", retry->kind);
	(void)json_object_set_new(payload, "requested_by",
	                          text_or_null(retry->requested_by));
	jdoc_set_text(payload, "requested_at",
	              clock_format_iso(retry->requested_at_ms, at));
	jdoc_set_int(payload, "attempt", b->attempt);
	add_request(payload, b, body_limit);
	(void)json_object_set_new(payload, "payload_changed", payload_changed(retry, b));
	if (json_is_true(json_object_get(retry->request, "resend")))
		(void)json_object_set_new(payload, "resend", json_true());
	return payload;
}

static int add(struct outbox *outbox, const struct work *w, const struct build *b)
{
	const struct subject *s = build_subject(w, b);
	CLEANUP_JSON json_t *payload = make_payload(
		&s->origin->retry, b, outbox->trigger->config->logstore.body_limit);
	const struct report report = {
		.kind = REPORT_ATTEMPT,
		.log_id = b->log_id,
		.lab_id = s->lab_id,
		.attempt = b->attempt,
		.retry_id = b->retry_id,
		.status = LOG_STATUS_QUEUED,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.occurred_at_ms = clock_wall_ms(),
		.payload = payload,
	};

	return outbox_add_report(outbox, &report);
}

int attempts_send(struct trigger *t, const struct work *w)
{
	CLEANUP(outbox_deinit) struct outbox outbox = outbox_open(t);
	int r = 0;

	for (size_t i = 0; i < w->n_builds && r == 0; i++)
		if (build_subject(w, &w->builds[i])->origin->kind == ORIGIN_RETRY)
			r = add(&outbox, w, &w->builds[i]);
	return r ? r : outbox_send(&outbox);
}
