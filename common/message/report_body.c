#include "message/report.h"

#include "base/utf8.h"
#include "json/jdoc.h"

#define ERROR_TEXT_CHARACTERS 1000

bool report_body_suppresses(const char *body, size_t len)
{
	/* Nearly no answer does: do not parse what cannot. (Escapes may hide any letter.)
	 */
	if (!memmem(body, len, SUPPRESS_MESSAGE, strlen(SUPPRESS_MESSAGE)) &&
	    !memchr(body, '\\', len))
		return false;
	CLEANUP_JSON json_t *doc = jdoc_parse(body, len, NULL);

	return strcmp(jdoc_text_or(doc, "message", ""), SUPPRESS_MESSAGE) == 0;
}

/* The first text at or under a member: {"errors": [{"detail": "..."}]} is common. */
static const char *first_text(const json_t *value, int depth)
{
	const char *key;
	json_t *member;
	size_t index;
	const char *found = NULL;

	if (json_is_string(value))
		return json_string_length(value) ? json_string_value(value) : NULL;
	if (depth == 0)
		return NULL;
	if (json_is_array(value)) {
		json_array_foreach (value, index, member)
			if ((found = first_text(member, depth - 1)))
				break;
		return found;
	}
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		if ((found = first_text(member, depth - 1)))
			break;
	return found;
}

static const char *find_text(const json_t *doc)
{
	static const char *const keys[] = { "error", "message", "detail",
		                            "error_description", "errors" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const json_t *member = json_object_get(doc, keys[i]);
		const char *text = member ? first_text(member, 8) : NULL;

		if (text)
			return text;
	}
	return NULL;
}

/* Bytes that the first `characters` characters of valid UTF-8 take. */
static size_t prefix_of(const char *text, size_t len, size_t characters)
{
	size_t at = 0;

	while (at < len && characters-- > 0) {
		at++;
		while (at < len && ((unsigned char)text[at] & 0xC0) == 0x80)
			at++;
	}
	return at;
}

static void append_text(struct buf *out, const char *text, size_t len)
{
	/* no more is read than can be kept: four bytes a character at most */
	size_t seen = utf8_cut(text, len, 4 * ERROR_TEXT_CHARACTERS);
	size_t clean_len;
	CLEANUP(freep) char *clean = utf8_repair(text, seen, &clean_len);

	buf_append(out, clean, prefix_of(clean, clean_len, ERROR_TEXT_CHARACTERS));
}

void report_error_text(const char *body, size_t len, struct buf *out)
{
	size_t blank = 0;

	while (blank < len && strchr(" \t\r\n", body[blank]) && body[blank])
		blank++;
	CLEANUP_JSON json_t *doc =
		blank < len && body[blank] == '{' ? jdoc_parse(body, len, NULL) : NULL;
	const char *text = find_text(doc);

	if (text)
		append_text(out, text, strlen(text));
	else
		append_text(out, body, len);
}
