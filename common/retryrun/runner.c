#include "retryrun/runner.h"

#include "retryrun/sql.h"
#include "json/jdoc.h"

#define LOCK(id) "hashtextextended('integration-fleet.retry-run', " id ")"

void runner_run_release(struct runner_run *run)
{
	free(run->preview_id);
	free(run->requested_by);
	*run = (struct runner_run){ 0 };
}

/* The lock's function is called of no other row. Says true again to the session that has
 * it. */
static const char list_sql[] =
	"WITH open AS MATERIALIZED (SELECT * FROM integration.retry_run"
	" WHERE ended_at IS NULL ORDER BY state <> 'RUNNING', id LIMIT 64),"
	" held AS MATERIALIZED (SELECT *, pg_try_advisory_lock(" LOCK(
		"id") ") AS mine"
		      " FROM open)"
		      " SELECT h.id, h.preview_id, h.requested_by, h.state = 'RUNNING',"
		      " h.state IN ('CANCELLED', 'STOPPED'), p.resend, h.rate, "
		      "h.stop_when_failing,"
		      " EXISTS (SELECT 1 FROM integration.retry_run_item i"
		      "  WHERE i.preview_id = h.preview_id AND i.state = 'WAITING'),"
		      " (SELECT count(*) FROM integration.retry_run_item i"
		      "  WHERE i.preview_id = h.preview_id AND i.state = 'ASKED')"
		      " FROM held h JOIN integration.retry_preview p ON p.id = h.preview_id"
		      " WHERE h.mine ORDER BY h.id";

static struct runner_run run_of(const struct pg_result *rows, size_t i)
{
	return (struct runner_run){
		.id = pg_int(rows, i, 0),
		.preview_id = xstrdup(pg_text(rows, i, 1)),
		.requested_by = xstrdup(pg_text(rows, i, 2)),
		.running = pg_bool(rows, i, 3),
		.is_over = pg_bool(rows, i, 4),
		.resend = pg_bool(rows, i, 5),
		.rate = strtod(pg_text(rows, i, 6), NULL),
		.stop_when_failing = strtod(pg_text(rows, i, 7), NULL),
		.waiting = pg_bool(rows, i, 8),
		.asked = pg_int(rows, i, 9),
		.done = pg_int(rows, i, 10),
	};
}

int runner_list(struct pg *pg, struct runner_run *out, size_t *n)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	int result = pg_query(pg, list_sql, NULL, 0, sql_deadline(), &rows);

	*n = 0;
	if (result)
		return result;
	for (size_t i = 0; i < pg_rows(rows) && i < RUNNER_RUNS_MAX; i++)
		out[(*n)++] = run_of(rows, i);
	return 0;
}

int runner_unlock(struct pg *pg)
{
	return pg_query(pg, "SELECT pg_advisory_unlock_all()", NULL, 0, sql_deadline(),
	                NULL);
}

int runner_forget_previews(struct pg *pg)
{
	return pg_query(pg,
	                "DELETE FROM integration.retry_preview p"
	                " WHERE p.expires_at < clock_timestamp() - interval '1 hour'"
	                " AND NOT EXISTS (SELECT 1 FROM integration.retry_run r"
	                "  WHERE r.preview_id = p.id AND (r.ended_at IS NULL"
	                "  OR r.ended_at > clock_timestamp() - interval '90 days'))",
	                NULL, 0, sql_deadline(), NULL);
}

/* ---- items ---- */

#define ITEM_COLUMNS                                                                       \
	"i.n, i.log_id, i.lab_id, i.triggered_by_py3, i.asked_at IS NOT NULL, i.tries,"    \
	" coalesce((extract(epoch FROM clock_timestamp() - i.asked_at) * 1000)::bigint, "  \
	"0)"

static struct runner_item item_of(const struct pg_result *rows, size_t i, int64_t run_id)
{
	struct runner_item item = {
		.n = pg_int(rows, i, 0),
		.lab_id = pg_int(rows, i, 2),
		.triggered_by_py3 = pg_bool(rows, i, 3),
		.asked = pg_bool(rows, i, 4),
		.tries = (int)pg_int(rows, i, 5),
		.asked_ago_ms = pg_int(rows, i, 6),
	};

	(void)log_id_parse(pg_text(rows, i, 1), &item.log_id);
	(void)retryrun_retry_id(run_id, pg_text(rows, i, 1), item.retry_id);
	return item;
}

static void take_items(const struct pg_result *rows, int64_t run_id,
                       struct runner_item **out, size_t *n)
{
	*n = pg_rows(rows);
	*out = xcalloc(*n + 1, sizeof(**out));
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = item_of(rows, i, run_id);
}

/* The run's row is held while they are taken: a pause comes before or after, never amid. */
static const char claim_sql[] =
	"WITH r AS MATERIALIZED (SELECT preview_id FROM integration.retry_run"
	" WHERE id = $1 AND state = 'RUNNING' FOR SHARE),"
	" next AS MATERIALIZED (SELECT i.n FROM integration.retry_run_item i"
	" WHERE i.preview_id = (SELECT preview_id FROM r) AND i.state = 'WAITING'"
	" ORDER BY i.n LIMIT $2::int)"
	" UPDATE integration.retry_run_item i"
	" SET state = 'ASKED', updated_at = clock_timestamp() FROM next"
	" WHERE i.preview_id = (SELECT preview_id FROM r) AND i.n = next.n"
	" AND i.state = 'WAITING' RETURNING " ITEM_COLUMNS;

int runner_claim(struct pg *pg, const struct runner_run *run, size_t max,
                 struct runner_item **out, size_t *n)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char numbers[2][SQL_INT_SIZE];
	const char *const params[] = { sql_int(run->id, numbers[0]),
		                       sql_int((int64_t)max, numbers[1]) };
	int result =
		pg_query(pg, claim_sql, params, ARRAY_SIZE(params), sql_deadline(), &rows);

	*out = NULL;
	*n = 0;
	if (result == 0)
		take_items(rows, run->id, out, n);
	return result;
}

int runner_outstanding(struct pg *pg, const struct runner_run *run,
                       struct runner_item **out, size_t *n)
{
	static const char sql[] =
		"SELECT " ITEM_COLUMNS " FROM integration.retry_run_item i"
		" WHERE i.preview_id = $1 AND i.state = 'ASKED'"
		" ORDER BY i.n LIMIT 1000";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *const params[] = { run->preview_id };
	int result = pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows);

	*out = NULL;
	*n = 0;
	if (result == 0)
		take_items(rows, run->id, out, n);
	return result;
}

int runner_write(struct pg *pg, const struct runner_run *run, const json_t *items)
{
	static const char sql[] =
		"UPDATE integration.retry_run_item i SET updated_at = clock_timestamp(),"
		" state = coalesce(x.state, i.state), status = x.status,"
		" error_kind = nullif(x.error_kind, ''), code = x.code,"
		" error = left(x.error, 300), payload_changed = x.payload_changed,"
		" asked_at = CASE WHEN x.asked THEN clock_timestamp() ELSE i.asked_at END,"
		" tries = i.tries + CASE WHEN x.asked THEN 1 ELSE 0 END"
		" FROM jsonb_to_recordset($2::jsonb) AS x (n bigint, state text,"
		" status text, error_kind text, code int, error text,"
		" payload_changed boolean, asked boolean)"
		" WHERE i.preview_id = $1 AND i.n = x.n AND i.state = 'ASKED'";
	CLEANUP(freep) char *text = jdoc_dump(items, NULL);
	const char *const params[] = { run->preview_id, text };

	if (json_array_size(items) == 0)
		return 0;
	return pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), NULL);
}

/* ---- the run ---- */

int runner_results(struct pg *pg, const struct runner_run *run,
                   struct runner_result out[RUNNER_RESULTS_MAX], size_t *n)
{
	static const char sql[] =
		"SELECT i.integration_id, i.status, i.error_kind, i.code"
		" FROM integration.retry_run r"
		" JOIN integration.retry_run_item i ON i.preview_id = r.preview_id"
		" WHERE r.id = $1 AND i.state = 'DONE' AND i.updated_at >= r.resumed_at"
		" ORDER BY i.updated_at DESC, i.n DESC LIMIT 50";
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char number[SQL_INT_SIZE];
	const char *const params[] = { sql_int(run->id, number) };
	int result = pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), &rows);

	*n = 0;
	if (result)
		return result;
	for (size_t i = 0; i < pg_rows(rows) && i < RUNNER_RESULTS_MAX; i++) {
		const char *status = pg_text(rows, i, 1), *kind = pg_text(rows, i, 2);
		struct runner_result *r = &out[(*n)++];

		*r = (struct runner_result){ .integration_id = pg_int(rows, i, 0),
			                     .code = (int)pg_int(rows, i, 3) };
		(void)(status && log_status_parse(status, &r->status));
		(void)(kind && error_kind_parse(kind, &r->kind));
	}
	return 0;
}

int runner_stop(struct pg *pg, const struct runner_run *run, const char *why)
{
	char number[SQL_INT_SIZE];
	const char *const params[] = { sql_int(run->id, number), why };

	return pg_query(pg,
	                "UPDATE integration.retry_run SET state = 'STOPPED', why = $2,"
	                " updated_at = clock_timestamp()"
	                " WHERE id = $1 AND state = 'RUNNING'",
	                params, ARRAY_SIZE(params), sql_deadline(), NULL);
}

int runner_settle(struct pg *pg, const struct runner_run *run)
{
	static const char sql[] =
		"UPDATE integration.retry_run r"
		" SET counts = x.c, updated_at = clock_timestamp(),"
		" state = CASE WHEN r.state IN ('RUNNING', 'PAUSED')"
		"  AND x.c->>'waiting' = '0' AND x.c->>'asked' = '0' THEN 'DONE'"
		"  ELSE r.state END,"
		" ended_at = CASE WHEN x.c->>'asked' = '0' AND (x.c->>'waiting' = '0'"
		"  OR r.state IN ('CANCELLED', 'STOPPED')) THEN clock_timestamp() END"
		" FROM (SELECT integration.retry_run_counts($2) AS c) x WHERE r.id = $1";
	char number[SQL_INT_SIZE];
	const char *const params[] = { sql_int(run->id, number), run->preview_id };

	return pg_query(pg, sql, params, ARRAY_SIZE(params), sql_deadline(), NULL);
}
