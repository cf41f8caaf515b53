#include "payload/payload.h"

#include "domain/fence.h"
#include "payload/definitions.h"
#include "payload/hash.h"
#include "payload/select.h"
#include "json/jdoc.h"

#include <stdio.h>

int payload_entity_id(const struct action *action, const json_t *event, int64_t *out,
                      struct err_text *why)
{
	const char *key = action_family_key(action->family);

	if (jdoc_int(event, key, out, why) == 0)
		return 0;
	/* an organisation's own event may say org_id alone */
	if (action->family == FAMILY_ORGANISATION &&
	    jdoc_int(event, "org_id", out, NULL) == 0)
		return 0;
	return PAYLOAD_E_BUILD;
}

/* A scalar as the fence compares and says it; NULL for null. */
static const char *scalar(const json_t *value, char room[32])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (!json_is_integer(value))
		return NULL;
	(void)snprintf(room, 32, "%lld", (long long)json_integer_value(value));
	return room;
}

static int check_fence(const struct action *action, const json_t *scope,
                       struct err_text *why)
{
	const char *operation =
		jdoc_text_or(json_object_get(scope, "event"), "operation", NULL);
	const struct fence_rule *rule = fence_find(action->id, operation);
	char state_room[32], id_room[32], when_room[32];

	if (!rule ||
	    fence_holds(rule, scalar(jdoc_path(scope, rule->state_path), state_room)))
		return 0;
	const char *id = scalar(jdoc_path(scope, rule->id_path), id_room);
	const char *when = rule->when_path
	                           ? scalar(jdoc_path(scope, rule->when_path), when_room)
	                           : NULL;
	fence_say(rule, id ? id : "", when, why);
	return PAYLOAD_E_SUPERSEDED;
}

int payload_make(const struct payload_source *source, struct payload *out,
                 struct err_text *why)
{
	const struct payload_field *fields = payload_definition_find(source->action->id);

	*out = (struct payload){ .scope = json_object() };
	if (!fields)
		return err_say(why, PAYLOAD_E_BUILD,
		               "action %d has no payload definition yet",
		               source->action->id);
	(void)json_object_update(out->scope, (json_t *)(uintptr_t)source->context);
	(void)json_object_set(out->scope, "event", (json_t *)(uintptr_t)source->event);
	int r = payload_select(source->action, out->scope, why);
	if (r == 0)
		r = check_fence(source->action, out->scope, why);
	if (r)
		return r;
	const struct payload_scope scope = { .action = source->action,
		                             .root = out->scope,
		                             .here = out->scope };
	out->object = payload_fields_make(fields, &scope);
	out->text = jdoc_dump(out->object, &out->len);
	payload_hash_object(out, out->sha256);
	return 0;
}

void payload_release(struct payload *p)
{
	json_decref(p->object);
	free(p->text);
	json_decref(p->scope);
	*p = (struct payload){ 0 };
}
