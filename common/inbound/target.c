#include "inbound/target.h"

#include "secrets/mask.h"

#include <stdio.h>

static void find_segments(struct target *t)
{
	size_t at = 0;

	while (at < t->path_len && t->n_segments < TARGET_SEGMENTS) {
		const char *slash = memchr(t->text + at, '/', t->path_len - at);
		size_t end = slash ? (size_t)(slash - t->text) : t->path_len;

		if (end > at)
			t->segment[t->n_segments++] =
				(struct target_span){ .at = at, .len = end - at };
		at = end + 1;
	}
}

void target_parse(const char *text, size_t len, struct target *out)
{
	const char *question = memchr(text, '?', len);

	*out = (struct target){ .text = text, .len = len };
	out->path_len = question ? (size_t)(question - text) : len;
	if (question)
		out->query = (struct target_span){ .at = out->path_len + 1,
			                           .len = len - out->path_len - 1 };
	find_segments(out);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void target_decode(const char *text, size_t len, bool plus, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text[i + 2]) : -1;

		if (low >= 0) {
			buf_append_char(out, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_append_char(out,
			                (char)(plus && text[i] == '+' ? ' ' : text[i]));
		}
	}
}

bool target_query_find(const char *query, size_t len, const char *name,
                       struct target_span *out)
{
	size_t at = 0, name_len = strlen(name);

	while (at < len) {
		const char *amp = memchr(query + at, '&', len - at);
		size_t end = amp ? (size_t)(amp - query) : len;

		if (end - at > name_len && query[at + name_len] == '=' &&
		    memcmp(query + at, name, name_len) == 0) {
			*out = (struct target_span){ .at = at + name_len + 1,
				                     .len = end - at - name_len - 1 };
			return true;
		}
		at = end + 1;
	}
	return false;
}

bool target_query_value(const char *query, size_t len, const char *name, struct buf *out)
{
	struct target_span at;

	if (!target_query_find(query, len, name, &at))
		return false;
	target_decode(query + at.at, at.len, true, out);
	return true;
}

static const struct target_mask *mask_at(const struct target_mask *masks, size_t n,
                                         size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (masks[i].at.len && masks[i].at.at == at)
			return &masks[i];
	return NULL;
}

static void append_path(const struct target *t, const struct target_mask *masks, size_t n,
                        struct buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < t->n_segments; i++) {
		const struct target_mask *m = mask_at(masks, n, t->segment[i].at);

		if (!m)
			continue;
		buf_append(out, t->text + at, m->at.at - at);
		buf_append_str(out, m->shown);
		at = m->at.at + m->at.len;
	}
	buf_append(out, t->text + at, t->path_len - at);
}

static void append_parameter(const struct target *t, struct target_span at,
                             const struct target_mask *m, struct buf *out)
{
	const char *text = t->text + at.at;
	const char *equals = memchr(text, '=', at.len);
	size_t name_len = equals ? (size_t)(equals - text) : at.len;

	buf_append(out, text, equals ? name_len + 1 : name_len);
	if (!equals)
		return;
	if (m)
		buf_append_str(out, m->shown);
	else if (mask_wants(text, name_len))
		buf_append_str(out, MASK_TEXT);
	else
		buf_append(out, text + name_len + 1, at.len - name_len - 1);
}

void target_append_masked(const struct target *t, const struct target_mask *masks, size_t n,
                          struct buf *out)
{
	size_t at = t->query.at, end = t->len;

	append_path(t, masks, n, out);
	if (t->path_len == t->len)
		return;
	buf_append_char(out, '?');
	while (at < end) {
		const char *amp = memchr(t->text + at, '&', end - at);
		size_t stop = amp ? (size_t)(amp - t->text) : end;
		const char *equals = memchr(t->text + at, '=', stop - at);
		size_t value = equals ? (size_t)(equals + 1 - t->text) : stop;

		append_parameter(t, (struct target_span){ .at = at, .len = stop - at },
		                 mask_at(masks, n, value), out);
		if (amp)
			buf_append_char(out, '&');
		at = stop + 1;
	}
}
