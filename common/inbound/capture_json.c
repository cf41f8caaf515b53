/* A capture as the message's JSON, written straight: one is made for every call. */
#include "base/clock.h"
#include "base/utf8.h"
#include "inbound/capture.h"
#include "inbound/references.h"
#include "message/inbound_call.h"
#include "message/report.h"
#include "json/jdoc.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

static void put_escaped(struct buf *out, const char *text, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_append(out, text + run, i - run);
		run = i + 1;
		if (c == '"' || c == '\\') {
			buf_append_char(out, '\\');
			buf_append_char(out, (char)c);
		} else {
			buf_printf(out, "\\u%04x", c);
		}
	}
	buf_append(out, text + run, len - run);
}

static void put_repaired(struct buf *out, const char *text, size_t len)
{
	if (utf8_valid(text, len)) {
		put_escaped(out, text, len);
		return;
	}
	size_t clean_len;
	CLEANUP(freep) char *clean = utf8_repair(text, len, &clean_len);

	put_escaped(out, clean, clean_len);
}

static void put_name(struct buf *out, const char *name)
{
	buf_append_str(out, out->len > 1 ? ",\"" : "\"");
	buf_append_str(out, name);
	buf_append(out, "\":", 2);
}

static void put_text(struct buf *out, const char *name, const char *text, size_t len)
{
	if (len == 0)
		return;
	put_name(out, name);
	buf_append_char(out, '"');
	put_repaired(out, text, len);
	buf_append_char(out, '"');
}

static void put_int(struct buf *out, const char *name, int64_t value)
{
	char text[24];

	put_name(out, name);
	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	buf_append_str(out, text);
}

/* ---- headers: "name: value\r\n" lines ---- */

#define MAX_LINES 256

struct line {
	struct capture_span name, value;
	bool taken;
};

static size_t split(const struct capture_span *lines, struct line *out)
{
	const char *at = lines->data, *end = at + lines->len;
	size_t n = 0;

	while (lines->len && at < end && n < MAX_LINES) {
		const char *stop = memchr(at, '\r', (size_t)(end - at));
		const char *colon = memchr(at, ':', (size_t)(end - at));

		if (!stop || !colon || colon + 2 > stop)
			break;
		out[n++] = (struct line){
			.name = { at, (size_t)(colon - at) },
			.value = { colon + 2, (size_t)(stop - colon - 2) },
		};
		at = stop + 2;
	}
	return n;
}

static bool same_name(const struct line *a, const struct line *b)
{
	return a->name.len == b->name.len &&
	       strncasecmp(a->name.data, b->name.data, a->name.len) == 0;
}

/* One that is there several times becomes one, its values joined. */
static void put_headers(struct buf *out, const char *name, struct line *lines, size_t n)
{
	if (n == 0)
		return;
	put_name(out, name);
	buf_append_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (lines[i].taken)
			continue;
		if (i > 0)
			buf_append_char(out, ',');
		buf_append_char(out, '"');
		put_repaired(out, lines[i].name.data, lines[i].name.len);
		buf_append(out, "\":\"", 3);
		put_repaired(out, lines[i].value.data, lines[i].value.len);
		for (size_t k = i + 1; k < n; k++) {
			if (lines[k].taken || !same_name(&lines[i], &lines[k]))
				continue;
			lines[k].taken = true;
			buf_append(out, ", ", 2);
			put_repaired(out, lines[k].value.data, lines[k].value.len);
		}
		buf_append_char(out, '"');
	}
	buf_append_char(out, '}');
}

static struct capture_span value_of(const struct line *lines, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i].name.len == strlen(name) &&
		    strncasecmp(lines[i].name.data, name, lines[i].name.len) == 0)
			return lines[i].value;
	return (struct capture_span){ NULL, 0 };
}

/* ---- bodies ---- */

static const char *const binary_types[] = { "application/pdf",
	                                    "application/octet-stream",
	                                    "application/zip",
	                                    "image/",
	                                    "audio/",
	                                    "video/",
	                                    "font/" };

static bool is_binary(struct capture_span type, struct capture_span encoding)
{
	if (encoding.len &&
	    !(encoding.len == 8 && strncasecmp(encoding.data, "identity", 8) == 0))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(binary_types); i++)
		if (type.len >= strlen(binary_types[i]) &&
		    strncasecmp(type.data, binary_types[i], strlen(binary_types[i])) == 0)
			return true;
	return false;
}

/* As documents in payloads: size and hash, not content. */
static char *describe(const struct capture_span *body, struct capture_span type,
                      struct capture_span encoding, bool cut)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];
	struct buf out = BUF_INIT(0);

	(void)crypto_hash_sha256(hash, (const unsigned char *)body->data, body->len);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	buf_append_char(&out, '{');
	put_text(&out, "content_type", type.data, type.len);
	put_text(&out, "content_encoding", encoding.data, encoding.len);
	put_int(&out, cut ? "size_at_least" : "size", (int64_t)body->len);
	put_text(&out, cut ? "sha256_of_that" : "sha256", hex, strlen(hex));
	buf_append_char(&out, '}');
	return buf_take(&out);
}

/* A terminated copy, valid UTF-8; NULL for an empty one. */
static char *text_of(const struct capture_span *s)
{
	if (s->len == 0)
		return NULL;
	return utf8_valid(s->data, s->len) ? xstrndup(s->data, s->len)
	                                   : utf8_repair(s->data, s->len, NULL);
}

static char *body_of(const struct capture_span *s, const struct line *lines, size_t n,
                     bool cut)
{
	struct capture_span type = value_of(lines, n, "content-type");
	struct capture_span encoding = value_of(lines, n, "content-encoding");

	if (s->len && is_binary(type, encoding))
		return describe(s, type, encoding, cut);
	return text_of(s);
}

/* ---- the whole ---- */

static const struct {
	const char *name;
	enum capture_text text;
} texts[] = {
	{ "record_id", CAPTURE_RECORD_ID },
	{ "action_category", CAPTURE_CATEGORY },
	{ "developer_name", CAPTURE_DEVELOPER },
	{ "token", CAPTURE_TOKEN },
	{ "method", CAPTURE_METHOD },
	{ "path", CAPTURE_PATH },
	{ "end_point", CAPTURE_END_POINT },
	{ "ip", CAPTURE_IP },
	{ "origin", CAPTURE_ORIGIN },
	{ "traceparent", CAPTURE_TRACEPARENT },
};

/* An answer that says no has its reason in its body. */
static void put_error(struct buf *out, const struct capture *c, const char *body)
{
	const struct capture_span *error = &c->text[CAPTURE_ERROR];
	int64_t code = c->number[CAPTURE_STATUS];
	CLEANUP(buf_deinit) struct buf reason = BUF_INIT(0);
	const char *kind = error_kind_word((enum error_kind)c->number[CAPTURE_ERROR_KIND]);

	if (error->len) {
		put_text(out, "error_message", error->data, error->len);
		put_text(out, "error_kind", kind, strlen(kind));
	} else if (code >= 300 && code != 304) {
		if (body)
			report_error_text(body, strlen(body), &reason);
		if (reason.len == 0)
			buf_printf(&reason, "HTTP %lld", (long long)code);
		put_text(out, "error_message", buf_str(&reason), reason.len);
		kind = error_kind_word(ERROR_KIND_HTTP_STATUS);
		put_text(out, "error_kind", kind, strlen(kind));
	}
}

static void put_references(struct buf *out, const struct capture *c, const char *request,
                           const char *response)
{
	CLEANUP(freep) char *rules = text_of(&c->text[CAPTURE_REFERENCES]);
	CLEANUP(freep) char *end_point = text_of(&c->text[CAPTURE_END_POINT]);
	struct inbound_call call = {
		.request_body = request,
		.request_body_truncated = c->number[CAPTURE_REQUEST_CUT] != 0,
		.response_body = response,
		.response_body_truncated = c->number[CAPTURE_RESPONSE_CUT] != 0,
		.end_point = end_point,
	};
	const struct {
		const char *name;
		const int64_t *id;
	} found[] = {
		{ "bill_id", &call.bill_id },
		{ "patient_id", &call.patient_id },
		{ "lrr_id", &call.lrr_id },
		{ "report_id", &call.report_id },
		{ "appointment_id", &call.appointment_id },
	};

	references_find(rules, &call);
	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		if (*found[i].id)
			put_int(out, found[i].name, *found[i].id);
}

static void put_body(struct buf *out, const char *name, const char *body, bool cut)
{
	if (body)
		put_text(out, name, body, strlen(body));
	if (!cut)
		return;
	CLEANUP(freep) char *flag = xasprintf("%s_truncated", name);
	put_name(out, flag);
	buf_append_str(out, "true");
}

static void put_exchange(struct buf *out, const struct capture *c)
{
	static _Thread_local struct line lines[MAX_LINES];
	bool sent_cut = c->number[CAPTURE_REQUEST_CUT] != 0;
	bool got_cut = c->number[CAPTURE_RESPONSE_CUT] != 0;

	size_t n = split(&c->text[CAPTURE_REQUEST_HEADERS], lines);
	CLEANUP(freep)
	char *sent = body_of(&c->text[CAPTURE_REQUEST_BODY], lines, n, sent_cut);
	put_headers(out, "request_headers", lines, n);
	put_body(out, "request_body", sent, sent_cut);

	n = split(&c->text[CAPTURE_RESPONSE_HEADERS], lines);
	CLEANUP(freep)
	char *got = body_of(&c->text[CAPTURE_RESPONSE_BODY], lines, n, got_cut);
	put_headers(out, "response_headers", lines, n);
	put_body(out, "response_body", got, got_cut);

	put_error(out, c, got);
	put_references(out, c, sent, got);
}

void capture_append_json(const struct capture *c, struct buf *out)
{
	char time_text[CLOCK_ISO_SIZE];
	const struct capture_span *operation = &c->text[CAPTURE_OPERATION];

	buf_append_char(out, '{');
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(out, texts[i].name, c->text[texts[i].text].data,
		         c->text[texts[i].text].len);
	put_text(out, "operation", operation->len ? operation->data : "/",
	         operation->len ? operation->len : 1);
	put_int(out, "lab_id", c->number[CAPTURE_LAB_ID]);
	if (c->number[CAPTURE_ORG_ID])
		put_int(out, "org_id", c->number[CAPTURE_ORG_ID]);
	if (c->number[CAPTURE_AUTH_ID])
		put_int(out, "auth_id", c->number[CAPTURE_AUTH_ID]);
	if (c->number[CAPTURE_STATUS])
		put_int(out, "response_status_code", c->number[CAPTURE_STATUS]);
	put_name(out, "response_time");
	buf_printf(out, "%.3f", (double)c->number[CAPTURE_TIME_US] / 1000.0);
	put_exchange(out, c);
	(void)clock_format_iso(c->number[CAPTURE_OCCURRED_MS], time_text);
	put_text(out, "occurred_at", time_text, strlen(time_text));
	buf_append_char(out, '}');
}
