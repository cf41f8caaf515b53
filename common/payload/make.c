#include "payload/payload.h"

#include "domain/fence.h"
#include "payload/definitions.h"
#include "payload/hash.h"
#include "payload/select.h"
#include "json/jdoc.h"

#include <stdio.h>

/* The same entity by another key. */
static bool find_entity(const struct action *action, const json_t *event, int64_t *out)
{
	const json_t *reports = json_object_get(event, "lab_report_ids");

	/* an organisation's own event may say org_id alone */
	if (action->family == FAMILY_ORGANISATION)
		return jdoc_int(event, "org_id", out, NULL) == 0;
	if (action->family != FAMILY_REPORT || json_array_size(reports) == 0 ||
	    (json_array_size(reports) > 1 && !payload_report_ids(action, event)))
		return false;
	*out = json_integer_value(json_array_get(reports, 0));
	return *out > 0;
}

int payload_entity_id(const struct action *action, const json_t *event, int64_t *out,
                      struct err_text *why)
{
	if (jdoc_int(event, action_family_key(action->family), out, why) == 0 ||
	    find_entity(action, event, out))
		return 0;
	return PAYLOAD_E_BUILD;
}

const json_t *payload_report_ids(const struct action *action, const json_t *event)
{
	const json_t *ids = json_object_get(event, "lab_report_ids");

	if (action->id != 35 && action->id != 56)
		return NULL;
	return json_array_size(ids) > 0 ? ids : NULL;
}

/* A scalar as the fence compares and says it; NULL for null. */
static const char *scalar(const json_t *value, char room[PAYLOAD_STATE_SIZE])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (!json_is_integer(value))
		return NULL;
	(void)snprintf(room, PAYLOAD_STATE_SIZE, "%lld",
	               (long long)json_integer_value(value));
	return room;
}

static const char *scalar_at(const json_t *context, const char *path,
                             char room[PAYLOAD_STATE_SIZE])
{
	return path ? scalar(jdoc_path(context, path), room) : NULL;
}

/* Of a state that comes before the fact; a retry has that of the first building besides.
 */
static bool nothing_shows_that_it_was_true(const struct fence_rule *rule,
                                           const json_t *event, const json_t *context,
                                           const char *state)
{
	const char *first = jdoc_text_or(event, "entity_state", NULL);
	char room[PAYLOAD_STATE_SIZE];

	if (!fence_precedes(rule, state) || (first && strcmp(first, state) != 0))
		return false;
	for (size_t i = 0; i < FENCE_TRACES; i++)
		if (scalar_at(context, rule->traces[i], room))
			return false;
	return true;
}

int payload_check_fence(const struct action *action, const json_t *event,
                        const json_t *context, struct err_text *why)
{
	const struct fence_rule *rule =
		fence_find(action->id, jdoc_text_or(event, "operation", NULL));
	char state_room[PAYLOAD_STATE_SIZE], id_room[PAYLOAD_STATE_SIZE],
		when_room[PAYLOAD_STATE_SIZE];

	if (!rule)
		return 0;
	const char *state = scalar_at(context, rule->state_path, state_room);
	if (fence_holds(rule, state) ||
	    nothing_shows_that_it_was_true(rule, event, context, state))
		return 0;
	const char *id = scalar_at(context, rule->id_path, id_room);
	fence_say(rule, id ? id : "", scalar_at(context, rule->when_path, when_room), why);
	return PAYLOAD_E_SUPERSEDED;
}

const char *payload_entity_state(const struct payload *p, const struct action *action,
                                 const json_t *event, char room[PAYLOAD_STATE_SIZE])
{
	const struct fence_rule *rule =
		fence_find(action->id, jdoc_text_or(event, "operation", NULL));

	return rule ? scalar_at(p->scope, rule->state_path, room) : NULL;
}

/* The hash is of what the view for it shows; most bodies are the same for both. */
static void make_object(const struct payload_source *source,
                        const struct payload_field *fields, struct payload *out)
{
	struct payload_view view = { .for_hash = false };
	const struct payload_scope scope = { .action = source->action,
		                             .root = out->scope,
		                             .here = out->scope,
		                             .view = &view };

	out->object = payload_fields_make(fields, &scope);
	out->text = jdoc_dump(out->object, &out->len);
	if (!view.differs) {
		payload_hash(out->text, out->len, out->sha256);
		return;
	}
	view.for_hash = true;
	CLEANUP_JSON json_t *hashed = payload_fields_make(fields, &scope);
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(hashed, &len);
	payload_hash(text, len, out->sha256);
}

/* Every body names its lab, whatever a LIS's context leaves out. */
static void know_lab(json_t *scope)
{
	json_t *id = json_object_get(json_object_get(scope, "event"), "lab_id");

	if (!json_is_object(json_object_get(scope, "lab")) && id)
		(void)json_object_set_new(scope, "lab", json_pack("{s:O}", "lab_id", id));
}

int payload_make(const struct payload_source *source, struct payload *out,
                 struct err_text *why)
{
	const struct payload_field *fields = payload_definition_find(
		source->action->id, jdoc_text_or(source->event, "operation", NULL));

	*out = (struct payload){ .scope = json_object() };
	if (!fields)
		return err_say(why, PAYLOAD_E_BUILD, "action %d has no payload definition",
		               source->action->id);
	(void)json_object_update(out->scope, (json_t *)(uintptr_t)source->context);
	(void)json_object_set(out->scope, "event", (json_t *)(uintptr_t)source->event);
	know_lab(out->scope);
	int r = payload_select(source, out->scope, why);
	if (r == 0)
		r = payload_check_fence(source->action, source->event, out->scope, why);
	if (r == 0)
		make_object(source, fields, out);
	return r;
}

void payload_release(struct payload *p)
{
	json_decref(p->object);
	free(p->text);
	json_decref(p->scope);
	*p = (struct payload){ 0 };
}
