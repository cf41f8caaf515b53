#include "event/labevent.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "event/fields.h"
#include "json/jdoc.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

const char *labevent_reason(enum labevent_error error)
{
	static const char *const words[] = {
		[LABEVENT_E_TOMBSTONE] = "tombstone",
		[LABEVENT_E_TOO_LARGE] = "too_large",
		[LABEVENT_E_UNDECODABLE] = "undecodable",
		[LABEVENT_E_UNKNOWN_ACTION] = "unknown_action",
		[LABEVENT_E_WRONG_TYPE] = "wrong_type",
	};
	return words[error];
}

/* ---- the envelope: one JSON object of attributes, whichever mode brought it ---- */

static bool is_structured(const struct labevent_message *m)
{
	static const char type[] = "application/cloudevents+json";

	for (size_t i = 0; i < m->n_headers; i++) {
		const struct labevent_header *h = &m->headers[i];

		if (strcasecmp(h->name, "content-type") != 0)
			continue;
		return h->len >= sizeof(type) - 1 &&
		       strncasecmp(h->value, type, sizeof(type) - 1) == 0;
	}
	return false;
}

static int add_attribute(json_t *envelope, const struct labevent_header *h,
                         struct err_text *why)
{
	const char *name = h->name;

	if (strncmp(name, "ce_", 3) == 0)
		name += 3;
	else if (strcmp(name, "traceparent") != 0 || json_object_get(envelope, name))
		return 0;
	/* `data` comes from the value alone */
	if (strcmp(name, "data") == 0)
		return 0;
	if (!h->value || !utf8_valid(h->value, h->len))
		return err_say(why, LABEVENT_E_UNDECODABLE, "header ce_%.40s is not UTF-8",
		               name);
	(void)json_object_set_new(envelope, name, json_stringn(h->value, h->len));
	return 0;
}

/* Some writers' libraries take the data for bytes, and put them into the other member. */
static int open_base64(json_t *envelope, struct err_text *why)
{
	const char *text = jdoc_text_or(envelope, "data_base64", NULL);
	size_t len;

	if (!text || json_object_get(envelope, "data"))
		return 0;
	CLEANUP(freep) char *bytes = xcalloc(strlen(text) + 1, 1);
	if (sodium_base642bin((unsigned char *)bytes, strlen(text), text, strlen(text),
	                      NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return err_say(why, LABEVENT_E_UNDECODABLE, "data_base64 is not base64");
	json_t *data = jdoc_parse(bytes, len, why);
	if (!data)
		return LABEVENT_E_UNDECODABLE;
	(void)json_object_set_new(envelope, "data", data);
	return 0;
}

static int structured_envelope(const struct labevent_message *m, json_t **out,
                               struct err_text *why)
{
	CLEANUP_JSON json_t *envelope = jdoc_parse(m->value, m->len, why);

	if (!envelope)
		return LABEVENT_E_UNDECODABLE;
	if (!json_is_object(envelope))
		return err_say(why, LABEVENT_E_UNDECODABLE, "the event must be an object");
	int r = open_base64(envelope, why);
	if (r)
		return r;
	*out = STEAL(envelope);
	return 0;
}

/* A whole event whose writer forgot to say so. */
static int unsaid_envelope(const struct labevent_message *m, json_t **out,
                           struct err_text *why)
{
	if (structured_envelope(m, out, why) == 0 && json_object_get(*out, "specversion"))
		return 0;
	return err_say(why, LABEVENT_E_UNDECODABLE,
	               "no CloudEvent: neither ce_ headers nor content-type "
	               "application/cloudevents+json");
}

static int binary_envelope(const struct labevent_message *m, json_t **out,
                           struct err_text *why)
{
	CLEANUP_JSON json_t *envelope = json_object();

	for (size_t i = 0; i < m->n_headers; i++) {
		int r = add_attribute(envelope, &m->headers[i], why);
		if (r)
			return r;
	}
	if (!json_object_get(envelope, "id") && !json_object_get(envelope, "source"))
		return unsaid_envelope(m, out, why);
	json_t *data = jdoc_parse(m->value, m->len, why);
	if (!data)
		return LABEVENT_E_UNDECODABLE;
	(void)json_object_set_new(envelope, "data", data);
	*out = STEAL(envelope);
	return 0;
}

static int read_envelope(const struct labevent_message *m, json_t **out,
                         struct err_text *why)
{
	if (!m->value)
		return err_say(why, LABEVENT_E_TOMBSTONE, "the message has no value");
	if (m->len > LABEVENT_MAX_BYTES)
		return err_say(why, LABEVENT_E_TOO_LARGE,
		               "the event has %zu bytes, up to %d are taken", m->len,
		               LABEVENT_MAX_BYTES);
	return is_structured(m) ? structured_envelope(m, out, why)
	                        : binary_envelope(m, out, why);
}

/* ---- attributes ---- */

static bool all_hex(const char *text, size_t n, bool *zero)
{
	*zero = true;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\0' || !strchr("0123456789abcdef", text[i]))
			return false;
		*zero = *zero && text[i] == '0';
	}
	return true;
}

bool labevent_is_traceparent(const char *text)
{
	static const struct {
		size_t offset, n;
		bool may_be_zero;
	} parts[] = {
		{ .offset = 0, .n = 2, .may_be_zero = true },
		{ .offset = 3, .n = 32 },
		{ .offset = 36, .n = 16 },
		{ .offset = 53, .n = 2, .may_be_zero = true },
	};
	bool zero;

	if (strlen(text) != 55 || strncmp(text, "ff", 2) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!all_hex(text + parts[i].offset, parts[i].n, &zero) ||
		    (zero && !parts[i].may_be_zero))
			return false;
	return text[2] == '-' && text[35] == '-' && text[52] == '-';
}

static int read_attributes(struct labevent *e, struct err_text *why)
{
	const char *version = jdoc_text_or(e->envelope, "specversion", "1.0");
	const char *trace = jdoc_text_or(e->envelope, "traceparent", NULL);

	e->id = jdoc_text_or(e->envelope, "id", "");
	e->source = jdoc_text_or(e->envelope, "source", "");
	e->type = jdoc_text_or(e->envelope, "type", "");
	e->traceparent = trace && labevent_is_traceparent(trace) ? trace : NULL;
	e->data = json_object_get(e->envelope, "data");
	if (*e->id == '\0' || *e->source == '\0')
		return err_say(why, LABEVENT_E_UNDECODABLE, "the event has no %s",
		               *e->id ? "source" : "id");
	if (strncmp(version, "1.", 2) != 0)
		return err_say(why, LABEVENT_E_UNDECODABLE, "specversion must be 1.0");
	if (!json_is_object(e->data))
		return err_say(why, LABEVENT_E_UNDECODABLE, "data must be an object");
	return 0;
}

/* ---- data ---- */

static int read_action(struct labevent *e, struct err_text *why)
{
	int64_t id = 0;

	if (jdoc_int(e->data, "action_id", &id, why) ||
	    labevent_fields_check(e->data, why) ||
	    jdoc_int(e->data, "lab_id", &e->lab_id, why))
		return LABEVENT_E_WRONG_TYPE;
	e->action = id > 0 && id < 10000 ? action_find((int)id) : NULL;
	if (!e->action)
		return err_say(why, LABEVENT_E_UNKNOWN_ACTION,
		               "action_id %lld is not in the inventory", (long long)id);
	e->triggered_by_py3 = jdoc_bool_or(e->data, "triggered_by_py3", e->action->py3);
	return 0;
}

static void read_dates(struct labevent *e, int64_t fallback_ms)
{
	e->activity_date_ms = fallback_ms;
	(void)clock_parse_iso(jdoc_text_or(e->envelope, "time", ""), &e->activity_date_ms);
	(void)clock_parse_iso(jdoc_text_or(e->data, "activity_date", ""),
	                      &e->activity_date_ms);
}

static void read_record(struct labevent_record *record, const json_t *object, size_t index,
                        int64_t org_id)
{
	struct err_text why = { "" };

	record->object = object;
	record->org_id = jdoc_int_or(object, "org_id", org_id);
	if (!json_is_object(object))
		record->fault = xasprintf("records[%zu] must be an object", index);
	else if (labevent_fields_check(object, &why) != 0)
		record->fault = xasprintf("records[%zu].%s", index, why.text);
}

static int read_records(struct labevent *e, struct err_text *why)
{
	const json_t *records = json_object_get(e->data, "records");
	int64_t org_id = jdoc_int_or(e->data, "org_id", 0);

	e->is_bulk = records && !json_is_null(records);
	if (e->is_bulk && !json_is_array(records))
		return err_say(why, LABEVENT_E_WRONG_TYPE, "records must be an array");
	e->n_records = e->is_bulk ? json_array_size(records) : 1;
	e->records = xcalloc(e->n_records, sizeof(*e->records));
	if (!e->is_bulk)
		e->records[0].org_id = org_id;
	for (size_t i = 0; e->is_bulk && i < e->n_records; i++)
		read_record(&e->records[i], json_array_get(records, i), i, org_id);
	return 0;
}

int labevent_parse(const struct labevent_message *message, struct labevent *out,
                   struct err_text *why)
{
	*out = (struct labevent){ .id = "", .source = "", .type = "" };
	int r = read_envelope(message, &out->envelope, why);

	if (r == 0)
		r = read_attributes(out, why);
	if (r == 0)
		r = read_action(out, why);
	if (r == 0)
		r = read_records(out, why);
	if (r == 0)
		read_dates(out, message->timestamp_ms);
	return r;
}

void labevent_release(struct labevent *event)
{
	for (size_t i = 0; event->records && i < event->n_records; i++)
		free(event->records[i].fault);
	free(event->records);
	json_decref(event->envelope);
	*event = (struct labevent){ .id = "" };
}

json_t *labevent_context(const struct labevent *event, size_t record)
{
	const struct labevent_record *r = &event->records[record];
	json_t *context = json_object();
	char date[CLOCK_ISO_SIZE];

	jdoc_set_int(context, "action_id", event->action->id);
	jdoc_set_int(context, "lab_id", event->lab_id);
	if (r->org_id)
		jdoc_set_int(context, "org_id", r->org_id);
	jdoc_set_text(context, "activity_date",
	              clock_format_iso(event->activity_date_ms, date));
	(void)json_object_set_new(context, "triggered_by_py3",
	                          json_boolean(event->triggered_by_py3));
	if (event->is_bulk)
		jdoc_set_int(context, "record_index", (int64_t)record);
	labevent_fields_copy(context, r->object, event->data);
	return context;
}
