#include "call.h"

#include "base/clock.h"
#include "log/log.h"
#include "message/fields.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
	int code;
	const char *title;
} titles[] = {
	{ CODE_BAD, "The request is not as it should be" },
	{ CODE_UNKNOWN_CALLER, "Who is asking?" },
	{ CODE_FORBIDDEN, "Not allowed" },
	{ CODE_NOT_FOUND, "There is no such thing" },
	{ 405, "This address does not do that" },
	{ CODE_CONFLICT, "Not in this state" },
	{ CODE_MOVED_ON, "Somebody changed it meanwhile" },
	{ CODE_TOO_LARGE, "Too large" },
	{ CODE_NO_JSON, "Send JSON" },
	{ CODE_TOO_MANY, "Too many requests" },
	{ CODE_AWAY, "Something that is needed does not answer" },
};

static const char *title_of(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		if (titles[i].code == code)
			return titles[i].title;
	return "It did not work";
}

void call_answer(struct call *call, int code, json_t *answer)
{
	json_decref(call->answer);
	call->answer = answer;
	call->code = code;
}

void call_answer_text(struct call *call, int code, struct buf *text)
{
	call_answer(call, code, NULL);
	free(call->text);
	call->text_len = text->len;
	call->text = buf_take(text);
}

static void set_problem(struct call *call, int code, const char *detail)
{
	json_t *problem = json_pack("{s:s,s:s,s:i,s:o,s:s}", "type", "about:blank", "title",
	                            title_of(code), "status", code, "detail",
	                            fields_text(detail), "request_id", call->id);

	call_answer(call, code, problem);
}

void call_fail(struct call *call, int code, const char *fmt, ...)
{
	char detail[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	set_problem(call, code, detail);
}

void call_fault(struct call *call, const char *pointer, const char *fmt, ...)
{
	char detail[400];
	va_list args;
	json_t *errors;

	va_start(args, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	if (call->code != CODE_BAD)
		set_problem(call, CODE_BAD, detail);
	errors = json_object_get(call->answer, "errors");
	if (!errors) {
		errors = json_array();
		(void)json_object_set_new(call->answer, "errors", errors);
	}
	(void)json_array_append_new(errors, json_pack("{s:s,s:o}", "pointer", pointer,
	                                              "detail", fields_text(detail)));
}

bool call_failed(const struct call *call)
{
	return call->code >= CODE_BAD;
}

void call_store_away(struct call *call)
{
	call_fail(call, CODE_AWAY,
	          "The log store does not answer. Deliveries go on, and their logs follow; "
	          "try again in some seconds");
}

void call_postgres_failed(struct call *call, int result)
{
	if (result == PG_E_REFUSED) {
		log_warn(NULL, "dashboard.postgres_refused", "%s: %s", call->route->path,
		         pg_error(stores_pg(call->stores)));
		call_fail(call, CODE_INTERNAL, "PostgreSQL refused the statement");
		return;
	}
	call_fail(call, CODE_AWAY, "PostgreSQL does not answer; try again in some seconds");
}

/* ---- parameters ---- */

size_t call_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

char *call_query(struct call *call, const char *name)
{
	bool is_cursor = strcmp(name, "cursor") == 0;
	bool bad = false;
	char *value = http_query_find(call->request->head.query, name, &bad);

	if (bad)
		call_fault(call, name, "%s is not well encoded UTF-8 text", name);
	if (value && is_cursor && strlen(value) > QUERY_VALUE_MAX)
		call_fault(call, name, "%s has at most %d bytes", name, QUERY_VALUE_MAX);
	if (value && !is_cursor && call_characters(value) > QUERY_TEXT_MAX)
		call_fault(call, name, "%s has at most %d characters", name,
		           QUERY_TEXT_MAX);
	if (value && !*value) {
		free(value);
		return NULL;
	}
	return value;
}

static bool parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end || strlen(text) > 18 || value < min || value > max ||
	    !strchr("-0123456789", *text))
		return false;
	*out = value;
	return true;
}

bool call_query_int(struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t *out)
{
	CLEANUP(freep) char *text = call_query(call, name);

	if (!text)
		return !call_failed(call);
	if (parse_int(text, min, max, out))
		return true;
	call_fault(call, name, "%s must be an integer from %lld to %lld", name,
	           (long long)min, (long long)max);
	return false;
}

static bool parse_relative(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {
		{ 's', 1000 },
		{ 'm', 60000 },
		{ 'h', 3600000 },
		{ 'd', 86400000 },
	};
	char *end;
	long long n = strtoll(text + 1, &end, 10);

	if (*text != '-' || end == text + 1 || n < 0 || n > 1000000 || !end[0] || end[1])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (units[i].unit == *end) {
			*out = clock_wall_ms() - n * units[i].ms;
			return *out > 0;
		}
	return false;
}

bool call_query_time(struct call *call, const char *name, int64_t *out)
{
	CLEANUP(freep) char *text = call_query(call, name);

	if (!text)
		return !call_failed(call);
	if (parse_relative(text, out) || (clock_parse_iso(text, out) && *out > 0))
		return true;
	call_fault(call, name, "%s must be a time: 2026-11-21T09:30:00Z, or -24h", name);
	return false;
}

bool call_path_int(struct call *call, size_t part, int64_t *out)
{
	if (parse_int(call->parts[part], 1, JSON_NUMBER_MAX, out))
		return true;
	call_fail(call, CODE_NOT_FOUND, "ids are positive integers");
	return false;
}

bool call_path_log_id(struct call *call, struct log_id *out)
{
	if (log_id_parse(call->parts[0], out))
		return true;
	call_fail(call, CODE_NOT_FOUND, "a log_id has 24 hex digits");
	return false;
}

static void wrong_type(struct call *call, const char *name, const char *type)
{
	char pointer[64];

	(void)snprintf(pointer, sizeof(pointer), "/%s", name);
	call_fault(call, pointer, "%s must be %s", name, type);
}

const char *call_body_text(struct call *call, const char *name, const char *fallback)
{
	const json_t *value = json_object_get(call->body, name);

	if (value && !json_is_null(value) && !json_is_string(value))
		wrong_type(call, name, "a text");
	return json_is_string(value) ? json_string_value(value) : fallback;
}

bool call_body_flag(struct call *call, const char *name)
{
	const json_t *value = json_object_get(call->body, name);

	if (value && !json_is_boolean(value))
		wrong_type(call, name, "true or false");
	return json_is_true(value);
}

bool call_lab(struct call *call, int64_t lab_id)
{
	if (who_sees(&call->who, lab_id))
		return true;
	call_fail(call, CODE_NOT_FOUND,
	          "it does not exist, or is of a lab that is not yours");
	return false;
}

char *call_labs_array(const struct call *call)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);

	if (call->who.all_labs)
		return NULL;
	pg_array_int(&text, call->who.labs, call->who.n_labs);
	return buf_take(&text);
}

/* ---- stores ---- */

int call_pg(struct call *call, const char *sql, const char *const *params, size_t n,
            struct pg_result **out)
{
	int result = pg_query(stores_pg(call->stores), sql, params, n,
	                      clock_mono_ms() + DATABASE_MS, out);

	if (result)
		call_postgres_failed(call, result);
	return result;
}

bool call_produce(struct call *call, const struct kafka_message *m)
{
	int64_t deadline_ms = clock_mono_ms() + PRODUCE_MS;
	struct kafka_batch *batch = kafka_batch_new(call->d->producer);
	int result = kafka_batch_add(batch, m, deadline_ms);

	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	if (result)
		call_fail(call, CODE_AWAY,
		          "Kafka did not take it in time; the same request may be sent "
		          "again");
	return result == 0;
}

bool call_audit(struct call *call, const struct audit *audit)
{
	CLEANUP_JSON json_t *detail = audit->detail ? audit->detail : json_object();
	CLEANUP(freep) char *text = NULL;
	char lab[24];

	(void)json_object_set_new(detail, "request_id", json_string(call->id));
	text = jdoc_dump(detail, NULL);
	(void)snprintf(lab, sizeof(lab), "%" PRId64, audit->lab_id);
	const char *params[] = { call->who.login,
		                 audit->action,
		                 audit->object,
		                 audit->object_id ? audit->object_id : "",
		                 audit->lab_id ? lab : NULL,
		                 text };

	return call_pg(call,
	               "INSERT INTO integration.audit (actor, action, object, object_id, "
	               "lab_id, detail) VALUES ($1, $2, $3, $4, $5, $6)",
	               params, ARRAY_SIZE(params), NULL) == 0;
}
