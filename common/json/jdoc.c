#include "json/jdoc.h"

#include <ctype.h>

enum { INT_DIGITS_MAX = 18, DOUBLE_DIGITS_MAX = 300 };
#define EXACT_MAX 9007199254740992.0 /* integers up to here are reals as well */

static bool deeper_than(const json_t *doc, int depth)
{
	const char *key;
	size_t index;
	json_t *member;

	if (!json_is_object(doc) && !json_is_array(doc))
		return false;
	if (depth == 0)
		return true;
	if (json_is_array(doc)) {
		json_array_foreach (doc, index, member)
			if (deeper_than(member, depth - 1))
				return true;
		return false;
	}
	/* jansson's object iterators want a non-const object, though they do not change it
	 */
	json_object_foreach ((json_t *)(uintptr_t)doc, key, member)
		if (deeper_than(member, depth - 1))
			return true;
	return false;
}

json_t *jdoc_parse(const char *text, size_t len, struct err_text *why)
{
	json_error_t error;
	json_t *doc = json_loadb(text, len, JSON_DECODE_ANY, &error);

	if (!doc) {
		/* error.text can quote the input, which may be about a patient: not
		 * repeated */
		(void)err_say(why, JDOC_E_INVALID, "not valid JSON at line %d, column %d",
		              error.line, error.column);
		return NULL;
	}
	if (deeper_than(doc, JDOC_MAX_DEPTH)) {
		(void)err_say(why, JDOC_E_INVALID, "JSON nested deeper than %d levels",
		              JDOC_MAX_DEPTH);
		json_decref(doc);
		return NULL;
	}
	return doc;
}

/* A string from its first quote on, and where it ends. */
static size_t repair_string(const char *text, size_t len, struct buf *out)
{
	size_t at = 1;

	buf_append_char(out, '"');
	while (at < len && text[at] != '"') {
		size_t n = text[at] == '\\' && at + 1 < len ? 2 : 1;

		if (len - at >= 6 && memcmp(text + at, "\\u0000", 6) == 0) {
			buf_append_str(out, "\\ufffd");
			n = 6;
		} else {
			buf_append(out, text + at, n);
		}
		at += n;
	}
	if (at < len)
		buf_append_char(out, text[at++]);
	return at;
}

static size_t repair_number(const char *text, size_t len, struct buf *out)
{
	size_t n = 0, digits = 0;

	for (; n < len && strchr("+-.0123456789Ee", text[n]) && text[n]; n++)
		digits += isdigit((unsigned char)text[n]) != 0;
	bool is_integer = digits + (text[0] == '-') == n;

	if (is_integer && digits > DOUBLE_DIGITS_MAX) {
		buf_append_str(out, text[0] == '-' ? "-1e308" : "1e308");
		return n;
	}
	buf_append(out, text, n);
	if (is_integer && digits > INT_DIGITS_MAX)
		buf_append_str(out, ".0");
	return n;
}

static void repair(const char *text, size_t len, struct buf *out)
{
	size_t at = 0;

	while (at < len) {
		if (text[at] == '"') {
			at += repair_string(text + at, len - at, out);
		} else if (text[at] == '-' || isdigit((unsigned char)text[at])) {
			at += repair_number(text + at, len - at, out);
		} else {
			buf_append_char(out, text[at++]);
		}
	}
}

/* JSON knows no difference between 7.0 and 7. Returns what stands for the value. */
static json_t *as_integers(json_t *value)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;

	if (json_is_real(value)) {
		double real = json_real_value(value);

		return real >= -EXACT_MAX && real <= EXACT_MAX &&
		                       (double)(int64_t)real == real
		               ? json_integer((json_int_t)real)
		               : json_incref(value);
	}
	json_array_foreach (value, i, member)
		(void)json_array_set_new(value, i, as_integers(member));
	json_object_foreach_safe(value, next, key, member)(void)
		json_object_set_new(value, key, as_integers(member));
	return json_incref(value);
}

static json_t *integers_of(json_t *doc)
{
	json_t *result = doc ? as_integers(doc) : NULL;

	json_decref(doc);
	return result;
}

json_t *jdoc_parse_any(const char *text, size_t len, struct err_text *why)
{
	CLEANUP(buf_deinit) struct buf repaired = BUF_INIT(0);
	json_t *doc = jdoc_parse(text, len, why);

	if (doc)
		return integers_of(doc);
	repair(text, len, &repaired);
	if (repaired.len == len && memcmp(buf_str(&repaired), text, len) == 0)
		return NULL;
	return integers_of(jdoc_parse(buf_str(&repaired), repaired.len, why));
}

static int append_to_buf(const char *data, size_t len, void *buf)
{
	buf_append(buf, data, len);
	return 0;
}

char *jdoc_dump(const json_t *doc, size_t *out_len)
{
	struct buf out = BUF_INIT(0);

	(void)json_dump_callback(doc, append_to_buf, &out,
	                         JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	if (out_len)
		*out_len = out.len;
	return buf_take(&out);
}

static const json_t *present(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	return json_is_null(member) ? NULL : member;
}

int jdoc_int(const json_t *object, const char *key, int64_t *out, struct err_text *why)
{
	const json_t *member = present(object, key);

	if (!member)
		return err_say(why, JDOC_E_ABSENT, "%s is missing", key);
	if (!json_is_integer(member))
		return err_say(why, JDOC_E_TYPE, "%s must be an integer", key);
	*out = json_integer_value(member);
	return 0;
}

int jdoc_bool(const json_t *object, const char *key, bool *out, struct err_text *why)
{
	const json_t *member = present(object, key);

	if (!member)
		return err_say(why, JDOC_E_ABSENT, "%s is missing", key);
	if (!json_is_boolean(member))
		return err_say(why, JDOC_E_TYPE, "%s must be true or false", key);
	*out = json_is_true(member);
	return 0;
}

int jdoc_text(const json_t *object, const char *key, const char **out, struct err_text *why)
{
	const json_t *member = present(object, key);

	if (!member)
		return err_say(why, JDOC_E_ABSENT, "%s is missing", key);
	if (!json_is_string(member))
		return err_say(why, JDOC_E_TYPE, "%s must be a text", key);
	*out = json_string_value(member);
	return 0;
}

int64_t jdoc_int_or(const json_t *object, const char *key, int64_t fallback)
{
	(void)jdoc_int(object, key, &fallback, NULL);
	return fallback;
}

double jdoc_real_or(const json_t *object, const char *key, double fallback)
{
	const json_t *member = json_object_get(object, key);

	return json_is_number(member) ? json_number_value(member) : fallback;
}

bool jdoc_bool_or(const json_t *object, const char *key, bool fallback)
{
	(void)jdoc_bool(object, key, &fallback, NULL);
	return fallback;
}

const char *jdoc_text_or(const json_t *object, const char *key, const char *fallback)
{
	(void)jdoc_text(object, key, &fallback, NULL);
	return fallback;
}

static const json_t *step(const json_t *doc, const char *name, size_t len)
{
	if (json_is_array(doc) && len > 0 && isdigit((unsigned char)name[0]))
		return json_array_get(doc, strtoul(name, NULL, 10));
	return json_object_getn(doc, name, len);
}

const json_t *jdoc_path(const json_t *doc, const char *path)
{
	while (doc && *path) {
		size_t len = strcspn(path, ".");

		doc = step(doc, path, len);
		path += len + (path[len] == '.');
	}
	return doc;
}

void jdoc_set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new_nocheck(object, key, json_string(text));
}

void jdoc_set_int(json_t *object, const char *key, int64_t value)
{
	(void)json_object_set_new_nocheck(object, key, json_integer(value));
}
