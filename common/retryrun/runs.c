/* Runs as people see and steer them. PostgreSQL makes the JSON. */
#include "retryrun/retryrun.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "retryrun/sql.h"
#include "json/jdoc.h"

#include <stdio.h>

#define REASON_SIZE 1000 /* bytes */

#define RUN_JSON                                                                           \
	"json_build_object('id', r.id::text, 'preview_id', r.preview_id,"                  \
	" 'lab_id', CASE WHEN cardinality(p.labs) = 1 THEN p.labs[1] END,"                 \
	" 'labs', p.labs, 'state', r.state, 'why', r.why, 'reason', r.reason,"             \
	" 'rate', r.rate, 'stop_when_failing', r.stop_when_failing, 'resend', p.resend,"   \
	" 'created_by', r.requested_by, 'created_at', " SQL_ISO(                           \
		"r.created_at") ","                                                        \
				" 'updated_at', " SQL_ISO(                                 \
					"r.updated_at") ","                                \
							" 'ended_at', " SQL_ISO(           \
								"r.ended_at") ","          \
									      " 'total', " \
									      "r.total, "  \
									      "'filter', " \
									      "p.filter, " \
									      "'counts', " \
									      "r.counts)"
#define FROM_RUNS                                                                          \
	" FROM integration.retry_run r"                                                    \
	" JOIN integration.retry_preview p ON p.id = r.preview_id"

const char *retryrun_retry_id(int64_t run_id, const char *log_id_hex,
                              char out[RETRYRUN_RETRY_ID_SIZE])
{
	(void)snprintf(out, RETRYRUN_RETRY_ID_SIZE, "run-%lld-%s", (long long)run_id,
	               log_id_hex);
	return out;
}

/* ---- reading ---- */

static json_t *parse(const char *text)
{
	return text ? jdoc_parse(text, strlen(text), NULL) : NULL;
}

int retryrun_get(struct pg *pg, int64_t id, const struct retryrun_labs *labs, json_t **out,
                 struct err_text *why)
{
	static const char sql[] = "SELECT " RUN_JSON FROM_RUNS
				  " WHERE r.id = $1 AND " SQL_VISIBLE("p.labs", "$2");
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(buf_deinit) struct buf seen = sql_labs(labs);
	char number[SQL_INT_SIZE];
	const char *const params[] = { sql_int(id, number), buf_str(&seen) };

	*out = NULL;
	if (pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows))
		return sql_failed(pg, why);
	if (pg_rows(rows) == 0)
		return err_say(why, RETRYRUN_E_UNKNOWN, "there is no run %lld",
		               (long long)id);
	*out = parse(pg_text(rows, 0, 0));
	return *out ? 0 : err_say(why, RETRYRUN_E_AWAY, "the run cannot be read");
}

static json_t *rows_to_array(const struct pg_result *rows)
{
	json_t *array = json_array();

	for (size_t i = 0; i < pg_rows(rows); i++)
		(void)json_array_append_new(array, parse(pg_text(rows, i, 0)));
	return array;
}

int retryrun_list(struct pg *pg, const struct retryrun_list *query, json_t **out,
                  struct err_text *why)
{
	static const char sql[] = "SELECT " RUN_JSON FROM_RUNS " WHERE " SQL_VISIBLE(
		"p.labs", "$1") " AND ($2::bigint = 0 OR $2 = ANY(p.labs))"
				" AND (NOT $3::boolean OR r.ended_at IS NULL)"
				" AND ($4::bigint = 0 OR r.id < $4)"
				" AND r.updated_at >= to_timestamp($5::float8 / 1000)"
				" ORDER BY r.id DESC LIMIT $6::int";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(buf_deinit) struct buf seen = sql_labs(&query->labs);
	char numbers[4][SQL_INT_SIZE];
	const char *const params[] = {
		buf_str(&seen),
		sql_int(query->lab_id, numbers[0]),
		query->active ? "true" : "false",
		sql_int(query->before_id, numbers[1]),
		sql_int(query->since_ms, numbers[2]),
		sql_int(query->limit, numbers[3]),
	};

	*out = NULL;
	if (pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows))
		return sql_failed(pg, why);
	*out = rows_to_array(rows);
	return 0;
}

/* A word of `counts`, or a state, as the items have it. */
static const struct {
	const char *word, *state, *status;
} item_words[] = {
	{ .word = "waiting", .state = "WAITING" },
	{ .word = "asked", .state = "ASKED" },
	{ .word = "success", .state = "DONE", .status = "SUCCESS" },
	{ .word = "fail", .state = "DONE", .status = "FAIL" },
	{ .word = "superseded", .state = "DONE", .status = "SUPERSEDED" },
	{ .word = "suppressed", .state = "DONE", .status = "" },
	{ .word = "queued", .state = "DONE", .status = "QUEUED" },
	{ .word = "refused", .state = "REFUSED" },
	{ .word = "cancelled", .state = "CANCELLED" },
	{ .word = "DONE", .state = "DONE" },
	{ .word = "WAITING", .state = "WAITING" },
	{ .word = "ASKED", .state = "ASKED" },
	{ .word = "REFUSED", .state = "REFUSED" },
	{ .word = "CANCELLED", .state = "CANCELLED" },
};

static int find_word(const char *word, const char **state, const char **status,
                     struct err_text *why)
{
	*state = *status = NULL;
	if (!word)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(item_words); i++)
		if (strcmp(item_words[i].word, word) == 0) {
			*state = item_words[i].state;
			*status = item_words[i].status;
			return 0;
		}
	return err_say(why, RETRYRUN_E_INVALID,
	               "state: WAITING, ASKED, DONE, REFUSED, CANCELLED, or a word of "
	               "the run's counts");
}

int retryrun_items(struct pg *pg, int64_t id, const struct retryrun_items *query,
                   json_t **out, struct err_text *why)
{
	static const char sql[] =
		"SELECT json_build_object('n', i.n, 'log_id', i.log_id, 'lab_id', i.lab_id,"
		" 'integration_id', i.integration_id, 'auth_id', i.auth_id,"
		" 'state', i.state, 'status', i.status, 'error_kind', i.error_kind,"
		" 'response_status_code', i.code, 'error', i.error,"
		" 'payload_changed', i.payload_changed,"
		" 'retry_id', 'run-' || r.id || '-' || i.log_id,"
		" 'updated_at', " SQL_ISO(
			"i.updated_at") ")"
					" FROM integration.retry_run r"
					" JOIN integration.retry_run_item i ON "
					"i.preview_id = r.preview_id"
					" WHERE r.id = $1 AND i.n > $2::bigint"
					" AND ($3::text IS NULL OR i.state = $3)"
					" AND ($4::text IS NULL OR i.status = $4)"
					" ORDER BY i.n LIMIT $5::int";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char numbers[3][SQL_INT_SIZE];
	const char *state, *status;
	int result = find_word(query->state, &state, &status, why);

	*out = NULL;
	if (result)
		return result;
	const char *const params[] = { sql_int(id, numbers[0]),
		                       sql_int(query->after, numbers[1]), state, status,
		                       sql_int(query->limit, numbers[2]) };
	if (pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows))
		return sql_failed(pg, why);
	*out = rows_to_array(rows);
	return 0;
}

/* ---- beginning ---- */

struct begun {
	bool found, expired;
	int64_t eligible;
	int64_t run_id; /* 0: none yet */
};

static int look_at_preview(struct pg *pg, const struct retryrun_order *order,
                           struct begun *out, struct err_text *why)
{
	static const char sql[] =
		"SELECT p.expires_at <= clock_timestamp(),"
		" coalesce((p.counts->>'eligible')::bigint, 0), coalesce(r.id, 0)"
		" FROM integration.retry_preview p"
		" LEFT JOIN integration.retry_run r ON r.preview_id = p.id"
		" WHERE p.id = $1 AND " SQL_VISIBLE("p.labs", "$2");
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(buf_deinit) struct buf seen = sql_labs(&order->labs);
	const char *const params[] = { order->preview_id, buf_str(&seen) };

	*out = (struct begun){ .found = false };
	if (pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows))
		return sql_failed(pg, why);
	if (pg_rows(rows) == 1)
		*out = (struct begun){
			.found = true,
			.expired = pg_bool(rows, 0, 0),
			.eligible = pg_int(rows, 0, 1),
			.run_id = pg_int(rows, 0, 2),
		};
	return 0;
}

static int judge_order(const struct retryrun_order *order, const struct begun *preview,
                       struct err_text *why)
{
	if (!preview->found)
		return err_say(why, RETRYRUN_E_UNKNOWN, "there is no such preview");
	if (preview->run_id)
		return 0;
	if (preview->expired)
		return err_say(why, RETRYRUN_E_EXPIRED,
		               "the preview is older than %lld minutes: make another one",
		               RETRYRUN_PREVIEW_MS / 60000);
	if (!(order->rate >= 0 && order->rate <= RETRYRUN_RATE_MAX))
		return err_say(why, RETRYRUN_E_INVALID,
		               "rate: up to %.0f requests a second", RETRYRUN_RATE_MAX);
	if (!(order->stop_when_failing <= 100))
		return err_say(why, RETRYRUN_E_INVALID,
		               "stop_when_failing: 0 to 100 per cent");
	if (preview->eligible > 1 && !(order->reason && *order->reason))
		return err_say(why, RETRYRUN_E_INVALID,
		               "reason: say why these logs are tried again");
	if (order->reason && strlen(order->reason) > REASON_SIZE)
		return err_say(why, RETRYRUN_E_INVALID, "reason: at most %d bytes",
		               REASON_SIZE);
	if (preview->eligible == 0)
		return err_say(why, RETRYRUN_E_STATE,
		               "none of these logs may be tried again");
	return 0;
}

static int insert_run(struct pg *pg, const struct retryrun_order *order, int64_t *id,
                      struct err_text *why)
{
	static const char sql[] =
		"INSERT INTO integration.retry_run (preview_id, state, rate, reason,"
		" requested_by, stop_when_failing, counts, total)"
		" SELECT $1, $2, $3::float8, $4, $5, $6::float8, c,"
		" (SELECT sum(v::bigint) FROM jsonb_each_text(c) AS e (k, v))"
		" FROM integration.retry_run_counts($1) AS c"
		" ON CONFLICT (preview_id) DO UPDATE SET preview_id = excluded.preview_id"
		" RETURNING id";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char rate[SQL_REAL_SIZE], stop[SQL_REAL_SIZE];
	const char *const params[] = {
		order->preview_id,
		order->start_paused ? "PAUSED" : "RUNNING",
		sql_real(order->rate > 0 ? order->rate : RETRYRUN_RATE, rate),
		order->reason ? order->reason : "",
		order->requested_by ? order->requested_by : "",
		sql_real(order->stop_when_failing < 0 ? RETRYRUN_STOP_WHEN
		                                      : order->stop_when_failing,
		         stop),
	};

	if (pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows))
		return sql_failed(pg, why);
	*id = pg_rows(rows) ? pg_int(rows, 0, 0) : 0;
	return 0;
}

int retryrun_start(struct pg *pg, const struct retryrun_order *order, json_t **out,
                   struct err_text *why)
{
	struct begun preview;
	int result = look_at_preview(pg, order, &preview, why);

	*out = NULL;
	if (result == 0)
		result = judge_order(order, &preview, why);
	if (result == 0 && preview.run_id == 0)
		result = insert_run(pg, order, &preview.run_id, why);
	return result ? result : retryrun_get(pg, preview.run_id, &order->labs, out, why);
}

/* ---- steering ---- */

static const struct {
	const char *state; /* that it leads to */
	const char *from;
} commands[] = {
	[RETRYRUN_PAUSE] = { .state = "PAUSED", .from = "{RUNNING}" },
	[RETRYRUN_RESUME] = { .state = "RUNNING", .from = "{PAUSED,STOPPED}" },
	[RETRYRUN_CANCEL] = { .state = "CANCELLED", .from = "{RUNNING,PAUSED,STOPPED}" },
};

/* One statement: who claims logs at the same time either has them before, or finds none. */
static const char move_sql[] =
	"WITH moved AS (UPDATE integration.retry_run r SET state = $2,"
	" updated_at = clock_timestamp(),"
	" why = CASE WHEN $2 = 'RUNNING' THEN NULL ELSE r.why END,"
	" resumed_at = CASE WHEN $2 = 'RUNNING' THEN clock_timestamp()"
	"  ELSE r.resumed_at END,"
	" ended_at = CASE WHEN $2 = 'RUNNING' THEN NULL ELSE r.ended_at END"
	" FROM integration.retry_preview p"
	" WHERE r.id = $1 AND p.id = r.preview_id AND r.state = ANY($3::text[])"
	" AND " SQL_VISIBLE("p.labs",
                            "$4") " RETURNING r.preview_id),"
				  " dropped AS (UPDATE integration.retry_run_item i SET "
				  "state = 'CANCELLED',"
				  " updated_at = clock_timestamp() FROM moved m"
				  " WHERE $2 = 'CANCELLED' AND i.preview_id = m.preview_id "
				  "AND i.state = 'WAITING'"
				  " RETURNING 1)"
				  " SELECT (SELECT count(*) FROM moved), (SELECT count(*) "
				  "FROM dropped)";

static int move(struct pg *pg, int64_t id, enum retryrun_command command,
                const struct retryrun_labs *labs, struct err_text *why)
{
	static const char count_sql[] =
		"UPDATE integration.retry_run"
		" SET counts = integration.retry_run_counts(preview_id) WHERE id = $1";
	CLEANUP(buf_deinit) struct buf seen = sql_labs(labs);
	char number[SQL_INT_SIZE];
	const char *const params[] = { sql_int(id, number), commands[command].state,
		                       commands[command].from, buf_str(&seen) };

	if (pg_query(pg, move_sql, params, ARRAY_SIZE(params), sql_deadline(), NULL))
		return sql_failed(pg, why);
	if (command == RETRYRUN_CANCEL &&
	    pg_query(pg, count_sql, params, 1, sql_deadline(), NULL))
		return sql_failed(pg, why);
	return 0;
}

int retryrun_command(struct pg *pg, int64_t id, enum retryrun_command command,
                     const struct retryrun_labs *labs, json_t **out, struct err_text *why)
{
	int result = move(pg, id, command, labs, why);

	*out = NULL;
	if (result == 0)
		result = retryrun_get(pg, id, labs, out, why);
	if (result == 0 &&
	    strcmp(jdoc_text_or(*out, "state", ""), commands[command].state) != 0) {
		result = err_say(why, RETRYRUN_E_STATE, "the run is %s",
		                 jdoc_text_or(*out, "state", ""));
		json_decref(*out);
		*out = NULL;
	}
	return result;
}
