#include "sweep.h"

#include "base/clock.h"
#include "log/log.h"
#include "json/jdoc.h"

#define REQUESTS_MAX 500 /* that are waited for at once */
#define LINGER_MS    100 /* a request does not wait longer for others */
#define ACK_MS       10000
#define PY3_MAX      1000  /* a sweep */
#define PY3_MS       30000 /* in all; what is left comes with the next sweep */

struct request {
	struct log_id id;
	int64_t lab_id;
	uint32_t attempt;
	bool stuck;
};

struct sweep {
	const struct sweep_tools *tools;
	int64_t now_ms;
	struct sweep_result *result;
	struct request requests[REQUESTS_MAX];
	size_t n;
	int64_t first_ms; /* monotonic: when the first of them was put there */
	struct request py3[PY3_MAX];
	size_t n_py3;
	int error;
};

static const struct {
	const char *label, *text;
} decisions[SWEEP_DECISION_COUNT] = {
#define X(symbol, words) [RETRY_##symbol] = { .label = #symbol, .text = (words) },
	RETRY_VERDICT_LIST(X)
#undef X
#define X(symbol, words) [SWEEP_##symbol] = { .label = #symbol, .text = (words) },
		SWEEP_DECISION_LIST(X)
#undef X
};

const char *sweep_decision_label(size_t decision)
{
	return decisions[decision].label;
}

/* ---- the judgement ---- */

static struct retry_row row_of(const struct settings *settings, int64_t integration_id)
{
	const struct integration *row = settings_find(settings, integration_id);

	if (!row)
		return (struct retry_row){ .exists = false };
	return (struct retry_row){
		.exists = true,
		.active = row->active,
		.is_auto_retry = row->is_auto_retry,
		.auto_retry_since_ms = row->auto_retry_since_ms,
		/* "max": 0 is a limit as well, which no count is below */
		.max = row->auto_retry_max < 0    ? 0
		       : row->auto_retry_max == 0 ? -1
		                                  : row->auto_retry_max,
		.patterns = (const char *const *)row->auto_retry_patterns,
		.n_patterns = row->n_auto_retry_patterns,
	};
}

static uint32_t next_attempt(const struct swept_log *log)
{
	int64_t made = log->retry.auto_retry_count;

	return made < 0 || made >= UINT32_MAX ? 1 : (uint32_t)made + 1;
}

/* A log that should be asked for: can it be, now? */
static size_t decide_wanted(struct sweep *s, const struct swept_log *log, size_t wanted)
{
	const struct sweep_tools *t = s->tools;
	bool asked = under_way_has(t->under_way, &log->id, next_attempt(log));
	/* what is under way counts too: a slow partner must not get a pile */
	bool affordable = budget_take(t->budget, log->auth_id);

	if (s->result->oldest_ms == 0 || log->retry.inserted_at_ms < s->result->oldest_ms)
		s->result->oldest_ms = log->retry.inserted_at_ms;
	if (asked)
		return SWEEP_UNDER_WAY;
	if (log->triggered_by_py3 && !t->py3)
		return SWEEP_NO_ROUTE;
	if (!affordable || (log->triggered_by_py3 && s->n_py3 == PY3_MAX))
		return SWEEP_OVER_BUDGET;
	return wanted;
}

static size_t decide(struct sweep *s, const struct swept_log *log)
{
	const struct scheduler *scheduler = s->tools->scheduler;
	struct retry_row row = row_of(s->tools->settings, log->integration_id);
	size_t verdict = retry_judge(&scheduler->policy, &row, &log->retry, s->now_ms);

	if (verdict == RETRY_ELIGIBLE)
		return decide_wanted(s, log, verdict);
	if (verdict == RETRY_TOO_OLD || verdict == RETRY_TOO_NEW ||
	    !retry_is_stuck(&log->retry, scheduler->config->stuck_after, s->now_ms))
		return verdict;
	s->result->stuck++;
	int64_t max = row.max ? row.max : scheduler->policy.max;
	return log->retry.auto_retry_count < max ? decide_wanted(s, log, SWEEP_STUCK)
	                                         : RETRY_SPENT;
}

/* ---- the asking ---- */

/* The id makes a second request for this attempt, whoever makes it, start nothing. */
static json_t *request_json(const struct request *r)
{
	json_t *json = json_object();
	char hex[LOG_ID_HEX_SIZE];
	CLEANUP(freep) char *retry_id = NULL;

	retry_id = xasprintf("auto-%s-%u", log_id_to_hex(&r->id, hex), r->attempt);
	jdoc_set_text(json, "log_id", hex);
	jdoc_set_text(json, "retry_id", retry_id);
	jdoc_set_int(json, "lab_id", r->lab_id);
	return json;
}

static int add_request(struct kafka_batch *batch, const struct request *r,
                       int64_t deadline_ms)
{
	CLEANUP_JSON json_t *json = request_json(r);
	CLEANUP(freep) char *text = NULL;
	char hex[LOG_ID_HEX_SIZE];
	struct kafka_message message = { .topic = KAFKA_TOPIC_RETRIES, .partition = -1 };

	jdoc_set_text(json, "kind", "AUTO");
	jdoc_set_text(json, "requested_by", r->stuck ? "stuck-work" : "retry-scheduler");
	text = jdoc_dump(json, &message.value_len);
	message.value = text;
	message.key = log_id_to_hex(&r->id, hex);
	message.key_len = LOG_ID_HEX_SIZE - 1;
	return kafka_batch_add(batch, &message, deadline_ms);
}

static int send_requests(const struct sweep *s)
{
	int64_t deadline_ms = clock_mono_ms() + ACK_MS;
	struct kafka_batch *batch = kafka_batch_new(s->tools->producer);
	int result = 0;

	for (size_t i = 0; i < s->n && result == 0; i++)
		result = add_request(batch, &s->requests[i], deadline_ms);
	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	return result;
}

static void flush(struct sweep *s)
{
	if (s->n == 0 || s->error == SWEEP_E_KAFKA)
		return;
	if (send_requests(s)) {
		s->error = SWEEP_E_KAFKA;
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		under_way_add(s->tools->under_way, &s->requests[i].id,
		              s->requests[i].attempt, clock_mono_ms());
	metric_add(&metric_requests, "kafka", (double)s->n);
	s->result->requests += s->n;
	s->n = 0;
}

static void ask(struct sweep *s, const struct swept_log *log, bool stuck)
{
	struct request request = { .id = log->id,
		                   .lab_id = log->lab_id,
		                   .attempt = next_attempt(log),
		                   .stuck = stuck };

	if (log->triggered_by_py3) {
		s->py3[s->n_py3++] = request;
		return;
	}
	if (s->n == 0)
		s->first_ms = clock_mono_ms();
	s->requests[s->n++] = request;
}

static void print(const struct swept_log *log, size_t decision, bool wanted)
{
	char hex[LOG_ID_HEX_SIZE], inserted[CLOCK_ISO_SIZE];

	(void)printf("%s lab %lld integration %lld %s since %s: ",
	             log_id_to_hex(&log->id, hex), (long long)log->lab_id,
	             (long long)log->integration_id, log_status_word(log->retry.status),
	             clock_format_iso(log->retry.inserted_at_ms, inserted));
	if (wanted)
		(void)printf("would be tried again, automatic attempt %u%s (%s)\n",
		             next_attempt(log), log->triggered_by_py3 ? ", by py3" : "",
		             decisions[decision].text);
	else
		(void)printf("left alone: %s\n", decisions[decision].text);
}

static bool consider(const struct swept_log *log, void *arg)
{
	struct sweep *s = arg;
	size_t decision = decide(s, log);
	bool wanted = decision == RETRY_ELIGIBLE || decision == SWEEP_STUCK;

	s->result->decisions[decision]++;
	if (!s->tools->producer)
		print(log, decision, wanted);
	else if (wanted)
		ask(s, log, decision == SWEEP_STUCK);
	if (s->n == REQUESTS_MAX || (s->n > 0 && clock_mono_ms() - s->first_ms > LINGER_MS))
		flush(s);
	return s->error == 0 && !service_draining(s->tools->scheduler->ctx);
}

/* ---- py3: after the others, which must not wait for its answers ---- */

static void post_py3(struct sweep *s)
{
	struct sweep_result *result = s->result;
	int64_t until_ms = clock_mono_ms() + PY3_MS;
	struct err_text why = { "" };
	int answer = 0;

	for (size_t i = 0; i < s->n_py3 && answer != PY3_E_AWAY; i++) {
		if (clock_mono_ms() > until_ms ||
		    service_draining(s->tools->scheduler->ctx))
			break;
		const struct request *r = &s->py3[i];
		CLEANUP_JSON json_t *json = request_json(r);
		CLEANUP(freep) char *body = jdoc_dump(json, NULL);

		answer = py3_post(s->tools->py3, body, &why);
		if (answer) {
			result->py3_failures++;
			continue;
		}
		result->py3_requests++;
		under_way_add(s->tools->under_way, &r->id, r->attempt, clock_mono_ms());
	}
	metric_add(&metric_requests, "py3", (double)result->py3_requests);
	metric_add(&metric_py3_failures, NULL, (double)result->py3_failures);
	if (result->py3_failures)
		log_warn(
			NULL, "scheduler.py3_failed",
			"%zu retries of py3 were not accepted and are asked for again with "
			"the next sweep: the last one %s",
			result->py3_failures, why.text);
}

int sweep_run(const struct sweep_tools *tools, int64_t now_ms, struct sweep_result *out)
{
	const struct retry_policy *policy = &tools->scheduler->policy;
	bool ranged = policy->from_ms || policy->to_ms, dry = !tools->producer;
	const struct log_sweep range = {
		.from_ms = ranged ? policy->from_ms : now_ms - AUTO_RETRY_WINDOW_MS,
		.to_ms = policy->to_ms ? policy->to_ms : now_ms,
		.due_ms = dry ? INT64_MAX : now_ms,
	};
	CLEANUP(freep) struct sweep *s = xcalloc(1, sizeof(*s));

	*out = (struct sweep_result){ 0 };
	s->tools = tools;
	s->now_ms = now_ms;
	s->result = out;
	budget_reset(tools->budget);
	under_way_forget_old(tools->under_way, clock_mono_ms());
	if (logstore_sweep(tools->store, &range, consider, s) && s->error == 0)
		s->error = SWEEP_E_STORE;
	if (!dry) {
		flush(s);
		post_py3(s);
	}
	return s->error;
}
