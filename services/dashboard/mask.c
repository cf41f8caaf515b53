/*
 * What somebody sees who may not see data of patients: viewers, and in the page everybody,
 * who reveals a log's with a reason (reveal.c). A token of an operator or an administrator
 * stands for a program, which sees it. One table says of every field what becomes of it;
 * one that is not in it is left out.
 */
#include "api.h"

#include "domain/outcome.h"
#include "phi/phi.h"
#include "json/jdoc.h"

#include <stdio.h>

enum treatment {
	SHOW,
	HIDE,    /* null */
	BODY,    /* what is known of it to be no patient's (common/phi) */
	ANSWER,  /* a body in a partner's own words */
	HEADERS, /* those of the protocol */
	/* for viewers alone: what strangers said, in words of ours */
	WORDS, /* of the error's kind */
	FIXED, /* if it is one of the texts that the fleet writes */
	PATH,  /* of an inbound call: an API's name, without what it is called with */
};

static const struct field {
	const char *name;
	enum treatment treatment;
} fields[] = {
	{ "log_id", SHOW },
	{ "retry_id", SHOW },
	{ "lab_id", SHOW },
	{ "org_id", SHOW },
	{ "status", SHOW },
	{ "kind", SHOW },
	{ "requested_by", SHOW },
	{ "requested_at", SHOW },
	{ "completed_at", SHOW },
	{ "ended_at", SHOW },
	{ "attempt", SHOW },
	{ "retry_count", SHOW },
	{ "auto_retry_count", SHOW },
	{ "next_auto_retry_at", SHOW },
	{ "updated_at", SHOW },
	{ "inserted_at", SHOW },
	{ "activity_date", SHOW },
	{ "integration_type", SHOW },
	{ "operation", PATH },
	{ "action_category", SHOW },
	{ "action_category_list_id", SHOW },
	{ "lab_integration_id", SHOW },
	{ "auth_id", SHOW },
	{ "developer_name", SHOW },
	{ "transport", SHOW },
	{ "vendor", SHOW },
	{ "bill_id", SHOW },
	{ "patient_id", HIDE },
	{ "lrr_id", SHOW },
	{ "report_id", SHOW },
	{ "end_point", PATH },
	{ "request_type", SHOW },
	{ "request_headers", HEADERS },
	{ "request_body", BODY },
	{ "request_body_truncated", SHOW },
	{ "request_body_size", SHOW },
	{ "response_headers", HEADERS },
	{ "response_body", ANSWER },
	{ "response_body_truncated", SHOW },
	{ "response_body_size", SHOW },
	{ "response_status_code", SHOW },
	{ "response_time", SHOW },
	{ "error_kind", SHOW },
	{ "error_message", WORDS },
	{ "fusion_log", FIXED },
	{ "stage", FIXED },
	{ "sent_to_mirth", SHOW },
	{ "confirmed_at", SHOW },
	{ "vendor_fax_id", SHOW },
	{ "pages", SHOW },
	{ "pages_sent", SHOW },
	{ "retry_context", HIDE },
	{ "payload_sha256", SHOW },
	{ "payload_changed", SHOW },
	{ "triggered_by_py3", SHOW },
	{ "event_id", SHOW },
	{ "traceparent", SHOW },
	{ "timing", SHOW },
	{ "first_attempt", SHOW },
	{ "lane", SHOW },
	{ "checks", SHOW },
	{ "hint", SHOW },
	{ "ip", SHOW },
	{ "origin", SHOW },
	{ "method", SHOW },
	{ "path", PATH },
	{ "masked", SHOW },
};

bool mask_applies(const struct call *call)
{
	return call->who.role < ROLE_OPERATOR || call->who.via == VIA_SESSION;
}

static bool is_viewer(const struct call *call)
{
	return call->who.role < ROLE_OPERATOR;
}

/* ---- words of ours ---- */

const char *mask_error_words(const char *kind)
{
	static const struct {
		enum error_kind kind;
		const char *words;
	} words[] = {
		{ ERROR_KIND_TIMEOUT, "No response" },
		{ ERROR_KIND_CONNECT, "No connection" },
		{ ERROR_KIND_DNS, "The host has no address" },
		{ ERROR_KIND_TLS, "No secure connection" },
		{ ERROR_KIND_HTTP_STATUS, "The partner refused it" },
		{ ERROR_KIND_RESPONSE, "The answer broke off, or is none" },
		{ ERROR_KIND_NACK, "The receiver refused the message" },
		{ ERROR_KIND_AUTH, "The credentials were not accepted" },
		{ ERROR_KIND_BLOCKED, "The address is not allowed" },
		{ ERROR_KIND_CIRCUIT, "The partner is spared after failures" },
		{ ERROR_KIND_STORAGE, "A document could not be read" },
		{ ERROR_KIND_VENDOR, "The vendor refused it" },
		{ ERROR_KIND_CONFIG, "The row cannot be used" },
		{ ERROR_KIND_BUILD, "The payload could not be made" },
	};
	enum error_kind parsed = ERROR_KIND_NONE;

	if (kind && error_kind_parse(kind, &parsed))
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (words[i].kind == parsed)
				return words[i].words;
	return PHI_MASK;
}

static bool is_fixed(const char *text)
{
	static const char *const texts[] = { "", "Sent to Mirth", "Failed at Livehealthapp",
		                             "Failed at Crelio-app", "LIVEHEALTHAPI" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(texts[i], text) == 0)
			return true;
	return false;
}

/* ---- one field ---- */

static bool is_call(const json_t *log)
{
	return strcmp(jdoc_text_or(log, "integration_type", ""), "API") == 0;
}

static json_t *take_text(char *text)
{
	json_t *json = text ? json_string(text) : json_null();

	free(text);
	return json;
}

static json_t *body_of(const json_t *value, enum phi_body kind)
{
	return take_text(json_is_string(value)
	                         ? phi_mask_body(json_string_value(value),
	                                         json_string_length(value), kind)
	                         : NULL);
}

static json_t *text_of(const json_t *value, bool shown)
{
	return shown ? json_incref((json_t *)(uintptr_t)value) : json_string(PHI_MASK);
}

/* What is shown instead. A new reference. */
static json_t *treated(const json_t *log, const struct field *field, const json_t *value)
{
	switch (field->treatment) {
	case BODY:
		/* an inbound call's request is a stranger's as well */
		return body_of(value, is_call(log) ? PHI_ANSWER : PHI_REQUEST);
	case ANSWER:
		return body_of(value, PHI_ANSWER);
	case HEADERS:
		return phi_mask_headers(value);
	case WORDS:
		return json_string(mask_error_words(jdoc_text_or(log, "error_kind", NULL)));
	case FIXED:
		return text_of(value,
		               json_is_string(value) && is_fixed(json_string_value(value)));
	case PATH:
		return json_is_string(value) && is_call(log)
		               ? take_text(phi_mask_path(json_string_value(value)))
		               : json_incref((json_t *)(uintptr_t)value);
	case SHOW:
	case HIDE:
		break;
	}
	return json_null();
}

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static void treat(json_t *log, bool viewer)
{
	CLEANUP_JSON json_t *before = json_copy(log);
	json_t *masked = json_array(), *value;
	const char *name;

	json_object_foreach (before, name, value) {
		const struct field *field = find_field(name);

		if (!field) {
			(void)json_object_del(log, name);
			continue;
		}
		if (json_is_null(value) || field->treatment == SHOW ||
		    (field->treatment >= WORDS && !viewer))
			continue;
		json_t *shown = treated(before, field, value);
		if (!json_equal(shown, value))
			(void)json_array_append_new(masked, json_string(name));
		(void)json_object_set_new(log, name, shown);
	}
	(void)json_object_set_new(log, "masked", masked);
}

/* ---- logs ---- */

void mask_row_for_viewer(json_t *row)
{
	treat(row, true);
}

void mask_row(const struct call *call, json_t *row)
{
	if (is_viewer(call))
		treat(row, true);
	else
		(void)json_object_set_new(row, "masked", json_array());
}

static void say_size(json_t *log, const char *body, const char *size)
{
	const json_t *text = json_object_get(log, body);

	(void)json_object_set_new(log, size,
	                          json_integer((json_int_t)json_string_length(text)));
}

static void mask_exchange(const struct call *call, json_t *log)
{
	say_size(log, "request_body", "request_body_size");
	say_size(log, "response_body", "response_body_size");
	if (mask_applies(call))
		treat(log, is_viewer(call));
	else
		(void)json_object_set_new(log, "masked", json_array());
}

void mask_log(const struct call *call, json_t *log)
{
	json_t *first = json_object_get(log, "first_attempt");

	if (json_is_object(first))
		mask_exchange(call, first);
	mask_exchange(call, log);
}

/* ---- other things ---- */

void mask_run(json_t *run)
{
	json_t *filter = json_object_get(run, "filter");

	if (json_object_get(filter, "q"))
		(void)json_object_set_new(filter, "q", json_null());
}

void mask_error(const struct call *call, json_t *item, const char *member)
{
	const char *kind = jdoc_text_or(item, "error_kind", NULL);

	if (is_viewer(call) && json_is_string(json_object_get(item, member)))
		(void)json_object_set_new(item, member,
		                          json_string(mask_error_words(kind)));
}

void mask_operation(const struct call *call, json_t *item)
{
	const char *operation = jdoc_text_or(item, "operation", NULL);

	if (is_viewer(call) && operation && jdoc_int_or(item, "lab_integration_id", 0) == 0)
		(void)json_object_set_new(item, "operation",
		                          take_text(phi_mask_path(operation)));
}

void mask_text(const struct call *call, json_t *item, const char *member)
{
	if (is_viewer(call) && json_string_length(json_object_get(item, member)) > 0)
		(void)json_object_set_new(item, member, json_string(PHI_MASK));
}

void mask_body(const struct call *call, json_t *item, const char *member)
{
	const json_t *value = json_object_get(item, member);

	if (mask_applies(call) && value)
		(void)json_object_set_new(item, member, body_of(value, PHI_REQUEST));
}
