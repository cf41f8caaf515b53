/* A masked part of a log, shown to who says why; each time a row of the audit. */
#include "api.h"

#include "base/clock.h"
#include "json/jdoc.h"

enum { PART_REQUEST = 1, PART_RESPONSE = 2, PART_CONTEXT = 4, PART_ATTEMPTS = 8 };

static const struct {
	const char *name;
	unsigned bit;
} parts[] = {
	{ "request", PART_REQUEST },
	{ "response", PART_RESPONSE },
	{ "context", PART_CONTEXT },
	{ "attempts", PART_ATTEMPTS },
};

static const struct {
	const char *name;
	unsigned part;
} fields[] = {
	{ "request_headers", PART_REQUEST },   { "request_body", PART_REQUEST },
	{ "response_headers", PART_RESPONSE }, { "response_body", PART_RESPONSE },
	{ "retry_context", PART_CONTEXT },     { "patient_id", PART_CONTEXT },
};

static unsigned read_parts(struct call *call)
{
	const json_t *list = json_object_get(call->body, "parts"), *item;
	unsigned wanted = 0;
	size_t n;

	json_array_foreach (list, n, item) {
		unsigned bit = 0;

		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			if (json_is_string(item) &&
			    strcmp(parts[i].name, json_string_value(item)) == 0)
				bit = parts[i].bit;
		if (!bit)
			call_fault(call, "/parts",
			           "parts are request, response, context, attempts");
		wanted |= bit;
	}
	if (!wanted && !call_failed(call))
		call_fault(call, "/parts", "parts is missing: which parts are needed?");
	return wanted;
}

static json_t *pick(const json_t *from, unsigned wanted)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(from, fields[i].name);

		if (fields[i].part & wanted && value)
			(void)json_object_set(out, fields[i].name, value);
	}
	return out;
}

static json_t *pick_retries(const json_t *log)
{
	json_t *out = json_array();
	const json_t *retry;
	size_t i;

	json_array_foreach (json_object_get(log, "retries"), i, retry) {
		json_t *one = pick(retry, PART_REQUEST | PART_RESPONSE);

		(void)json_object_set(one, "retry_id", json_object_get(retry, "_id"));
		(void)json_array_append_new(out, one);
	}
	return out;
}

const char *reveal_reason(struct call *call)
{
	const char *reason = call_body_text(call, "reason", "");

	if (call_characters(reason) < 3 || call_characters(reason) > 500)
		call_fault(call, "/reason", "a reason has 3 to 500 characters");
	return call_failed(call) ? NULL : reason;
}

void api_reveal(struct call *call)
{
	CLEANUP_JSON json_t *log = NULL;
	struct log_id id;
	unsigned wanted = read_parts(call);
	const char *reason = reveal_reason(call);
	char until[CLOCK_ISO_SIZE], hex[LOG_ID_HEX_SIZE];

	if (!reason || !call_path_log_id(call, &id) || !(log = api_read_log(call, &id)))
		return;
	const struct audit audit = {
		.action = "reveal",
		.object = "log",
		.object_id = log_id_to_hex(&id, hex),
		.lab_id = jdoc_int_or(log, "lab_id", 0),
		.detail = json_pack("{s:O,s:s}", "parts",
		                    json_object_get(call->body, "parts"), "reason", reason),
	};
	if (!call_audit(call, &audit))
		return;
	json_t *shown = pick(log, wanted);
	const json_t *first = json_object_get(log, "first_attempt");
	if (wanted & PART_ATTEMPTS && json_is_object(first))
		(void)json_object_set_new(shown, "first_attempt",
		                          pick(first, PART_REQUEST | PART_RESPONSE));
	call_answer(call, CODE_OK,
	            json_pack("{s:s,s:s,s:o,s:o}", "log_id", hex, "revealed_until",
	                      clock_format_iso(clock_wall_ms() + REVEALED_MS, until), "log",
	                      shown, "retries",
	                      wanted & PART_ATTEMPTS ? pick_retries(log) : json_array()));
}
