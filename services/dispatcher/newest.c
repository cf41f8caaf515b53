#include "newest.h"

#include "attempt.h"
#include "domain/recent.h"

#include <stdio.h>

/* The waiting attempts of one log, but for `kept`, end with this message. */
static void supersede_waiting(struct dispatcher *d, struct lane_entry *l,
                              const struct log_id *log_id, const struct job *kept,
                              const char *message)
{
	struct job *job = TAILQ_FIRST(&l->queue);

	while (job) {
		struct job *next = TAILQ_NEXT(job, link);

		if (job != kept && !job->task.records &&
		    log_id_equal(&job->task.log_id, log_id) &&
		    (!kept || job->task.attempt < kept->task.attempt))
			attempt_supersede(d, job, message);
		job = next;
	}
}

#define NEVER INT64_MAX /* a delivery that is not in the way of a retry any more */

static void remember(struct dispatcher *d, const struct log_id *id, int64_t attempt)
{
	struct recent_entry *known = recent_find(d->delivered, id);

	if (known)
		known->offset = attempt;
	else
		recent_add(d->delivered, id, 0, attempt);
}

bool newest_is_needless(struct dispatcher *d, const struct job *job)
{
	const struct recent_entry *known = recent_find(d->delivered, &job->task.log_id);

	if (job->task.attempt == 0 || !known)
		return false;
	if (job->task.resend)
		remember(d, &job->task.log_id, NEVER);
	return !job->task.resend && known->offset < job->task.attempt;
}

void newest_forget(struct dispatcher *d)
{
	(void)recent_free(d->delivered);
	d->delivered = recent_new();
}

void newest_arrived(struct dispatcher *d, struct lane_entry *l, const struct job *newer)
{
	if (newer->task.attempt > 0)
		supersede_waiting(d, l, &newer->task.log_id, newer,
		                  "a newer attempt replaced this one before it was sent");
}

/* A record cannot be taken out of its batch: that counts as on the wire while it waits. */
static bool is_in_batch_before(const struct lane_entry *l, const struct job *job)
{
	const struct job *before;

	if (l->n_batches == 0)
		return false;
	TAILQ_FOREACH (before, &l->queue, link) {
		if (before == job)
			break;
		if (before->task.records && task_has_log(&before->task, &job->task.log_id))
			return true;
	}
	return false;
}

bool newest_must_wait(const struct lane_entry *l, const struct job *job)
{
	const struct job *flying;

	if (job->task.attempt == 0)
		return false;
	TAILQ_FOREACH (flying, &l->flying, link)
		if (task_has_log(&flying->task, &job->task.log_id))
			return true;
	return is_in_batch_before(l, job);
}

void newest_delivered(struct dispatcher *d, struct lane_entry *l, const struct job *job)
{
	char message[80];

	for (size_t i = 0; i < task_logs(&job->task); i++)
		remember(d, task_log(&job->task, i), job->task.attempt);
	if (l->n_retries == 0)
		return;
	(void)snprintf(message, sizeof(message), "attempt %d was delivered meanwhile",
	               job->task.attempt);
	for (size_t i = 0; i < task_logs(&job->task); i++)
		supersede_waiting(d, l, task_log(&job->task, i), NULL, message);
}
