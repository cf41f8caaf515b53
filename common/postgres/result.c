#include "postgres/internal.h"

size_t pg_rows(const struct pg_result *r)
{
	return (size_t)PQntuples(r->rows);
}

const char *pg_text(const struct pg_result *r, size_t row, int column)
{
	return PQgetisnull(r->rows, (int)row, column)
	               ? NULL
	               : PQgetvalue(r->rows, (int)row, column);
}

size_t pg_length(const struct pg_result *r, size_t row, int column)
{
	return (size_t)PQgetlength(r->rows, (int)row, column);
}

int64_t pg_int(const struct pg_result *r, size_t row, int column)
{
	const char *text = pg_text(r, row, column);

	return text ? strtoll(text, NULL, 10) : 0;
}

bool pg_bool(const struct pg_result *r, size_t row, int column)
{
	const char *text = pg_text(r, row, column);

	return text && *text == 't';
}

size_t pg_affected(const struct pg_result *r)
{
	return (size_t)strtoull(PQcmdTuples(r->rows), NULL, 10);
}

struct pg_result *pg_result_free(struct pg_result *r)
{
	if (r)
		PQclear(r->rows);
	free(r);
	return NULL;
}

void pg_array_int(struct buf *out, const int64_t *values, size_t n)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < n; i++)
		buf_printf(out, i ? ",%lld" : "%lld", (long long)values[i]);
	buf_append_char(out, '}');
}
