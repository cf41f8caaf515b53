/*
 * Of integration.retries the dispatcher's releases of parked tasks. A release has the
 * task's header; it is rebuilt from today's data, behind the fence, under the same log and
 * attempt.
 */
#include "intake.h"
#include "logstore/retry.h"
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

/*
 * Since it was parked a retry may have taken its place, or its log was delivered by another
 * attempt: then it has nothing to say any more. `known` is the log as it is now; while the
 * store is away nothing is known, and the task goes on.
 */
static int check_newest(const struct task *task, const struct retried_log *known,
                        struct err_text *why)
{
	enum log_status status = LOG_STATUS_QUEUED;

	if (!known->log)
		return 0;
	if (retried_log_attempt(known) > task->attempt)
		return err_say(why, PAYLOAD_E_SUPERSEDED,
		               "a newer attempt replaced this one before it was sent");
	(void)log_status_parse(jdoc_text_or(known->log, "status", ""), &status);
	if (status == LOG_STATUS_SUCCESS &&
	    jdoc_int_or(known->log, "attempt", 0) == task->attempt)
		return err_say(why, PAYLOAD_E_SUPERSEDED,
		               "the log was delivered meanwhile");
	return 0;
}

static void add_build(struct intake *in, struct origin *origin, size_t i,
                      const json_t *context, const struct retried_log *known)
{
	const struct task *task = &origin->task;
	struct subject *s = work_add_subject(&in->work);
	struct build *b = work_add_build(&in->work);

	s->origin = origin;
	s->action = action_find(task->action_id);
	s->lab_id = task->lab_id;
	s->org_id = jdoc_int_or(context, "org_id", 0);
	s->ids = json_incref((json_t *)(uintptr_t)context);
	s->result = check_newest(task, known, &s->why);
	if (s->result == 0)
		s->result = payload_entity_id(s->action, s->ids, &s->entity_id, &s->why);
	b->row = settings_find(in->trigger->settings, task->integration_id);
	b->log_id = *task_log(task, i);
	b->attempt = task->attempt;
	b->retry_id = task->retry_id;
}

/* The records of a batch become one again. */
static void add_builds(struct intake *in, struct origin *origin,
                       const struct retried_log *known)
{
	const struct task *task = &origin->task;

	if (!task->records)
		add_build(in, origin, 0, task->context, known);
	for (size_t i = 0; i < json_array_size(task->records); i++)
		add_build(in, origin, i,
		          json_object_get(json_array_get(task->records, i), "context"),
		          &known[i]);
}

int release_take(struct intake *in, struct releases *all, const struct kafka_message *m,
                 const json_t *request)
{
	struct err_text why = { "" };
	struct origin *origin = xcalloc(1, sizeof(*origin));

	origin->kind = ORIGIN_RELEASE;
	if (decode(request, &origin->task, &why) != 0) {
		(void)origin_free(origin);
		return intake_fail(in, m, "undecodable", why.text);
	}
	if (!action_find(origin->task.action_id)) {
		(void)origin_free(origin);
		return intake_fail(in, m, "unknown_action",
		                   "action_id is not in the inventory");
	}
	origin->event_at_ms = origin->task.event_at_ms;
	all->list[all->n++] = (struct release){ .origin = origin, .bytes = m->value_len };
	all->n_logs += task_logs(&origin->task);
	return 0;
}

/* Those of each release in turn; none when the store is away. */
static struct retried_log *read_logs(struct trigger *t, const struct releases *all)
{
	struct retried_log *logs = xcalloc(all->n_logs, sizeof(*logs));
	CLEANUP(freep) struct log_id *ids = xcalloc(all->n_logs, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < task_logs(&all->list[i].origin->task); k++)
			ids[n++] = *task_log(&all->list[i].origin->task, k);
	for (size_t at = 0; at < n; at += TRIGGER_BATCH) {
		size_t some = n - at < TRIGGER_BATCH ? n - at : TRIGGER_BATCH;

		if (logstore_read_retried(t->store, ids + at, some, logs + at) != 0) {
			metric_add(&metric_events, "release_unchecked", 1);
			break;
		}
	}
	return logs;
}

int releases_build(struct intake *in, struct releases *all)
{
	struct retried_log *logs = read_logs(in->trigger, all);
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < all->n && r == 0; i++) {
		r = intake_make_room(in);
		if (r)
			break;
		struct origin *origin = STEAL(all->list[i].origin);

		work_adopt(&in->work, origin, all->list[i].bytes);
		add_builds(in, origin, logs + at);
		at += task_logs(&origin->task);
		metric_add(&metric_events, "released", 1);
	}
	for (size_t i = 0; i < all->n_logs; i++)
		retried_log_release(&logs[i]);
	free(logs);
	return r;
}

void releases_free(struct releases *all)
{
	for (size_t i = 0; i < all->n; i++)
		(void)origin_free(all->list[i].origin);
	free(all->list);
}
