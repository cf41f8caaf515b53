/* What a log is at its beginning: one table of its fields, in the contract's order. */
#include "base/clock.h"
#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

#include <stddef.h>

enum shape {
	SHAPE_NULL,   /* of later: null until callback knows it */
	SHAPE_TEXT,   /* const char * */
	SHAPE_ID,     /* int64_t; 0 is null */
	SHAPE_NUMBER, /* int64_t; 0 is 0 */
	SHAPE_INT,    /* int; negative is null */
	SHAPE_INT_ID, /* int, kept as every id: int64; 0 is null */
	SHAPE_ZERO,   /* a counter */
	SHAPE_BOOL,   /* bool */
	SHAPE_FALSE,
	SHAPE_TIME,   /* int64_t, wall ms; 0 is null */
	SHAPE_JSON,   /* const json_t * */
	SHAPE_STATUS, /* enum log_status */
	SHAPE_CAUSE,  /* enum error_kind */
	SHAPE_BODY,   /* const char *, cut */
	SHAPE_CODE,   /* int; 0 is null */
	SHAPE_REAL,   /* double; 0 is null */
};

#define AT(member) .offset = offsetof(struct log_entry, member)
#define FIELD(key, kind, member)                                                           \
	{                                                                                  \
		.name = (key), .shape = (kind), AT(member)                                 \
	}
#define LATER(key, kind)                                                                   \
	{                                                                                  \
		.name = (key), .shape = (kind)                                             \
	}

static const struct entry_field {
	const char *name;
	enum shape shape;
	size_t offset;
} fields[] = {
	FIELD("integration_type", SHAPE_TEXT, integration_type),
	FIELD("operation", SHAPE_TEXT, operation),
	FIELD("action_category", SHAPE_TEXT, action_category),
	FIELD("action_category_list_id", SHAPE_INT_ID, action_id),
	FIELD("lab_integration_id", SHAPE_ID, integration_id),
	FIELD("transport", SHAPE_TEXT, transport),
	FIELD("vendor", SHAPE_TEXT, vendor),
	FIELD("auth_id", SHAPE_ID, auth_id),
	FIELD("developer_name", SHAPE_TEXT, developer_name),
	FIELD("lab_id", SHAPE_NUMBER, lab_id),
	FIELD("org_id", SHAPE_ID, org_id),
	FIELD("bill_id", SHAPE_ID, bill_id),
	FIELD("patient_id", SHAPE_ID, patient_id),
	FIELD("lrr_id", SHAPE_ID, lrr_id),
	FIELD("report_id", SHAPE_ID, report_id),
	FIELD("status", SHAPE_STATUS, status),
	FIELD("end_point", SHAPE_TEXT, end_point),
	FIELD("request_type", SHAPE_INT, request_type),
	FIELD("request_headers", SHAPE_JSON, request_headers),
	FIELD("request_body", SHAPE_BODY, request_body),
	FIELD("response_headers", SHAPE_JSON, response_headers),
	FIELD("response_body", SHAPE_BODY, response_body),
	FIELD("response_status_code", SHAPE_CODE, response_status_code),
	FIELD("response_time", SHAPE_REAL, response_time_ms),
	FIELD("error_message", SHAPE_TEXT, error_message),
	FIELD("error_kind", SHAPE_CAUSE, error_kind),
	LATER("fusion_log", SHAPE_NULL),
	FIELD("stage", SHAPE_TEXT, stage),
	LATER("sent_to_mirth", SHAPE_FALSE),
	LATER("retry_count", SHAPE_ZERO),
	LATER("auto_retry_count", SHAPE_ZERO),
	LATER("next_auto_retry_at", SHAPE_NULL),
	FIELD("retry_context", SHAPE_JSON, retry_context),
	FIELD("payload_sha256", SHAPE_TEXT, payload_sha256),
	FIELD("triggered_by_py3", SHAPE_BOOL, triggered_by_py3),
	FIELD("event_id", SHAPE_TEXT, event_id),
	FIELD("traceparent", SHAPE_TEXT, traceparent),
	FIELD("inserted_at", SHAPE_TIME, inserted_at_ms),
	FIELD("activity_date", SHAPE_TIME, activity_date_ms),
	FIELD("updated_at", SHAPE_TIME, inserted_at_ms),
	LATER("attempt", SHAPE_ZERO), /* ours: the attempt that the status speaks of */
};

static void append_number(bson_t *to, const char *name, int64_t value, bool null)
{
	if (null)
		(void)BSON_APPEND_NULL(to, name);
	else
		(void)BSON_APPEND_INT64(to, name, value);
}

static void append_time(bson_t *to, const char *name, int64_t wall_ms)
{
	if (wall_ms)
		(void)BSON_APPEND_DATE_TIME(to, name, wall_ms);
	else
		(void)BSON_APPEND_NULL(to, name);
}

static void append_body(bson_t *to, const char *name, const char *body, int64_t limit)
{
	char flag[64];

	(void)snprintf(flag, sizeof(flag), "%s_truncated", name);
	(void)store_append_body(to, name, flag, body, limit);
}

static void append_answer(bson_t *to, const struct entry_field *f, const void *at)
{
	if (f->shape == SHAPE_CODE && *(const int *)at)
		(void)BSON_APPEND_INT32(to, f->name, *(const int *)at);
	else if (f->shape == SHAPE_REAL && *(const double *)at > 0)
		(void)BSON_APPEND_DOUBLE(to, f->name, *(const double *)at);
	else
		(void)BSON_APPEND_NULL(to, f->name);
}

static void append_field(bson_t *to, const struct entry_field *f, const void *at,
                         int64_t limit)
{
	const char *cause;

	switch (f->shape) {
	case SHAPE_NULL:
		(void)BSON_APPEND_NULL(to, f->name);
		break;
	case SHAPE_TEXT:
		convert_append_text(to, f->name, *(const char *const *)at);
		break;
	case SHAPE_ID:
		append_number(to, f->name, *(const int64_t *)at, *(const int64_t *)at == 0);
		break;
	case SHAPE_NUMBER:
		append_number(to, f->name, *(const int64_t *)at, false);
		break;
	case SHAPE_INT:
		if (*(const int *)at < 0)
			(void)BSON_APPEND_NULL(to, f->name);
		else
			(void)BSON_APPEND_INT32(to, f->name, *(const int *)at);
		break;
	case SHAPE_INT_ID:
		append_number(to, f->name, *(const int *)at, *(const int *)at == 0);
		break;
	case SHAPE_ZERO:
		(void)BSON_APPEND_INT32(to, f->name, 0);
		break;
	case SHAPE_BOOL:
		(void)BSON_APPEND_BOOL(to, f->name, *(const bool *)at);
		break;
	case SHAPE_FALSE:
		(void)BSON_APPEND_BOOL(to, f->name, false);
		break;
	case SHAPE_TIME:
		append_time(to, f->name, *(const int64_t *)at);
		break;
	case SHAPE_JSON:
		convert_append_json(to, f->name, *(const json_t *const *)at);
		break;
	case SHAPE_STATUS:
		(void)BSON_APPEND_UTF8(to, f->name,
		                       log_status_word(*(const enum log_status *)at));
		break;
	case SHAPE_CAUSE:
		cause = error_kind_word(*(const enum error_kind *)at);
		convert_append_text(to, f->name, cause[0] ? cause : NULL);
		break;
	case SHAPE_BODY:
		append_body(to, f->name, *(const char *const *)at, limit);
		break;
	case SHAPE_CODE:
	case SHAPE_REAL:
		append_answer(to, f, at);
		break;
	}
}

static void append_position(bson_t *to, const struct event_position *p)
{
	bson_t child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "event_position", &child);
	convert_append_text(&child, "topic", p->topic);
	(void)BSON_APPEND_INT32(&child, "partition", p->partition);
	(void)BSON_APPEND_INT64(&child, "offset", p->offset);
	(void)bson_append_document_end(to, &child);
}

bson_t *entry_to_bson(const struct log_entry *e, int64_t body_limit)
{
	bson_t *doc = bson_sized_new(2048);

	store_append_log_id(doc, "_id", &e->id);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		append_field(doc, &fields[i], (const char *)e + fields[i].offset,
		             body_limit);
	append_position(doc, &e->position);
	return doc;
}

json_t *log_entry_to_json(const struct log_entry *entry, int64_t body_limit)
{
	CLEANUP_BSON bson_t *doc = entry_to_bson(entry, body_limit);

	return convert_to_json(doc);
}
