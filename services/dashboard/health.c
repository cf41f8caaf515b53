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
	json_t *copy = json_copy((json_t *)(uintptr_t)health);

	(void)json_object_set_new(copy, "lanes",
	                          lanes_for(who, json_object_get(health, "lanes")));
	/* how many tasks of others failed is not for everybody */
	if (!who->all_labs)
		(void)json_object_set_new(copy, "failed_tasks", json_null());
	return copy;
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

/* Before the first look. */
static json_t *nothing_known(void)
{
	char at[CLOCK_ISO_SIZE];

	return json_pack("{s:s,s:[],s:{s:b,s:b,s:b},s:n,s:[]}", "at",
	                 clock_format_iso(clock_wall_ms(), at), "consumers", "stores",
	                 "postgres", true, "mongodb", true, "kafka", true, "failed_tasks",
	                 "lanes");
}

json_t *health_json(struct call *call)
{
	CLEANUP_JSON json_t *seen = watch_health(stream_watch(call->d->stream));
	CLEANUP_JSON json_t *lanes = lanes_read(stores_pg(call->stores));
	bool mongodb;
	json_t *stuck = stuck_json(call, &mongodb);

	if (!seen)
		seen = nothing_known();
	json_t *stores = json_object_get(seen, "stores");
	(void)json_object_set_new(stores, "mongodb", json_boolean(mongodb));
	(void)json_object_set_new(stores, "postgres", json_boolean(lanes != NULL));
	if (lanes)
		(void)json_object_set(seen, "lanes", lanes);
	json_t *health = health_for(&call->who, seen);
	(void)json_object_set_new(health, "stuck", stuck);
	return health;
}

void api_health(struct call *call)
{
	call_answer(call, CODE_OK, health_json(call));
}
