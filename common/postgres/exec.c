#include "postgres/internal.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>

/*
 * Messages of these classes can hold values (a patient's): only what the code means is
 * kept. First match wins; a class is two letters.
 */
static const struct {
	const char *sqlstate;
	const char *meaning;
} data_errors[] = {
	{ "22001", "text too long for its column" },
	{ "22003", "number out of range" },
	{ "22007", "not a date or time" },
	{ "22008", "date or time out of range" },
	{ "22012", "division by zero" },
	{ "22021", "bytes that are no text of the encoding" },
	{ "22P02", "text that is no value of the type" },
	{ "22P05", "a character that cannot be represented" },
	{ "22", "a value that cannot be used" },
	{ "23502", "null in a column that needs a value" },
	{ "23503", "a reference to a row that is not there" },
	{ "23505", "a row with the same key is there" },
	{ "23514", "a value against a check constraint" },
	{ "23", "a value against a constraint" },
	{ "P0", "raised by a function" },
};

static const char *data_error(const char *sqlstate)
{
	for (size_t i = 0; i < ARRAY_SIZE(data_errors); i++)
		if (strncmp(sqlstate, data_errors[i].sqlstate,
		            strlen(data_errors[i].sqlstate)) == 0)
			return data_errors[i].meaning;
	return NULL;
}

static const char *field_of(const PGresult *result, int field)
{
	const char *text = PQresultErrorField(result, field);

	return text ? text : "";
}

static int refused(struct pg *pg, const PGresult *result)
{
	const char *sqlstate = field_of(result, PG_DIAG_SQLSTATE);
	const char *meaning = data_error(sqlstate);
	const char *constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME);
	char text[240];

	if (!*sqlstate) /* libpq's own: the connection broke */
		return connection_say(pg, PG_E_AWAY, "", PQresultErrorMessage(result));
	if (strncmp(sqlstate, "57P0", 4) == 0 || strncmp(sqlstate, "08", 2) == 0)
		return connection_say(pg, PG_E_AWAY, "", "the server ended the connection");
	(void)snprintf(text, sizeof(text), "%s%s%s",
	               meaning ? meaning : field_of(result, PG_DIAG_MESSAGE_PRIMARY),
	               *constraint ? ": " : "", constraint);
	return connection_say(pg, PG_E_REFUSED, sqlstate, text);
}

/*
 * Past its deadline the statement is given up together with the connection: the server
 * notices within a second and ends it (connect.c). PQcancel would do it without a new
 * connection, but blocks as long as a hanging server likes.
 */
static int timed_out(struct pg *pg)
{
	connection_drop(pg);
	return connection_say(pg, PG_E_TIMEOUT, "", "the deadline passed");
}

static int flush(struct pg *pg, int64_t deadline_ms)
{
	int r;

	while ((r = PQflush(pg->conn)) > 0) {
		if (!connection_wait(pg->conn, POLLIN | POLLOUT, deadline_ms))
			return timed_out(pg);
		/* the server may have to speak before it listens on */
		if (!PQconsumeInput(pg->conn))
			break;
	}
	return r ? connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn)) : 0;
}

static int wait_result(struct pg *pg, int64_t deadline_ms)
{
	while (PQisBusy(pg->conn)) {
		if (!connection_wait(pg->conn, POLLIN, deadline_ms))
			return timed_out(pg);
		if (!PQconsumeInput(pg->conn))
			return connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn));
	}
	return 0;
}

/* Takes `result`: an error is kept in words, the last good one in *out. */
static int take_result(struct pg *pg, PGresult *result, int so_far, PGresult **out)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		PQclear(*out);
		*out = result;
		return so_far;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		PQclear(result);
		return connection_say(pg, PG_E_AWAY, "", "COPY is not supported");
	default:
		so_far = so_far ? so_far : refused(pg, result);
		PQclear(result);
		return so_far;
	}
}

int exec_finish(struct pg *pg, int64_t deadline_ms, PGresult **out)
{
	int r = flush(pg, deadline_ms);
	PGresult *result;

	*out = NULL;
	while (r == 0 || r == PG_E_REFUSED) {
		int waited = wait_result(pg, deadline_ms);

		if (waited) {
			r = waited;
			break;
		}
		result = PQgetResult(pg->conn);
		if (!result)
			break;
		r = take_result(pg, result, r, out);
	}
	if (r) {
		PQclear(*out);
		*out = NULL;
	}
	if (r == PG_E_AWAY)
		connection_drop(pg);
	if (pg->conn)
		pg->in_transaction = PQtransactionStatus(pg->conn) != PQTRANS_IDLE;
	return r;
}

/* ---- statements prepared once ---- */

/* The entry of this text, new or known. An entry is prepared at its second use: what is
 * built anew each time is not worth it. */
static struct statement *find_statement(struct pg *pg, const char *sql, bool *seen)
{
	struct statement *victim;

	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		if (pg->statements[i].sql == sql) {
			*seen = strcmp(pg->statements[i].text, sql) == 0;
			if (*seen)
				return &pg->statements[i];
		}
	*seen = false;
	for (size_t tried = 0; tried < STATEMENTS_MAX; tried++) {
		victim = &pg->statements[pg->next_victim++ % STATEMENTS_MAX];
		if (!victim->prepared) {
			free(victim->text);
			*victim = (struct statement){ .sql = sql, .text = xstrdup(sql) };
			return victim;
		}
	}
	return NULL; /* as many as we keep are prepared: this one runs as it is */
}

static int prepare(struct pg *pg, struct statement *s, int64_t deadline_ms)
{
	char name[16];
	PGresult *result = NULL;

	s->number = ++pg->last_number;
	(void)snprintf(name, sizeof(name), "f%u", s->number);
	if (!PQsendPrepare(pg->conn, name, s->text, 0, NULL))
		return connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn));
	int r = exec_finish(pg, deadline_ms, &result);

	PQclear(result);
	s->prepared = r == 0;
	return r;
}

/* One call of pg_query. */
struct call {
	const char *sql;
	const char *const *params;
	int n_params;
	int format; /* of the result: 0 text, 1 binary */
	int64_t deadline_ms;
};

static int send_statement(struct pg *pg, const struct statement *s, const struct call *call)
{
	char name[16];
	int sent;

	if (s && s->prepared) {
		(void)snprintf(name, sizeof(name), "f%u", s->number);
		sent = PQsendQueryPrepared(pg->conn, name, call->n_params, call->params,
		                           NULL, NULL, call->format);
	} else
		sent = PQsendQueryParams(pg->conn, call->sql, call->n_params, NULL,
		                         call->params, NULL, NULL, call->format);
	if (sent)
		return 0;
	(void)connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn));
	connection_drop(pg);
	return PG_E_AWAY;
}

static int run(struct pg *pg, struct statement *s, const struct call *call, PGresult **out)
{
	int r = send_statement(pg, s, call);

	return r ? r : exec_finish(pg, call->deadline_ms, out);
}

/* The prepared statement is gone (a pooler) or its tables changed under it. */
static bool is_stale(const struct pg *pg)
{
	return strcmp(pg->sqlstate, "26000") == 0 || strcmp(pg->sqlstate, "0A000") == 0;
}

static int query(struct pg *pg, const struct call *call, PGresult **out)
{
	bool seen = false;
	struct statement *s = find_statement(pg, call->sql, &seen);

	if (s && seen && !s->prepared) {
		int r = prepare(pg, s, call->deadline_ms);

		if (r)
			return r;
	}
	bool prepared = s && s->prepared;
	int r = run(pg, s, call, out);

	if (r == PG_E_REFUSED && prepared && is_stale(pg) && !pg->in_transaction) {
		s->prepared = false;
		r = run(pg, NULL, call, out);
	}
	return r;
}

static int give(struct pg *pg, int r, PGresult *rows, struct pg_result **out)
{
	if (r || !out) {
		PQclear(rows);
		return r;
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->rows = rows;
	return 0;
}

static int call_and_give(struct pg *pg, const struct call *call, struct pg_result **out)
{
	PGresult *rows = NULL;
	int r = connection_ensure(pg, call->deadline_ms);

	if (!r)
		r = query(pg, call, &rows);
	return give(pg, r, rows, out);
}

int pg_query(struct pg *pg, const char *sql, const char *const *params, size_t n_params,
             int64_t deadline_ms, struct pg_result **out)
{
	const struct call call = { .sql = sql,
		                   .params = params,
		                   .n_params = (int)n_params,
		                   .deadline_ms = deadline_ms };

	return call_and_give(pg, &call, out);
}

int pg_query_binary(struct pg *pg, const char *sql, const char *const *params,
                    size_t n_params, int64_t deadline_ms, struct pg_result **out)
{
	const struct call call = { .sql = sql,
		                   .params = params,
		                   .n_params = (int)n_params,
		                   .format = 1,
		                   .deadline_ms = deadline_ms };

	return call_and_give(pg, &call, out);
}

int pg_script(struct pg *pg, const char *sql, int64_t deadline_ms)
{
	PGresult *result = NULL;
	int r = connection_ensure(pg, deadline_ms);

	if (r)
		return r;
	long long left_ms = deadline_ms - clock_mono_ms() + 1000;
	/* several statements in one message are one transaction */
	CLEANUP(freep)
	char *script = xasprintf("SET LOCAL statement_timeout = %lld;\n%s", left_ms, sql);

	if (!PQsendQuery(pg->conn, script)) {
		(void)connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn));
		connection_drop(pg);
		return PG_E_AWAY;
	}
	r = exec_finish(pg, deadline_ms, &result);
	PQclear(result);
	return r;
}
