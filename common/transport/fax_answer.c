/* What a vendor's answers mean for a fax: the next request, or the end. */
#include "base/clock.h"
#include "domain/retry_after.h"
#include "message/report.h"
#include "transport/fax.h"
#include "transport/fax_call.h"
#include "json/jdoc.h"

#include <stdio.h>

enum {
	LOOKS_MAX = 200,      /* faxes that are looked at to find ours */
	BLOCKED_MS = 60000,   /* a vendor that is asked too often says no for so long */
	REST_MAX_MS = 600000, /* of its Retry-After */
};

/* ---- the end ---- */

/* The request failed, and its own answer says how. */
void fax_call_failed(struct fax_call *c, const struct transport_result *r)
{
	struct transport_result result = *r;

	result.verdict = TRANSPORT_BY_CODE;
	if (result.status_code == 429 && !result.retry_after)
		result.retry_after = "60";
	fax_call_end(c, &result);
}

/* Nobody can say whether it was sent: the failure of the request that sends it. */
static void end_unsure(struct fax_call *c, const struct transport_result *r)
{
	struct transport_result result = *r;

	result.kind = c->kind;
	result.verdict = TRANSPORT_BY_CODE;
	result.status_code = c->status_code;
	result.error = c->error.text;
	result.vendor_fax_id = FAX_ID_UNSURE;
	if (c->stage != FAX_STAGE_STEP) { /* an answer to another question */
		result.body = NULL;
		result.body_len = 0;
		result.response_headers = NULL;
	}
	fax_call_end(c, &result);
}

static void end_vendor(struct fax_call *c, const struct transport_result *r,
                       const char *error, const struct fax_status *status)
{
	struct transport_result result = *r;

	result.kind = ERROR_KIND_VENDOR;
	result.error = error;
	if (status) {
		result.vendor_fax_id = c->fax_id;
		result.pages = status->pages;
		result.pages_sent = status->pages_sent;
	}
	fax_call_end(c, &result);
}

static void end_unreadable(struct fax_call *c, const struct transport_result *r,
                           const char *error)
{
	struct transport_result result = *r;

	result.kind = ERROR_KIND_RESPONSE;
	result.error = error;
	fax_call_end(c, &result);
}

static void end_well(struct fax_call *c, const struct transport_result *r,
                     enum transport_verdict verdict, const struct fax_status *status)
{
	struct transport_result result = *r;

	result.verdict = verdict;
	result.vendor_fax_id = c->fax_id;
	if (status) {
		result.pages = status->pages;
		result.pages_sent = status->pages_sent;
	}
	fax_call_end(c, &result);
}

static void end_with_verdict(struct fax_call *c, const struct transport_result *r,
                             const struct fax_status *status)
{
	char error[280];

	if (status->state != FAX_FAILED) {
		end_well(c, r,
		         status->state == FAX_SENT ? TRANSPORT_DELIVERED
		                                   : TRANSPORT_ACCEPTED,
		         status);
		return;
	}
	if (status->pages > 0)
		(void)snprintf(error, sizeof(error), "%s: %d of %d pages sent",
		               status->reason, status->pages_sent, status->pages);
	else
		(void)snprintf(error, sizeof(error), "%s", status->reason);
	end_vendor(c, r, error, status);
}

/* ---- what is known of the fax ---- */

static bool is_ours(const struct fax_call *c, const struct fax_status *status)
{
	return strcmp(status->uuid, c->log_id) == 0;
}

/* Nothing of this attempt is at the vendor: it is sent, or the question is answered. */
static void go_on(struct fax_call *c, const struct transport_result *r)
{
	bool can_find = c->protocol->list && c->rq.unsure_since_ms > 0;

	if (c->unanswered)
		end_unsure(c, r);
	else if (c->stage == FAX_STAGE_ASK && can_find)
		fax_call_go(c, FAX_STAGE_LIST);
	else if (c->rq.task->check)
		end_unreadable(c, r, "The vendor does not know this fax");
	else
		fax_call_go(c, FAX_STAGE_STEP);
}

/*
 * A fax of this log. One of an earlier attempt that failed may be followed by another,
 * though not by itself once pages went out; one that did not, when the retry says so.
 */
static void conclude(struct fax_call *c, const struct transport_result *r,
                     const struct fax_status *status, bool of_this_attempt)
{
	bool again = !c->rq.task->check && !c->unanswered && !of_this_attempt;

	if (status->id[0])
		(void)snprintf(c->fax_id, sizeof(c->fax_id), "%s", status->id);
	if (status->state == FAX_UNKNOWN)
		end_unreadable(c, r, "The vendor's answer has no status of the fax");
	else if (again && status->state != FAX_FAILED && c->rq.task->resend)
		fax_call_go(c, FAX_STAGE_STEP);
	else if (again && status->state == FAX_FAILED &&
	         !(c->rq.task->automatic && status->pages_sent > 0))
		go_on(c, r);
	else
		end_with_verdict(c, r, status);
}

static void take_known(struct fax_call *c, const struct transport_result *r,
                       const json_t *answer)
{
	struct fax_status status;

	if (r->status_code == 404) {
		go_on(c, r);
		return;
	}
	c->protocol->read_status(answer, &status);
	if (status.uuid[0] && !is_ours(c, &status))
		go_on(c, r); /* another's: whoever gave this id was mistaken */
	else
		conclude(c, r, &status, false);
}

/* Too many to look at: nothing says that it was not sent, so a person decides. */
static void give_up(struct fax_call *c, const struct transport_result *r)
{
	struct transport_result result = *r;

	if (c->rq.task->attempt > 0 && !c->rq.task->automatic && !c->rq.task->check) {
		fax_call_go(c, FAX_STAGE_STEP);
		return;
	}
	result.kind = ERROR_KIND_VENDOR;
	result.error = "Whether the fax was sent before cannot be said, since too many "
		       "others were: look at the vendor, then retry it by hand";
	result.vendor_fax_id = FAX_ID_UNSURE;
	fax_call_end(c, &result);
}

static void look_at_next(struct fax_call *c, const struct transport_result *r)
{
	if (c->n_looked == json_array_size(c->listed))
		go_on(c, r);
	else if (c->n_looked < LOOKS_MAX)
		fax_call_go(c, FAX_STAGE_LOOK);
	else if (c->unanswered)
		end_unsure(c, r);
	else
		give_up(c, r);
}

/* The next attempt has to look for it too. */
static void fail_search(struct fax_call *c, const struct transport_result *r)
{
	struct transport_result result = *r;

	result.vendor_fax_id = FAX_ID_UNSURE;
	fax_call_failed(c, &result);
}

static void take_list(struct fax_call *c, const struct transport_result *r,
                      const json_t *answer)
{
	const json_t *list = jdoc_path(answer, c->protocol->list_path);

	if (r->status_code == 404) {
		go_on(c, r);
		return;
	}
	if (!json_is_array(list)) {
		struct transport_result unread = *r;

		unread.kind = ERROR_KIND_RESPONSE;
		unread.error = "The vendor's list of faxes cannot be read";
		if (c->unanswered)
			end_unsure(c, r);
		else
			fail_search(c, &unread);
		return;
	}
	c->listed = json_incref((json_t *)(uintptr_t)list);
	look_at_next(c, r);
}

static void take_look(struct fax_call *c, const struct transport_result *r,
                      const json_t *answer)
{
	const struct task *task = c->rq.task;
	struct fax_status status;

	c->n_looked++;
	c->protocol->read_status(answer, &status);
	if (status.state == FAX_UNKNOWN)
		status.state = FAX_RUNNING; /* it is there */
	if (is_ours(c, &status) && status.id[0])
		conclude(c, r, &status,
		         task->attempt == 0 || status.created_s == 0 ||
		                 status.created_s * 1000 + FAX_CLOCKS_MS >=
		                         task->created_at_ms);
	else
		look_at_next(c, r);
}

/* ---- the steps ---- */

/* Whether the vendor may have taken a request that failed so. */
static bool may_be_taken(const struct transport_result *r)
{
	switch (r->kind) {
	case ERROR_KIND_NONE:
		return r->status_code >= 500;
	case ERROR_KIND_TIMEOUT:
		return strcmp(r->error, ERROR_TEXT_CONNECT_TIMEOUT) != 0;
	case ERROR_KIND_RESPONSE:
		return true;
	default:
		return false;
	}
}

static void fail_step(struct fax_call *c, const struct transport_result *r)
{
	CLEANUP(buf_deinit) struct buf words = BUF_INIT(200);

	if (!c->protocol->steps[c->step].commits || !may_be_taken(r)) {
		fax_call_failed(c, r);
		return;
	}
	c->unanswered = true;
	c->kind = r->kind;
	c->status_code = r->status_code;
	if (r->kind == ERROR_KIND_NONE) {
		c->kind = ERROR_KIND_HTTP_STATUS;
		report_error_text(r->body, r->body_len, &words);
	}
	(void)err_say(&c->error, 0, "%s",
	              r->kind != ERROR_KIND_NONE ? r->error : buf_str(&words));
	if (c->error.text[0] == '\0')
		(void)err_say(&c->error, 0, "HTTP %d", r->status_code);
	if (!c->protocol->list) {
		end_unsure(c, r);
		return;
	}
	if (c->rq.unsure_since_ms == 0)
		c->rq.unsure_since_ms =
			clock_wall_ms() - (clock_mono_us() - c->began_us) / 1000;
	fax_call_go(c, FAX_STAGE_LIST);
}

/* False: the answer lacks an id without which it cannot go on. */
static bool keep_id(struct fax_call *c, const struct fax_step *step, const json_t *answer)
{
	switch (step->keeps) {
	case FAX_KEEPS_NOTHING:
		break;
	case FAX_KEEPS_DRAFT:
		return fax_answer_id(answer, step->id_paths, c->draft);
	case FAX_KEEPS_FAX:
		if (!fax_answer_id(answer, step->id_paths, c->fax_id))
			(void)snprintf(c->fax_id, sizeof(c->fax_id), "%s", c->draft);
		return c->fax_id[0] != '\0';
	}
	return true;
}

static void take_step(struct fax_call *c, const struct transport_result *r,
                      const json_t *answer)
{
	const struct fax_step *step = &c->protocol->steps[c->step];

	if (!keep_id(c, step, answer)) {
		if (step->commits) {
			struct transport_result unread = *r;

			unread.kind = ERROR_KIND_RESPONSE;
			unread.error = "The vendor's answer has no id of the fax";
			fail_step(c, &unread);
		} else {
			end_unreadable(c, r, "The vendor's answer has no id");
		}
		return;
	}
	if (step->per_document && ++c->round < c->message.n_documents) {
		fax_call_go(c, FAX_STAGE_STEP);
		return;
	}
	c->round = 0;
	if (++c->step < c->protocol->n_steps)
		fax_call_go(c, FAX_STAGE_STEP);
	else
		end_well(c, r, TRANSPORT_ACCEPTED, NULL);
}

/* ---- answers ---- */

static void add_timing(struct transport_timing *sum, const struct transport_timing *t)
{
	sum->dns_us += t->dns_us;
	sum->connect_us += t->connect_us;
	sum->tls_us += t->tls_us;
	sum->exchange_us += t->exchange_us;
}

static void rest(struct fax_call *c, const struct transport_result *r)
{
	CLEANUP(freep) char *where = fax_call_where(c);
	int64_t wait = retry_after_ms(r->retry_after, clock_wall_ms(), REST_MAX_MS);

	fax_pace_rest(c->line->paces, where, wait > 0 ? wait : BLOCKED_MS);
}

static bool is_good(const struct fax_call *c, const struct transport_result *r)
{
	if (r->kind != ERROR_KIND_NONE)
		return false;
	if (r->status_code == 404 && c->stage != FAX_STAGE_STEP)
		return true; /* gone, or none in that time, which is an answer */
	return r->status_code >= 200 && r->status_code < 300;
}

static void fail(struct fax_call *c, const struct transport_result *r)
{
	if (c->stage == FAX_STAGE_STEP)
		fail_step(c, r);
	else if (c->unanswered)
		end_unsure(c, r);
	else if (c->stage == FAX_STAGE_ASK)
		fax_call_failed(c, r);
	else
		fail_search(c, r);
}

static void take(struct fax_call *c, const struct transport_result *r, const json_t *answer)
{
	switch (c->stage) {
	case FAX_STAGE_ASK:
		take_known(c, r, answer);
		break;
	case FAX_STAGE_LIST:
		take_list(c, r, answer);
		break;
	case FAX_STAGE_LOOK:
		take_look(c, r, answer);
		break;
	case FAX_STAGE_STEP:
		take_step(c, r, answer);
		break;
	}
}

void fax_call_answer(const struct transport_result *r, void *arg)
{
	struct fax_call *c = arg;
	CLEANUP(buf_deinit) struct buf words = BUF_INIT(200);
	CLEANUP_JSON json_t *answer =
		r->body ? jdoc_parse(r->body, r->body_len, NULL) : NULL;

	add_timing(&c->timing, &r->timing);
	metric_add(&fax_metric_requests,
	           r->kind != ERROR_KIND_NONE ? error_kind_word(r->kind)
	           : is_good(c, r)            ? "answered"
	                                      : "refused",
	           1);
	if (r->status_code == 429)
		rest(c, r);
	if (!is_good(c, r))
		fail(c, r);
	else if (r->status_code != 404 && fax_answer_refuses(answer, &words))
		end_vendor(c, r, buf_str(&words), NULL);
	else
		take(c, r, answer);
}
