#include "context/context.h"

#include "json/jdoc.h"

void contexts_want_reports(struct contexts *c, int64_t lab_id, const json_t *ids)
{
	for (size_t i = 0; i < json_array_size(ids); i++)
		contexts_want(c, FAMILY_REPORT, lab_id,
		              json_integer_value(json_array_get(ids, i)));
}

static bool is_repeated(const json_t *ids, size_t of)
{
	for (size_t i = 0; i < of; i++)
		if (json_equal(json_array_get(ids, i), json_array_get(ids, of)))
			return true;
	return false;
}

static int find(const struct contexts *c, int64_t lab_id, int64_t id, json_t **out,
                struct err_text *why)
{
	const char *text;
	int r = contexts_find(c, FAMILY_REPORT, lab_id, id, &text, why);

	if (r)
		return r;
	*out = jdoc_parse(text, strlen(text), NULL);
	return json_is_object(*out) ? 0
	                            : err_say(why, CONTEXT_E_ABSENT,
	                                      "lis_api.report_context gave no usable JSON");
}

int contexts_find_reports(const struct contexts *c, int64_t lab_id, const json_t *ids,
                          json_t **out, struct err_text *why)
{
	CLEANUP_JSON json_t *found = ids ? json_array() : NULL;

	for (size_t i = 0; i < json_array_size(ids); i++) {
		json_t *context = NULL;

		if (is_repeated(ids, i))
			continue;
		int r = find(c, lab_id, json_integer_value(json_array_get(ids, i)),
		             &context, why);
		(void)json_array_append_new(found, context ? context : json_null());
		if (r)
			return r;
	}
	*out = STEAL(found);
	return 0;
}
