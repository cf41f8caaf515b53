#pragma once
/*
 * PostgreSQL, hiding libpq. One connection, used by one thread at a time; every call has a
 * deadline; a broken connection is made again on the next call, with back-off and jitter (a
 * call during the back-off returns PG_E_AWAY at once).
 */
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

#include <stdbool.h>

struct postgres_config {
	char *url;               /* POSTGRES_URL */
	int64_t connect_timeout; /* POSTGRES_CONNECT_TIMEOUT, ms */
};
extern const struct config_key postgres_config_keys[];

enum {
	PG_E_AWAY = 1, /* no connection, or it broke: nothing is known of the statement */
	PG_E_TIMEOUT,  /* the deadline passed: the connection is given up, and the server
	                  ends the statement within a second (PostgreSQL 14) */
	PG_E_REFUSED,  /* the server answered with an error: pg_error() */
};

struct pg;
struct pg *pg_open(const struct postgres_config *config); /* connects on first use */
struct pg *pg_close(struct pg *pg);

struct pg_result;
/*
 * One statement with text parameters ($1..$n; NULL = null). On 0, *out (if asked for) is
 * the caller's. Statements that are a string literal of the program are prepared once and
 * reused.
 */
int pg_query(struct pg *pg, const char *sql, const char *const *params, size_t n_params,
             int64_t deadline_ms, struct pg_result **out) MUST_CHECK;
/* The same with the columns as they are: a bytea's bytes, a text's text (cast what is
 * neither). */
int pg_query_binary(struct pg *pg, const char *sql, const char *const *params,
                    size_t n_params, int64_t deadline_ms,
                    struct pg_result **out) MUST_CHECK;
/* Several statements without parameters (migrations): all or none, in one transaction. */
int pg_script(struct pg *pg, const char *sql, int64_t deadline_ms) MUST_CHECK;

size_t pg_rows(const struct pg_result *r);
/* NULL for null. Valid until pg_result_free. */
const char *pg_text(const struct pg_result *r, size_t row, int column);
size_t pg_length(const struct pg_result *r, size_t row, int column); /* bytes */
int64_t pg_int(const struct pg_result *r, size_t row, int column);   /* 0 for null */
bool pg_bool(const struct pg_result *r, size_t row, int column);
size_t pg_affected(const struct pg_result *r);
struct pg_result *pg_result_free(struct pg_result *r);
DEFINE_CLEANUP(struct pg_result *, pg_result_free);

/* Of the last call that failed: five letters ("" unless refused), and a message without
 * data. */
const char *pg_sqlstate(const struct pg *pg);
const char *pg_error(const struct pg *pg);

void pg_array_int(struct buf *out, const int64_t *values, size_t n); /* {1,2,3} */
