/* Lanes that people hold: integration.lane_pause, which the dispatcher reads. */
#include "stats.h"

#include "base/clock.h"
#include "json/jdoc.h"

static const char lanes_sql[] =
	"SELECT jsonb_build_object('id', p.lane, 'paused', true, 'reason', p.reason, "
	"'actor', p.actor, 'until', integration.iso(p.until), 'at', integration.iso(p.at), "
	"'lab_ids', coalesce(l.labs, '[]'), 'developer_name', l.name) "
	"FROM integration.lane_pause p LEFT JOIN LATERAL ("
	"SELECT jsonb_agg(DISTINCT a.lab_id) AS labs, min(a.developer_name) AS name "
	"FROM integration.developer_authentication a "
	"JOIN integration.lab_integration r ON r.auth_id = a.id "
	"WHERE p.lane = coalesce(r.integration_extra_details ->> 'rate_limit_group', "
	"a.id::text)) l ON true "
	"WHERE (p.until IS NULL OR p.until > now()) "
	"AND ($1::text IS NULL OR p.lane = $1) ORDER BY p.lane";

/* A lane is whose integrations use it: the caller sees those that touch a lab of his. */
static bool is_seen(const struct who *who, const json_t *lane)
{
	const json_t *lab;
	size_t i;

	if (who->all_labs)
		return true;
	json_array_foreach (json_object_get(lane, "lab_ids"), i, lab)
		if (who_sees(who, json_integer_value(lab)))
			return true;
	return false;
}

/* Whose other labs share it is nothing to him. */
static json_t *with_own_labs(const struct who *who, const json_t *lane)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)lane), *labs = json_array(), *lab;
	size_t i;

	json_array_foreach (json_object_get(lane, "lab_ids"), i, lab)
		if (who_sees(who, json_integer_value(lab)))
			(void)json_array_append(labs, lab);
	(void)json_object_set_new(copy, "lab_ids", labs);
	return copy;
}

json_t *lanes_for(const struct who *who, const json_t *lanes)
{
	json_t *items = json_array();
	const json_t *lane;
	size_t i;

	json_array_foreach (lanes, i, lane)
		if (is_seen(who, lane))
			(void)json_array_append_new(items, with_own_labs(who, lane));
	return items;
}

json_t *lanes_read(struct pg *pg)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { NULL };
	json_t *items;

	if (pg_query(pg, lanes_sql, params, 1, clock_mono_ms() + DATABASE_MS, &rows))
		return NULL;
	items = json_array();
	for (size_t i = 0; i < pg_rows(rows); i++) {
		json_t *lane =
			jdoc_parse(pg_text(rows, i, 0), strlen(pg_text(rows, i, 0)), NULL);

		if (lane)
			(void)json_array_append_new(items, lane);
	}
	return items;
}

void api_lanes(struct call *call)
{
	CLEANUP_JSON json_t *lanes = lanes_read(stores_pg(call->stores));

	if (lanes)
		call_answer(call, CODE_OK,
		            json_pack("{s:o}", "items", lanes_for(&call->who, lanes)));
	else
		call_fail(call, CODE_AWAY, "PostgreSQL does not answer; try again");
}

/* Who sees not every lab of the lane must not stop it. False: said. */
static bool may_touch(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *labs = call_labs_array(call);
	const char *params[] = { call->parts[0], labs };

	if (call_pg(call,
	            "SELECT count(*), count(*) FILTER (WHERE NOT ($2::bigint[] IS NULL OR "
	            "a.lab_id = ANY ($2::bigint[]))) "
	            "FROM integration.developer_authentication a "
	            "JOIN integration.lab_integration r ON r.auth_id = a.id "
	            "WHERE $1 = coalesce(r.integration_extra_details ->> "
	            "'rate_limit_group', a.id::text)",
	            params, 2, &rows))
		return false;
	if (pg_int(rows, 0, 0) > 0 && pg_int(rows, 0, 1) == 0)
		return true;
	call_fail(call, CODE_NOT_FOUND,
	          "no integration of your labs has this lane, or other labs share it");
	return false;
}

static void answer(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { call->parts[0] };
	json_t *lane = NULL;

	if (call_pg(call, lanes_sql, params, 1, &rows))
		return;
	if (pg_rows(rows))
		lane = jdoc_parse(pg_text(rows, 0, 0), strlen(pg_text(rows, 0, 0)), NULL);
	if (!lane)
		lane = json_pack("{s:s,s:b,s:n,s:n,s:n,s:n,s:[],s:n}", "id", call->parts[0],
		                 "paused", false, "reason", "actor", "until", "at",
		                 "lab_ids", "developer_name");
	call_answer(call, CODE_OK, lane);
}

void api_lane_pause(struct call *call)
{
	const char *reason = jdoc_text_or(call->body, "reason", "");
	const char *until = jdoc_text_or(call->body, "until", NULL);
	int64_t until_ms = 0;
	const struct audit audit = { .action = "pause",
		                     .object = "lane",
		                     .object_id = call->parts[0],
		                     .detail = json_pack("{s:s}", "reason", reason) };
	const char *params[] = { call->parts[0], reason, call->who.login, until };

	if (strlen(reason) < 3 || strlen(reason) > 500)
		call_fault(call, "/reason", "a reason has 3 to 500 characters");
	if (until && (!clock_parse_iso(until, &until_ms) || until_ms <= clock_wall_ms()))
		call_fault(call, "/until", "until must be a time to come");
	if (call_failed(call) || !may_touch(call)) {
		json_decref(audit.detail);
		return;
	}
	if (call_audit(call, &audit) &&
	    call_pg(call,
	            "INSERT INTO integration.lane_pause (lane, reason, actor, until) "
	            "VALUES ($1, $2, $3, $4) ON CONFLICT (lane) DO UPDATE "
	            "SET reason = $2, actor = $3, until = $4, at = now()",
	            params, 4, NULL) == 0)
		answer(call);
}

void api_lane_resume(struct call *call)
{
	const struct audit audit = { .action = "resume",
		                     .object = "lane",
		                     .object_id = call->parts[0] };
	const char *params[] = { call->parts[0] };

	if (may_touch(call) && call_audit(call, &audit) &&
	    call_pg(call, "DELETE FROM integration.lane_pause WHERE lane = $1", params, 1,
	            NULL) == 0)
		answer(call);
}
