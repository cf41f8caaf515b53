/* What a bulk retry would do, counted before anybody does it. */
#include "logstore/query.h"
#include "logstore/retry.h"
#include "retryrun/chosen.h"
#include "retryrun/rebuild.h"
#include "retryrun/sql.h"
#include "json/jdoc.h"

#define BATCH     500
#define INSERT_MS 30000

struct partner {
	int64_t auth_id;
	const char *name; /* of the settings */
	json_t *integration_ids;
	int64_t matched, eligible, superseded;
	double rate; /* of its slowest row; 0 = unlimited */
};

struct survey {
	const struct retryrun_tools *tools;
	const struct retryrun_scope *scope;
	struct partner *partners;
	size_t n_partners, cap_partners;
	int64_t eligible, py3, rebuilt, outcomes[REBUILD_OUTCOME_COUNT];
	json_t *refused;        /* {reason: n} */
	json_t *superseded_why; /* {reason: n} */
	json_t *labs, *items;   /* as retry_preview and retry_run_item keep them */
	struct rebuild samples[RETRYRUN_SAMPLES];
	json_t *sample_logs[RETRYRUN_SAMPLES];
	size_t n_samples;
};

static void count(json_t *counts, const char *key)
{
	json_t *known = json_object_get(counts, key);

	(void)json_object_set_new(
		counts, key, json_integer(1 + (known ? json_integer_value(known) : 0)));
}

/* ---- which may be tried again ---- */

static const char *refuse_status(const json_t *log, bool resend)
{
	static const char *const words[] = {
		[LOG_STATUS_QUEUED] = NULL,
		[LOG_STATUS_SUCCESS] = "success",
		[LOG_STATUS_FAIL] = NULL,
		[LOG_STATUS_SUPERSEDED] = "superseded",
		[LOG_STATUS_SUPPRESSED] = "suppressed",
	};
	enum log_status status;

	if (strcmp(jdoc_text_or(log, "integration_type", ""), "API") == 0)
		return "inbound_call";
	if (!log_status_parse(jdoc_text_or(log, "status", "?"), &status))
		return "unknown_status";
	return resend ? NULL : words[status];
}

/* NULL: it may. */
static const char *refuse(const struct survey *s, const json_t *log,
                          const struct integration *row)
{
	const char *reason = refuse_status(log, s->scope->resend);

	if (reason)
		return reason;
	if (!row)
		return "integration_gone";
	if (!row->active)
		return "integration_disabled";
	return settings_changed(
		       row, jdoc_int_or(log, "lab_id", 0),
		       (int)jdoc_int_or(log, "action_category_list_id", 0),
		       jdoc_int_or(json_object_get(log, "retry_context"), "org_id", 0))
	               ? "integration_changed"
	               : NULL;
}

/* ---- counting ---- */

static bool has_int(const json_t *array, int64_t value)
{
	const json_t *one;
	size_t i;

	json_array_foreach (array, i, one)
		if (json_integer_value(one) == value)
			return true;
	return false;
}

static void add_once(json_t *array, int64_t value)
{
	if (value && !has_int(array, value))
		(void)json_array_append_new(array, json_integer(value));
}

static struct partner *partner_of(struct survey *s, const struct integration *row)
{
	struct partner *p = NULL;

	for (size_t i = 0; i < s->n_partners; i++)
		if (s->partners[i].auth_id == row->auth_id)
			p = &s->partners[i];
	if (!p) {
		if (s->n_partners == s->cap_partners) {
			s->cap_partners = s->cap_partners ? 2 * s->cap_partners : 16;
			s->partners = xrealloc(s->partners,
			                       s->cap_partners * sizeof(*s->partners));
		}
		p = &s->partners[s->n_partners++];
		*p = (struct partner){ .auth_id = row->auth_id,
			               .name = row->developer_name,
			               .integration_ids = json_array() };
	}
	add_once(p->integration_ids, row->id);
	if (row->rate_per_second > 0 && (p->rate <= 0 || row->rate_per_second < p->rate))
		p->rate = row->rate_per_second;
	return p;
}

static void add_item(struct survey *s, const struct log_id *id, const json_t *log,
                     const struct integration *row, const char *refused)
{
	json_t *item = json_object();
	char hex[LOG_ID_HEX_SIZE];

	jdoc_set_int(item, "n", (int64_t)json_array_size(s->items) + 1);
	jdoc_set_text(item, "log_id", log_id_to_hex(id, hex));
	jdoc_set_int(item, "lab_id", jdoc_int_or(log, "lab_id", 0));
	jdoc_set_int(item, "integration_id", jdoc_int_or(log, "lab_integration_id", 0));
	jdoc_set_int(item, "auth_id", row ? row->auth_id : 0);
	(void)json_object_set_new(
		item, "triggered_by_py3",
		json_boolean(jdoc_bool_or(log, "triggered_by_py3", false)));
	jdoc_set_text(item, "state", refused ? "REFUSED" : "WAITING");
	jdoc_set_text(item, "error", refused);
	(void)json_array_append_new(s->items, item);
}

/* True: it is eligible, and *row is its row. */
static bool take_log(struct survey *s, const struct log_id *id, const json_t *log,
                     const struct integration **row)
{
	const char *refused;

	if (log && !retryrun_may_see(&s->scope->labs, jdoc_int_or(log, "lab_id", 0)))
		log = NULL; /* of another lab: as if it were not there */
	*row = log ? settings_find(s->tools->settings,
	                           jdoc_int_or(log, "lab_integration_id", 0))
	           : NULL;
	refused = log ? refuse(s, log, *row) : "not_found";
	add_item(s, id, log, *row, refused);
	add_once(s->labs, jdoc_int_or(log, "lab_id", 0));
	if (*row) {
		struct partner *p = partner_of(s, *row);

		p->matched++;
		p->eligible += !refused;
	}
	if (refused) {
		count(s->refused, refused);
		return false;
	}
	s->eligible++;
	s->py3 += jdoc_bool_or(log, "triggered_by_py3", false);
	return true;
}

/* ---- building again ---- */

/* What says most about the run is shown: changes first. */
static void keep_sample(struct survey *s, struct rebuild *r)
{
	size_t at = s->n_samples;

	if (at == RETRYRUN_SAMPLES) {
		at = 0;
		for (size_t i = 1; i < RETRYRUN_SAMPLES; i++)
			if (s->samples[i].outcome > s->samples[at].outcome)
				at = i;
		if (s->samples[at].outcome <= r->outcome)
			return;
		free(s->samples[at].body);
		json_decref(s->sample_logs[at]);
	} else {
		s->n_samples++;
	}
	s->samples[at] = *r;
	s->sample_logs[at] = json_incref((json_t *)(uintptr_t)r->log);
	r->body = NULL;
}

static void take_rebuild(struct survey *s, struct rebuild *r)
{
	s->rebuilt++;
	s->outcomes[r->outcome]++;
	if (r->outcome == REBUILD_SUPERSEDED) {
		count(s->superseded_why, r->why.text);
		partner_of(s, r->row)->superseded++;
	}
	keep_sample(s, r);
	free(r->body);
}

static int survey_batch(struct survey *s, const struct log_id *ids, size_t n,
                        struct err_text *why)
{
	CLEANUP(freep) struct retried_log *logs = xcalloc(n, sizeof(*logs));
	CLEANUP(freep) struct rebuild *rebuilds = xcalloc(n, sizeof(*rebuilds));
	size_t n_rebuilds = 0;

	if (logstore_read_retried(s->tools->store, ids, n, logs))
		return err_say(why, RETRYRUN_E_AWAY, "mongodb: %s",
		               logstore_error(s->tools->store));
	for (size_t i = 0; i < n; i++) {
		const struct integration *row;

		if (take_log(s, &ids[i], logs[i].log, &row) &&
		    s->rebuilt + (int64_t)n_rebuilds < RETRYRUN_REBUILT_MAX)
			rebuilds[n_rebuilds++] = (struct rebuild){ .log_id = ids[i],
				                                   .log = logs[i].log,
				                                   .row = row };
	}
	int result = rebuild_logs(s->tools->pg, rebuilds, n_rebuilds);
	for (size_t i = 0; i < n_rebuilds && result == 0; i++)
		take_rebuild(s, &rebuilds[i]);
	for (size_t i = 0; i < n; i++)
		retried_log_release(&logs[i]);
	return result ? sql_failed(s->tools->pg, why) : 0;
}

/* ---- telling ---- */

static json_t *reasons_json(const json_t *counts)
{
	json_t *array = json_array();
	const char *reason;
	json_t *n;

	json_object_foreach ((json_t *)(uintptr_t)counts, reason, n)
		if (json_array_size(array) < 50)
			(void)json_array_append_new(array, json_pack("{s:s,s:O}", "reason",
			                                             reason, "count", n));
	return array;
}

static json_t *partners_json(const struct survey *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->n_partners; i++) {
		const struct partner *p = &s->partners[i];

		(void)json_array_append_new(
			array, json_pack("{s:I,s:s,s:O,s:I,s:I,s:I,s:o}", "auth_id",
		                         (json_int_t)p->auth_id, "developer_name", p->name,
		                         "integration_ids", p->integration_ids, "matched",
		                         (json_int_t)p->matched, "eligible",
		                         (json_int_t)p->eligible, "superseded",
		                         (json_int_t)p->superseded, "rate",
		                         p->rate > 0 ? json_real(p->rate) : json_null()));
	}
	return array;
}

/* The slowest partner, or the run's own rate. */
static double minutes_of(const struct survey *s)
{
	double longest = (double)s->eligible / RETRYRUN_RATE;

	for (size_t i = 0; i < s->n_partners; i++) {
		const struct partner *p = &s->partners[i];

		if (p->rate > 0 && (double)p->eligible / p->rate > longest)
			longest = (double)p->eligible / p->rate;
	}
	return longest / 60;
}

static json_t *counts_json(const struct survey *s, const struct chosen *chosen)
{
	return json_pack("{s:I,s:b,s:I,s:O,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:f}",
	                 "matched", (json_int_t)chosen->n, "capped", chosen->capped,
	                 "eligible", (json_int_t)s->eligible, "refused", s->refused, "py3",
	                 (json_int_t)s->py3, "rebuilt", (json_int_t)s->rebuilt,
	                 "superseded", (json_int_t)s->outcomes[REBUILD_SUPERSEDED],
	                 "body_changed", (json_int_t)s->outcomes[REBUILD_CHANGED],
	                 "body_same", (json_int_t)s->outcomes[REBUILD_SAME], "body_unknown",
	                 (json_int_t)s->outcomes[REBUILD_UNKNOWN], "unbuildable",
	                 (json_int_t)s->outcomes[REBUILD_UNBUILDABLE], "superseded_why",
	                 reasons_json(s->superseded_why), "partners", partners_json(s),
	                 "minutes", minutes_of(s));
}

static const char *last_body(const struct survey *s, const struct log_id *id, json_t **log)
{
	if (logstore_get(s->tools->store, id, log))
		return NULL;
	return jdoc_text_or(*log, "request_body", NULL);
}

static json_t *sample_json(const struct survey *s, size_t i)
{
	static const char *const words[REBUILD_OUTCOME_COUNT] = {
		"changed", "superseded", "unbuildable", "unknown", "same",
	};
	const struct rebuild *r = &s->samples[i];
	const struct action *action = action_find(
		(int)jdoc_int_or(s->sample_logs[i], "action_category_list_id", 0));
	CLEANUP_JSON json_t *whole = NULL;
	char hex[LOG_ID_HEX_SIZE];

	return json_pack("{s:s,s:I,s:I,s:s?,s:s,s:s?,s:s?,s:s?}", "log_id",
	                 log_id_to_hex(&r->log_id, hex), "lab_id",
	                 (json_int_t)jdoc_int_or(s->sample_logs[i], "lab_id", 0),
	                 "integration_id", (json_int_t)r->row->id, "operation",
	                 action ? action->name : NULL, "outcome", words[r->outcome],
	                 "reason", *r->why.text ? r->why.text : NULL, "last_body",
	                 last_body(s, &r->log_id, &whole), "body", r->body);
}

static int keep(const struct survey *s, const json_t *counts, int64_t cut_off_ms,
                json_t **out, struct err_text *why)
{
	static const char sql[] =
		"WITH p AS (INSERT INTO integration.retry_preview"
		" (expires_at, cut_off_at, requested_by, labs, resend, filter, counts)"
		" SELECT clock_timestamp() + interval '15 minutes',"
		" to_timestamp($1::float8 / 1000), $2,"
		" ARRAY(SELECT v::bigint FROM jsonb_array_elements_text($3::jsonb) AS e "
		"(v)),"
		" $4::boolean, $5::jsonb, $6::jsonb RETURNING id, expires_at, cut_off_at),"
		" i AS (INSERT INTO integration.retry_run_item (preview_id, n, log_id,"
		" lab_id, integration_id, auth_id, triggered_by_py3, state, error)"
		" SELECT p.id, x.n, x.log_id, x.lab_id, x.integration_id, x.auth_id,"
		" x.triggered_by_py3, x.state, x.error FROM p,"
		" jsonb_to_recordset($7::jsonb) AS x (n bigint, log_id text, lab_id bigint,"
		" integration_id bigint, auth_id bigint, triggered_by_py3 boolean,"
		" state text, error text) RETURNING 1)"
		" SELECT json_build_object('preview_id', p.id,"
		" 'expires_at', " SQL_ISO(
			"p.expires_at") ","
					" 'cut_off_at', " SQL_ISO(
						"p.cut_off_at") ","
								" 'n', (SELECT count(*) "
								"FROM i)) FROM p";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *labs = jdoc_dump(s->labs, NULL);
	CLEANUP(freep) char *items = jdoc_dump(s->items, NULL);
	CLEANUP(freep) char *text = jdoc_dump(counts, NULL);
	CLEANUP(freep)
	char *shown = s->scope->shown ? jdoc_dump(s->scope->shown, NULL) : xstrdup("{}");
	char number[SQL_INT_SIZE];
	const char *const params[] = {
		sql_int(cut_off_ms, number),
		s->scope->requested_by ? s->scope->requested_by : "",
		labs,
		s->scope->resend ? "true" : "false",
		shown,
		text,
		items,
	};

	if (pg_query(s->tools->pg, sql, params, ARRAY_SIZE(params),
	             clock_mono_ms() + INSERT_MS, &rows))
		return sql_failed(s->tools->pg, why);
	const char *kept = pg_text(rows, 0, 0);
	*out = jdoc_parse(kept, strlen(kept), NULL);
	(void)json_object_del(*out, "n");
	return 0;
}

static int tell(const struct survey *s, const struct chosen *chosen, int64_t cut_off_ms,
                json_t **out, struct err_text *why)
{
	CLEANUP_JSON json_t *counts = counts_json(s, chosen);
	json_t *samples;
	int result = keep(s, counts, cut_off_ms, out, why);

	if (result)
		return result;
	samples = json_array();
	for (size_t i = 0; i < s->n_samples; i++)
		(void)json_array_append_new(samples, sample_json(s, i));
	(void)json_object_update(*out, counts);
	(void)json_object_set_new(*out, "samples", samples);
	return 0;
}

static void release(struct survey *s)
{
	for (size_t i = 0; i < s->n_partners; i++)
		json_decref(s->partners[i].integration_ids);
	for (size_t i = 0; i < s->n_samples; i++) {
		free(s->samples[i].body);
		json_decref(s->sample_logs[i]);
	}
	free(s->partners);
	json_decref(s->refused);
	json_decref(s->superseded_why);
	json_decref(s->labs);
	json_decref(s->items);
}

int retryrun_preview(const struct retryrun_tools *tools, const struct retryrun_scope *scope,
                     json_t **out, struct err_text *why)
{
	int64_t cut_off_ms = clock_wall_ms();
	struct chosen chosen;
	struct survey survey = {
		.tools = tools,
		.scope = scope,
		.refused = json_object(),
		.superseded_why = json_object(),
		.labs = json_array(),
		.items = json_array(),
	};
	int result = chosen_make(tools, scope, cut_off_ms, &chosen, why);

	*out = NULL;
	for (size_t at = 0; at < chosen.n && result == 0; at += BATCH)
		result = survey_batch(&survey, chosen.ids + at,
		                      chosen.n - at < BATCH ? chosen.n - at : BATCH, why);
	if (result == 0)
		result = tell(&survey, &chosen, cut_off_ms, out, why);
	release(&survey);
	chosen_release(&chosen);
	return result;
}
