#include "message/report.h"

#include "message/fields.h"
#include "message/task.h"
#include "json/jdoc.h"

static const char *const report_kind_words[] = {
#define X(symbol, text) [REPORT_##symbol] = (text),
	REPORT_KIND_LIST(X)
#undef X
};

static const char *kind_word(unsigned kind)
{
	return report_kind_words[kind];
}

static bool kind_parse(const char *word, unsigned *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(report_kind_words); i++) {
		if (strcmp(report_kind_words[i], word) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static const char *status_word(unsigned status)
{
	return log_status_word((enum log_status)status);
}

static bool status_parse(const char *word, unsigned *out)
{
	enum log_status status;

	if (!log_status_parse(word, &status))
		return false;
	*out = status;
	return true;
}

#define MEMBER(member, shape)                                                              \
	.name = #member, .kind = (shape), .offset = offsetof(struct report, member)

static const struct field fields[] = {
	{ MEMBER(kind, FIELD_WORD), .required = true, .parse = kind_parse,
	  .word = kind_word },
	{ MEMBER(log_id, FIELD_LOG_ID), .required = true },
	{ MEMBER(lab_id, FIELD_INT64) },
	{ MEMBER(attempt, FIELD_INT) },
	{ MEMBER(retry_id, FIELD_TEXT) },
	{ MEMBER(occurred_at_ms, FIELD_INT64) },
};

/* Of the kinds `outcome` and `downstream`. */
static const struct field outcome_fields[] = {
	{ MEMBER(status, FIELD_WORD), .required = true, .parse = status_parse,
	  .word = status_word },
	{ MEMBER(error_kind, FIELD_WORD), .parse = fields_cause_parse,
	  .word = fields_cause_word },
	{ MEMBER(error_message, FIELD_TEXT) },
	{ MEMBER(end_point, FIELD_TEXT) },
	{ MEMBER(request_headers, FIELD_OBJECT) },
	{ MEMBER(request_body, FIELD_TEXT) },
	{ MEMBER(request_body_truncated, FIELD_BOOL) },
	{ MEMBER(response_headers, FIELD_OBJECT) },
	{ MEMBER(response_body, FIELD_TEXT) },
	{ MEMBER(response_body_truncated, FIELD_BOOL) },
	{ MEMBER(response_status_code, FIELD_INT) },
	{ MEMBER(response_time_ms, FIELD_REAL), .absent = -1 },
	{ MEMBER(activity_date_ms, FIELD_INT64) },
	{ MEMBER(fusion_log, FIELD_TEXT) },
	{ MEMBER(stage, FIELD_TEXT) },
	{ MEMBER(sent_to_mirth, FIELD_INT), .absent = -1 },
	{ MEMBER(vendor_fax_id, FIELD_TEXT) },
	{ MEMBER(pages, FIELD_INT) },
	{ MEMBER(pages_sent, FIELD_INT) },
	{ MEMBER(timing, FIELD_OBJECT) },
};

static const struct field log_fields[] = {
	{ MEMBER(payload, FIELD_OBJECT), .required = true },
};

/* What a kind has besides the members of every report. */
static const struct {
	const struct field *fields;
	size_t n;
} parts[] = {
	[REPORT_OUTCOME] = { .fields = outcome_fields, .n = ARRAY_SIZE(outcome_fields) },
	[REPORT_LOG] = { .fields = log_fields, .n = ARRAY_SIZE(log_fields) },
	[REPORT_ATTEMPT] = { .fields = log_fields, .n = ARRAY_SIZE(log_fields) },
	[REPORT_DOWNSTREAM] = { .fields = outcome_fields, .n = ARRAY_SIZE(outcome_fields) },
};

char *report_encode(const struct report *r)
{
	CLEANUP_JSON json_t *doc = fields_encode(fields, ARRAY_SIZE(fields), r);
	CLEANUP_JSON json_t *part =
		fields_encode(parts[r->kind].fields, parts[r->kind].n, r);

	(void)json_object_update(doc, part);
	return jdoc_dump(doc, NULL);
}

static int decode(const json_t *doc, struct report *out, struct err_text *why)
{
	int result = fields_decode(fields, ARRAY_SIZE(fields), doc, out, why);

	out->response_time_ms = -1;
	out->sent_to_mirth = -1;
	if (result == 0)
		result = fields_decode(parts[out->kind].fields, parts[out->kind].n, doc,
		                       out, why);
	if (result == 0 && out->attempt < 0)
		result = err_say(why, MESSAGE_E_INVALID, "attempt must not be negative");
	if (result == 0 && out->attempt > 0 && !out->retry_id)
		result = err_say(why, MESSAGE_E_INVALID,
		                 "retry_id is missing, which every later attempt has");
	return result;
}

int report_decode(const char *json, size_t len, struct report *out, struct err_text *why)
{
	*out = (struct report){ .owner = jdoc_parse(json, len, why) };
	int result = out->owner ? decode(out->owner, out, why) : MESSAGE_E_INVALID;

	if (result)
		report_release(out);
	return result;
}

void report_release(struct report *r)
{
	json_decref(r->owner);
	*r = (struct report){ 0 };
}
