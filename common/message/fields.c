#include "message/fields.h"

#include "base/log_id.h"
#include "base/utf8.h"
#include "domain/outcome.h"
#include "message/task.h"

#include <limits.h>

json_t *fields_text(const char *text)
{
	if (!text)
		return json_null();
	json_t *out = json_string(text);
	if (!out) {
		CLEANUP(freep) char *clean = utf8_repair(text, strlen(text), NULL);

		out = json_string(clean);
	}
	return out;
}

static json_t *share(const json_t *value)
{
	return json_incref((json_t *)(uintptr_t)value);
}

static json_t *encode_text(const struct field *f, const void *at)
{
	const char *const *text = at;

	return *text ? fields_text(*text) : NULL;
}

static json_t *encode_object(const struct field *f, const void *at)
{
	const json_t *const *object = at;

	return *object ? share(*object) : NULL;
}

static json_t *encode_log_id(const struct field *f, const void *at)
{
	char hex[LOG_ID_HEX_SIZE];

	return json_string_nocheck(log_id_to_hex(at, hex));
}

static json_t *encode_word(const struct field *f, const void *at)
{
	return json_string_nocheck(f->word(*(const unsigned *)at));
}

static json_t *encode_bool(const struct field *f, const void *at)
{
	return *(const bool *)at ? json_true() : NULL;
}

static json_t *encode_int(const struct field *f, const void *at)
{
	int value = *(const int *)at;

	return value == f->absent && !f->required ? NULL : json_integer(value);
}

static json_t *encode_int64(const struct field *f, const void *at)
{
	int64_t value = *(const int64_t *)at;

	return value == f->absent && !f->required ? NULL : json_integer(value);
}

static json_t *encode_real(const struct field *f, const void *at)
{
	double value = *(const double *)at;

	return value <= f->absent ? NULL : json_real(value);
}

static const char *decode_text(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_string(value))
		return "must be a text";
	*(const char **)to = json_string_value(value);
	return NULL;
}

static const char *decode_object(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_object(value))
		return "must be an object";
	*(const json_t **)to = value;
	return NULL;
}

static const char *decode_array(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_array(value))
		return "must be an array";
	*(const json_t **)to = value;
	return NULL;
}

static const char *decode_log_id(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_string(value) || !log_id_parse(json_string_value(value), to))
		return "must be a log_id: 24 hex digits";
	return NULL;
}

static const char *decode_word(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_string(value) || !f->parse(json_string_value(value), to))
		return "is not one of its words";
	return NULL;
}

static const char *decode_bool(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_boolean(value))
		return "must be true or false";
	*(bool *)to = json_is_true(value);
	return NULL;
}

static const char *decode_int64(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_integer(value))
		return "must be an integer";
	*(int64_t *)to = json_integer_value(value);
	return NULL;
}

static const char *decode_int(const struct field *f, const json_t *value, void *to)
{
	int64_t wide;
	const char *problem = decode_int64(f, value, &wide);

	if (problem)
		return problem;
	if (wide < INT_MIN || wide > INT_MAX)
		return "is out of range";
	*(int *)to = (int)wide;
	return NULL;
}

static const char *decode_real(const struct field *f, const json_t *value, void *to)
{
	if (!json_is_number(value))
		return "must be a number";
	*(double *)to = json_number_value(value);
	return NULL;
}

static const struct {
	json_t *(*encode)(const struct field *f, const void *at); /* NULL: left out */
	const char *(*decode)(const struct field *f, const json_t *value, void *to);
} kinds[] = {
	[FIELD_INT] = { .encode = encode_int, .decode = decode_int },
	[FIELD_INT64] = { .encode = encode_int64, .decode = decode_int64 },
	[FIELD_REAL] = { .encode = encode_real, .decode = decode_real },
	[FIELD_BOOL] = { .encode = encode_bool, .decode = decode_bool },
	[FIELD_TEXT] = { .encode = encode_text, .decode = decode_text },
	[FIELD_OBJECT] = { .encode = encode_object, .decode = decode_object },
	[FIELD_ARRAY] = { .encode = encode_object, .decode = decode_array },
	[FIELD_LOG_ID] = { .encode = encode_log_id, .decode = decode_log_id },
	[FIELD_WORD] = { .encode = encode_word, .decode = decode_word },
};

json_t *fields_encode(const struct field *fields, size_t n, const void *from)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		json_t *value = kinds[f->kind].encode(f, (const char *)from + f->offset);

		if (value)
			(void)json_object_set_new_nocheck(object, f->name, value);
	}
	return object;
}

static void set_absent(const struct field *f, void *at)
{
	if (f->kind == FIELD_INT)
		*(int *)at = f->absent;
	else if (f->kind == FIELD_INT64)
		*(int64_t *)at = f->absent;
	else if (f->kind == FIELD_REAL)
		*(double *)at = f->absent;
}

int fields_decode(const struct field *fields, size_t n, const json_t *object, void *to,
                  struct err_text *why)
{
	if (!json_is_object(object))
		return err_say(why, MESSAGE_E_INVALID, "must be a JSON object");
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		const json_t *value = json_object_get(object, f->name);
		void *at = (char *)to + f->offset;
		const char *problem = NULL;

		if (value && !json_is_null(value))
			problem = kinds[f->kind].decode(f, value, at);
		else if (f->required)
			problem = "is missing";
		else
			set_absent(f, at);
		if (problem)
			return err_say(why, MESSAGE_E_INVALID, "%s %s", f->name, problem);
	}
	return 0;
}

const char *fields_cause_word(unsigned kind)
{
	return error_kind_word((enum error_kind)kind);
}

bool fields_cause_parse(const char *word, unsigned *out)
{
	enum error_kind kind;

	if (!error_kind_parse(word, &kind))
		return false;
	*out = kind;
	return true;
}
