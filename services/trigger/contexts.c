/* The entities of a round: one context query a family. */
#include "log/log.h"
#include "work.h"

static void pause_trigger(void *trigger, int64_t ms)
{
	const struct trigger *t = trigger;

	service_sleep(t->ctx, ms);
}

static void hand_out(struct work *w)
{
	for (size_t i = 0; i < w->n_subjects; i++) {
		struct subject *s = &w->subjects[i];

		if (s->entity_id != 0 &&
		    contexts_find(w->contexts, s->action->family, s->lab_id, s->entity_id,
		                  &s->context, &s->why) != 0)
			s->result = PAYLOAD_E_BUILD;
	}
}

static void note_slow(struct trigger *t, const struct work *w)
{
	t->n_slow = 0;
	for (size_t i = 0; i < w->n_subjects && t->n_slow < TRIGGER_BATCH; i++) {
		const struct subject *s = &w->subjects[i];

		if (contexts_is_slow(w->contexts, s->lab_id))
			t->slow[t->n_slow++] =
				(struct trigger_place){ s->origin->position.partition,
				                        s->origin->position.offset };
	}
}

int work_fetch_contexts(struct trigger *t, struct work *w)
{
	const struct context_source source = {
		.pg = t->pg,
		.timeout_ms = t->config->context_timeout,
		.patience_ms = t->patience_ms,
		.pause = pause_trigger,
		.arg = t,
	};

	w->contexts = contexts_new();
	for (size_t i = 0; i < w->n_subjects; i++) {
		const struct subject *s = &w->subjects[i];

		if (s->entity_id == 0)
			continue;
		contexts_want(w->contexts, s->action->family, s->lab_id, s->entity_id);
		contexts_want_reports(w->contexts, s->lab_id,
		                      payload_report_ids(s->action, s->ids));
	}
	int r = contexts_fetch(w->contexts, &source);

	if (r == CONTEXT_E_SLOW) {
		note_slow(t, w);
		return TRIGGER_E_SLOW;
	}
	if (r) {
		log_warn(NULL, "trigger.postgres_away", "contexts cannot be read: %s",
		         pg_error(t->pg));
		service_ready(t->ctx, t->pipeline->postgres, false, pg_error(t->pg));
		return TRIGGER_E_AGAIN;
	}
	hand_out(w);
	return 0;
}
