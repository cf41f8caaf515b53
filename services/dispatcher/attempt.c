#include "attempt.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/utf8.h"
#include "commits.h"
#include "documents.h"
#include "domain/retry_after.h"
#include "gauges.h"
#include "intake.h"
#include "lanes.h"
#include "log/log.h"
#include "message/report.h"
#include "newest.h"
#include "outgoing.h"
#include "rows.h"

#include <stdio.h>

enum {
	ANSWERS_BYTES = 16 * 1024 * 1024,
	CLOCKS_MS = 5000, /* trigger's clock may be behind ours by */
};

/* What an attempt came to: the report's status, kind and message. */
struct verdict {
	enum log_status status;
	enum error_kind kind;
	struct buf message;
};

static void judge(const struct transport_result *r, struct verdict *v)
{
	v->kind = r->kind;
	v->status = LOG_STATUS_FAIL;
	if (r->kind != ERROR_KIND_NONE) {
		buf_append_str(&v->message, r->error);
		return;
	}
	if (r->verdict != TRANSPORT_BY_CODE) {
		v->status = r->verdict == TRANSPORT_DELIVERED ? LOG_STATUS_SUCCESS
		                                              : LOG_STATUS_QUEUED;
		return;
	}
	v->status = report_body_suppresses(r->body, r->body_len)
	                    ? LOG_STATUS_SUPPRESSED
	                    : outcome_of_http_code(r->status_code);
	if (v->status != LOG_STATUS_FAIL)
		return;
	v->kind = ERROR_KIND_HTTP_STATUS;
	report_error_text(r->body, r->body_len, &v->message);
	if (v->message.len == 0)
		buf_printf(&v->message, "HTTP %d", r->status_code);
}

static json_t *timing_json(const struct job *job, const struct transport_timing *t)
{
	json_t *object = json_object();
	const struct {
		const char *key;
		int64_t us;
	} phases[] = {
		{ .key = "wait_ms", .us = job->started_us - job->arrived_ms * 1000 },
		{ .key = "dns_ms", .us = t->dns_us },
		{ .key = "connect_ms", .us = t->connect_us },
		{ .key = "tls_ms", .us = t->tls_us },
		{ .key = "exchange_ms", .us = t->exchange_us },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		(void)json_object_set_new_nocheck(object, phases[i].key,
		                                  json_real((double)phases[i].us / 1000));
	return object;
}

static void fill_mirth(struct report *report, const struct transport_mirth *mirth)
{
	if (!mirth)
		return;
	report->sent_to_mirth = mirth->sent;
	report->fusion_log = mirth->fusion_log;
	report->stage = mirth->stage;
}

/* A message that never left. */
static const struct transport_mirth *mirth_of(const struct integration *row,
                                              const struct task *task)
{
	return row && row->transport == TRANSPORT_MLLP
	               ? transport_mirth_failed(task->triggered_by_py3)
	               : NULL;
}

static void fill_task(struct report *report, const struct job *job)
{
	*report = (struct report){
		.kind = REPORT_OUTCOME,
		.log_id = job->task.log_id,
		.lab_id = job->task.lab_id,
		.attempt = job->task.attempt,
		.retry_id = job->task.retry_id,
		.response_time_ms = -1,
		.occurred_at_ms = clock_wall_ms(),
		.sent_to_mirth = -1,
	};
}

/* Of an answer each log of a batch keeps its own copy: all of them are bounded. */
static size_t body_limit(const struct dispatcher *d, const struct job *job)
{
	size_t limit = (size_t)d->config->body_limit;
	size_t share = ANSWERS_BYTES / task_logs(&job->task);

	return share < limit ? share : limit;
}

static void report_outcome(struct dispatcher *d, struct job *job,
                           const struct transport_result *r, const struct verdict *v)
{
	struct report report;
	CLEANUP(freep) char *body = NULL;
	size_t len = 0;

	fill_task(&report, job);
	report.status = v->status;
	report.error_kind = v->kind;
	report.error_message = v->message.len > 0 ? buf_str(&v->message) : NULL;
	report.end_point = r->end_point;
	report.request_headers = r->request_headers;
	report.response_headers = r->response_headers;
	report.response_status_code = r->status_code;
	report.response_time_ms = (double)r->timing.total_us / 1000;
	fill_mirth(&report, r->mirth);
	report.vendor_fax_id = r->vendor_fax_id;
	report.pages = r->pages;
	report.pages_sent = r->pages_sent;
	if (r->body) {
		body = utf8_repair(r->body, r->body_len, &len);
		size_t kept = utf8_cut(body, len, body_limit(d, job));

		body[kept] = '\0';
		report.response_body = body;
		report.response_body_truncated = r->body_cut || kept < len;
	}
	json_t *timing = timing_json(job, &r->timing);
	report.timing = timing;
	outgoing_report(d, job, &report);
	json_decref(timing);
}

static struct log_ctx context_of(const struct job *job)
{
	return (struct log_ctx){
		.log_id = &job->task.log_id,
		.lab_id = job->task.lab_id,
		.integration_id = job->task.integration_id,
		.action_id = job->task.action_id,
	};
}

/* Successes are many and alike: counted, and logged only on request. */
static void note(const struct job *job, const struct transport_result *r,
                 const struct verdict *v)
{
	struct log_ctx ctx = context_of(job);
	enum log_level level =
		v->status == LOG_STATUS_FAIL ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
	const struct transport_timing *t = &r->timing;

	log_emit(level, &ctx, "dispatch.attempt",
	         "attempt %d: %s %s code %d; ms wait %.1f dns %.1f connect %.1f tls %.1f "
	         "exchange %.1f",
	         job->task.attempt,
	         v->status == LOG_STATUS_SUPPRESSED ? "SUPPRESSED"
	                                            : log_status_word(v->status),
	         error_kind_word(v->kind), r->status_code,
	         (double)(job->started_us - job->arrived_ms * 1000) / 1000,
	         (double)t->dns_us / 1000, (double)t->connect_us / 1000,
	         (double)t->tls_us / 1000, (double)t->exchange_us / 1000);
	if (r->status_code == 410)
		log_warn(&ctx, "dispatch.gone",
		         "the partner answers 410: switch the integration off, or correct "
		         "its url");
}

static void count(const struct job *job, const struct transport_result *r,
                  const struct verdict *v)
{
	metric_add(&metric_attempts,
	           v->status == LOG_STATUS_SUPPRESSED ? "SUPPRESSED"
	                                              : log_status_word(v->status),
	           1);
	if (v->kind != ERROR_KIND_NONE)
		metric_add(&metric_errors, error_kind_word(v->kind), 1);
	if (r->status_code == 410)
		metric_add(&metric_gone, NULL, 1);
	metric_observe(&metric_attempt_seconds, NULL, (double)r->timing.total_us / 1e6);
	if (job->task.event_at_ms > 0 && job->task.attempt == 0)
		metric_observe(&metric_event_seconds, NULL,
		               (double)(job->started_wall_ms - job->task.event_at_ms) /
		                       1000);
}

static enum lane_verdict verdict_for_lane(const struct verdict *v, int code)
{
	if (v->kind == ERROR_KIND_CONFIG || v->kind == ERROR_KIND_BLOCKED ||
	    v->kind == ERROR_KIND_BUILD || v->kind == ERROR_KIND_STORAGE)
		return LANE_UNDECIDED;
	return circuit_counts(v->kind, code) ? LANE_UNAVAILABLE : LANE_ANSWERED;
}

static void obey_retry_after(struct lane_entry *l, const struct transport_result *r,
                             int64_t now_ms)
{
	if (r->status_code != 429 && r->status_code != 503)
		return;
	int64_t wait = retry_after_ms(r->retry_after, clock_wall_ms(),
	                              l->d->config->retry_after_max);
	if (wait > 0)
		lane_park(&l->lane, now_ms + wait + 1); /* our clock is cut to ms */
}

static void note_circuit(struct lane_entry *l, const struct verdict *v)
{
	struct log_ctx ctx = { .integration_id = l->integration_id };

	log_info(&ctx, "dispatch.circuit", "%s after %s",
	         circuit_state_word(l->lane.circuit.state),
	         v->kind == ERROR_KIND_NONE ? "an answer" : error_kind_word(v->kind));
}

/* Takes the request out of its lane and lets the lane draw its conclusions. */
static void land(struct dispatcher *d, struct job *job, const struct transport_result *r,
                 const struct verdict *v)
{
	struct lane_entry *l = job->lane;
	int64_t now_ms = clock_mono_ms();
	enum lane_verdict verdict = verdict_for_lane(v, r->status_code);

	TAILQ_REMOVE(&l->flying, job, link);
	const struct job *oldest = TAILQ_FIRST(&l->flying);
	l->lane.oldest_start_ms = oldest ? oldest->started_us / 1000 : now_ms;
	d->in_flight--;
	l->sent++;
	if (v->status == LOG_STATUS_SUCCESS)
		l->success_ms = now_ms;
	if (verdict == LANE_UNAVAILABLE) {
		l->last_kind = v->kind;
		(void)snprintf(l->last_error, sizeof(l->last_error), "%.*s",
		               (int)utf8_cut(buf_str(&v->message), v->message.len,
		                             sizeof(l->last_error) - 1),
		               buf_str(&v->message));
	}
	obey_retry_after(l, r, now_ms);
	if (lane_ended(&l->lane, &d->policy, verdict, clock_mono_us() - job->started_us,
	               now_ms, random_u32()))
		note_circuit(l, v);
}

static void finish(struct dispatcher *d, struct job *job, const struct transport_result *r)
{
	struct lane_entry *l = job->lane;
	struct source *s = job->source;
	struct verdict v = { .message = BUF_INIT(4096) };

	judge(r, &v);
	land(d, job, r, &v);
	count(job, r, &v);
	note(job, r, &v);
	report_outcome(d, job, r, &v);
	buf_deinit(&v.message);
	s->busy--; /* the report holds it now */
	if (v.status == LOG_STATUS_SUCCESS)
		newest_delivered(d, l, job);
	job_free(d, job);
	lanes_wake(l);
	intake_balance(d);
}

static void on_done(const struct transport_result *r, void *arg)
{
	struct job *job = arg;

	finish(job->lane->d, job, r);
}

static void start_in_order(const struct job *job)
{
	struct log_ctx ctx = context_of(job);

	if (!job->ticket || !order_start(job->ticket))
		return;
	metric_add(&metric_order_ahead, NULL, 1);
	log_warn(&ctx, "dispatch.order",
	         "sent ahead of an earlier task of its entity, which has not ended for "
	         "ORDER_HOLD");
}

static void refuse(struct dispatcher *d, struct job *job, enum error_kind kind,
                   const char *why)
{
	const struct transport_mirth *mirth = mirth_of(job->row, &job->task);
	const struct transport_result refused = {
		.kind = kind,
		.error = why,
		.end_point = mirth ? job->row->end_point : NULL,
		.mirth = mirth,
	};

	finish(d, job, &refused);
}

/*
 * A task that was there before its partition became ours may have been sent by who had it
 * before: a fax is looked for first.
 */
static int64_t unsure_since(const struct job *job)
{
	if (job->task.unsure_since_ms)
		return job->task.unsure_since_ms;
	return job->held->m.timestamp_ms < job->source->since_ms + CLOCKS_MS
	               ? job->task.created_at_ms
	               : 0;
}

static void send(struct dispatcher *d, struct job *job)
{
	struct transport_request rq = {
		.row = job->row,
		.task = &job->task,
		.body = job->held->m.value ? job->held->m.value : "",
		.body_len = job->held->m.value_len,
		.unsure_since_ms = unsure_since(job),
	};
	const struct transport_ops *ops = transports[job->row->transport];
	struct err_text why;

	documents_add(job->documents, &rq);
	if (ops->send(d->transports[ops->kind], &rq, on_done, job, &why) != 0)
		refuse(d, job, ERROR_KIND_CONFIG, why.text);
}

void attempt_documents(struct dispatcher *d, struct job *job, enum error_kind kind,
                       const char *why)
{
	if (kind != ERROR_KIND_NONE)
		refuse(d, job, kind, why);
	else
		send(d, job);
}

void attempt_start(struct dispatcher *d, struct job *job)
{
	struct lane_entry *l = job->lane;

	lanes_unqueue(l, job);
	if (TAILQ_EMPTY(&l->flying))
		l->lane.oldest_start_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&l->flying, job, link);
	d->in_flight++;
	job->source->busy++;
	job->started_us = clock_mono_us();
	job->started_wall_ms = clock_wall_ms();
	lane_started(&l->lane, job->started_us / 1000);
	start_in_order(job);
	if (job->task.documents)
		documents_read(d, job);
	else
		send(d, job);
}

static void end_unsent(struct dispatcher *d, struct job *job, enum log_status status,
                       enum error_kind kind, const char *message)
{
	const struct settings *settings = rows_now(d->rows);
	struct report report;

	fill_task(&report, job);
	report.status = status;
	report.error_kind = kind;
	report.error_message = message;
	if (status == LOG_STATUS_FAIL && settings)
		fill_mirth(&report,
		           mirth_of(settings_find(settings, job->task.integration_id),
		                    &job->task));
	metric_add(&metric_attempts, log_status_word(status), 1);
	if (job->lane)
		lanes_unqueue(job->lane, job);
	outgoing_report(d, job, &report);
	job_free(d, job);
}

void attempt_refuse(struct dispatcher *d, struct job *job, enum error_kind kind,
                    const char *message)
{
	struct log_ctx ctx = context_of(job);

	metric_add(&metric_errors, error_kind_word(kind), 1);
	log_info(&ctx, "dispatch.refused", "attempt %d: %s", job->task.attempt,
	         error_kind_word(kind));
	end_unsent(d, job, LOG_STATUS_FAIL, kind, message);
}

void attempt_supersede(struct dispatcher *d, struct job *job, const char *message)
{
	struct log_ctx ctx = context_of(job);

	log_info(&ctx, "dispatch.superseded", "attempt %d: %s", job->task.attempt, message);
	end_unsent(d, job, LOG_STATUS_SUPERSEDED, ERROR_KIND_NONE, message);
}
