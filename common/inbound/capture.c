#include "inbound/capture.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "inbound/references.h"
#include "message/fields.h"
#include "message/inbound_call.h"
#include "message/report.h"
#include "json/jdoc.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#define CAPTURE_MAGIC 'C'

void capture_set(struct capture *c, enum capture_text which, const char *text)
{
	c->text[which] = (struct capture_span){ text, text ? strlen(text) : 0 };
}

void capture_encode(const struct capture *c, struct buf *out)
{
	const unsigned char counts[] = { CAPTURE_MAGIC, CAPTURE_N_NUMBERS,
		                         CAPTURE_N_TEXTS };
	uint32_t lengths[CAPTURE_N_TEXTS];

	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		lengths[i] = (uint32_t)c->text[i].len;
	buf_append(out, counts, sizeof(counts));
	buf_append(out, c->number, sizeof(c->number));
	buf_append(out, lengths, sizeof(lengths));
	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		if (c->text[i].len)
			buf_append(out, c->text[i].data, c->text[i].len);
}

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, void *to, size_t len)
{
	if ((size_t)(c->end - c->at) < len)
		return false;
	memcpy(to, c->at, len);
	c->at += len;
	return true;
}

int capture_decode(const char *data, size_t len, struct capture *out)
{
	struct cursor c = { data, data + len };
	unsigned char counts[3];
	uint32_t lengths[256];
	int64_t number;

	*out = (struct capture){ 0 };
	if (!take(&c, counts, sizeof(counts)) || counts[0] != CAPTURE_MAGIC)
		return CAPTURE_E_MALFORMED;
	for (size_t i = 0; i < counts[1]; i++) {
		if (!take(&c, &number, sizeof(number)))
			return CAPTURE_E_MALFORMED;
		if (i < CAPTURE_N_NUMBERS)
			out->number[i] = number;
	}
	if (!take(&c, lengths, counts[2] * sizeof(lengths[0])))
		return CAPTURE_E_MALFORMED;
	for (size_t i = 0; i < counts[2]; i++) {
		if ((size_t)(c.end - c.at) < lengths[i])
			return CAPTURE_E_MALFORMED;
		if (i < CAPTURE_N_TEXTS)
			out->text[i] = (struct capture_span){ c.at, lengths[i] };
		c.at += lengths[i];
	}
	return 0;
}

/* ---- as a message ---- */

/* A terminated copy, valid UTF-8; NULL for an empty one. */
static char *text_of(const struct capture *c, enum capture_text which)
{
	const struct capture_span *s = &c->text[which];

	if (s->len == 0)
		return NULL;
	return utf8_valid(s->data, s->len) ? xstrndup(s->data, s->len)
	                                   : utf8_repair(s->data, s->len, NULL);
}

static void add_header(json_t *to, const char *name, size_t name_len, const char *value,
                       size_t value_len)
{
	CLEANUP(freep) char *key = utf8_repair(name, name_len, NULL);
	CLEANUP(freep) char *text = utf8_repair(value, value_len, NULL);
	const char *before = json_string_value(json_object_get(to, key));

	if (before) {
		CLEANUP(freep) char *both = xasprintf("%s, %s", before, text);

		(void)json_object_set_new_nocheck(to, key, json_string_nocheck(both));
	} else {
		(void)json_object_set_new_nocheck(to, key, json_string_nocheck(text));
	}
}

static json_t *headers_of(const struct capture *c, enum capture_text which)
{
	const char *at = c->text[which].data, *end = at + c->text[which].len;
	json_t *headers = c->text[which].len ? json_object() : NULL;

	while (headers && at < end) {
		const char *line_end = memchr(at, '\r', (size_t)(end - at));
		const char *colon = memchr(at, ':', (size_t)(end - at));

		if (!line_end || !colon || colon + 2 > line_end)
			break;
		add_header(headers, at, (size_t)(colon - at), colon + 2,
		           (size_t)(line_end - colon - 2));
		at = line_end + 2;
	}
	return headers;
}

static const char *header_value(const json_t *headers, const char *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)headers, name, value)
		if (strcasecmp(name, wanted) == 0)
			return json_string_value(value);
	return NULL;
}

static const char *const binary_types[] = { "application/pdf",
	                                    "application/octet-stream",
	                                    "application/zip",
	                                    "image/",
	                                    "audio/",
	                                    "video/",
	                                    "font/" };

static bool is_binary(const json_t *headers)
{
	const char *encoding = header_value(headers, "content-encoding");
	const char *type = header_value(headers, "content-type");

	if (encoding && *encoding && strcasecmp(encoding, "identity") != 0)
		return true;
	for (size_t i = 0; type && i < ARRAY_SIZE(binary_types); i++)
		if (strncasecmp(type, binary_types[i], strlen(binary_types[i])) == 0)
			return true;
	return false;
}

/* As documents in payloads: size and hash, not content. */
static char *describe(const struct capture_span *s, const json_t *headers, bool cut)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];
	const char *type = header_value(headers, "content-type");
	const char *encoding = header_value(headers, "content-encoding");

	(void)crypto_hash_sha256(hash, (const unsigned char *)s->data, s->len);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	CLEANUP_JSON json_t *doc =
		json_pack("{s:s?,s:s?,s:I,s:s}", "content_type", type, "content_encoding",
	                  encoding, cut ? "size_at_least" : "size", (json_int_t)s->len,
	                  cut ? "sha256_of_that" : "sha256", hex);
	return jdoc_dump(doc, NULL);
}

static char *body_of(const struct capture *c, enum capture_text which, bool cut,
                     const json_t *headers)
{
	const struct capture_span *s = &c->text[which];

	if (s->len == 0)
		return NULL;
	return is_binary(headers) ? describe(s, headers, cut) : text_of(c, which);
}

struct texts {
	char *text[CAPTURE_N_TEXTS];
};

static void texts_release(struct texts *t)
{
	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		free(t->text[i]);
}

/* An answer that says no has its reason in its body. */
static char *error_of(const struct capture *c, const char *body)
{
	int64_t code = c->number[CAPTURE_STATUS];
	struct buf out = BUF_INIT(0);

	if (c->text[CAPTURE_ERROR].len)
		return text_of(c, CAPTURE_ERROR);
	if ((code >= 200 && code < 400) || !body)
		return NULL;
	report_error_text(body, strlen(body), &out);
	return buf_take(&out);
}

static enum error_kind kind_of(const struct capture *c)
{
	int64_t code = c->number[CAPTURE_STATUS];

	if (c->number[CAPTURE_ERROR_KIND] || c->text[CAPTURE_ERROR].len)
		return (enum error_kind)c->number[CAPTURE_ERROR_KIND];
	return code >= 400 ? ERROR_KIND_HTTP_STATUS : ERROR_KIND_NONE;
}

static void fill(struct inbound_call *call, const struct capture *c, const struct texts *t)
{
	*call = (struct inbound_call){
		.record_id = t->text[CAPTURE_RECORD_ID],
		.operation = t->text[CAPTURE_OPERATION] ? t->text[CAPTURE_OPERATION] : "/",
		.action_category = t->text[CAPTURE_CATEGORY],
		.lab_id = c->number[CAPTURE_LAB_ID],
		.org_id = c->number[CAPTURE_ORG_ID],
		.auth_id = c->number[CAPTURE_AUTH_ID],
		.developer_name = t->text[CAPTURE_DEVELOPER],
		.token = t->text[CAPTURE_TOKEN],
		.method = t->text[CAPTURE_METHOD],
		.path = t->text[CAPTURE_PATH],
		.end_point = t->text[CAPTURE_END_POINT],
		.ip = t->text[CAPTURE_IP],
		.origin = t->text[CAPTURE_ORIGIN],
		.request_body = t->text[CAPTURE_REQUEST_BODY],
		.request_body_truncated = c->number[CAPTURE_REQUEST_CUT] != 0,
		.response_body = t->text[CAPTURE_RESPONSE_BODY],
		.response_body_truncated = c->number[CAPTURE_RESPONSE_CUT] != 0,
		.response_status_code = (int)c->number[CAPTURE_STATUS],
		.response_time = (double)c->number[CAPTURE_TIME_US] / 1000.0,
		.error_message = t->text[CAPTURE_ERROR],
		.error_kind = kind_of(c),
		.traceparent = t->text[CAPTURE_TRACEPARENT],
	};
}

char *capture_to_json(const struct capture *c, size_t *len)
{
	CLEANUP_JSON json_t *sent = headers_of(c, CAPTURE_REQUEST_HEADERS);
	CLEANUP_JSON json_t *got = headers_of(c, CAPTURE_RESPONSE_HEADERS);
	CLEANUP(texts_release) struct texts t = { { NULL } };
	struct inbound_call call;
	char time_text[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		if (i != CAPTURE_REQUEST_HEADERS && i != CAPTURE_RESPONSE_HEADERS &&
		    i != CAPTURE_REQUEST_BODY && i != CAPTURE_RESPONSE_BODY &&
		    i != CAPTURE_ERROR)
			t.text[i] = text_of(c, (enum capture_text)i);
	t.text[CAPTURE_REQUEST_BODY] =
		body_of(c, CAPTURE_REQUEST_BODY, c->number[CAPTURE_REQUEST_CUT] != 0, sent);
	t.text[CAPTURE_RESPONSE_BODY] = body_of(c, CAPTURE_RESPONSE_BODY,
	                                        c->number[CAPTURE_RESPONSE_CUT] != 0, got);
	t.text[CAPTURE_ERROR] = error_of(c, t.text[CAPTURE_RESPONSE_BODY]);
	fill(&call, c, &t);
	call.request_headers = sent;
	call.response_headers = got;
	call.occurred_at = clock_format_iso(c->number[CAPTURE_OCCURRED_MS], time_text);
	references_find(t.text[CAPTURE_REFERENCES], &call);
	return inbound_call_encode(&call, len);
}
