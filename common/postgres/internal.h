#pragma once
/*
 * Internal to common/postgres: a connection, as its parts see it. Nobody else includes this
 * (nor libpq).
 */
#include "postgres/postgres.h"

#include <libpq-fe.h>

struct statement {
	const char *sql; /* the caller's pointer: the quick half of the key */
	char *text;      /* what it pointed to */
	unsigned number; /* in the server's name, "f7" */
	bool prepared;
};

#define STATEMENTS_MAX 64

struct pg {
	char *url;
	int64_t connect_timeout_ms;
	PGconn *conn;
	bool in_transaction; /* after the last statement */
	unsigned failures;   /* to connect, in a row */
	int64_t retry_at_ms; /* monotonic: not before */
	struct statement statements[STATEMENTS_MAX];
	unsigned next_victim, last_number;
	char sqlstate[6];
	char error[240];
};

struct pg_result {
	PGresult *rows;
};

/* ---- connect.c ---- */
/* A usable connection, or PG_E_AWAY. */
int connection_ensure(struct pg *pg, int64_t deadline_ms);
void connection_drop(struct pg *pg);
/* Keeps a message and returns `code`; "" clears. */
int connection_say(struct pg *pg, int code, const char *sqlstate, const char *message);
/* Waits for the socket; false when the deadline passed. */
bool connection_wait(const PGconn *conn, short events, int64_t deadline_ms);

/* ---- exec.c ---- */
/* What was sent is flushed, its results are read: the last one is *out. */
int exec_finish(struct pg *pg, int64_t deadline_ms, PGresult **out);
