#include "checks.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "commits.h"
#include "gauges.h"
#include "intake.h"
#include "log/log.h"
#include "message/report.h"
#include "outgoing.h"
#include "rows.h"

enum { CHECKS_MAX = 500 };

/* ---- the end of a question ---- */

/* It said nothing: the offset is done with. */
static void drop(struct dispatcher *d, struct job *job, const char *result)
{
	metric_add(&metric_fax_checks, result, 1);
	offsets_finish(&job->source->offsets, job->held->m.offset);
	job_free(d, job);
}

static struct report report_of(const struct job *job, const struct transport_result *r,
                               const char *body)
{
	return (struct report){
		.kind = REPORT_DOWNSTREAM,
		.log_id = job->task.log_id,
		.lab_id = job->task.lab_id,
		.attempt = job->task.attempt,
		.retry_id = job->task.retry_id,
		.status = r->kind == ERROR_KIND_NONE ? LOG_STATUS_SUCCESS : LOG_STATUS_FAIL,
		.error_kind = r->kind,
		.error_message = r->kind == ERROR_KIND_NONE ? NULL : r->error,
		.response_body = body,
		.response_body_truncated = r->body_cut,
		.response_status_code = r->status_code,
		.response_time_ms = -1,
		.occurred_at_ms = clock_wall_ms(),
		.sent_to_mirth = -1,
		.vendor_fax_id = r->vendor_fax_id,
		.pages = r->pages,
		.pages_sent = r->pages_sent,
	};
}

static void tell(struct dispatcher *d, struct job *job, const struct transport_result *r)
{
	const struct log_ctx ctx = { .log_id = &job->task.log_id,
		                     .lab_id = job->task.lab_id,
		                     .integration_id = job->task.integration_id };
	CLEANUP(freep) char *body = NULL;
	size_t len = 0;

	if (r->body) {
		body = utf8_repair(r->body, r->body_len, &len);
		body[utf8_cut(body, len, (size_t)d->config->body_limit)] = '\0';
	}
	struct report report = report_of(job, r, body);

	report.response_body_truncated |= len > (size_t)d->config->body_limit;
	metric_add(&metric_fax_checks, log_status_word(report.status), 1);
	log_info(&ctx, "dispatch.fax_verdict", "%s, %d of %d pages",
	         log_status_word(report.status), r->pages_sent, r->pages);
	outgoing_report(d, job, &report);
	job_free(d, job);
}

/* An older attempt's fax that failed says nothing of the log. */
static bool is_verdict(const struct job *job, const struct transport_result *r)
{
	if (r->kind == ERROR_KIND_NONE)
		return r->verdict == TRANSPORT_DELIVERED;
	return r->kind == ERROR_KIND_VENDOR && r->vendor_fax_id && !job->task.older;
}

static void on_done(const struct transport_result *r, void *arg)
{
	struct job *job = arg;
	struct dispatcher *d = job->checking;
	struct source *s = job->source;
	bool waits = r->kind == ERROR_KIND_NONE && r->verdict == TRANSPORT_ACCEPTED;

	TAILQ_REMOVE(&d->checks, job, link);
	d->n_checks--;
	source_ref(s);
	if (is_verdict(job, r))
		tell(d, job, r);
	else
		drop(d, job, waits ? "waits" : "unanswered");
	s->busy--;
	commits_settled(d, s);
	source_unref(s);
	intake_balance(d);
}

/* ---- its beginning ---- */

static const struct integration *find_row(const struct dispatcher *d, const struct job *job)
{
	const struct settings *settings = rows_now(d->rows);
	const struct integration *row =
		settings ? settings_find(settings, job->task.integration_id) : NULL;

	/* one that is switched off has sent it all the same */
	return row && row->transport == TRANSPORT_FAX && !row->config_error &&
	                       row->lab_id == job->task.lab_id
	               ? row
	               : NULL;
}

void checks_take(struct dispatcher *d, struct job *job)
{
	struct err_text why;

	job->row = find_row(d, job);
	if (!job->row || d->draining || d->n_checks >= CHECKS_MAX) {
		drop(d, job, "dropped");
		return;
	}
	job->settings = settings_ref(rows_now(d->rows));
	job->checking = d;
	const struct transport_request rq = { .row = job->row,
		                              .task = &job->task,
		                              .unsure_since_ms =
		                                      job->task.unsure_since_ms };

	if (transport_fax.send(d->transports[TRANSPORT_FAX], &rq, on_done, job, &why)) {
		drop(d, job, "dropped");
		return;
	}
	TAILQ_INSERT_TAIL(&d->checks, job, link);
	d->n_checks++;
	job->source->busy++;
}

void checks_close(struct dispatcher *d)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&d->checks))) {
		TAILQ_REMOVE(&d->checks, job, link);
		job_free(d, job);
	}
}
