#include "message/inbound_call.h"

#include "base/clock.h"
#include "message/fields.h"
#include "message/posted.h"
#include "message/task.h"
#include "json/jdoc.h"

#define MEMBER(member, shape)                                                              \
	.name = #member, .kind = (shape), .offset = offsetof(struct inbound_call, member)

static const struct field fields[] = {
	{ MEMBER(record_id, FIELD_TEXT), .required = true },
	{ MEMBER(operation, FIELD_TEXT), .required = true },
	{ MEMBER(action_category, FIELD_TEXT) },
	{ MEMBER(lab_id, FIELD_INT64), .absent = -1 },
	{ MEMBER(org_id, FIELD_INT64) },
	{ MEMBER(auth_id, FIELD_INT64) },
	{ MEMBER(developer_name, FIELD_TEXT) },
	{ MEMBER(token, FIELD_TEXT) },
	{ MEMBER(method, FIELD_TEXT) },
	{ MEMBER(path, FIELD_TEXT) },
	{ MEMBER(end_point, FIELD_TEXT) },
	{ MEMBER(ip, FIELD_TEXT) },
	{ MEMBER(origin, FIELD_TEXT) },
	{ MEMBER(request_headers, FIELD_OBJECT) },
	{ MEMBER(request_body, FIELD_TEXT) },
	{ MEMBER(request_body_truncated, FIELD_BOOL) },
	{ MEMBER(response_headers, FIELD_OBJECT) },
	{ MEMBER(response_body, FIELD_TEXT) },
	{ MEMBER(response_body_truncated, FIELD_BOOL) },
	{ MEMBER(response_status_code, FIELD_INT) },
	{ MEMBER(response_time, FIELD_REAL), .absent = -1 },
	{ MEMBER(error_message, FIELD_TEXT) },
	{ MEMBER(error_kind, FIELD_WORD), .parse = fields_cause_parse,
	  .word = fields_cause_word },
	{ MEMBER(bill_id, FIELD_INT64) },
	{ MEMBER(patient_id, FIELD_INT64) },
	{ MEMBER(lrr_id, FIELD_INT64) },
	{ MEMBER(report_id, FIELD_INT64) },
	{ MEMBER(appointment_id, FIELD_INT64) },
	{ MEMBER(traceparent, FIELD_TEXT) },
	{ MEMBER(occurred_at, FIELD_TEXT) },
};

char *inbound_call_encode(const struct inbound_call *call, size_t *len)
{
	CLEANUP_JSON json_t *doc = fields_encode(fields, ARRAY_SIZE(fields), call);

	return jdoc_dump(doc, len);
}

static int check(const struct inbound_call *call, struct err_text *why)
{
	int64_t when;

	if (!*call->record_id || strlen(call->record_id) > INBOUND_RECORD_ID_MAX)
		return err_say(why, MESSAGE_E_INVALID,
		               "record_id must be a text of 1 to %d characters",
		               INBOUND_RECORD_ID_MAX);
	if (!*call->operation)
		return err_say(why, MESSAGE_E_INVALID, "operation is empty");
	if (call->lab_id < 0)
		return err_say(why, MESSAGE_E_INVALID, "lab_id must not be negative");
	if (call->response_status_code &&
	    (call->response_status_code < 100 || call->response_status_code > 999))
		return err_say(why, MESSAGE_E_INVALID,
		               "response_status_code must be a code of HTTP");
	if (call->occurred_at && !clock_parse_iso(call->occurred_at, &when))
		return err_say(why, MESSAGE_E_INVALID,
		               "occurred_at must be a time such as 2026-11-21T09:30:00Z");
	return 0;
}

/* What people and old programs write instead. */
static const struct {
	const char *name, *written_as;
} aliases[] = {
	{ "record_id", "id" },
	{ "occurred_at", "activity_date" },
	{ "occurred_at", "inserted_at" },
	{ "response_status_code", "response_code" },
	{ "end_point", "url" },
};

static const char *const integers[] = {
	"lab_id",     "org_id", "auth_id",   "response_status_code", "bill_id",
	"patient_id", "lrr_id", "report_id", "appointment_id",
};

static const char *const texts[] = { "record_id", "request_body", "response_body" };

static void take_aliases(json_t *doc)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		json_t *value = json_object_get(doc, aliases[i].written_as);

		if (value && !json_object_get(doc, aliases[i].name))
			(void)json_object_set(doc, aliases[i].name, value);
	}
}

static void loosen(json_t *doc)
{
	int64_t number;

	take_aliases(doc);
	for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
		const json_t *value = json_object_get(doc, integers[i]);

		if (json_is_string(value) && posted_int(value, &number))
			(void)json_object_set_new(doc, integers[i], json_integer(number));
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const json_t *value = json_object_get(doc, texts[i]);

		if (json_is_object(value) || json_is_array(value) ||
		    json_is_integer(value)) {
			CLEANUP(freep)
			char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

			(void)json_object_set_new(doc, texts[i], json_string(text));
		}
	}
}

int inbound_call_take(json_t *doc, struct inbound_call *out, struct err_text *why)
{
	if (json_is_object(doc))
		loosen(doc);
	*out = (struct inbound_call){ 0 };
	int result = fields_decode(fields, ARRAY_SIZE(fields), doc, out, why);
	if (result == 0 && !json_is_integer(json_object_get(doc, "lab_id")))
		out->lab_id = 0;
	return result ? result : check(out, why);
}

int inbound_call_decode(const char *json, size_t len, struct inbound_call *out,
                        struct err_text *why)
{
	json_t *doc = posted_parse(json, len, why);

	*out = (struct inbound_call){ 0 };
	if (!doc)
		return MESSAGE_E_INVALID;
	int result = inbound_call_take(doc, out, why);
	if (result)
		json_decref(doc);
	else
		out->owner = doc;
	return result;
}

void inbound_call_release(struct inbound_call *call)
{
	json_decref(call->owner);
	*call = (struct inbound_call){ 0 };
}

enum log_status inbound_call_status(const struct inbound_call *call)
{
	int code = call->response_status_code;
	bool answered = (code >= 200 && code < 300) || code == 304;

	return answered && call->error_kind == ERROR_KIND_NONE && !call->error_message
	               ? LOG_STATUS_SUCCESS
	               : LOG_STATUS_FAIL;
}
