#include "mongo/convert.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "json/jdoc.h"

void convert_append_text_len(bson_t *to, const char *key, const char *text, size_t len)
{
	if (utf8_valid(text, len)) {
		(void)bson_append_utf8(to, key, -1, text, (int)len);
		return;
	}
	CLEANUP(freep) char *clean = utf8_repair(text, len, &len);

	(void)bson_append_utf8(to, key, -1, clean, (int)len);
}

void convert_append_text(bson_t *to, const char *key, const char *text)
{
	if (text)
		convert_append_text_len(to, key, text, strlen(text));
	else
		(void)BSON_APPEND_NULL(to, key);
}

static void append_safe_name(struct buf *out, const char *name)
{
	for (const char *p = name; *p; p++) {
		if (*p == '.')
			buf_append_str(out, "\xEF\xBC\x8E");
		else if (*p == '$' && p == name)
			buf_append_str(out, "\xEF\xBC\x84");
		else
			buf_append_char(out, *p);
	}
}

static void append_object(bson_t *to, const char *key, const json_t *object)
{
	const char *name;
	json_t *member;
	bson_t child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(to, key, &child);
	json_object_foreach ((json_t *)(uintptr_t)object, name, member) {
		if (name[0] != '$' && !strchr(name, '.')) {
			convert_append_json(&child, name, member);
			continue;
		}
		struct buf safe = BUF_INIT(0);

		append_safe_name(&safe, name);
		convert_append_json(&child, buf_str(&safe), member);
		buf_deinit(&safe);
	}
	(void)bson_append_document_end(to, &child);
}

static void append_array(bson_t *to, const char *key, const json_t *array)
{
	size_t index;
	json_t *member;
	bson_t child;
	char number[16];
	const char *name;

	(void)BSON_APPEND_ARRAY_BEGIN(to, key, &child);
	json_array_foreach (array, index, member) {
		(void)bson_uint32_to_string((uint32_t)index, &name, number, sizeof(number));
		convert_append_json(&child, name, member);
	}
	(void)bson_append_array_end(to, &child);
}

/* Depth is bounded by jdoc_parse. */
void convert_append_json(bson_t *to, const char *key, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		append_object(to, key, value);
		break;
	case JSON_ARRAY:
		append_array(to, key, value);
		break;
	case JSON_STRING:
		convert_append_text_len(to, key, json_string_value(value),
		                        json_string_length(value));
		break;
	case JSON_INTEGER:
		(void)BSON_APPEND_INT64(to, key, json_integer_value(value));
		break;
	case JSON_REAL:
		(void)BSON_APPEND_DOUBLE(to, key, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)BSON_APPEND_BOOL(to, key, json_is_true(value));
		break;
	case JSON_NULL:
	default:
		(void)BSON_APPEND_NULL(to, key);
		break;
	}
}

json_t *convert_to_json(const bson_t *document)
{
	size_t len;
	char *text = bson_as_canonical_extended_json(document, &len);
	json_t *doc = text ? json_loadb(text, len, 0, NULL) : NULL;

	bson_free(text);
	return doc;
}

bson_t *convert_from_json(const json_t *document)
{
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(document, &len);
	bson_error_t error;

	return bson_new_from_json((const uint8_t *)text, (ssize_t)len, &error);
}

static json_t *plain_text(const bson_iter_t *it)
{
	uint32_t len;
	const char *text = bson_iter_utf8(it, &len);
	json_t *out = json_stringn(text, len);

	if (!out) { /* others write to the store too */
		size_t clean_len;
		CLEANUP(freep) char *clean = utf8_repair(text, len, &clean_len);

		out = json_stringn_nocheck(clean, clean_len);
	}
	return out;
}

static json_t *plain_time(const bson_iter_t *it)
{
	char text[CLOCK_ISO_SIZE];

	return json_string_nocheck(clock_format_iso(bson_iter_date_time(it), text));
}

static json_t *plain_id(const bson_iter_t *it)
{
	char hex[25];

	bson_oid_to_string(bson_iter_oid(it), hex);
	return json_string_nocheck(hex);
}

static json_t *plain_members(const bson_iter_t *it)
{
	bool is_array = BSON_ITER_HOLDS_ARRAY(it);
	json_t *out = is_array ? json_array() : json_object();
	bson_iter_t member;

	if (!bson_iter_recurse(it, &member))
		return out;
	while (bson_iter_next(&member)) {
		json_t *value = convert_plain_value(&member);

		if (is_array)
			(void)json_array_append_new(out, value);
		else
			(void)json_object_set_new(out, bson_iter_key(&member), value);
	}
	return out;
}

/* Depth is bounded by the server, which refuses more than 100 levels. */
json_t *convert_plain_value(const bson_iter_t *value)
{
	switch (bson_iter_type(value)) {
	case BSON_TYPE_UTF8:
		return plain_text(value);
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		return json_integer(bson_iter_as_int64(value));
	case BSON_TYPE_DOUBLE:
		return json_real(bson_iter_double(value));
	case BSON_TYPE_BOOL:
		return json_boolean(bson_iter_bool(value));
	case BSON_TYPE_DATE_TIME:
		return plain_time(value);
	case BSON_TYPE_OID:
		return plain_id(value);
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		return plain_members(value);
	default:
		return json_null();
	}
}

json_t *convert_to_plain_json(const bson_t *document)
{
	json_t *out = json_object();
	bson_iter_t it;

	if (bson_iter_init(&it, document))
		while (bson_iter_next(&it))
			(void)json_object_set_new(out, bson_iter_key(&it),
			                          convert_plain_value(&it));
	return out;
}
