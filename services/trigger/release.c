/*
 * Of integration.retries the dispatcher's releases of parked tasks. A release has the
 * task's header; it is rebuilt from today's data, behind the fence, under the same log and
 * attempt.
 */
#include "intake.h"
#include "json/jdoc.h"

static int decode(const json_t *request, struct task *out, struct err_text *why)
{
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(json_object_get(request, "release"), &len);
	int r = task_decode(text, len, out, why);

	if (r == 0 && !json_is_object(out->context))
		return err_say(why, MESSAGE_E_INVALID, "the released task has no context");
	return r;
}

static void add_build(struct intake *in, struct origin *origin, const struct log_id *log_id,
                      const json_t *context)
{
	const struct task *task = &origin->task;
	struct subject *s = work_add_subject(&in->work);
	struct build *b = work_add_build(&in->work);

	s->origin = origin;
	s->action = action_find(task->action_id);
	s->lab_id = task->lab_id;
	s->org_id = jdoc_int_or(context, "org_id", 0);
	s->ids = json_incref((json_t *)(uintptr_t)context);
	s->result = payload_entity_id(s->action, s->ids, &s->entity_id, &s->why);
	b->row = settings_find(in->trigger->settings, task->integration_id);
	b->log_id = *log_id;
	b->attempt = task->attempt;
	b->retry_id = task->retry_id;
}

/* The records of a batch become one again. */
static void add_builds(struct intake *in, struct origin *origin)
{
	const struct task *task = &origin->task;

	if (!task->records)
		add_build(in, origin, &task->log_id, task->context);
	for (size_t i = 0; i < json_array_size(task->records); i++)
		add_build(in, origin, task_log(task, i),
		          json_object_get(json_array_get(task->records, i), "context"));
}

int intake_release(struct intake *in, const struct kafka_message *m, const json_t *request)
{
	struct err_text why = { "" };
	struct origin *origin;
	int r = intake_make_room(in);

	if (r)
		return r;
	origin = xcalloc(1, sizeof(*origin));
	origin->kind = ORIGIN_RELEASE;
	work_adopt(&in->work, origin, m->value_len);
	if (decode(request, &origin->task, &why) != 0)
		return intake_fail(in, m, "undecodable", why.text);
	if (!action_find(origin->task.action_id))
		return intake_fail(in, m, "unknown_action",
		                   "action_id is not in the inventory");
	origin->event_at_ms = origin->task.event_at_ms;
	add_builds(in, origin);
	metric_add(&metric_events, "released", 1);
	return 0;
}
