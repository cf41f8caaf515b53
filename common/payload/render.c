/* The body a row wants: a query string, JSON, or what its template makes. */
#include "payload/payload.h"

#include "hl7/hl7.h"
#include "payload/body.h"
#include "payload/documents.h"
#include "payload/hash.h"
#include "json/jdoc.h"

#include <strings.h>

#define BODY_LIMIT (8 * 1024 * 1024)

/* What template_text becomes, by payload_type; the first is the default. */
static const struct format {
	const char *payload_type;
	enum template_escape escape;
	const char *content_type;
	bool hl7;
} formats[] = {
	{ "JSON", TEMPLATE_ESCAPE_JSON, "application/json", false },
	{ "XML", TEMPLATE_ESCAPE_HTML, "application/xml", false },
	{ "FORM", TEMPLATE_ESCAPE_FORM, "application/x-www-form-urlencoded", false },
	{ "TEXT", TEMPLATE_ESCAPE_PLAIN, "text/plain; charset=utf-8", false },
	{ "HL7", TEMPLATE_ESCAPE_HL7, "application/hl7-v2", true },
};

static const struct format *find_format(const char *payload_type)
{
	if (hl7_is_type(payload_type))
		payload_type = "HL7";
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcasecmp(formats[i].payload_type, payload_type) == 0)
			return &formats[i];
	return &formats[0];
}

static const struct format *format_of(const struct action *action,
                                      const struct integration *row)
{
	const struct format *format = find_format(row->payload_type);

	return !format->hl7 && payload_is_hl7(action, row) ? find_format("HL7") : format;
}

/* 62 with POST: the event's operation chooses the method. */
static const char *method_of(const struct action *action, const json_t *event,
                             enum request_type type)
{
	static const char *const methods[] = {
		[REQUEST_GET] = "GET",
		[REQUEST_POST] = "POST",
		[REQUEST_PUT] = "PUT",
		[REQUEST_DELETE] = "DELETE",
	};
	const char *operation = jdoc_text_or(event, "operation", "");

	if (action->family != FAMILY_INVOICE || type != REQUEST_POST)
		return methods[type];
	if (strcmp(operation, "update") == 0)
		return "PUT";
	return strcmp(operation, "delete") == 0 ? "DELETE" : "POST";
}

/* What a template may name: the context, and the keys that partners know where it has none.
 */
static json_t *names_of(const struct payload *p)
{
	json_t *names = json_object();

	(void)json_object_update(names, p->object);
	(void)json_object_update(names, p->scope);
	return names;
}

int payload_template_body(const char *text, enum template_escape escape,
                          const struct payload *p, struct buf *out, struct err_text *why)
{
	CLEANUP(template_freep) struct template *parsed = NULL;
	CLEANUP_JSON json_t *names = names_of(p);
	struct err_text said = { "" };

	if (template_parse(text, strlen(text), escape, &parsed, &said) ||
	    template_render(parsed, names, out, &said))
		return err_say(why, PAYLOAD_E_CONFIG, "%s", said.text);
	return 0;
}

static bool has_document(const char *text, size_t len)
{
	size_t marker_len;
	int64_t id;

	return payload_document_find(text, len, &marker_len, &id) != NULL;
}

static void append_pair(struct buf *out, const char *key, const char *text)
{
	if (out->len)
		buf_append_char(out, '&');
	template_escape_append(out, key, strlen(key), TEMPLATE_ESCAPE_FORM);
	buf_append_char(out, '=');
	template_escape_append(out, text, strlen(text), TEMPLATE_ESCAPE_FORM);
}

/* A document is named by this key wherever it stands. */
static bool is_document(const char *key)
{
	return strcmp(key, "reportBase64") == 0;
}

/* New reference. As deep as the definitions. */
static json_t *without_documents(const json_t *value)
{
	json_t *member, *out;
	const char *key;
	size_t i;

	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach ((json_t *)(uintptr_t)value, i, member)
			(void)json_array_append_new(out, without_documents(member));
		return out;
	}
	if (!json_is_object(value))
		return json_incref((json_t *)(uintptr_t)value);
	out = json_object();
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		if (!is_document(key))
			(void)json_object_set_new_nocheck(out, key,
			                                  without_documents(member));
	return out;
}

/* Scalars as they are, nested values as JSON text; nothing for null, never a document. */
static void render_query(const json_t *object, struct buf *out)
{
	CLEANUP_JSON json_t *shown = without_documents(object);
	const char *key;
	json_t *value;

	json_object_foreach (shown, key, value) {
		if (json_is_string(value)) {
			append_pair(out, key, json_string_value(value));
		} else if (!json_is_null(value)) {
			CLEANUP(freep) char *text = jdoc_dump(value, NULL);

			append_pair(out, key, text);
		}
	}
}

static int check_row(const struct integration *row, const struct format *format,
                     bool is_get, struct err_text *why)
{
	if (row->config_error)
		return err_say(why, PAYLOAD_E_CONFIG, "%s", row->config_error);
	if (format->hl7 && is_get)
		return err_say(why, PAYLOAD_E_CONFIG,
		               "an HL7 message is a body: set request_type to 1 (POST)");
	return 0;
}

static int render_body(const struct payload *p, const struct integration *row,
                       const struct format *format, bool is_get, struct buf *out,
                       struct err_text *why)
{
	if (row->template_text)
		return payload_template_body(row->template_text,
		                             is_get ? TEMPLATE_ESCAPE_FORM : format->escape,
		                             p, out, why);
	if (is_get)
		render_query(p->object, out);
	else
		buf_append(out, p->text, p->len);
	return 0;
}

/* Of what the body says, with documents by their hash. */
static void hash_body(const struct payload *p, const struct buf *body, bool hl7,
                      char out[PAYLOAD_SHA256_SIZE])
{
	CLEANUP(buf_deinit) struct buf said = BUF_INIT(0);

	payload_documents_replace(buf_str(body), body->len, p->scope,
	                          PAYLOAD_DOCUMENT_HASHED, &said);
	if (hl7)
		payload_hl7_hash(&said, out);
	else
		payload_hash(buf_str(&said), said.len, out);
}

/* A report that goes out as a file has its PDF beside it. */
static void add_beside(const struct payload *p, const struct action *action,
                       const struct integration *row, struct payload_body *out)
{
	int64_t id = jdoc_int_or(json_object_get(p->scope, "document"), "document_id", 0);

	if (action->id != 50 || row->transport != TRANSPORT_SFTP || id <= 0)
		return;
	if (!out->documents)
		out->documents = json_array();
	(void)json_array_append_new(out->documents, payload_document_beside(id, p->scope));
}

/* Content is never queued: the markers go, and where they were is kept. */
static void take_documents(const struct payload *p, struct buf *body,
                           struct payload_body *out)
{
	struct buf shown = BUF_INIT(0);

	if (!has_document(buf_str(body), body->len))
		return;
	payload_documents_replace(buf_str(body), body->len, p->scope,
	                          PAYLOAD_DOCUMENT_SHOWN, &shown);
	out->shown = buf_take(&shown);
	out->documents = payload_documents_take(body, p->scope);
}

/* A query string has no documents: within a nested value, or a template's, they are empty.
 */
static void drop_documents(const struct payload *p, struct buf *body)
{
	json_decref(payload_documents_take(body, p->scope));
}

int payload_render(const struct payload *p, const struct action *action,
                   const struct integration *row, const struct payload_attempt *attempt,
                   struct payload_body *out, struct err_text *why)
{
	const struct format *format = format_of(action, row);
	bool is_get = row->request_type == REQUEST_GET && row->transport == TRANSPORT_HTTP;
	struct buf body = BUF_INIT(BODY_LIMIT);

	*out = (struct payload_body){ .content_type = is_get ? "" : format->content_type,
		                      .is_hl7 = format->hl7 };
	int r = check_row(row, format, is_get, why);
	if (r == 0)
		r = format->hl7 ? payload_hl7_body(p, action, row, attempt, &body, why)
		                : render_body(p, row, format, is_get, &body, why);
	if (r == 0 && body.truncated)
		r = err_say(why, PAYLOAD_E_BUILD, "the body is larger than %d bytes",
		            BODY_LIMIT);
	if (format->hl7 || row->template_text)
		hash_body(p, &body, format->hl7, out->sha256);
	else
		memcpy(out->sha256, p->sha256, sizeof(out->sha256));
	if (is_get)
		drop_documents(p, &body);
	else
		take_documents(p, &body, out);
	add_beside(p, action, row, out);
	out->method =
		method_of(action, json_object_get(p->scope, "event"), row->request_type);
	out->len = body.len;
	out->data = buf_take(&body);
	return r;
}

void payload_body_release(struct payload_body *body)
{
	free(body->data);
	free(body->shown);
	json_decref(body->documents);
	*body = (struct payload_body){ 0 };
}

const char *payload_body_shown(const struct payload_body *body)
{
	return body->shown ? body->shown : body->data;
}
