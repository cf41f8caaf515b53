/* What a person would look at first, looked at beforehand: spec, "Troubleshooting". */
#include "stats.h"
#include "stream.h"
#include "watch.h"

#include "base/clock.h"
#include "settings/settings.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

#define LATE_MS    (10 * 60 * 1000)
#define HISTORY_MS 500

static const struct {
	const char *kind, *hint;
} hints[] = {
	{ "timeout",
	  "The partner did not answer in time: retry; automatic retries take it too." },
	{ "connect",
	  "Nobody listens at the address: check host and port of the row, then retry." },
	{ "dns", "The host has no address: check the row's url, then retry." },
	{ "tls", "The certificate is not trusted or not right: check tls.ca of the row." },
	{ "http_status",
	  "The partner refused it: its answer says why; correct the data or the row, then "
	  "retry." },
	{ "response", "The answer broke off or is none: ask the partner whether it "
	              "arrived, then retry." },
	{ "nack", "The receiver refused the message: its ERR or MSA-3 says why." },
	{ "auth", "The partner did not accept our credentials: check the row's auth." },
	{ "blocked",
	  "The address is not allowed: use a public one, or allow it in the fleet's "
	  "configuration." },
	{ "circuit", "The partner fails for some time, so it is spared: it is tried again "
	             "by itself." },
	{ "storage", "A document could not be read: check it in the LIS, then retry." },
	{ "vendor", "The vendor refused it: its answer says why." },
	{ "config",
	  "The row cannot be used: the message names the field; correct it, then retry." },
	{ "build", "The payload could not be made: an id is missing or not there; check "
	           "the event." },
};

static void add(json_t *checks, const char *name, json_t *ok, const char *detail)
{
	(void)json_array_append_new(checks, json_pack("{s:s,s:o,s:s}", "name", name, "ok",
	                                              ok, "detail", detail));
}

static void check_row(const struct settings *settings, const json_t *log, json_t *checks)
{
	int64_t id = jdoc_int_or(log, "lab_integration_id", 0);

	if (!settings) {
		add(checks, "row_active", json_null(), "PostgreSQL does not answer");
		return;
	}
	const struct integration *row = settings_find(settings, id);
	bool held = row && row->held_until_ms > clock_wall_ms();

	add(checks, "row_active", json_boolean(row && row->active),
	    !row          ? "the row is gone"
	    : row->active ? "row and authentication are switched on"
	                  : "the row or its authentication is switched off");
	if (row && row->config_error)
		add(checks, "row_usable", json_false(), row->config_error);
	if (held)
		add(checks, "lane_free", json_false(),
		    "deliveries to this partner are paused by hand");
}

/* What people changed of it since; plain SQL leaves no history. */
static void check_changed(struct call *call, const json_t *log, json_t *checks)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char id[24];
	const char *params[] = { id, jdoc_text_or(log, "inserted_at", NULL) };

	(void)snprintf(id, sizeof(id), "%" PRId64,
	               jdoc_int_or(log, "lab_integration_id", 0));
	if (params[1] &&
	    pg_query(stores_pg(call->stores),
	             "SELECT 'version ' || version || ' of ' || integration.iso(at) || ', "
	             "by ' "
	             "|| actor || ': a retry uses it' FROM integration.integration_history "
	             "WHERE integration_id = $1::bigint AND action = 'update' AND at > "
	             "$2::timestamptz ORDER BY id DESC LIMIT 1",
	             params, ARRAY_SIZE(params), clock_mono_ms() + HISTORY_MS,
	             &rows) == 0 &&
	    pg_rows(rows) > 0)
		add(checks, "row_unchanged", json_false(), pg_text(rows, 0, 0));
}

/* Of what is not sent yet: whether its way is free. The hint: what holds it, as far as is
 * known. */
static const char *check_way(struct call *call, const struct settings *settings,
                             const json_t *log, json_t *checks)
{
	CLEANUP_JSON json_t *health = watch_health(stream_watch(call->d->stream));
	int64_t id = jdoc_int_or(log, "lab_integration_id", 0);
	char key[LANE_KEY_SIZE], waiting[64];

	if (!health)
		return NULL;
	const json_t *state = lane_state_of(json_object_get(health, "lane_states"), id);
	bool open = strcmp(jdoc_text_or(state, "circuit", ""), "open") == 0;
	int64_t lag = health_lag(health, "dispatcher") + health_lag(health, "callback");
	(void)snprintf(waiting, sizeof(waiting), "%" PRId64 " tasks and reports wait", lag);
	add(checks, "circuit", json_boolean(!open),
	    open ? "its partner fails for some time" : "nothing speaks against sending");
	add(checks, "lag", json_boolean(lag == 0), waiting);
	return health_why(health, log, lane_of(settings, id, key));
}

static const char *hint_of(const json_t *log, const char *why)
{
	const char *status = jdoc_text_or(log, "status", "");
	const char *kind = jdoc_text_or(log, "error_kind", "");
	const char *at = jdoc_text_or(log, "updated_at", "");
	int64_t at_ms = 0;

	if (strcmp(status, "FAIL") == 0)
		for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
			if (strcmp(hints[i].kind, kind) == 0)
				return hints[i].hint;
	if (strcmp(status, "QUEUED") == 0 && clock_parse_iso(at, &at_ms) &&
	    clock_wall_ms() - at_ms > LATE_MS)
		return why ? why
		           : "It waits for long: look at the consumers' lag and at the "
		             "lane.";
	if (!*status)
		return "The partner asked not to show it: nothing to do.";
	if (strcmp(status, "SUPERSEDED") == 0)
		return "What it announces was undone: nothing to do.";
	return NULL;
}

void troubles_add(struct call *call, json_t *log)
{
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	json_t *checks = json_array();
	const char *why = NULL;

	if (jdoc_int_or(log, "lab_integration_id", 0)) {
		if (stores_settings(call->stores, &settings))
			settings = NULL;
		check_row(settings, log, checks);
		check_changed(call, log, checks);
		if (strcmp(jdoc_text_or(log, "status", ""), "QUEUED") == 0)
			why = check_way(call, settings, log, checks);
	}
	const char *hint = hint_of(log, why);
	if (jdoc_text_or(log, "event_id", NULL))
		add(checks, "event_taken_up", json_true(), "the event became this log");
	if (strcmp(jdoc_text_or(log, "integration_type", ""), "WEBHOOK") == 0)
		add(checks, "retry_context",
		    json_boolean(json_is_object(json_object_get(log, "retry_context"))),
		    "what a retry is rebuilt from");
	(void)json_object_set_new(log, "checks", checks);
	(void)json_object_set_new(log, "hint", hint ? json_string(hint) : json_null());
}
