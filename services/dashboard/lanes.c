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

static json_t *documents(const struct pg_result *rows)
{
	json_t *items = json_array();

	for (size_t i = 0; i < pg_rows(rows); i++) {
		const char *text = pg_text(rows, i, 0);
		json_t *item = jdoc_parse(text, strlen(text), NULL);

		if (item)
			(void)json_array_append_new(items, item);
	}
	return items;
}

json_t *lanes_read(struct pg *pg)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { NULL };

	if (pg_query(pg, lanes_sql, params, 1, clock_mono_ms() + DATABASE_MS, &rows))
		return NULL;
	return documents(rows);
}

/* ---- how they are: integration.lane_state, which the dispatchers write ---- */

/* One a row, since an integration has a queue of its own; of several dispatchers' the sum.
 */
static const char states_sql[] =
	"SELECT jsonb_build_object('id', coalesce("
	"r.integration_extra_details ->> 'rate_limit_group', a.id::text), "
	"'lab_integration_id', r.id, 'auth_id', a.id, 'lab_id', a.lab_id, "
	"'developer_name', a.developer_name, 'operation', c.name, 'queued', x.queued, "
	"'in_flight', x.in_flight, 'parked', x.parked, 'spilling', x.spilling, "
	"'circuit', x.circuit, 'error_kind', x.error_kind, 'since', x.since, "
	"'probe_at', x.probe_at, 'waits_until', x.waits_until, "
	"'last_success_at', x.last_success_at, 'sent_per_second', x.sent_per_second, "
	"'rate', x.rate) FROM (SELECT l.id, sum(queued) AS queued, sum(in_flight) AS "
	"in_flight, sum(parked) AS parked, bool_or(spilling) AS spilling, "
	"max(CASE WHEN circuit = 'closed' THEN 'closed' ELSE 'open' END) AS circuit, "
	"max(error_kind) AS error_kind, min(since) AS since, min(probe_at) AS probe_at, "
	"max(waits_until) AS waits_until, max(last_success_at) AS last_success_at, "
	"round(sum(sent_per_second), 1) AS sent_per_second, max(rate) AS rate "
	"FROM integration.lane_state s, jsonb_to_recordset(s.lanes) AS l (id bigint, "
	"queued bigint, in_flight bigint, parked bigint, spilling boolean, circuit text, "
	"error_kind text, since text, probe_at text, waits_until text, "
	"last_success_at text, sent_per_second numeric, rate float8) "
	"WHERE s.at > now() - interval '15 s' GROUP BY l.id) x "
	"JOIN integration.lab_integration r ON r.id = x.id "
	"JOIN integration.developer_authentication a ON a.id = r.auth_id "
	"JOIN integration.action_category_list c ON c.id = r.action_category_list_id "
	"ORDER BY x.circuit DESC, x.queued + x.parked DESC, r.id LIMIT 1000";

json_t *lane_states_read(struct pg *pg)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;

	if (pg_query(pg, states_sql, NULL, 0, clock_mono_ms() + DATABASE_MS, &rows))
		return NULL;
	return documents(rows);
}

json_t *lane_states_for(const struct who *who, const json_t *states)
{
	json_t *items = json_array(), *state;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)states, i, state)
		if (who_sees(who, jdoc_int_or(state, "lab_id", -1)))
			(void)json_array_append(items, state);
	return items;
}

json_t *lane_state_of(const json_t *states, int64_t integration_id)
{
	json_t *state;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)states, i, state)
		if (jdoc_int_or(state, "lab_integration_id", 0) == integration_id)
			return state;
	return NULL;
}

const char *lane_of(const struct settings *settings, int64_t integration_id,
                    char out[LANE_KEY_SIZE])
{
	const struct integration *row =
		settings ? settings_find(settings, integration_id) : NULL;

	return row ? settings_lane_key(row, out) : NULL;
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
	const char *reason = call_body_text(call, "reason", "");
	const char *until = call_body_text(call, "until", NULL);
	int64_t until_ms = 0;
	const struct audit audit = { .action = "pause",
		                     .object = "lane",
		                     .object_id = call->parts[0],
		                     .detail = json_pack("{s:s}", "reason", reason) };
	const char *params[] = { call->parts[0], reason, call->who.login, until };

	if (json_object_get(call->body, "reason") &&
	    (call_characters(reason) < 3 || call_characters(reason) > 500))
		call_fault(call, "/reason", "a reason has 3 to 500 characters");
	if (until && !clock_parse_iso(until, &until_ms))
		call_fault(call, "/until", "until must be a time to come");
	else if (until && until_ms <= clock_wall_ms() && !call_failed(call))
		call_fail(call, CODE_CONFLICT, "until is over: it must be a time to come");
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
