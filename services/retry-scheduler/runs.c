#include "runs.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "log/log.h"
#include "logstore/retry.h"
#include "run_requests.h"
#include "scheduler.h"
#include "json/jdoc.h"

#include <assert.h>

#define TICK_MS         200    /* while a run is not over */
#define IDLE_MS         1000   /* how soon a new one is noticed */
#define FORGET_EVERY_MS 600000 /* previews that nobody used */
#define WAIT_FIRST_MS   250
#define WAIT_MAX_MS     10000
#define LOST_MS         30000 /* an attempt that is not in the log by then is asked for again */
#define WATCHED_MS      1800000 /* an attempt that is QUEUED for longer is left to its log */
#define TRIES_MAX       5       /* requests for an attempt that does not appear */
#define CLAIM_MAX       100     /* a tick */
#define WINDOW_MIN      20      /* under way at once, at first */
#define WINDOW_MAX      500

/* What a run has beside its row: how much of its rate is left. */
struct pace {
	int64_t run_id; /* 0: free */
	double tokens;
	int64_t at_ms;
};

struct runs {
	struct scheduler *scheduler;
	struct service_ctx *ctx;
	struct pg *pg;
	struct run_tools tools; /* opened with the first run */
	struct pace paces[RUNNER_RUNS_MAX];
	int64_t forget_ms; /* monotonic: when to forget previews */
	bool locked;       /* the session may have locks */
	unsigned failures; /* in a row */
};

static int say_pg(const struct runs *r, int result)
{
	if (result)
		log_warn(NULL, "runs.postgres", "bulk retries wait: %s", pg_error(r->pg));
	return result;
}

/* ---- the rate ---- */

static struct pace *pace_of(struct runs *r, const struct runner_run *run)
{
	struct pace *empty = NULL;

	for (size_t i = 0; i < RUNNER_RUNS_MAX; i++) {
		if (r->paces[i].run_id == run->id)
			return &r->paces[i];
		if (r->paces[i].run_id == 0)
			empty = &r->paces[i];
	}
	assert(empty);
	*empty = (struct pace){ .run_id = run->id, .tokens = 1, .at_ms = clock_mono_ms() };
	return empty;
}

/* Tokens of at most one second; of a run that stands still none gather. */
static size_t affordable(struct pace *pace, const struct runner_run *run)
{
	int64_t now_ms = clock_mono_ms();
	double most = run->rate > 1 ? run->rate : 1;

	pace->tokens += run->rate * (double)(now_ms - pace->at_ms) / 1000;
	pace->at_ms = now_ms;
	if (pace->tokens > most)
		pace->tokens = most;
	return run->running && pace->tokens >= 1 ? (size_t)pace->tokens : 0;
}

/*
 * How many more may be under way: some seconds' worth, so that a partner that is slower
 * than the run sets its pace; and a few at first, until results show how it goes.
 */
static size_t window(const struct runner_run *run)
{
	int64_t most = (int64_t)(run->rate * 10);
	int64_t gently = WINDOW_MIN + 2 * run->done;

	if (most > WINDOW_MAX)
		most = WINDOW_MAX;
	if (most < WINDOW_MIN)
		most = WINDOW_MIN;
	if (most > gently)
		most = gently;
	return most > run->asked ? (size_t)(most - run->asked) : 0;
}

static void forget_paces(struct runs *r, const struct runner_run *runs, size_t n)
{
	for (size_t i = 0; i < RUNNER_RUNS_MAX; i++) {
		bool kept = false;

		for (size_t k = 0; k < n; k++)
			kept |= runs[k].id == r->paces[i].run_id;
		if (!kept)
			r->paces[i].run_id = 0;
	}
}

/* ---- results ---- */

static json_t *result_json(const struct runner_item *item, const json_t *outcome)
{
	json_t *json = json_object();

	jdoc_set_int(json, "n", item->n);
	jdoc_set_text(json, "state", "DONE");
	jdoc_set_text(json, "status", jdoc_text_or(outcome, "status", "QUEUED"));
	jdoc_set_text(json, "error_kind", jdoc_text_or(outcome, "error_kind", NULL));
	jdoc_set_text(json, "error",
	              json_is_object(outcome)
	                      ? jdoc_text_or(outcome, "error_message", NULL)
	                      : "asked for, and no attempt is in the log: is it in the "
	                        "failed tasks, does trigger run?");
	if (json_is_integer(json_object_get(outcome, "response_status_code")))
		jdoc_set_int(json, "code", jdoc_int_or(outcome, "response_status_code", 0));
	if (json_is_boolean(json_object_get(outcome, "payload_changed")))
		(void)json_object_set(json, "payload_changed",
		                      json_object_get(outcome, "payload_changed"));
	return json;
}

static bool is_settled(const struct runner_item *item, const json_t *outcome)
{
	return item->asked_ago_ms > WATCHED_MS ||
	       (json_is_object(outcome) && strcmp(jdoc_text_or(outcome, "status", ""),
	                                          log_status_word(LOG_STATUS_QUEUED)) != 0);
}

static bool is_lost(const struct runner_item *item, const json_t *outcome)
{
	return !item->asked || (!json_is_object(outcome) && item->asked_ago_ms > LOST_MS &&
	                        item->tries < TRIES_MAX);
}

/* Keeps in items[0..*n) those that are to be asked for again. */
static int watch(struct runs *r, const struct runner_run *run, struct runner_item *items,
                 size_t *n, bool *changed)
{
	CLEANUP(freep) const char **ids = xcalloc(*n, sizeof(char *));
	CLEANUP_JSON json_t *written = json_array();
	CLEANUP_JSON json_t *outcomes = NULL;
	size_t lost = 0;

	for (size_t i = 0; i < *n; i++)
		ids[i] = items[i].retry_id;
	if (logstore_read_outcomes(r->tools.store, ids, *n, &outcomes)) {
		log_warn(NULL, "runs.store", "bulk retries wait: %s",
		         logstore_error(r->tools.store));
		return LOGSTORE_E_AWAY;
	}
	for (size_t i = 0; i < *n; i++) {
		const json_t *outcome = json_array_get(outcomes, i);

		if (is_settled(&items[i], outcome)) {
			metric_add(&metric_run_results,
			           jdoc_text_or(outcome, "status", "QUEUED"), 1);
			(void)json_array_append_new(written,
			                            result_json(&items[i], outcome));
		} else if (is_lost(&items[i], outcome)) {
			struct runner_item again = items[i];

			items[lost++] = again;
		}
	}
	*n = lost;
	*changed |= json_array_size(written) > 0;
	return say_pg(r, runner_write(r->pg, run, written));
}

/* ---- a run's turn ---- */

static int ask(struct runs *r, const struct runner_run *run,
               const struct runner_item *items, size_t n)
{
	json_t *written = NULL;
	struct err_text why = { "" };

	if (n == 0)
		return 0;
	bool all = run_requests_send(&r->tools, run, items, n, &written, &why);
	int result = say_pg(r, runner_write(r->pg, run, written));
	json_decref(written);
	if (!all)
		log_warn(NULL, "runs.away", "run %lld waits: %s", (long long)run->id,
		         why.text);
	return result ? result : !all;
}

static int maybe_stop(struct runs *r, struct runner_run *run, bool *changed)
{
	struct runner_result results[RUNNER_RESULTS_MAX];
	struct err_text why = { "" };
	size_t n;

	if (!run->running)
		return 0;
	int result = say_pg(r, runner_results(r->pg, run, results, &n));
	if (result || !runner_must_stop(results, n, run->stop_when_failing, &why))
		return result;
	run->running = false;
	run->is_over = *changed = true;
	log_warn(NULL, "runs.stopped", "run %lld stopped: %s", (long long)run->id,
	         why.text);
	return say_pg(r, runner_stop(r->pg, run, why.text));
}

/* What waits for a result, and what of it has to be asked for again. */
static int look_after(struct runs *r, const struct runner_run *run, size_t *budget,
                      bool *changed)
{
	CLEANUP(freep) struct runner_item *items = NULL;
	size_t n;
	int result = say_pg(r, runner_outstanding(r->pg, run, &items, &n));

	if (result || n == 0)
		return result;
	result = watch(r, run, items, &n, changed);
	if (result || n == 0)
		return result;
	if (n > *budget)
		n = *budget;
	*budget -= n;
	return ask(r, run, items, n);
}

static int ask_next(struct runs *r, const struct runner_run *run, size_t max, bool *changed)
{
	CLEANUP(freep) struct runner_item *items = NULL;
	size_t n;
	int result = say_pg(r, runner_claim(r->pg, run, max, &items, &n));

	if (result || n == 0)
		return result;
	*changed = true;
	return ask(r, run, items, n);
}

/* While it stands still, what was claimed for it is asked for at its rate all the same. */
static size_t budget_of(struct pace *pace, const struct runner_run *run)
{
	struct runner_run as_if = *run;

	as_if.running = true;
	size_t n = affordable(pace, &as_if);
	return n < CLAIM_MAX ? n : CLAIM_MAX;
}

static int take_turn(struct runs *r, struct runner_run *run)
{
	struct pace *pace = pace_of(r, run);
	size_t budget = budget_of(pace, run), before = budget;
	bool changed = false;
	int result = run->asked ? look_after(r, run, &budget, &changed) : 0;

	if (result == 0)
		result = maybe_stop(r, run, &changed);
	if (result == 0 && run->running && run->waiting) {
		size_t max = window(run);

		if (max > budget)
			max = budget;
		if (max)
			result = ask_next(r, run, max, &changed);
		budget -= max;
	}
	pace->tokens -= (double)(before - budget);
	bool ends = run->asked == 0 && (!run->waiting || run->is_over);
	if (changed || ends) {
		int settled = say_pg(r, runner_settle(r->pg, run));

		result = result ? result : settled;
	}
	return result;
}

/* ---- the pipeline ---- */

static int open_tools(struct runs *r)
{
	const struct scheduler_config *config = r->scheduler->config;
	struct err_text why = { "" };
	int result = 0;

	if (!r->tools.store)
		result = logstore_open(&config->logstore, &r->tools.store, &why);
	if (result == 0 && !r->tools.producer)
		result = kafka_producer_open(&config->kafka, &r->tools.producer, &why);
	if (result == 0 && *config->py3.url && !r->tools.py3)
		result = py3_open(config->py3.url, config->py3.token, &r->tools.py3, &why);
	if (result)
		log_warn(NULL, "runs.unusable", "bulk retries wait: %s", why.text);
	return result;
}

static int take_turns(struct runs *r, struct runner_run *runs, size_t n)
{
	int result = n ? open_tools(r) : 0;

	for (size_t i = 0; i < n && result == 0 && !service_draining(r->ctx); i++)
		result = take_turn(r, &runs[i]);
	return result;
}

/* *busy: something moves. */
static int turn(struct runs *r, bool *busy)
{
	struct runner_run runs[RUNNER_RUNS_MAX];
	size_t n;
	int result = say_pg(r, runner_list(r->pg, runs, &n));

	if (result)
		return result;
	metric_set(&metric_runs, NULL, (double)n);
	forget_paces(r, runs, n);
	result = take_turns(r, runs, n);
	for (size_t i = 0; i < n; i++) {
		*busy |= runs[i].running || runs[i].asked > 0;
		runner_run_release(&runs[i]);
	}
	if (n == 0 && r->locked)
		result = say_pg(r, runner_unlock(r->pg));
	r->locked = n > 0;
	return result;
}

static void forget_previews(struct runs *r)
{
	if (clock_mono_ms() < r->forget_ms)
		return;
	r->forget_ms = clock_mono_ms() + FORGET_EVERY_MS;
	(void)say_pg(r, runner_forget_previews(r->pg));
}

int runs_run(struct service_ctx *ctx, void *scheduler)
{
	struct runs r = { .scheduler = scheduler, .ctx = ctx };

	r.pg = pg_open(&r.scheduler->config->postgres);
	while (!service_draining(ctx)) {
		bool busy = false;
		int result = turn(&r, &busy);
		int64_t wait = busy ? TICK_MS : IDLE_MS;

		r.failures = result ? r.failures + 1 : 0;
		if (result)
			wait = backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, r.failures,
			                       random_u32());
		else
			forget_previews(&r);
		service_sleep(ctx, wait);
	}
	r.pg = pg_close(r.pg); /* the locks first: another replica goes on */
	r.tools.producer = kafka_producer_close(r.tools.producer);
	r.tools.store = logstore_close(r.tools.store);
	r.tools.py3 = py3_close(r.tools.py3);
	return 0;
}
