#include "retryrun/rebuild.h"

#include "base/clock.h"
#include "context/context.h"
#include "payload/payload.h"
#include "json/jdoc.h"

#define CONTEXT_MS 10000

struct subject {
	const struct action *action;
	const json_t *ids; /* the log's retry_context */
	int64_t lab_id, entity_id;
	int result; /* 0, or PAYLOAD_E_... */
};

/* As trigger does: the context must be the one that the log's first build kept. */
static int read_ids(const struct rebuild *r, struct subject *s, struct err_text *why)
{
	int64_t action_id = jdoc_int_or(r->log, "action_category_list_id", 0);

	s->ids = json_object_get(r->log, "retry_context");
	s->lab_id = jdoc_int_or(r->log, "lab_id", 0);
	s->action = action_find((int)action_id);
	if (!s->action || !json_is_object(s->ids) ||
	    jdoc_int_or(s->ids, "action_id", 0) != action_id ||
	    jdoc_int_or(s->ids, "lab_id", 0) != s->lab_id)
		return err_say(why, PAYLOAD_E_BUILD, "retry_context is missing or corrupt");
	return payload_entity_id(s->action, s->ids, &s->entity_id, why);
}

static void want(struct contexts *contexts, const struct subject *s)
{
	contexts_want(contexts, s->action->family, s->lab_id, s->entity_id);
	contexts_want_reports(contexts, s->lab_id, payload_report_ids(s->action, s->ids));
}

static int render(struct rebuild *r, const struct subject *s, const struct payload *payload,
                  char sha256[PAYLOAD_SHA256_SIZE])
{
	const struct payload_attempt attempt = {
		.log_id = r->log_id,
		.number = (int)jdoc_int_or(r->log, "attempt", 0) + 1,
		.now_ms = clock_wall_ms(),
	};
	struct payload_body body;
	int result = payload_render(payload, s->action, r->row, &attempt, &body, &r->why);

	if (result == 0) {
		memcpy(sha256, body.sha256, PAYLOAD_SHA256_SIZE);
		/* as the log has it, to be compared with */
		r->body = xstrdup(payload_body_shown(&body));
	}
	payload_body_release(&body);
	return result;
}

static int build(const struct contexts *contexts, struct rebuild *r,
                 const struct subject *s, char sha256[PAYLOAD_SHA256_SIZE])
{
	CLEANUP_JSON json_t *context = NULL;
	CLEANUP_JSON json_t *reports = NULL;
	struct payload payload = { 0 };
	const char *text = NULL;

	if (contexts_find(contexts, s->action->family, s->lab_id, s->entity_id, &text,
	                  &r->why) ||
	    contexts_find_reports(contexts, s->lab_id,
	                          payload_report_ids(s->action, s->ids), &reports, &r->why))
		return PAYLOAD_E_BUILD;
	context = jdoc_parse(text, strlen(text), NULL);
	if (!json_is_object(context))
		return err_say(&r->why, PAYLOAD_E_BUILD,
		               "lis_api.%s_context gave no usable JSON",
		               action_family_name(s->action->family));
	const struct payload_source source = {
		.action = s->action, .context = context, .event = s->ids, .reports = reports
	};
	int result = payload_make(&source, &payload, &r->why);
	if (result == 0)
		result = render(r, s, &payload, sha256);
	payload_release(&payload);
	return result;
}

static void judge(const struct contexts *contexts, struct rebuild *r, struct subject *s)
{
	const json_t *last = json_object_get(r->log, "payload_sha256");
	char sha256[PAYLOAD_SHA256_SIZE] = "";

	if (s->result == 0)
		s->result = build(contexts, r, s, sha256);
	if (s->result)
		r->outcome = s->result == PAYLOAD_E_SUPERSEDED ? REBUILD_SUPERSEDED
		                                               : REBUILD_UNBUILDABLE;
	else if (!json_is_string(last))
		r->outcome = REBUILD_UNKNOWN;
	else
		r->outcome = strcmp(json_string_value(last), sha256) == 0 ? REBUILD_SAME
		                                                          : REBUILD_CHANGED;
}

int rebuild_logs(struct pg *pg, struct rebuild *list, size_t n)
{
	const struct context_source source = { .pg = pg, .timeout_ms = CONTEXT_MS };
	CLEANUP(contexts_freep) struct contexts *contexts = contexts_new();
	CLEANUP(freep) struct subject *subjects = xcalloc(n, sizeof(*subjects));

	for (size_t i = 0; i < n; i++) {
		subjects[i].result = read_ids(&list[i], &subjects[i], &list[i].why);
		if (subjects[i].result == 0)
			want(contexts, &subjects[i]);
	}
	if (contexts_fetch(contexts, &source) != 0)
		return PG_E_AWAY;
	for (size_t i = 0; i < n; i++)
		judge(contexts, &list[i], &subjects[i]);
	return 0;
}
