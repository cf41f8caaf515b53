#include "message/posted.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "message/fields.h"
#include "message/task.h"
#include "json/jdoc.h"

#include <errno.h>
#include <stddef.h>

#define RETRY_ID_MAX  64 /* characters */
#define TEXT_MAX      8192
#define MESSAGE_BYTES 4000 /* of an error message: 1,000 characters */

/* While a payload is read. What is made on the way lives in owner, with the input. */
struct reader {
	json_t *owner;
	struct report *report;
	size_t body_limit;
	struct err_text *why;
};

json_t *posted_parse(const char *json, size_t len, struct err_text *why)
{
	json_error_t error;
	json_t *doc = json_loadb(json, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);

	/* error.text can quote the input: not repeated */
	if (!doc)
		(void)err_say(why, MESSAGE_E_INVALID,
		              "the body is not valid JSON at line %d, column %d",
		              error.line, error.column);
	return doc;
}

static const char *keep(struct reader *r, json_t *text)
{
	(void)json_array_append_new(r->owner, text);
	return json_string_value(text);
}

static const char *keep_bytes(struct reader *r, const char *bytes, size_t len)
{
	CLEANUP(freep) char *clean = utf8_repair(bytes, len, &len);

	return keep(r, json_stringn_nocheck(clean, len));
}

bool posted_int(const json_t *value, int64_t *out)
{
	char *end;

	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	if (!json_is_string(value) || !json_string_length(value))
		return false;
	errno = 0;
	*out = strtoll(json_string_value(value), &end, 10);
	return errno == 0 && *end == '\0';
}

struct member {
	const char *name;
	const char *(*take)(struct reader *r, const struct member *m, const json_t *value);
	size_t offset;
	size_t flag_offset; /* take_body: of the flag that says it was cut */
	size_t limit;       /* take_text: bytes */
};

static void *field_of(const struct reader *r, size_t offset)
{
	return (char *)r->report + offset;
}

static const char *take_log_id(struct reader *r, const struct member *m,
                               const json_t *value)
{
	if (!json_is_string(value) ||
	    !log_id_parse(json_string_value(value), &r->report->log_id))
		return "must be a log's id: a text of 24 hex digits";
	return NULL;
}

static const char *take_int64(struct reader *r, const struct member *m, const json_t *value)
{
	return posted_int(value, field_of(r, m->offset)) ? NULL : "must be an integer";
}

static const char *take_retry_id(struct reader *r, const struct member *m,
                                 const json_t *value)
{
	const char *text = json_string_value(value);
	size_t characters = 0;

	for (const char *p = text; p && *p; p++)
		characters += ((unsigned char)*p & 0xC0) != 0x80;
	if (characters == 0 || characters > RETRY_ID_MAX)
		return "must be a text of 1 to 64 characters";
	r->report->retry_id = keep_bytes(r, text, strlen(text));
	return NULL;
}

static const char *take_text(struct reader *r, const struct member *m, const json_t *value)
{
	size_t len = json_string_length(value);
	const char *text = json_string_value(value);
	CLEANUP(freep) char *dump = text ? NULL : jdoc_dump(value, &len);

	text = text ? text : dump;
	*(const char **)field_of(r, m->offset) =
		keep_bytes(r, text, utf8_cut(text, len, m->limit));
	return NULL;
}

static const char *take_body(struct reader *r, const struct member *m, const json_t *value)
{
	size_t len = json_string_length(value);
	const char *text = json_string_value(value);
	CLEANUP(freep) char *dump = text ? NULL : jdoc_dump(value, &len);

	text = text ? text : dump;
	size_t kept = utf8_cut(text, len, r->body_limit);
	*(const char **)field_of(r, m->offset) = keep_bytes(r, text, kept);
	*(bool *)field_of(r, m->flag_offset) = kept < len;
	return NULL;
}

/* Flat, name to text: what a header cannot be is kept as its JSON. */
static json_t *flat_headers(const json_t *object)
{
	const char *name;
	json_t *value, *out = json_object();

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		size_t len = json_string_length(value);
		CLEANUP(freep)
		char *text = json_is_string(value)
		                     ? utf8_repair(json_string_value(value), len, &len)
		                     : jdoc_dump(value, &len);

		(void)json_object_set_new_nocheck(out, name,
		                                  json_stringn_nocheck(text, len));
	}
	return out;
}

static const char *take_headers(struct reader *r, const struct member *m,
                                const json_t *value)
{
	CLEANUP_JSON json_t *parsed = NULL;

	if (json_is_string(value)) { /* an object that was dumped once more */
		parsed = posted_parse(json_string_value(value), json_string_length(value),
		                      NULL);
		value = parsed;
	}
	if (!json_is_object(value))
		return "must be an object of header names and values";
	json_t *headers = flat_headers(value);
	(void)json_array_append_new(r->owner, headers);
	*(const json_t **)field_of(r, m->offset) = headers;
	return NULL;
}

static const char *take_code(struct reader *r, const struct member *m, const json_t *value)
{
	int64_t code;

	if (!posted_int(value, &code) || code < 0 || code > 999)
		return "must be an HTTP status code";
	r->report->response_status_code = (int)code;
	return NULL;
}

static const char *take_time(struct reader *r, const struct member *m, const json_t *value)
{
	char *end = NULL;
	double ms = json_number_value(value);

	if (json_is_string(value))
		ms = strtod(json_string_value(value), &end);
	if ((!json_is_number(value) && (!end || end == json_string_value(value) || *end)) ||
	    !(ms >= 0 && ms < 1e12))
		return "must be a number of milliseconds";
	r->report->response_time_ms = ms;
	return NULL;
}

static const char *take_date(struct reader *r, const struct member *m, const json_t *value)
{
	if (json_is_integer(value)) {
		r->report->activity_date_ms = json_integer_value(value);
		return NULL;
	}
	if (!json_is_string(value) ||
	    !clock_parse_iso(json_string_value(value), &r->report->activity_date_ms))
		return "must be a time such as 2026-11-21T09:30:00Z";
	return NULL;
}

static const char *take_flag(struct reader *r, const struct member *m, const json_t *value)
{
	static const struct {
		const char *word;
		int flag;
	} words[] = {
		{ .word = "true", .flag = 1 },
		{ .word = "false", .flag = 0 },
		{ .word = "1", .flag = 1 },
		{ .word = "0", .flag = 0 },
	};
	CLEANUP(freep) char *dump = json_is_string(value) ? NULL : jdoc_dump(value, NULL);
	const char *text = dump ? dump : json_string_value(value);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			r->report->sent_to_mirth = words[i].flag;
			return NULL;
		}
	}
	return "must be true or false";
}

#define AT(member) .offset = offsetof(struct report, member)

static const struct member members[] = {
	{ .name = "log_id", .take = take_log_id },
	{ .name = "lab_id", .take = take_int64, AT(lab_id) },
	{ .name = "retry_id", .take = take_retry_id },
	{ .name = "end_point", .take = take_text, AT(end_point), .limit = TEXT_MAX },
	{ .name = "request_headers", .take = take_headers, AT(request_headers) },
	{ .name = "request_body",
	  .take = take_body,
	  AT(request_body),
	  .flag_offset = offsetof(struct report, request_body_truncated) },
	{ .name = "response_headers", .take = take_headers, AT(response_headers) },
	{ .name = "response_body",
	  .take = take_body,
	  AT(response_body),
	  .flag_offset = offsetof(struct report, response_body_truncated) },
	{ .name = "response_status_code", .take = take_code },
	{ .name = "response_time", .take = take_time },
	{ .name = "activity_date", .take = take_date },
	{ .name = "error_message",
	  .take = take_text,
	  AT(error_message),
	  .limit = MESSAGE_BYTES },
	{ .name = "fusion_log", .take = take_text, AT(fusion_log), .limit = TEXT_MAX },
	{ .name = "stage", .take = take_text, AT(stage), .limit = TEXT_MAX },
	{ .name = "sent_to_mirth", .take = take_flag },
};

static const json_t *find_member(const json_t *doc, const char *name)
{
	static const char *const places[] = { "", "args.integration_payload",
		                              "args.payload.integration_payload" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const json_t *value = json_object_get(jdoc_path(doc, places[i]), name);

		if (value && !json_is_null(value))
			return value;
	}
	return NULL;
}

static int read_members(struct reader *r, const json_t *doc)
{
	if (!json_is_object(doc))
		return err_say(r->why, MESSAGE_E_INVALID, "the body must be a JSON object");
	if (!find_member(doc, "log_id"))
		return err_say(r->why, MESSAGE_E_INVALID, "log_id is missing");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		const json_t *value = find_member(doc, m->name);
		const char *problem = value ? m->take(r, m, value) : NULL;

		if (problem)
			return err_say(r->why, MESSAGE_E_INVALID, "%s %s", m->name,
			               problem);
	}
	return 0;
}

static enum log_status derive_status(const struct report *r)
{
	const char *body = r->response_body;

	if (body && report_body_suppresses(body, strlen(body)))
		return LOG_STATUS_SUPPRESSED;
	if (r->response_status_code)
		return outcome_of_http_code(r->response_status_code);
	/* no answer and no error, but on its way: Mirth's confirmation is still to come */
	if (!r->error_message && r->sent_to_mirth > 0)
		return LOG_STATUS_QUEUED;
	return LOG_STATUS_FAIL;
}

static enum error_kind cause_of_text(const struct report *r, enum error_kind otherwise)
{
	static const struct {
		const char *text;
		enum error_kind kind;
	} causes[] = {
		{ .text = ERROR_TEXT_NO_RESPONSE, .kind = ERROR_KIND_TIMEOUT },
		{ .text = "SocketTimeoutException", .kind = ERROR_KIND_TIMEOUT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (r->error_message && strstr(r->error_message, causes[i].text))
			return causes[i].kind;
	return otherwise;
}

/* A failure always says something: the partner's words, else the code, else silence. */
static const char *derive_message(struct reader *r)
{
	const struct report *report = r->report;
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);

	if (report->error_message)
		return report->error_message;
	if (report->response_body)
		report_error_text(report->response_body, strlen(report->response_body),
		                  &text);
	if (text.len == 0 && report->response_status_code)
		buf_printf(&text, "HTTP %d", report->response_status_code);
	if (text.len == 0)
		buf_append_str(&text, ERROR_TEXT_NO_RESPONSE);
	return keep_bytes(r, buf_str(&text), text.len);
}

static void derive(struct reader *r)
{
	r->report->status = derive_status(r->report);
	if (r->report->status != LOG_STATUS_FAIL)
		return;
	r->report->error_message = derive_message(r);
	r->report->error_kind = cause_of_text(r->report, r->report->response_status_code
	                                                         ? ERROR_KIND_HTTP_STATUS
	                                                         : ERROR_KIND_RESPONSE);
}

static struct reader begin(struct report *out, enum report_kind kind, int64_t body_limit,
                           struct err_text *why)
{
	*out = (struct report){
		.kind = kind,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.owner = json_array(),
	};
	return (struct reader){
		.owner = out->owner,
		.report = out,
		.body_limit = (size_t)body_limit,
		.why = why,
	};
}

int posted_read(const char *json, size_t len, int64_t body_limit, struct report *out,
                struct err_text *why)
{
	struct reader r = begin(out, REPORT_OUTCOME, body_limit, why);
	CLEANUP_JSON json_t *doc = posted_parse(json, len, why);
	int result = doc ? read_members(&r, doc) : MESSAGE_E_INVALID;

	if (result)
		report_release(out);
	else
		derive(&r);
	return result;
}

static int read_mirth(struct reader *r, const json_t *doc)
{
	static const struct member body = {
		.name = "response_body",
		AT(response_body),
		.flag_offset = offsetof(struct report, response_body_truncated)
	};
	static const struct member message = { .name = "error_message",
		                               AT(error_message),
		                               .limit = MESSAGE_BYTES };
	const json_t *value;

	if (!json_is_object(doc))
		return err_say(r->why, MESSAGE_E_INVALID, "the body must be a JSON object");
	if (!log_id_parse(jdoc_text_or(doc, "LOGID", ""), &r->report->log_id))
		return err_say(
			r->why, MESSAGE_E_INVALID,
			"LOGID must be 24 hex digits, or the 20 characters of MSH-10");
	value = json_object_get(doc, "LABID");
	if (value && !json_is_null(value) && !posted_int(value, &r->report->lab_id))
		return err_say(r->why, MESSAGE_E_INVALID, "LABID must be an integer");
	const char *status = jdoc_text_or(doc, "status", "");
	if (!log_status_parse(status, &r->report->status) ||
	    (r->report->status != LOG_STATUS_SUCCESS &&
	     r->report->status != LOG_STATUS_FAIL))
		return err_say(r->why, MESSAGE_E_INVALID, "status must be SUCCESS or FAIL");
	if ((value = json_object_get(doc, "response_body")) && !json_is_null(value))
		(void)take_body(r, &body, value);
	if ((value = json_object_get(doc, "error_message")) && !json_is_null(value))
		(void)take_text(r, &message, value);
	return 0;
}

static void derive_mirth(struct reader *r, const json_t *doc)
{
	struct report *report = r->report;

	if (report->status == LOG_STATUS_SUCCESS) {
		report->sent_to_mirth = 1;
		return;
	}
	/* Mirth may not have reached its destination, which is no answer of it */
	report->error_kind = cause_of_text(report, ERROR_KIND_NACK);
	if (report->error_message)
		return;
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	if (report->response_body)
		report_error_text(report->response_body, strlen(report->response_body),
		                  &text);
	if (text.len == 0)
		buf_printf(&text, "%s from %.200s",
		           jdoc_text_or(doc, "ack_code", "refusal"),
		           jdoc_text_or(doc, "destination", "the system behind Mirth"));
	report->error_message = keep_bytes(r, buf_str(&text), text.len);
}

int posted_read_mirth(const char *json, size_t len, int64_t body_limit, struct report *out,
                      struct err_text *why)
{
	struct reader r = begin(out, REPORT_DOWNSTREAM, body_limit, why);
	CLEANUP_JSON json_t *doc = posted_parse(json, len, why);
	int result = doc ? read_mirth(&r, doc) : MESSAGE_E_INVALID;

	if (result)
		report_release(out);
	else
		derive_mirth(&r, doc);
	return result;
}
