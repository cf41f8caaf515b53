#include "phi/phi.h"

#include "phi/names.h"
#include "json/jdoc.h"

#include <stdio.h>

#define TEXT_MAX 100 /* bytes of a plain text: ids, codes and states are short */

static json_t *masked(json_t *value, enum phi_body kind, const char *name);

/* Of an answer, numbers that say how it went. */
static bool is_code(const char *name)
{
	static const char *const codes[] = { "code", "status", "statusCode" };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strcmp(codes[i], name) == 0)
			return true;
	return false;
}

static bool is_plain(const json_t *value, enum phi_body kind, const char *name)
{
	if (json_is_null(value) || json_is_boolean(value))
		return true;
	if (kind == PHI_ANSWER)
		return json_is_integer(value) && is_code(name) &&
		       json_integer_value(value) >= 0 && json_integer_value(value) < 1000;
	return phi_name_find(name) == PHI_NAME_PLAIN &&
	       json_string_length(value) <= TEXT_MAX;
}

/* Names that are not known are masked too, and told apart by a number. */
static json_t *masked_object(const json_t *object, enum phi_body kind)
{
	json_t *out = json_object(), *value;
	const char *name;
	unsigned hidden = 0;
	char other[24];

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		json_t *shown = masked(value, kind, name);

		if (phi_name_find(name) != PHI_NAME_UNKNOWN) {
			(void)json_object_set_new(out, name, shown);
			continue;
		}
		(void)snprintf(other, sizeof(other), PHI_MASK "%u", ++hidden);
		(void)json_object_set_new(out, other, shown);
	}
	return out;
}

static json_t *masked_array(const json_t *array, enum phi_body kind, const char *name)
{
	json_t *out = json_array(), *value;
	size_t i;

	json_array_foreach (array, i, value)
		(void)json_array_append_new(out, masked(value, kind, name));
	return out;
}

/* `name` is the member's that the value stands under; a list's is its elements'. */
static json_t *masked(json_t *value, enum phi_body kind, const char *name)
{
	if (json_is_object(value))
		return masked_object(value, kind);
	if (json_is_array(value))
		return masked_array(value, kind, name);
	return is_plain(value, kind, name) ? json_incref(value) : json_string(PHI_MASK);
}

json_t *phi_mask_json(json_t *doc, enum phi_body kind)
{
	return masked(doc, kind, "");
}

char *phi_mask_body(const char *text, size_t len, enum phi_body kind)
{
	CLEANUP_JSON json_t *doc = NULL;
	CLEANUP_JSON json_t *shown = NULL;
	char *hl7 = phi_mask_hl7(text, len);

	if (hl7)
		return hl7;
	doc = jdoc_parse(text, len, NULL);
	if (!json_is_object(doc) && !json_is_array(doc))
		return NULL;
	shown = phi_mask_json(doc, kind);
	return jdoc_dump(shown, NULL);
}
