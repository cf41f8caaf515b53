/* How the fleet is: what waits where, and what got stuck. Never fails: what cannot be asked
 * is null. */
#include "stats.h"

#include "base/clock.h"
#include "kafka/lag.h"
#include "json/jdoc.h"

#define ASK_MS      1500
#define STUCK_MS    (15 * 60 * 1000)
#define STUCK_SHOWN 20
#define COUNT_CAP   10000

static const struct {
	const char *group;
	enum kafka_topic topic;
} consumers[] = {
	{ .group = "trigger", .topic = KAFKA_TOPIC_EVENTS },
	{ .group = "trigger-retries", .topic = KAFKA_TOPIC_RETRIES },
	{ .group = "dispatcher", .topic = KAFKA_TOPIC_TASKS },
	{ .group = "callback", .topic = KAFKA_TOPIC_CALLBACKS },
};

static json_t *lag_json(struct kafka_lag *lag, enum kafka_topic topic, int64_t deadline_ms)
{
	int64_t sum = 0, one;

	for (int i = 0; i < kafka_topics[topic].partitions; i++) {
		if (kafka_lag_of_partition(lag, topic, i, deadline_ms, &one))
			return json_null();
		sum += one;
	}
	return json_integer(sum);
}

static json_t *consumers_json(struct call *call, bool *kafka)
{
	json_t *out = json_array();
	int64_t deadline_ms = clock_mono_ms() + ASK_MS;

	*kafka = true;
	for (size_t i = 0; i < ARRAY_SIZE(consumers); i++) {
		struct kafka_lag *lag = NULL;
		json_t *n = json_null();

		if (*kafka && kafka_lag_open(&call->d->config->kafka, consumers[i].group,
		                             &lag, NULL) == 0)
			n = lag_json(lag, consumers[i].topic, deadline_ms);
		(void)kafka_lag_close(lag);
		*kafka = !json_is_null(n);
		(void)json_array_append_new(
			out,
			json_pack("{s:s,s:s,s:o}", "group", consumers[i].group, "topic",
		                  kafka_topics[consumers[i].topic].name, "lag", n));
	}
	return out;
}

/* QUEUED for long; some of it waits for a vendor or a downstream, which is no fault. */
static json_t *stuck_json(struct call *call, bool *mongodb)
{
	const struct who *who = &call->who;
	const struct log_filter filter = {
		.labs = who->labs,
		.n_labs = who->all_labs ? 0 : who->n_labs,
		.statuses = LOG_STATUS_BIT(LOG_STATUS_QUEUED),
		.from_ms = clock_wall_ms() - 7LL * 86400000,
		.to_ms = clock_wall_ms() - STUCK_MS,
	};
	struct log_page page = { .rows = NULL };
	int64_t n = 0;
	json_t *row;
	size_t i;
	bool none = !who->all_labs && who->n_labs == 0;

	*mongodb = none || (logstore_count(stores_logs(call->stores), &filter,
	                                   COUNT_CAP + 1, &n) == 0 &&
	                    logstore_search(stores_logs(call->stores), &filter, NULL,
	                                    STUCK_SHOWN, &page) == 0);
	json_array_foreach (page.rows, i, row)
		mask_row(call, row);
	return json_pack("{s:{s:I,s:b},s:o}", "count", "count",
	                 (json_int_t)(n > COUNT_CAP ? COUNT_CAP : n), "capped",
	                 n > COUNT_CAP, "items", page.rows ? page.rows : json_array());
}

json_t *health_json(struct call *call)
{
	bool kafka, mongodb;
	char at[CLOCK_ISO_SIZE];
	json_t *lags = consumers_json(call, &kafka);
	json_t *stuck = stuck_json(call, &mongodb);
	json_t *lanes = lanes_json(call);
	bool postgres = lanes != NULL;

	return json_pack("{s:s,s:o,s:{s:b,s:b,s:b},s:n,s:o,s:o}", "at",
	                 clock_format_iso(clock_wall_ms(), at), "consumers", lags, "stores",
	                 "postgres", postgres, "mongodb", mongodb, "kafka", kafka,
	                 "failed_tasks", "lanes", lanes ? lanes : json_array(), "stuck",
	                 stuck);
}
