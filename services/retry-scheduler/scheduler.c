/* The pipeline: sweep after sweep, or one, by whoever leads. */
#include "scheduler.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "lock.h"
#include "log/log.h"
#include "polls.h"
#include "sealer.h"
#include "sweep.h"

#define STATEMENT_MS  10000
#define TOPICS_MS     10000
#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   10000
#define ONCE_MS       60000  /* --once tries for so long */
#define BUSY_MS       100    /* while --once sweeps, or a leader */
#define REMEMBER_MS   600000 /* a request that is under way */

struct pipeline_parts {
	struct scheduler *scheduler;
	struct service_ctx *ctx;
	struct pg *pg;
	struct settings_source *source;
	struct logstore *store;
	struct kafka_producer *producer; /* NULL: a dry run */
	struct py3 *py3;
	struct sealer *sealer; /* NULL: a dry run */
	struct under_way *under_way;
	struct under_way *asked; /* polls.h */
	struct budget *budget;
	unsigned failures; /* in a row */
};

/* How a turn went. */
enum turn { TURN_FAILED, TURN_BUSY, TURN_STANDBY, TURN_SWEPT };

static enum turn fail_postgres(struct pipeline_parts *p)
{
	service_ready(p->ctx, "postgres", false, pg_error(p->pg));
	metric_set(&metric_leader, NULL, 0);
	return TURN_FAILED;
}

static void show(const struct sweep_result *r, int64_t now_ms)
{
	for (size_t i = 0; i < SWEEP_DECISION_COUNT; i++)
		metric_set(&metric_candidates, sweep_decision_label(i),
		           (double)r->decisions[i]);
	metric_set(&metric_stuck, NULL, (double)r->stuck);
	metric_set(&metric_oldest, NULL,
	           r->oldest_ms ? (double)(now_ms - r->oldest_ms) / 1000.0 : 0);
}

static void tell_store(struct pipeline_parts *p, bool here)
{
	service_ready(p->ctx, "mongodb", here, here ? "" : logstore_error(p->store));
}

/* The gauges tell of the last sweep of the fleet: who stands by has nothing to tell, and is
 * ready when it could sweep. */
static enum turn stand_by(struct pipeline_parts *p)
{
	tell_store(p, logstore_ping(p->store, clock_mono_ms() + STATEMENT_MS) == 0);
	service_ready(p->ctx, "postgres", true, "");
	metric_set(&metric_leader, NULL, 0);
	metric_add(&metric_sweeps, "standby", 1);
	show(&(struct sweep_result){ 0 }, 0);
	return TURN_STANDBY;
}

static void tell_sweep(struct pipeline_parts *p, int result, const struct sweep_result *r,
                       int64_t took_ms)
{
	tell_store(p, result != SWEEP_E_STORE);
	service_ready(p->ctx, "kafka", result != SWEEP_E_KAFKA,
	              result == SWEEP_E_KAFKA ? "requests were not acknowledged" : "");
	metric_add(&metric_sweeps, result ? "failed" : "done", 1);
	metric_observe(&metric_seconds, NULL, (double)took_ms / 1000.0);
	if (result)
		log_warn(NULL, "scheduler.sweep_cut_off",
		         "%s; what is left comes with the next sweep",
		         result == SWEEP_E_STORE ? "the log store does not answer"
		                                 : "requests were not acknowledged");
	if (r->requests + r->py3_requests > 0)
		log_info(NULL, "scheduler.sweep",
		         "%zu retries asked for, %zu of them by py3, in %lld ms; %zu logs "
		         "are stuck",
		         r->requests + r->py3_requests, r->py3_requests, (long long)took_ms,
		         r->stuck);
}

static void ask_vendors(struct pipeline_parts *p, const struct settings *settings,
                        int64_t now_ms)
{
	const struct polls_tools tools = { .store = p->store,
		                           .producer = p->producer,
		                           .settings = settings,
		                           .asked = p->asked,
		                           .first_ms =
		                                   p->scheduler->config->fax_poll_after };

	polls_run(&tools, now_ms);
}

static enum turn sweep(struct pipeline_parts *p)
{
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	int64_t began_ms = clock_mono_ms(), now_ms = clock_wall_ms();
	struct sweep_result result;

	if (settings_refresh(p->source, began_ms + STATEMENT_MS, &settings))
		return fail_postgres(p);
	if (p->sealer)
		sealer_run(p->sealer, settings_version(settings), began_ms + STATEMENT_MS);
	const struct sweep_tools tools = {
		.scheduler = p->scheduler,
		.settings = settings,
		.store = p->store,
		.producer = p->producer,
		.py3 = p->py3,
		.under_way = p->under_way,
		.budget = p->budget,
	};
	int r = sweep_run(&tools, now_ms, &result);
	tell_sweep(p, r, &result, clock_mono_ms() - began_ms);
	if (r)
		return TURN_FAILED;
	show(&result, now_ms);
	if (p->producer)
		ask_vendors(p, settings, now_ms);
	return TURN_SWEPT;
}

static enum turn turn(struct pipeline_parts *p)
{
	bool once = service_flag(p->ctx, "--once"), mine = true;

	if (!p->producer)
		return sweep(p); /* a dry run is in nobody's way */
	if (!once && lock_lead(p->pg, clock_mono_ms() + STATEMENT_MS, &mine))
		return fail_postgres(p);
	if (!mine)
		return stand_by(p);
	metric_set(&metric_leader, NULL, !once);
	if (lock_sweep(p->pg, clock_mono_ms() + STATEMENT_MS, &mine))
		return fail_postgres(p);
	service_ready(p->ctx, "postgres", true, "");
	if (!mine)
		return TURN_BUSY;

	enum turn result = sweep(p);

	lock_release_sweep(p->pg, clock_mono_ms() + STATEMENT_MS);
	return result;
}

static void wait_after(struct pipeline_parts *p, enum turn went, int64_t began_ms)
{
	int64_t wait = p->scheduler->config->interval - (clock_mono_ms() - began_ms);
	int64_t soon = INT64_MAX;

	p->failures = went == TURN_FAILED ? p->failures + 1 : 0;
	if (went == TURN_FAILED)
		soon = backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, p->failures,
		                       random_u32());
	else if (went == TURN_BUSY)
		soon = BUSY_MS;
	if (wait > soon)
		wait = soon;
	service_sleep(p->ctx, wait > 0 ? wait : 0);
}

static int run_once(struct pipeline_parts *p)
{
	/* a dry run that is repeated would print twice */
	int64_t until_ms = clock_mono_ms() + (p->producer ? ONCE_MS : 0);
	enum turn went = turn(p);

	while (went != TURN_SWEPT && clock_mono_ms() < until_ms &&
	       !service_draining(p->ctx)) {
		service_sleep(p->ctx, went == TURN_BUSY ? BUSY_MS : WAIT_FIRST_MS);
		went = turn(p);
	}
	if (went != TURN_SWEPT)
		log_error(NULL, "scheduler.not_swept",
		          "the one sweep was not finished: PostgreSQL, the log store or "
		          "Kafka is away");
	return went == TURN_SWEPT ? 0 : -1;
}

static int run(struct pipeline_parts *p)
{
	if (!p->producer || service_flag(p->ctx, "--once"))
		return run_once(p);
	while (!service_draining(p->ctx)) {
		int64_t began_ms = clock_mono_ms();

		wait_after(p, turn(p), began_ms);
	}
	return 0;
}

static int ensure_topics(struct pipeline_parts *p)
{
	struct err_text why = { "" };
	int64_t until_ms = clock_mono_ms() + ONCE_MS;

	while (kafka_topics_ensure(&p->scheduler->config->kafka,
	                           clock_mono_ms() + TOPICS_MS, &why)) {
		service_ready(p->ctx, "kafka", false, why.text);
		if (service_draining(p->ctx))
			return 0;
		if (service_flag(p->ctx, "--once") && clock_mono_ms() > until_ms) {
			log_error(NULL, "scheduler.kafka", "%s", why.text);
			return -1;
		}
		service_sleep(p->ctx, WAIT_FIRST_MS);
	}
	service_ready(p->ctx, "kafka", true, "");
	return 0;
}

static int open_parts(struct pipeline_parts *p, struct err_text *why)
{
	const struct scheduler_config *config = p->scheduler->config;
	int result = logstore_open(&config->logstore, &p->store, why);

	p->pg = pg_open(&config->postgres);
	p->source = settings_source_new(p->pg, &config->secrets);
	p->under_way = under_way_new(REMEMBER_MS);
	p->asked = under_way_new(POLLS_REMEMBER_MS);
	p->budget = budget_new(config->budget);
	if (result == 0 && *config->py3.url)
		result = py3_open(config->py3.url, config->py3.token, &p->py3, why);
	if (!service_flag(p->ctx, "--dry-run"))
		p->sealer = sealer_new(p->pg, &config->secrets);
	if (result == 0 && !service_flag(p->ctx, "--dry-run"))
		result = kafka_producer_open(&config->kafka, &p->producer, why);
	return result;
}

/* First the locks, so that a standby goes on while the producer closes. */
static void close_parts(struct pipeline_parts *p)
{
	p->source = settings_source_free(p->source);
	p->sealer = sealer_free(p->sealer);
	p->pg = pg_close(p->pg);
	p->producer = kafka_producer_close(p->producer);
	p->store = logstore_close(p->store);
	p->py3 = py3_close(p->py3);
	p->under_way = under_way_free(p->under_way);
	p->asked = under_way_free(p->asked);
	p->budget = budget_free(p->budget);
}

int scheduler_run(struct service_ctx *ctx, void *scheduler)
{
	struct pipeline_parts p = { .scheduler = scheduler, .ctx = ctx };
	struct err_text why = { "" };
	int result = open_parts(&p, &why);

	if (result)
		log_error(NULL, "scheduler.unusable", "%s", why.text);
	else if (p.producer)
		result = ensure_topics(&p);
	if (result == 0)
		result = run(&p);
	close_parts(&p);
	return result;
}
