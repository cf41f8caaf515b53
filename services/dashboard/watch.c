#include "watch.h"

#include "base/clock.h"
#include "kafka/lag.h"
#include "retryrun/retryrun.h"
#include "stats.h"
#include "json/jdoc.h"

#include <pthread.h>

enum {
	EVERY_MS = 1000,
	STORES_EVERY_MS = 5000, /* what costs more than a statement */
	ASK_MS = 2000,
	RECENT_MS = 10 * 60 * 1000, /* runs that changed since then are looked at */
	RUNS_MAX = 100,
	FAILURES = 2, /* one after the other, before a store counts as away */
};

enum store { STORE_POSTGRES, STORE_MONGODB, STORE_KAFKA, STORES };

static const struct {
	const char *group;
	enum kafka_topic topic;
} consumers[] = {
	{ .group = "trigger", .topic = KAFKA_TOPIC_EVENTS },
	{ .group = "trigger-retries", .topic = KAFKA_TOPIC_RETRIES },
	{ .group = "dispatcher", .topic = KAFKA_TOPIC_TASKS },
	{ .group = "dispatcher", .topic = KAFKA_TOPIC_PARKED },
	{ .group = "callback", .topic = KAFKA_TOPIC_CALLBACKS },
	{ .group = "callback-calls", .topic = KAFKA_TOPIC_INBOUND_CALLS },
};

struct watch {
	struct dashboard *d;
	watch_tell_fn tell;
	void *arg;
	pthread_mutex_t lock;
	json_t *now; /* behind the lock */

	/* the thread's own */
	struct pg *pg;
	struct logstore *logs;
	struct kafka_lag *lag[ARRAY_SIZE(consumers)];
	json_t *runs; /* by id, as they were told; NULL: nothing was asked yet */
	json_t *core; /* of `now`, what is told when it changes */
	json_t *lanes, *states, *circuits, *lags, *failed_tasks;
	int failures[STORES];
	int64_t stores_at_ms;
};

static void note(struct watch *w, enum store store, bool up)
{
	w->failures[store] = up ? 0 : w->failures[store] + 1;
}

static void replace(json_t **to, json_t *with)
{
	json_decref(*to);
	*to = with;
}

/* ---- runs ---- */

/* Those that are not what they were; NULL: none. */
static json_t *changed_runs(struct watch *w, const json_t *list)
{
	json_t *known = json_object(), *changed = json_array(), *run;
	size_t i;

	json_array_foreach (list, i, run) {
		const char *id = jdoc_text_or(run, "id", "");

		if (w->runs && !json_equal(json_object_get(w->runs, id), run))
			(void)json_array_append_new(changed, json_deep_copy(run));
		(void)json_object_set(known, id, run);
	}
	replace(&w->runs, known);
	if (json_array_size(changed) > 0)
		return changed;
	json_decref(changed);
	return NULL;
}

static json_t *look_at_runs(struct watch *w)
{
	const struct retryrun_list query = { .since_ms = clock_wall_ms() - RECENT_MS,
		                             .limit = RUNS_MAX };
	CLEANUP_JSON json_t *list = NULL;
	struct err_text why = { "" };
	int result = retryrun_list(w->pg, &query, &list, &why);

	note(w, STORE_POSTGRES, result == 0);
	return result ? NULL : changed_runs(w, list);
}

/* ---- health ---- */

static json_t *number_or_null(int result, int64_t n)
{
	return result ? json_null() : json_integer(n);
}

static void look_at_kafka(struct watch *w)
{
	int64_t deadline_ms = clock_mono_ms() + ASK_MS, n = 0;
	json_t *lags = json_array();
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(consumers); i++) {
		struct kafka_lag **lag = &w->lag[i];

		if (result == 0 && !*lag)
			result = kafka_lag_open(&w->d->config->kafka, consumers[i].group,
			                        lag, NULL);
		if (result == 0)
			result = kafka_lag_of_topic(*lag, consumers[i].topic, deadline_ms,
			                            &n);
		(void)json_array_append_new(
			lags, json_pack("{s:s,s:s,s:o}", "group", consumers[i].group,
		                        "topic", kafka_topics[consumers[i].topic].name,
		                        "lag", number_or_null(result, n)));
	}
	replace(&w->lags, lags);
	if (result == 0)
		result = kafka_lag_held(w->lag[0], KAFKA_TOPIC_FAILED, deadline_ms, &n);
	replace(&w->failed_tasks, number_or_null(result, n));
	note(w, STORE_KAFKA, result == 0);
}

static void look_at_stores(struct watch *w)
{
	int64_t now_ms = clock_mono_ms();

	if (w->stores_at_ms && now_ms - w->stores_at_ms < STORES_EVERY_MS)
		return;
	w->stores_at_ms = now_ms;
	look_at_kafka(w);
	if (!w->logs && logstore_open(&w->d->config->logstore, &w->logs, NULL))
		w->logs = NULL;
	note(w, STORE_MONGODB,
	     w->logs && logstore_ping(w->logs, clock_mono_ms() + ASK_MS) == 0);
}

static bool is_up(const struct watch *w, enum store store)
{
	return w->failures[store] < FAILURES;
}

/* Of those that are open what does not change with each probe: that is told. */
static json_t *open_circuits(const json_t *states)
{
	static const char *const told[] = { "id",     "lab_integration_id", "auth_id",
		                            "lab_id", "developer_name",     "operation",
		                            "since",  "error_kind" };
	json_t *out = json_array(), *state;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)states, i, state) {
		json_t *one = json_object();

		for (size_t k = 0; k < ARRAY_SIZE(told); k++)
			(void)json_object_set(one, told[k],
			                      json_object_get(state, told[k]));
		if (strcmp(jdoc_text_or(state, "circuit", ""), "open") == 0)
			(void)json_array_append(out, one);
		json_decref(one);
	}
	return out;
}

static void look_at_lanes(struct watch *w)
{
	json_t *lanes = lanes_read(w->pg);
	json_t *states = lanes ? lane_states_read(w->pg) : NULL;

	if (lanes)
		replace(&w->lanes, lanes);
	if (states) {
		replace(&w->states, states);
		replace(&w->circuits, open_circuits(states));
	}
}

/* NULL: as it was. */
static json_t *look_at_health(struct watch *w)
{
	char at[CLOCK_ISO_SIZE];

	look_at_lanes(w);
	look_at_stores(w);
	json_t *core =
		json_pack("{s:{s:b,s:b,s:b},s:O,s:O,s:O}", "stores", "postgres",
	                  is_up(w, STORE_POSTGRES), "mongodb", is_up(w, STORE_MONGODB),
	                  "kafka", is_up(w, STORE_KAFKA), "failed_tasks", w->failed_tasks,
	                  "lanes", w->lanes, "open_circuits", w->circuits);
	json_t *now = json_copy(core);
	bool changed = !json_equal(core, w->core);

	(void)json_object_set_new(now, "at",
	                          json_string(clock_format_iso(clock_wall_ms(), at)));
	(void)json_object_set(now, "consumers", w->lags);
	(void)json_object_set(now, "lane_states", w->states);
	replace(&w->core, core);
	(void)pthread_mutex_lock(&w->lock);
	replace(&w->now, now);
	json_t *told = changed ? json_deep_copy(now) : NULL;
	(void)pthread_mutex_unlock(&w->lock);
	return told;
}

static int run(struct service_ctx *ctx, void *arg)
{
	struct watch *w = arg;

	while (!service_draining(ctx)) {
		const struct watch_news news = { .runs = look_at_runs(w),
			                         .health = look_at_health(w) };

		if (news.runs || news.health)
			w->tell(&news, w->arg);
		service_sleep(ctx, EVERY_MS);
	}
	return 0;
}

json_t *watch_health(struct watch *w)
{
	(void)pthread_mutex_lock(&w->lock);
	json_t *copy = w->now ? json_deep_copy(w->now) : NULL;
	(void)pthread_mutex_unlock(&w->lock);
	return copy;
}

struct watch *watch_start(struct dashboard *d, watch_tell_fn tell, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	*w = (struct watch){ .d = d,
		             .tell = tell,
		             .arg = arg,
		             .pg = pg_open(&d->config->postgres),
		             .lanes = json_array(),
		             .states = json_array(),
		             .circuits = json_array(),
		             .failed_tasks = json_null() };
	(void)pthread_mutex_init(&w->lock, NULL);
	service_thread(d->ctx, "watch", run, w);
	return w;
}

struct watch *watch_stop(struct watch *w)
{
	if (!w)
		return NULL;
	json_decref(w->now);
	json_decref(w->runs);
	json_decref(w->core);
	json_decref(w->lanes);
	json_decref(w->states);
	json_decref(w->circuits);
	json_decref(w->lags);
	json_decref(w->failed_tasks);
	for (size_t i = 0; i < ARRAY_SIZE(w->lag); i++)
		(void)kafka_lag_close(w->lag[i]);
	(void)logstore_close(w->logs);
	(void)pg_close(w->pg);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}
