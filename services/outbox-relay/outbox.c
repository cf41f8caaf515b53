#include "outbox.h"

#include "base/clock.h"
#include "log/log.h"

#define STATEMENT_MS 30000

/*
 * pg_try_advisory_lock says true again to the session that has it, so leading is never
 * assumed: every read of the outbox asks. The settings belong to the session too, which a
 * reconnect makes anew: a dead leader's connection is noticed within half a minute, and a
 * delete that a crash forgets only repeats events, so it need not wait for the disk.
 */
#define LEAD                                                                               \
	"WITH leader AS MATERIALIZED (SELECT"                                              \
	" pg_try_advisory_lock(hashtext('integration-fleet'), hashtext('lis.outbox')) "    \
	"held,"                                                                            \
	" set_config('tcp_keepalives_idle', '10', false),"                                 \
	" set_config('tcp_keepalives_interval', '5', false),"                              \
	" set_config('tcp_keepalives_count', '3', false),"                                 \
	" set_config('synchronous_commit', 'off', false)) "

/*
 * One statement to lead, to see by the index that there is anything (the table itself may
 * be long and empty after a backlog), and to put it into order. The order needs all rows (a
 * transaction may commit an hour after it took its outbox_id), and of a million that takes
 * a quarter of a second: so it is made once for many batches. What commits after the plan
 * comes after it.
 */
#define PLAN(order)                                                                        \
	LEAD "SELECT leader.held, o.outbox_id FROM leader LEFT JOIN LATERAL ("             \
	     "SELECT outbox_id FROM lis.outbox"                                            \
	     " WHERE leader.held AND (SELECT min(outbox_id) FROM lis.outbox) IS NOT NULL"  \
	     " ORDER BY " order " LIMIT 50000) o ON true"
_Static_assert(OUTBOX_PLAN_MAX == 50000, "the plan's LIMIT");

static const char plan_by_commit[] =
	PLAN("pg_xact_commit_timestamp(xmin) NULLS FIRST, outbox_id");
static const char plan_by_id[] = PLAN("outbox_id");

static const char fetch_rows[] = LEAD
	"SELECT n, outbox_id, event_id, lab_id, type, subject, data, traceparent, time,"
	" occurred_ms FROM (SELECT r.*,"
	" sum(octet_length(data)) OVER (ORDER BY n) - octet_length(data) AS bytes_before"
	" FROM (SELECT p.n, o.outbox_id, o.event_id, o.lab_id, o.type, o.subject,"
	" o.data::text AS data, o.traceparent,"
	" to_char(o.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
	"AS time,"
	" (extract(epoch FROM o.occurred_at) * 1000)::bigint AS occurred_ms"
	" FROM leader, unnest($1::bigint[]) WITH ORDINALITY AS p(id, n)"
	" JOIN lis.outbox o ON o.outbox_id = p.id WHERE leader.held OFFSET 0) r) s"
	" WHERE bytes_before < 4194304 ORDER BY n";

static const char delete_rows[] =
	"DELETE FROM lis.outbox WHERE outbox_id = ANY ($1::bigint[])";

struct outbox {
	struct pg *pg;
	bool by_id; /* the server keeps no commit timestamps */
	int64_t plan[OUTBOX_PLAN_MAX];
	size_t n_plan, next; /* next: first of the plan not fetched */
	struct pg_result *batch;
	struct outbox_row *rows;
	size_t n_rows;
};

struct outbox *outbox_open(const struct postgres_config *config)
{
	struct outbox *o = xcalloc(1, sizeof(*o));

	o->pg = pg_open(config);
	return o;
}

static void forget_batch(struct outbox *o)
{
	o->batch = pg_result_free(o->batch);
	o->n_rows = 0;
}

struct outbox *outbox_close(struct outbox *o)
{
	if (!o)
		return NULL;
	forget_batch(o);
	o->pg = pg_close(o->pg);
	free(o->rows);
	free(o);
	return NULL;
}

static int query(struct outbox *o, const char *sql, const char *const *params, size_t n,
                 struct pg_result **out, struct err_text *why)
{
	int r = pg_query(o->pg, sql, params, n, clock_mono_ms() + STATEMENT_MS, out);

	return r > 0 ? err_say(why, OUTBOX_E_AWAY, "%s", pg_error(o->pg)) : r;
}

/* 55000: track_commit_timestamp is off. A restart of the server can change that. */
static bool must_order_by_id(struct outbox *o)
{
	if (o->by_id || strcmp(pg_sqlstate(o->pg), "55000") != 0)
		return false;
	log_warn(
		NULL, "outbox.commit_order_unknown",
		"track_commit_timestamp is off: events are published in the order of their "
		"inserts; switch it on");
	return true;
}

static int query_plan(struct outbox *o, struct pg_result **out, struct err_text *why)
{
	int r = query(o, o->by_id ? plan_by_id : plan_by_commit, NULL, 0, out, why);

	if (r == OUTBOX_E_AWAY && must_order_by_id(o)) {
		o->by_id = true;
		r = query(o, plan_by_id, NULL, 0, out, why);
	}
	if (r)
		o->by_id = false;
	return r;
}

int outbox_plan(struct outbox *o, size_t *out_n, struct err_text *why)
{
	CLEANUP(pg_result_freep) struct pg_result *found = NULL;
	int r = query_plan(o, &found, why);

	forget_batch(o);
	o->n_plan = o->next = *out_n = 0;
	if (r)
		return r;
	if (!pg_bool(found, 0, 0))
		return OUTBOX_E_STANDBY;
	for (size_t i = 0; i < pg_rows(found); i++)
		if (pg_text(found, i, 1))
			o->plan[o->n_plan++] = pg_int(found, i, 1);
	*out_n = o->n_plan;
	return 0;
}

static void read_rows(struct outbox *o)
{
	o->n_rows = pg_rows(o->batch);
	o->rows = xrealloc(o->rows, o->n_rows * sizeof(*o->rows));
	for (size_t i = 0; i < o->n_rows; i++)
		o->rows[i] = (struct outbox_row){
			.outbox_id = pg_text(o->batch, i, 1),
			.event_id = pg_text(o->batch, i, 2),
			.lab_id = pg_text(o->batch, i, 3),
			.type = pg_text(o->batch, i, 4),
			.subject = pg_text(o->batch, i, 5),
			.data = pg_text(o->batch, i, 6),
			.traceparent = pg_text(o->batch, i, 7),
			.time = pg_text(o->batch, i, 8),
			.occurred_ms = pg_int(o->batch, i, 9),
		};
}

int outbox_fetch(struct outbox *o, size_t max, const struct outbox_row **out, size_t *out_n,
                 struct err_text *why)
{
	CLEANUP(buf_deinit) struct buf ids = BUF_INIT(0);
	size_t left = o->n_plan - o->next;

	forget_batch(o);
	*out_n = 0;
	if (left == 0)
		return 0;
	pg_array_int(&ids, o->plan + o->next, left < max ? left : max);

	const char *const params[] = { buf_str(&ids) };
	int r = query(o, fetch_rows, params, 1, &o->batch, why);

	if (r)
		return r;
	read_rows(o);
	/* no row at all: the lead was lost, or somebody else deleted them */
	if (o->n_rows == 0)
		o->next = o->n_plan;
	else
		o->next += (size_t)pg_int(o->batch, o->n_rows - 1, 0);
	*out = o->rows;
	*out_n = o->n_rows;
	return 0;
}

int outbox_delete_fetched(struct outbox *o, struct err_text *why)
{
	CLEANUP(freep) int64_t *ids = xcalloc(o->n_rows, sizeof(*ids));
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);

	for (size_t i = 0; i < o->n_rows; i++)
		ids[i] = pg_int(o->batch, i, 1);
	pg_array_int(&text, ids, o->n_rows);

	const char *const params[] = { buf_str(&text) };

	return query(o, delete_rows, params, 1, NULL, why);
}
