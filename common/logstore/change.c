/* How a log takes the outcome of an attempt: callback's side of the store. */
#include "base/clock.h"
#include "logstore/store.h"
#include "logstore/update.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

#include <stddef.h>

enum shape {
	SHAPE_TEXT, /* const char *; NULL is not said */
	SHAPE_JSON, /* const json_t *; NULL is not said */
	SHAPE_CODE, /* int; 0 is not said */
	SHAPE_REAL, /* double; negative is not said */
	SHAPE_FLAG, /* int; -1 is not said */
	SHAPE_TIME, /* int64_t, wall ms; 0 is not said */
};

#define FIELD(key, kind, member)                                                           \
	.name = (key), .shape = (kind), .offset = offsetof(struct report, member)

static const struct report_field {
	const char *name;
	enum shape shape;
	size_t offset;
	bool of_request;
} fields[] = {
	{ FIELD("end_point", SHAPE_TEXT, end_point), .of_request = true },
	{ FIELD("request_headers", SHAPE_JSON, request_headers), .of_request = true },
	{ FIELD("response_headers", SHAPE_JSON, response_headers) },
	{ FIELD("response_status_code", SHAPE_CODE, response_status_code) },
	{ FIELD("response_time", SHAPE_REAL, response_time_ms) },
	{ FIELD("activity_date", SHAPE_TIME, activity_date_ms) },
	{ FIELD("fusion_log", SHAPE_TEXT, fusion_log) },
	{ FIELD("stage", SHAPE_TEXT, stage) },
	{ FIELD("sent_to_mirth", SHAPE_FLAG, sent_to_mirth) },
	{ FIELD("vendor_fax_id", SHAPE_TEXT, vendor_fax_id) },
	{ FIELD("pages", SHAPE_CODE, pages) },
	{ FIELD("pages_sent", SHAPE_CODE, pages_sent) },
	{ FIELD("timing", SHAPE_JSON, timing) },
};

#define KEY_SIZE 64

/* Where the values go: into the log or a record itself, or under first_attempt. */
struct target {
	bson_t *set;
	const char *prefix;
	char key[KEY_SIZE];
};

static const char *key_of(struct target *t, const char *name)
{
	if (!*t->prefix)
		return name;
	(void)snprintf(t->key, sizeof(t->key), "%s%s", t->prefix, name);
	return t->key;
}

/* A report never takes away what the log has: what it does not say is not set. */
static void set_field(struct target *t, const struct report_field *f, const void *at)
{
	const char *key = key_of(t, f->name);

	switch (f->shape) {
	case SHAPE_TEXT:
		if (*(const char *const *)at)
			convert_append_text(t->set, key, *(const char *const *)at);
		break;
	case SHAPE_JSON:
		if (*(const json_t *const *)at)
			convert_append_json(t->set, key, *(const json_t *const *)at);
		break;
	case SHAPE_CODE:
		if (*(const int *)at)
			(void)bson_append_int32(t->set, key, -1, *(const int *)at);
		break;
	case SHAPE_REAL:
		if (*(const double *)at >= 0)
			(void)bson_append_double(t->set, key, -1, *(const double *)at);
		break;
	case SHAPE_FLAG:
		if (*(const int *)at >= 0)
			(void)bson_append_bool(t->set, key, -1, *(const int *)at > 0);
		break;
	case SHAPE_TIME:
		if (*(const int64_t *)at)
			(void)bson_append_date_time(t->set, key, -1, *(const int64_t *)at);
		break;
	}
}

static void set_body(struct target *t, const char *name, const char *flag, const char *body,
                     bool cut_before, int64_t limit)
{
	char flag_key[KEY_SIZE];

	if (!body)
		return;
	(void)snprintf(flag_key, sizeof(flag_key), "%s%s", t->prefix, flag);
	if (!store_append_body(t->set, key_of(t, name), flag_key, body, limit) &&
	    cut_before)
		(void)bson_append_bool(t->set, flag_key, -1, true);
}

/* The error is the outcome's own: a delivery leaves none of an earlier failure. */
static void set_error(struct target *t, const struct report *r)
{
	const char *cause = error_kind_word(r->error_kind);

	if (r->status == LOG_STATUS_QUEUED && !r->error_message)
		return;
	convert_append_text(t->set, key_of(t, "error_kind"), cause[0] ? cause : NULL);
	convert_append_text(t->set, key_of(t, "error_message"), r->error_message);
}

/* Without its request: the log shows that of its newest attempt. */
static void set_outcome(struct target *t, const struct report *r, bool with_request,
                        int64_t limit)
{
	(void)bson_append_utf8(t->set, key_of(t, "status"), -1, log_status_word(r->status),
	                       -1);
	set_error(t, r);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (with_request || !fields[i].of_request)
			set_field(t, &fields[i], (const char *)r + fields[i].offset);
	if (with_request)
		set_body(t, "request_body", "request_body_truncated", r->request_body,
		         r->request_body_truncated, limit);
	set_body(t, "response_body", "response_body_truncated", r->response_body,
	         r->response_body_truncated, limit);
}

static void set_end(struct target *t, const char *name, const struct log_change *c)
{
	if (log_status_is_final(c->report->status))
		(void)bson_append_date_time(t->set, key_of(t, name), -1, c->at_ms);
}

static bool changes_first(const struct log_change *c)
{
	return c->effect.record && !c->report->retry_id && c->from.attempt > 0;
}

static bool changes_log(const struct log_change *c)
{
	return c->effect.log || changes_first(c);
}

static bool changes_record(const struct log_change *c)
{
	return c->effect.record && c->report->retry_id;
}

static void set_log(bson_t *set, const struct log_change *c, int64_t limit)
{
	struct target t = { .set = set, .prefix = "" };

	set_outcome(&t, c->report, !c->effect.delivered, limit);
	if (c->report->status == LOG_STATUS_FAIL && c->next_retry_ms)
		(void)BSON_APPEND_DATE_TIME(set, "next_auto_retry_at", c->next_retry_ms);
	else if (c->from.status == LOG_STATUS_FAIL)
		(void)BSON_APPEND_NULL(set, "next_auto_retry_at");
	(void)BSON_APPEND_DATE_TIME(set, "updated_at", c->at_ms);
	/* whoever took it over said what became of it */
	if (c->report->kind == REPORT_DOWNSTREAM)
		(void)BSON_APPEND_DATE_TIME(set, "confirmed_at", c->at_ms);
}

static struct mongo_update make_log(const struct log_change *c, int64_t limit)
{
	CLEANUP_BSON bson_t *set = bson_sized_new(1024);
	struct mongo_update update = { .filter = bson_new(), .update = bson_new() };

	store_append_state(update.filter, &c->id, &c->from);
	if (c->effect.log)
		set_log(set, c, limit);
	if (changes_first(c)) {
		struct target first = { .set = set, .prefix = "first_attempt." };

		set_outcome(&first, c->report, true, limit);
		set_end(&first, "ended_at", c);
	}
	(void)BSON_APPEND_DOCUMENT(update.update, "$set", set);
	row_apply(c->row, set);
	return update;
}

static struct mongo_update make_record(const struct log_change *c, int64_t limit)
{
	CLEANUP_BSON bson_t *set = bson_sized_new(1024);
	struct target t = { .set = set, .prefix = "" };

	set_outcome(&t, c->report, true, limit);
	(void)BSON_APPEND_DATE_TIME(set, "updated_at", c->at_ms);
	set_end(&t, "completed_at", c);
	return (struct mongo_update){
		.filter = BCON_NEW("_id", BCON_UTF8(c->report->retry_id), "status",
		                   BCON_UTF8(log_status_word(c->record))),
		.update = BCON_NEW("$set", BCON_DOCUMENT(set)),
	};
}

/* A log that another program wrote need not have the field: it is in its first attempt. */
static void append_first(bson_t *filter)
{
	bson_t operators, list;

	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "attempt", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	(void)BSON_APPEND_INT32(&list, "0", 0);
	(void)BSON_APPEND_NULL(&list, "1");
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(filter, &operators);
}

void store_append_state(bson_t *filter, const struct log_id *id,
                        const struct logstate *state)
{
	store_append_log_id(filter, "_id", id);
	(void)BSON_APPEND_UTF8(filter, "status", log_status_word(state->status));
	if (state->attempt)
		(void)BSON_APPEND_INT32(filter, "attempt", state->attempt);
	else
		append_first(filter);
}

void store_destroy_updates(const struct mongo_update *updates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bson_destroy(updates[i].filter);
		bson_destroy(updates[i].update);
	}
}

/* A record in another state has had its outcome: only this service writes them. */
static int change_records(struct logstore *s, const struct log_change *changes, size_t n)
{
	CLEANUP(freep) struct mongo_update *updates = xcalloc(n, sizeof(*updates));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));
	size_t n_updates = 0, matched;

	for (size_t i = 0; i < n; i++)
		if (changes_record(&changes[i]))
			updates[n_updates++] = make_record(&changes[i], s->body_limit);
	int result = n_updates ? mongo_update(s->mongo, LOGSTORE_RETRIES, updates,
	                                      n_updates, codes, &matched)
	                       : 0;
	store_destroy_updates(updates, n_updates);
	return result;
}

/* *matched counts the changes that do not touch their log, too. */
static int change_logs(struct logstore *s, struct log_change *changes, size_t n,
                       size_t *matched)
{
	CLEANUP(freep) struct mongo_update *updates = xcalloc(n, sizeof(*updates));
	CLEANUP(freep) struct log_change **which = xcalloc(n, sizeof(struct log_change *));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));
	size_t n_updates = 0;

	for (size_t i = 0; i < n; i++) {
		if (!changes_log(&changes[i]))
			continue;
		updates[n_updates] = make_log(&changes[i], s->body_limit);
		which[n_updates++] = &changes[i];
	}
	int result = n_updates ? mongo_update(s->mongo, LOGSTORE_LOGS, updates, n_updates,
	                                      codes, matched)
	                       : 0;
	store_destroy_updates(updates, n_updates);
	*matched += n - n_updates;
	for (size_t i = 0; i < n_updates; i++) {
		which[i]->refused = codes[i] != 0;
		if (codes[i])
			*matched += 1; /* settled, though not written */
	}
	return result;
}

int logstore_change(struct logstore *s, struct log_change *changes, size_t n,
                    size_t *matched)
{
	*matched = 0;
	int result = change_records(s, changes, n);
	if (result == 0)
		result = change_logs(s, changes, n, matched);
	return result ? LOGSTORE_E_AWAY : 0;
}
