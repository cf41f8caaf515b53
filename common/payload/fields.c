/* The interpreter of the definitions. */
#include "payload/definitions.h"

#include "base/clock.h"
#include "json/jdoc.h"

#include <stdio.h>

const json_t *payload_scope_get(const struct payload_scope *scope, const char *path)
{
	return path[0] == '/' ? jdoc_path(scope->root, path + 1)
	                      : jdoc_path(scope->here, path);
}

static json_t *share(const json_t *value)
{
	/* shared, not copied: jansson counts references in what is const to us */
	return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

static json_t *make_time(const json_t *value)
{
	char text[CLOCK_ISO_SIZE];
	int64_t ms;

	if (!json_is_string(value) || !clock_parse_iso(json_string_value(value), &ms))
		return share(value);
	clock_format_iso(ms, text);
	/* whole seconds, as partners know it */
	size_t n = strcspn(text, ".");
	text[n] = 'Z';
	return json_stringn(text, n + 1);
}

static json_t *make_string(const json_t *value)
{
	char text[32];

	if (json_is_integer(value))
		(void)snprintf(text, sizeof(text), "%lld",
		               (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(text, sizeof(text), "%.15g", json_real_value(value));
	else
		return share(value);
	return json_string(text);
}

static json_t *make_recent(const struct payload_field *field,
                           const struct payload_scope *scope)
{
	scope->view->differs = true;
	return scope->view->for_hash ? json_null()
	                             : make_time(payload_scope_get(scope, field->path));
}

static json_t *make_object(const struct payload_field *field,
                           const struct payload_scope *scope)
{
	struct payload_scope inner = *scope;

	inner.here = payload_scope_get(scope, field->path);
	return json_is_object(inner.here) ? payload_fields_make(field->fields, &inner)
	                                  : json_null();
}

static json_t *make_list(const struct payload_field *field,
                         const struct payload_scope *scope)
{
	const json_t *list = payload_scope_get(scope, field->path);
	struct payload_scope inner = *scope;
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		inner.here = json_array_get(list, i);
		inner.index = i;
		(void)json_array_append_new(out,
		                            payload_fields_make(field->fields, &inner));
	}
	return out;
}

static json_t *make_each(const struct payload_field *field,
                         const struct payload_scope *scope)
{
	const json_t *list = payload_scope_get(scope, field->path);
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *found = jdoc_path(json_array_get(list, i), field->member);

		if (found && !json_is_null(found))
			(void)json_array_append_new(out, share(found));
	}
	return out;
}

static json_t *make_value(const struct payload_field *field,
                          const struct payload_scope *scope)
{
	switch (field->kind) {
	case FIELD_COPY:
		return share(payload_scope_get(scope, field->path));
	case FIELD_STRING:
		return make_string(payload_scope_get(scope, field->path));
	case FIELD_TIME:
		return make_time(payload_scope_get(scope, field->path));
	case FIELD_RECENT:
		return make_recent(field, scope);
	case FIELD_FLAG:
		return json_integer(json_is_true(payload_scope_get(scope, field->path)));
	case FIELD_OBJECT:
		return make_object(field, scope);
	case FIELD_NEST:
		return payload_fields_make(field->fields, scope);
	case FIELD_LIST:
		return make_list(field, scope);
	case FIELD_EACH:
		return make_each(field, scope);
	case FIELD_MAKE:
		return field->make(scope);
	case FIELD_GROUP:
	case FIELD_END:
		break;
	}
	return json_null();
}

/* Recursion is as deep as the tables. */
static void add_fields(json_t *out, const struct payload_field *fields,
                       const struct payload_scope *scope)
{
	for (; fields->kind != FIELD_END; fields++) {
		if (fields->kind == FIELD_GROUP)
			add_fields(out, fields->fields, scope);
		else
			(void)json_object_set_new_nocheck(out, fields->key,
			                                  make_value(fields, scope));
	}
}

json_t *payload_fields_make(const struct payload_field *fields,
                            const struct payload_scope *scope)
{
	json_t *out = json_object();

	add_fields(out, fields, scope);
	return out;
}

static bool is_meant(const struct payload_definition *d, int action_id,
                     const char *operation)
{
	if (d->action_id != action_id)
		return false;
	return !d->operation || (operation && strcmp(d->operation, operation) == 0);
}

const struct payload_field *payload_definition_find(int action_id, const char *operation)
{
	const struct {
		const struct payload_definition *table;
		size_t n;
	} tables[] = {
		{ .table = payload_billing, .n = payload_billing_count },
		{ .table = payload_registration, .n = payload_registration_count },
		{ .table = payload_samples, .n = payload_samples_count },
		{ .table = payload_reports, .n = payload_reports_count },
		{ .table = payload_visits, .n = payload_visits_count },
		{ .table = payload_claims, .n = payload_claims_count },
		{ .table = payload_invoices, .n = payload_invoices_count },
	};

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (size_t i = 0; i < tables[t].n; i++)
			if (is_meant(&tables[t].table[i], action_id, operation))
				return tables[t].table[i].fields;
	return NULL;
}
