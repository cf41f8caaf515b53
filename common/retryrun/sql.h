#pragma once
/* Shared by the files of this folder only: parameters and errors of statements. */
#include "base/clock.h"
#include "retryrun/retryrun.h"

#include <stdio.h>

#define SQL_STATEMENT_MS 10000
#define SQL_INT_SIZE     24
#define SQL_REAL_SIZE    32

#define SQL_ISO(expression)                                                                \
	"to_char(" expression " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
/* `labs` of a preview may be seen by who may see `allowed`; an empty array: all. */
#define SQL_VISIBLE(labs, allowed)                                                         \
	"(" allowed "::bigint[] = '{}' OR " labs " <@ " allowed "::bigint[])"

static inline int64_t sql_deadline(void)
{
	return clock_mono_ms() + SQL_STATEMENT_MS;
}

static inline const char *sql_int(int64_t value, char out[SQL_INT_SIZE])
{
	(void)snprintf(out, SQL_INT_SIZE, "%lld", (long long)value);
	return out;
}

static inline const char *sql_real(double value, char out[SQL_REAL_SIZE])
{
	(void)snprintf(out, SQL_REAL_SIZE, "%.6g", value);
	return out;
}

static inline struct buf sql_labs(const struct retryrun_labs *labs)
{
	struct buf out = BUF_INIT(0);

	pg_array_int(&out, labs ? labs->ids : NULL, labs ? labs->n : 0);
	return out;
}

static inline int sql_failed(const struct pg *pg, struct err_text *why)
{
	return err_say(why, RETRYRUN_E_AWAY, "postgres: %s", pg_error(pg));
}
