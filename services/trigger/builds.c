/* From contexts to bodies: a payload a subject, a body a build, and what the retry keeps.
 */
#include "base/clock.h"
#include "work.h"
#include "json/jdoc.h"

static void fail(struct build *b, int result, const struct err_text *why)
{
	static const enum error_kind kinds[] = {
		[PAYLOAD_E_SUPERSEDED] = ERROR_KIND_NONE,
		[PAYLOAD_E_BUILD] = ERROR_KIND_BUILD,
		[PAYLOAD_E_CONFIG] = ERROR_KIND_CONFIG,
	};

	b->status =
		result == PAYLOAD_E_SUPERSEDED ? LOG_STATUS_SUPERSEDED : LOG_STATUS_FAIL;
	b->error_kind = kinds[result];
	b->why = *why;
	if (b->status == LOG_STATUS_FAIL)
		metric_add(&metric_failures, error_kind_word(b->error_kind), 1);
}

/* A parked task and a retry meet their row as it is today; an event's was active when it
 * matched.
 */
static int check_row(const struct integration *row, struct err_text *why)
{
	if (!row)
		return err_say(why, PAYLOAD_E_CONFIG, "the integration was deleted");
	if (!row->active)
		return err_say(why, PAYLOAD_E_CONFIG, "the integration is switched off");
	return 0;
}

static int check_match(const struct subject *s, const struct integration *row,
                       struct err_text *why)
{
	const char *changed = settings_changed(row, s->lab_id, s->action->id, s->org_id);

	return changed ? err_say(why, PAYLOAD_E_CONFIG, "%s", changed) : 0;
}

/* The state in which the fact was announced stays the first building's. */
static void keep_state(const struct subject *s, const struct payload *payload, json_t *kept)
{
	char room[PAYLOAD_STATE_SIZE];
	const char *state = payload_entity_state(payload, s->action, s->ids, room);

	if (state && !json_object_get(kept, "entity_state"))
		jdoc_set_text(kept, "entity_state", state);
}

/* The ids, and of which version and state of the entity the payload was built. */
static json_t *make_retry_context(const struct subject *s, const struct build *b,
                                  const struct payload *payload, const json_t *context)
{
	json_t *kept = json_copy(s->ids);
	json_t *version = json_object_get(context, "version");
	json_t *updated_at = json_object_get(context, "updated_at");

	if (b->row)
		jdoc_set_int(kept, "integration_id", b->row->id);
	if (json_is_integer(version))
		(void)json_object_set(kept, "version", version);
	if (json_is_string(updated_at))
		(void)json_object_set(kept, "updated_at", updated_at);
	keep_state(s, payload, kept);
	return kept;
}

/* What the entity says; the event's ids where it is silent or not there. */
static void read_references(struct subject *s, const json_t *context)
{
	const json_t *from = json_object_get(context, "references");
	const json_t *accession = jdoc_path(context, "sample.accession_no");
	struct references *to = &s->references;

	to->org_id = jdoc_int_or(from, "org_id", s->org_id);
	to->bill_id = jdoc_int_or(from, "bill_id", jdoc_int_or(s->ids, "bill_id", 0));
	to->patient_id =
		jdoc_int_or(from, "patient_id", jdoc_int_or(s->ids, "patient_id", 0));
	to->lrr_id = jdoc_int_or(from, "lrr_id", jdoc_int_or(s->ids, "lab_report_id", 0));
	to->report_id = jdoc_int_or(from, "report_id", 0);
	if (json_is_string(accession))
		to->accession_no = xstrdup(json_string_value(accession));
}

static void make_body(const struct subject *s, struct build *b,
                      const struct payload *payload, const json_t *context)
{
	const struct payload_attempt attempt = { .log_id = b->log_id,
		                                 .number = b->attempt,
		                                 .now_ms = clock_wall_ms() };
	struct err_text why = s->why;
	int r = check_row(b->row, &why);

	if (r == 0)
		r = s->result;
	if (r == 0)
		r = check_match(s, b->row, &why);
	if (r == 0)
		r = payload_render(payload, s->action, b->row, &attempt, &b->body, &why);
	if (r)
		fail(b, r, &why);
	else
		b->is_batched = payload_is_batched(b->row, s->ids, &b->body);
	b->retry_context = make_retry_context(s, b, payload, context);
	metric_add(&metric_builds, s->action->name, 1);
}

static int make_payload(const struct contexts *contexts, const struct subject *s,
                        const json_t *context, struct payload *out, struct err_text *why)
{
	CLEANUP_JSON json_t *reports = NULL;

	if (!json_is_object(context))
		return err_say(why, PAYLOAD_E_BUILD,
		               "lis_api.%s_context gave no usable JSON",
		               action_family_name(s->action->family));
	if (contexts_find_reports(contexts, s->lab_id,
	                          payload_report_ids(s->action, s->ids), &reports, why))
		return PAYLOAD_E_BUILD;
	const struct payload_source source = {
		.action = s->action, .context = context, .event = s->ids, .reports = reports
	};

	return payload_make(&source, out, why);
}

static void make_subject(struct work *w, struct subject *s)
{
	CLEANUP_JSON json_t *context =
		s->context ? jdoc_parse(s->context, strlen(s->context), NULL) : NULL;
	struct payload payload = { 0 };

	if (s->result == 0)
		s->result = make_payload(w->contexts, s, context, &payload, &s->why);
	read_references(s, context);
	for (size_t i = 0; i < s->n_builds; i++)
		make_body(s, &w->builds[s->first_build + i], &payload, context);
	payload_release(&payload);
}

void builds_make(struct work *w)
{
	for (size_t i = 0; i < w->n_subjects; i++)
		make_subject(w, &w->subjects[i]);
}
