/* Manage integrations, the reading half: labs, their partners, the rows, who changed them.
 */
#include "setup.h"

#include "base/clock.h"
#include "domain/action.h"
#include "settings/check.h"
#include "settings/sealing.h"
#include "settings/settings.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_absent(const struct pg *pg)
{
	return strcmp(pg_sqlstate(pg), "42883") == 0 || /* no such function */
	       strcmp(pg_sqlstate(pg), "3F000") == 0;   /* no such schema */
}

/* The LIS knows the labs; where it has no such function, those that have partners. */
static int find_labs(struct call *call, const char *query, const char *limit,
                     struct pg_result **out)
{
	CLEANUP(freep) char *labs = call_labs_array(call);
	const char *params[] = { query, labs, limit };
	struct pg *pg = stores_pg(call->stores);
	int result = pg_query(pg,
	                      "SELECT lab_id, lab_name FROM "
	                      "lis_api.find_labs($1::text, $2::bigint[], $3::int)",
	                      params, 3, clock_mono_ms() + DATABASE_MS, out);

	if (result == PG_E_REFUSED && is_absent(pg))
		return call_pg(call,
		               "SELECT DISTINCT lab_id, '' "
		               "FROM integration.developer_authentication "
		               "WHERE ($1 = '' OR lab_id::text LIKE $1 || '%') AND "
		               "($2::bigint[] IS NULL OR lab_id = ANY ($2::bigint[])) "
		               "ORDER BY 1 LIMIT $3::int",
		               params, 3, out);
	if (result)
		call_postgres_failed(call, result);
	return result;
}

void api_labs(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *query = call_query(call, "query");
	json_t *items;
	int64_t limit = 50;
	char number[24];

	if (call_failed(call) || !call_query_int(call, "limit", 1, 500, &limit))
		return;
	(void)snprintf(number, sizeof(number), "%" PRId64, limit);
	if (find_labs(call, query ? query : "", number, &rows))
		return;
	items = json_array();
	for (size_t i = 0; i < pg_rows(rows); i++)
		(void)json_array_append_new(
			items, json_pack("{s:I,s:s}", "lab_id",
		                         (json_int_t)pg_int(rows, i, 0), "lab_name",
		                         pg_text(rows, i, 1) ? pg_text(rows, i, 1) : ""));
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", items));
}

void api_action_categories(struct call *call)
{
	static const enum action_category categories[] = {
#define X(symbol, id, name) CATEGORY_##symbol,
		CATEGORY_LIST(X)
#undef X
	};
	json_t *items = json_array();

	for (size_t c = 0; c < ARRAY_SIZE(categories); c++) {
		json_t *list = json_array();

		for (size_t i = 0; i < actions_count; i++)
			if (actions[i].category == categories[c])
				(void)json_array_append_new(
					list,
					json_pack("{s:i,s:s,s:s,s:b}", "id", actions[i].id,
				                  "name", actions[i].name, "family",
				                  action_family_name(actions[i].family),
				                  "triggered_by_py3", actions[i].py3));
		(void)json_array_append_new(
			items,
			json_pack("{s:i,s:s,s:o}", "id", (int)categories[c], "name",
		                  action_category_name(categories[c]), "actions", list));
	}
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", items));
}

/* ---- rows as JSON ---- */

/* The column's JSON texts, as an array. */
static json_t *documents(const struct pg_result *rows)
{
	json_t *items = json_array();

	for (size_t i = 0; i < pg_rows(rows); i++) {
		const char *text = pg_text(rows, i, 0);
		json_t *doc = text ? jdoc_parse(text, strlen(text), NULL) : NULL;

		if (doc)
			(void)json_array_append_new(items, doc);
	}
	return items;
}

static void hint_at_key(json_t *auth, const struct keyring *keys)
{
	const char *kept = jdoc_text_or(auth, "auth_key", "");
	CLEANUP(freep)
	char *key = settings_open_auth_key(kept, jdoc_int_or(auth, "id", 0), keys);
	size_t len = key ? strlen(key) : 0;

	(void)json_object_set_new(auth, "auth_key_hint",
	                          json_string(len > 8 ? key + len - 4 : ""));
	(void)json_object_del(auth, "auth_key");
	settings_mask(json_object_get(auth, "headers"), SETTINGS_DOCUMENT_AUTH_HEADERS);
}

void api_authentications(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { call->parts[0] };
	json_t *items, *auth;
	int64_t lab_id;
	size_t i;

	if (!call_path_int(call, 0, &lab_id) || !call_lab(call, lab_id) ||
	    call_pg(call,
	            "SELECT to_jsonb(a) - 'auth_key_hash' || jsonb_build_object("
	            "'created_at', integration.iso(created_at), "
	            "'updated_at', integration.iso(updated_at), "
	            "'n_integrations', (SELECT count(*) FROM integration.lab_integration r "
	            "WHERE r.auth_id = a.id), 'old_auth_keys', "
	            "(SELECT coalesce(jsonb_agg(jsonb_build_object('hint', hint, "
	            "'valid_until', integration.iso(valid_until)) ORDER BY valid_until), "
	            "'[]') FROM integration.old_auth_key o WHERE o.auth_id = a.id "
	            "AND valid_until > now())) "
	            "FROM integration.developer_authentication a WHERE lab_id = $1 "
	            "ORDER BY developer_name, id",
	            params, 1, &rows))
		return;
	items = documents(rows);
	json_array_foreach (items, i, auth)
		hint_at_key(auth, call->d->keys);
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", items));
}

static void keep_first(void *arg, const char *fault)
{
	struct err_text *why = arg;

	if (!why->text[0])
		(void)err_say(why, 0, "%s", fault);
}

/* Whether it can be used is judged by its columns alone. */
static const char *judge(struct call *call, const json_t *row, struct err_text *why)
{
	static const char *const ours[] = { "lab_id", "operation", "version",
		                            "auth_headers" };
	CLEANUP_JSON json_t *columns = json_copy((json_t *)(uintptr_t)row);

	for (size_t i = 0; i + 1 < ARRAY_SIZE(ours); i++)
		(void)json_object_del(columns, ours[i]);
	(void)settings_row_check(columns, call->d->keys, keep_first, why);
	return why->text[0] ? why->text : NULL;
}

static const char *transport_of(const json_t *row)
{
	const json_t *details = json_object_get(row, "integration_extra_details");
	const char *said = jdoc_text_or(details, "transport", NULL);
	int64_t action = jdoc_int_or(row, "action_category_list_id", 0);

	if (said)
		return said;
	if (jdoc_text_or(details, "host", NULL) && jdoc_int_or(details, "port", 0))
		return "mllp";
	return action == 49 || action == 50 ? "sftp" : action == 56 ? "fax" : "http";
}

void integration_show(struct call *call, json_t *row)
{
	int64_t action = jdoc_int_or(row, "action_category_list_id", 0);
	const struct action *known = action_find((int)action);
	struct err_text why = { "" };

	const char *fault = judge(call, row, &why);

	(void)json_object_set_new(row, "transport", json_string(transport_of(row)));
	(void)json_object_del(row, "auth_headers");
	(void)json_object_set_new(row, "config_error",
	                          fault ? json_string(fault) : json_null());
	(void)json_object_set_new(row, "operation", json_string(known ? known->name : ""));
	settings_mask_row(row);
}

json_t *integrations_read(struct call *call, const char *auth_id, const char *ids)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { auth_id, ids };

	if (call_pg(call,
	            "SELECT to_jsonb(r) || jsonb_build_object("
	            "'created_at', integration.iso(r.created_at), "
	            "'updated_at', integration.iso(r.updated_at), "
	            "'is_auto_retry_since', integration.iso(r.is_auto_retry_since), "
	            "'lab_id', a.lab_id, 'auth_headers', a.headers) "
	            "FROM integration.lab_integration r "
	            "JOIN integration.developer_authentication a ON a.id = r.auth_id "
	            "WHERE ($1::bigint IS NULL OR r.auth_id = $1::bigint) "
	            "AND ($2::bigint[] IS NULL OR r.id = ANY ($2::bigint[])) "
	            "ORDER BY r.action_category_list_id, r.id",
	            params, 2, &rows))
		return NULL;
	return documents(rows);
}

bool sees_authentication(struct call *call, const char *id, int64_t *lab_id)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { id };

	if (call_pg(call,
	            "SELECT lab_id FROM integration.developer_authentication WHERE id = $1",
	            params, 1, &rows))
		return false;
	if (pg_rows(rows)) {
		*lab_id = pg_int(rows, 0, 0);
		return call_lab(call, *lab_id);
	}
	call_fail(call, CODE_NOT_FOUND, "there is no such developer authentication");
	return false;
}

void api_integrations(struct call *call)
{
	json_t *items, *row;
	int64_t auth_id, lab_id;
	size_t i;

	if (!call_path_int(call, 0, &auth_id) ||
	    !sees_authentication(call, call->parts[0], &lab_id) ||
	    !(items = integrations_read(call, call->parts[0], NULL)))
		return;
	json_array_foreach (items, i, row)
		integration_show(call, row);
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", items));
}

bool sees_integration(struct call *call, const char *id)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { id };

	if (call_pg(call,
	            "SELECT a.lab_id FROM integration.lab_integration r "
	            "JOIN integration.developer_authentication a ON a.id = r.auth_id "
	            "WHERE r.id = $1",
	            params, 1, &rows))
		return false;
	if (pg_rows(rows))
		return call_lab(call, pg_int(rows, 0, 0));
	call_fail(call, CODE_NOT_FOUND, "no integration has this id");
	return false;
}

void api_integration_history(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { call->parts[0] };
	int64_t id;

	if (!call_path_int(call, 0, &id) || !sees_integration(call, call->parts[0]) ||
	    call_pg(call,
	            "SELECT jsonb_build_object('version', version, 'at', "
	            "integration.iso(at), 'actor', actor, 'action', action, 'before', "
	            "before, 'after', after) FROM integration.integration_history "
	            "WHERE integration_id = $1 ORDER BY id DESC LIMIT 200",
	            params, 1, &rows))
		return;
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", documents(rows)));
}
