/*
 * integration.retries: requests of people and of the scheduler. A request is judged by its
 * log, entered in integration_retry_log (its retry_id starts one attempt, once), and built
 * from today's data by the code of the first build. A request that is refused touches
 * nothing.
 */
#include "base/clock.h"
#include "base/log_id.h"
#include "base/utf8.h"
#include "intake.h"
#include "log/log.h"
#include "logstore/retry.h"
#include "message/report.h"
#include "json/jdoc.h"

#define RETRY_ID_CHARACTERS 64

struct request {
	const struct kafka_message *message;
	json_t *json;
	struct log_id log_id;
	struct event_position position;
	const char *retry_id, *kind, *requested_by; /* of json */
	int attempt;
	bool again; /* entered by this very message, which is given again */
};

struct retries {
	struct intake in;
	struct request *requests; /* asked for, and not refused so far */
	struct retried_log *logs; /* requests[i]'s */
	size_t n;
	struct releases releases;
};

/* Why a request starts nothing; reason NULL: it may. */
struct refusal {
	const char *reason, *exception;
};

/* ---- what the request itself says ---- */

static bool is_retry_id(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t characters = 0;

	for (const char *p = text; p && *p; p++)
		characters += ((unsigned char)*p & 0xC0) != 0x80;
	/* a NUL within would be cut off, and make another id of it */
	return text && strlen(text) == json_string_length(value) && characters > 0 &&
	       characters <= RETRY_ID_CHARACTERS;
}

static bool is_kind(const char *kind)
{
	return strcmp(kind, "MANUAL") == 0 || strcmp(kind, "AUTO") == 0;
}

static struct refusal judge_request(struct request *q)
{
	if (!is_retry_id(json_object_get(q->json, "retry_id")))
		return (struct refusal){ "bad_retry_id",
			                 "retry_id must be a text of 1 to 64 characters" };
	if (!is_kind(q->kind))
		return (struct refusal){ "undecodable", "kind must be MANUAL or AUTO" };
	if (!log_id_parse(jdoc_text_or(q->json, "log_id", ""), &q->log_id))
		return (struct refusal){ "unknown_log", "log_id is not the id of a log" };
	return (struct refusal){ NULL, NULL };
}

static int take_request(struct retries *r, const struct kafka_message *m, json_t *json)
{
	struct request q = {
		.message = m,
		.json = json,
		.position = { .topic = kafka_topics[m->topic].name,
		              .partition = m->partition,
		              .offset = m->offset },
		.retry_id = jdoc_text_or(json, "retry_id", NULL),
		.kind = jdoc_text_or(json, "kind", "MANUAL"),
		.requested_by = jdoc_text_or(json, "requested_by", NULL),
	};
	struct refusal no = judge_request(&q);

	if (no.reason)
		return intake_fail(&r->in, m, no.reason, no.exception);
	(void)json_incref(json);
	r->requests[r->n++] = q;
	return 0;
}

static int take_message(struct retries *r, const struct kafka_message *m)
{
	struct err_text why = { "the message has no value" };
	CLEANUP_JSON json_t *json =
		m->value ? jdoc_parse(m->value, m->value_len, &why) : NULL;

	if (!json_is_object(json))
		return intake_fail(&r->in, m, "undecodable",
		                   json ? "the request must be an object" : why.text);
	return json_object_get(json, "release")
	               ? release_take(&r->in, &r->releases, m, json)
	               : take_request(r, m, json);
}

/* ---- what the log says ---- */

static bool may_be_retried(const json_t *log, bool resend)
{
	enum log_status status = LOG_STATUS_QUEUED;

	if (!log_status_parse(jdoc_text_or(log, "status", "?"), &status))
		return false;
	return resend || status == LOG_STATUS_FAIL || status == LOG_STATUS_QUEUED;
}

static struct refusal judge_access(const struct request *q, const json_t *log)
{
	if (!log)
		return (struct refusal){ "unknown_log", "there is no such log" };
	if (jdoc_int_or(log, "lab_id", 0) != jdoc_int_or(q->json, "lab_id", -1))
		return (struct refusal){ "other_lab", "the log is of another lab" };
	return (struct refusal){ NULL, NULL };
}

static struct refusal judge_status(const struct request *q, const json_t *log)
{
	bool resend = json_is_true(json_object_get(q->json, "resend"));

	if (strcmp(jdoc_text_or(log, "integration_type", ""), "API") == 0)
		return (struct refusal){ "not_retryable",
			                 "an inbound call cannot be sent again" };
	if (!may_be_retried(log, resend))
		return (struct refusal){ "not_retryable",
			                 "the log is neither FAIL nor QUEUED, and the "
			                 "request does not say \"resend\": true" };
	return (struct refusal){ NULL, NULL };
}

/* The highest attempt of this log so far, those of this batch included. */
static int highest_attempt(const struct retries *r, size_t of)
{
	int highest = retried_log_attempt(&r->logs[of]);

	for (size_t i = 0; i < of; i++)
		if (log_id_equal(&r->requests[i].log_id, &r->requests[of].log_id) &&
		    r->requests[i].attempt > highest)
			highest = r->requests[i].attempt;
	return highest;
}

/* In this batch already: the first one of an id counts. */
static bool is_repeated_here(const struct retries *r, size_t of)
{
	for (size_t i = 0; i < of; i++)
		if (r->requests[i].attempt > 0 &&
		    log_id_equal(&r->requests[i].log_id, &r->requests[of].log_id) &&
		    strcmp(r->requests[i].retry_id, r->requests[of].retry_id) == 0)
			return true;
	return false;
}

/* Gives it its attempt, or leaves that 0: it starts nothing. */
static int judge(struct retries *r, size_t i)
{
	struct request *q = &r->requests[i];
	const json_t *log = r->logs[i].log;
	struct retry_known known;
	struct refusal no = judge_access(q, log);

	if (no.reason)
		return intake_fail(&r->in, q->message, no.reason, no.exception);
	if (retried_log_find(&r->logs[i], q->retry_id, &q->position, &known)) {
		q->again = known.same_position && known.status == LOG_STATUS_QUEUED;
		q->attempt = q->again ? known.attempt : 0;
		if (!q->again)
			metric_add(&metric_events, "retry_repeated", 1);
		return 0;
	}
	no = judge_status(q, log);
	if (no.reason)
		return intake_fail(&r->in, q->message, no.reason, no.exception);
	if (is_repeated_here(r, i))
		metric_add(&metric_events, "retry_repeated", 1);
	else
		q->attempt = highest_attempt(r, i) + 1;
	return 0;
}

static int away(struct retries *r)
{
	log_warn(NULL, "trigger.store_away", "retries wait: %s",
	         logstore_error(r->in.trigger->store));
	metric_add(&metric_waits, "store", 1);
	return TRIGGER_E_AGAIN;
}

static int judge_all(struct retries *r)
{
	CLEANUP(freep) struct log_id *ids = xcalloc(r->n, sizeof(*ids));
	int result = 0;

	for (size_t i = 0; i < r->n; i++)
		ids[i] = r->requests[i].log_id;
	if (logstore_read_retried(r->in.trigger->store, ids, r->n, r->logs) != 0)
		return away(r);
	for (size_t i = 0; i < r->n && result == 0; i++)
		result = judge(r, i);
	return result;
}

/* ---- the attempts' own documents ---- */

static struct retry_entry entry_of(const struct request *q)
{
	return (struct retry_entry){
		.retry_id = q->retry_id,
		.log_id = q->log_id,
		.kind = q->kind,
		.requested_by = q->requested_by,
		.requested_at_ms = q->message->timestamp_ms,
		.attempt = q->attempt,
		.position = q->position,
	};
}

static int take_result(struct retries *r, struct request *q, enum retry_insert result)
{
	if (result == RETRY_NEW)
		return 0;
	q->attempt = 0;
	if (result == RETRY_REFUSED)
		return intake_fail(&r->in, q->message, "store_refused",
		                   "the log store takes no such retry");
	/* this log has none of this id, as was just read */
	return intake_fail(&r->in, q->message, "bad_retry_id",
	                   "retry_id is taken by a retry of another log");
}

static int enter_all(struct retries *r)
{
	CLEANUP(freep) struct retry_entry *entries = xcalloc(r->n, sizeof(*entries));
	CLEANUP(freep) enum retry_insert *results = xcalloc(r->n, sizeof(*results));
	CLEANUP(freep) struct request **which = xcalloc(r->n, sizeof(struct request *));
	size_t n = 0;
	int result = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->requests[i].attempt > 0 && !r->requests[i].again) {
			which[n] = &r->requests[i];
			entries[n++] = entry_of(&r->requests[i]);
		}
	if (logstore_insert_retries(r->in.trigger->store, entries, n, results) != 0)
		return away(r);
	for (size_t i = 0; i < n && result == 0; i++)
		result = take_result(r, which[i], results[i]);
	return result;
}

/* ---- the build ---- */

static int corrupt(struct err_text *why, const char *what)
{
	return err_say(why, PAYLOAD_E_BUILD, "retry_context %s", what);
}

/* Whether the context can be the one that the first build kept. */
static int check_context(const struct origin *origin, const json_t *context,
                         struct err_text *why)
{
	const json_t *log = origin->retry.log;

	if (!context || json_is_null(context))
		return corrupt(why, "is missing");
	if (!json_is_object(context))
		return corrupt(why, "is not an object");
	if (!action_find((int)jdoc_int_or(context, "action_id", 0)) ||
	    jdoc_int_or(context, "action_id", 0) !=
	            jdoc_int_or(log, "action_category_list_id", 0))
		return corrupt(why, "does not name the log's action");
	if (jdoc_int_or(context, "lab_id", 0) != jdoc_int_or(log, "lab_id", 0))
		return corrupt(why, "does not name the log's lab");
	return 0;
}

static void read_context(struct subject *s, const struct origin *origin)
{
	const json_t *context = json_object_get(origin->retry.log, "retry_context");
	struct err_text why = { "" };

	s->action = action_find(origin->task.action_id);
	if (!s->action) /* of a log that was spoilt: any, nothing is built */
		s->action = &actions[0];
	s->result = check_context(origin, context, &s->why);
	if (s->result) {
		s->ids = json_object();
		return;
	}
	s->ids = json_incref((json_t *)(uintptr_t)context);
	s->org_id = jdoc_int_or(context, "org_id", 0);
	s->result = payload_entity_id(s->action, s->ids, &s->entity_id, &why);
	if (s->result) {
		s->entity_id = 0;
		s->result = err_say(&s->why, s->result, "retry_context: %s", why.text);
	}
}

/* What the log knows of a fax: an attempt that was not answered may have sent it. */
static void read_fax(const struct retried_log *log, const char *kind, struct task *task)
{
	const char *id = jdoc_text_or(log->log, "vendor_fax_id", NULL);
	const char *inserted = jdoc_text_or(log->log, "inserted_at", "");

	task->automatic = strcmp(kind, "AUTO") == 0;
	if (!id)
		return;
	if (strcmp(id, FAX_ID_UNSURE) != 0)
		task->vendor_fax_id = id;
	else if (!clock_parse_iso(inserted, &task->unsure_since_ms))
		task->unsure_since_ms = 1;
}

/* Keeps the request and the log for as long as the round. */
static struct origin *make_origin(const struct request *q, const struct retried_log *log)
{
	struct origin *origin = xcalloc(1, sizeof(*origin));

	origin->kind = ORIGIN_RETRY;
	origin->position = q->position;
	origin->event_at_ms = q->message->timestamp_ms;
	origin->retry = (struct retry){
		.request = json_incref(q->json),
		.log = json_incref(log->log),
		.kind = q->kind,
		.requested_by = q->requested_by,
		.requested_at_ms = q->message->timestamp_ms,
	};
	origin->task = (struct task){
		.action_id = (int)jdoc_int_or(log->log, "action_category_list_id", 0),
		.traceparent = jdoc_text_or(log->log, "traceparent", NULL),
		.triggered_by_py3 = jdoc_bool_or(log->log, "triggered_by_py3", false),
		.resend = jdoc_bool_or(q->json, "resend", false),
	};
	read_fax(log, q->kind, &origin->task);
	return origin;
}

static int add_build(struct retries *r, const struct request *q,
                     const struct retried_log *log)
{
	struct intake *in = &r->in;
	int result = intake_make_room(in);

	if (result)
		return result;
	struct origin *origin = make_origin(q, log);
	work_adopt(&in->work, origin, q->message->value_len);
	struct subject *s = work_add_subject(&in->work);
	struct build *b = work_add_build(&in->work);
	s->origin = origin;
	s->lab_id = jdoc_int_or(log->log, "lab_id", 0);
	read_context(s, origin);
	b->row = settings_find(in->trigger->settings,
	                       jdoc_int_or(log->log, "lab_integration_id", 0));
	b->log_id = q->log_id;
	b->attempt = q->attempt;
	b->retry_id = q->retry_id;
	metric_add(&metric_events, "retried", 1);
	return 0;
}

static int build_all(struct retries *r)
{
	int result = 0;

	for (size_t i = 0; i < r->n && result == 0; i++)
		if (r->requests[i].attempt > 0)
			result = add_build(r, &r->requests[i], &r->logs[i]);
	return result;
}

static void release(struct retries *r)
{
	for (size_t i = 0; i < r->n; i++) {
		json_decref(r->requests[i].json);
		retried_log_release(&r->logs[i]);
	}
	releases_free(&r->releases);
	free(r->requests);
	free(r->logs);
}

int intake_retries(struct trigger *t, const struct kafka_message *messages, size_t n)
{
	struct retries r = {
		.in = { .trigger = t, .failed = outbox_open(t) },
		.requests = xcalloc(n, sizeof(*r.requests)),
		.logs = xcalloc(n, sizeof(*r.logs)),
		.releases.list = xcalloc(n, sizeof(*r.releases.list)),
	};
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = take_message(&r, &messages[i]);
	if (result == 0)
		result = releases_build(&r.in, &r.releases);
	if (result == 0)
		result = judge_all(&r);
	if (result == 0)
		result = enter_all(&r);
	if (result == 0)
		result = build_all(&r);
	result = intake_end(&r.in, result);
	release(&r);
	return result;
}
