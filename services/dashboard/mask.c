/*
 * Bodies, headers and what points at a patient are masked for viewers, and in the page for
 * everybody, who reveals them with a reason (reveal.c). A token of an operator or an
 * administrator stands for a program, which sees them.
 */
#include "api.h"

static const char *const row_fields[] = { "patient_id" };

static const char *const log_fields[] = {
	"patient_id",    "request_body",     "request_headers",
	"response_body", "response_headers", "retry_context",
};

bool mask_applies(const struct call *call)
{
	return call->who.role < ROLE_OPERATOR || call->who.via == VIA_SESSION;
}

static void mask(json_t *object, const char *const *fields, size_t n)
{
	json_t *masked = json_array();

	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(object, fields[i]);

		if (!value || json_is_null(value))
			continue;
		(void)json_object_set_new(object, fields[i], json_null());
		(void)json_array_append_new(masked, json_string(fields[i]));
	}
	(void)json_object_set_new(object, "masked", masked);
}

void mask_row(const struct call *call, json_t *row)
{
	mask(row, row_fields, call->who.role < ROLE_OPERATOR ? ARRAY_SIZE(row_fields) : 0);
}

static void say_size(json_t *log, const char *body, const char *size)
{
	const json_t *text = json_object_get(log, body);

	(void)json_object_set_new(log, size,
	                          json_integer((json_int_t)json_string_length(text)));
}

void mask_log(const struct call *call, json_t *log)
{
	json_t *first = json_object_get(log, "first_attempt");

	say_size(log, "request_body", "request_body_size");
	say_size(log, "response_body", "response_body_size");
	mask(log, log_fields, mask_applies(call) ? ARRAY_SIZE(log_fields) : 0);
	if (json_is_object(first)) {
		say_size(first, "request_body", "request_body_size");
		say_size(first, "response_body", "response_body_size");
		mask(first, log_fields, mask_applies(call) ? ARRAY_SIZE(log_fields) : 0);
	}
}

void mask_run(json_t *run)
{
	json_t *filter = json_object_get(run, "filter");

	if (json_object_get(filter, "q"))
		(void)json_object_set_new(filter, "q", json_null());
}
