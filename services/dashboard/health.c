/* How the fleet is: what waits where, and what got stuck. Never fails: what cannot be asked
 * is null. */
#include "stats.h"

#include "base/clock.h"
#include "stream.h"
#include "watch.h"
#include "json/jdoc.h"

#define STUCK_MS    (15 * 60 * 1000)
#define STUCK_SHOWN 20
#define COUNT_CAP   10000

json_t *health_for(const struct who *who, const json_t *health)
{
	static const char *const states[] = { "open_circuits", "lane_states" };
	json_t *copy = json_copy((json_t *)(uintptr_t)health);

	(void)json_object_set_new(copy, "lanes",
	                          lanes_for(who, json_object_get(health, "lanes")));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		(void)json_object_set_new(
			copy, states[i],
			lane_states_for(who, json_object_get(health, states[i])));
	/* how many tasks of others failed is not for everybody */
	if (!who->all_labs)
		(void)json_object_set_new(copy, "failed_tasks", json_null());
	return copy;
}

/* ---- what is stuck, and why ---- */

int64_t health_lag(const json_t *health, const char *group)
{
	const json_t *consumer;
	int64_t lag = 0;
	size_t i;

	json_array_foreach (json_object_get(health, "consumers"), i, consumer)
		if (strcmp(jdoc_text_or(consumer, "group", ""), group) == 0)
			lag += jdoc_int_or(consumer, "lag", 0);
	return lag;
}

static bool is_paused(const json_t *health, const char *lane)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(health, "lanes"), i, one)
		if (lane && strcmp(jdoc_text_or(one, "id", ""), lane) == 0)
			return true;
	return false;
}

/* A word that the page knows, and a sentence for everybody else. */
struct cause {
	const char *word, *sentence;
};

static struct cause cause_of(const json_t *row, const json_t *health, const char *lane)
{
	const json_t *state = lane_state_of(json_object_get(health, "lane_states"),
	                                    jdoc_int_or(row, "lab_integration_id", 0));

	if (jdoc_bool_or(row, "sent_to_mirth", false))
		return (struct cause){
			"downstream", "It was sent, and waits for the downstream's word."
		};
	if (jdoc_text_or(row, "vendor", NULL) &&
	    jdoc_int_or(row, "response_status_code", 0))
		return (struct cause){ "vendor", "The vendor has it, and has not said yet "
			                         "what became of it." };
	if (is_paused(health, lane))
		return (struct cause){ "paused", "Its partner is paused by hand." };
	if (state && strcmp(jdoc_text_or(state, "circuit", ""), "open") == 0)
		return (struct cause){ "circuit",
			               "Its partner fails for some time, so it is "
			               "spared and tried now and then." };
	if (state && jdoc_text_or(state, "waits_until", NULL))
		return (struct cause){ "told_to_wait",
			               "Its partner asked to wait (Retry-After)." };
	if (state && jdoc_int_or(state, "queued", 0) + jdoc_int_or(state, "parked", 0) > 0)
		return (struct cause){ "queue", "Others of its partner are before it." };
	if (health_lag(health, "dispatcher") > 0)
		return (struct cause){ "dispatcher",
			               "The dispatcher has not come to it yet: look at its "
			               "lag." };
	if (health_lag(health, "callback") > 0)
		return (struct cause){ "callback", "Reports wait to be written: look at "
			                           "callback's lag." };
	return (struct cause){ "unknown",
		               "Nothing is known to hold it: retry it, which sends it "
		               "once more." };
}

const char *health_why(const json_t *health, const json_t *log, const char *lane)
{
	return cause_of(log, health, lane).sentence;
}

static void add_cause(json_t *row, const json_t *health, struct settings *settings)
{
	char key[LANE_KEY_SIZE];
	const char *lane =
		lane_of(settings, jdoc_int_or(row, "lab_integration_id", 0), key);
	const struct cause cause = cause_of(row, health, lane);

	(void)json_object_set_new(row, "why", json_string(cause.word));
	(void)json_object_set_new(row, "why_text", json_string(cause.sentence));
	(void)json_object_set_new(row, "lane", lane ? json_string(lane) : json_null());
}

/* QUEUED for long; some of it waits for a vendor or a downstream, which is no fault. */
static json_t *stuck_json(struct call *call, const json_t *health, bool *mongodb)
{
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
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

	*mongodb = none || logstore_search(stores_logs(call->stores), &filter, NULL,
	                                   STUCK_SHOWN, &page) == 0;
	n = (int64_t)json_array_size(page.rows);
	if (*mongodb && page.more)
		*mongodb = logstore_count(stores_logs(call->stores), &filter, COUNT_CAP + 1,
		                          &n) == 0;
	if (json_array_size(page.rows) > 0 && stores_settings(call->stores, &settings))
		settings = NULL;
	json_array_foreach (page.rows, i, row) {
		mask_row(call, row);
		add_cause(row, health, settings);
	}
	return json_pack("{s:{s:I,s:b},s:o}", "count", "count",
	                 (json_int_t)(n > COUNT_CAP ? COUNT_CAP : n), "capped",
	                 n > COUNT_CAP, "items", page.rows ? page.rows : json_array());
}

/* Before the first look. */
static json_t *nothing_known(void)
{
	char at[CLOCK_ISO_SIZE];

	return json_pack("{s:s,s:[],s:{s:b,s:b,s:b},s:n,s:[],s:[],s:[]}", "at",
	                 clock_format_iso(clock_wall_ms(), at), "consumers", "stores",
	                 "postgres", true, "mongodb", true, "kafka", true, "failed_tasks",
	                 "lanes", "open_circuits", "lane_states");
}

json_t *health_json(struct call *call)
{
	CLEANUP_JSON json_t *seen = watch_health(stream_watch(call->d->stream));
	CLEANUP_JSON json_t *lanes = lanes_read(stores_pg(call->stores));
	bool mongodb;

	if (!seen)
		seen = nothing_known();
	json_t *stores = json_object_get(seen, "stores");
	(void)json_object_set_new(stores, "postgres", json_boolean(lanes != NULL));
	if (lanes)
		(void)json_object_set(seen, "lanes", lanes);
	json_t *stuck = stuck_json(call, seen, &mongodb);
	(void)json_object_set_new(stores, "mongodb", json_boolean(mongodb));
	json_t *health = health_for(&call->who, seen);
	(void)json_object_set_new(health, "stuck", stuck);
	return health;
}

void api_health(struct call *call)
{
	call_answer(call, CODE_OK, health_json(call));
}
