/* Reading the rows: the version with each call, the rows when it moved. */
#include "settings/row.h"

struct settings_source {
	struct pg *pg;
	struct keyring *keys;
	struct settings *last; /* NULL before the first success */
};

static const char version_sql[] = "SELECT version FROM integration.settings_version";

#define X(symbol, expression) ", " expression
static const char rows_sql[] = "SELECT 0" SETTINGS_COLUMNS(
	X) " FROM integration.lab_integration r"
	   " JOIN integration.developer_authentication a ON a.id = r.auth_id";
#undef X

struct settings_source *settings_source_new(struct pg *pg,
                                            const struct secrets_config *secrets)
{
	struct settings_source *source = xcalloc(1, sizeof(*source));

	source->pg = pg;
	source->keys = keyring_new(secrets);
	return source;
}

struct settings_source *settings_source_free(struct settings_source *source)
{
	if (source) {
		settings_unref(source->last);
		(void)keyring_free(source->keys);
		free(source);
	}
	return NULL;
}

static struct settings *build(const struct settings_source *source,
                              const struct pg_result *result, int64_t version)
{
	size_t n = pg_rows(result);
	CLEANUP(freep) struct settings_cells *cells = xcalloc(n, sizeof(*cells));

	for (size_t i = 0; i < n; i++)
		for (int column = 0; column < SETTINGS_COLUMN_COUNT; column++)
			cells[i].text[column] = pg_text(result, i, column + 1);
	return settings_build(version, cells, n, source->keys);
}

int settings_refresh(struct settings_source *source, int64_t deadline_ms,
                     struct settings **out)
{
	CLEANUP(pg_result_freep) struct pg_result *versions = NULL;
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	int r = pg_query(source->pg, version_sql, NULL, 0, deadline_ms, &versions);

	if (r)
		return r;
	int64_t version = pg_rows(versions) ? pg_int(versions, 0, 0) : 0;
	if (!source->last || settings_version(source->last) != version) {
		/* the version was read first: a row that changes in between is read again
		 */
		r = pg_query(source->pg, rows_sql, NULL, 0, deadline_ms, &rows);
		if (r)
			return r;
		settings_unref(source->last);
		source->last = build(source, rows, version);
	}
	*out = settings_ref(source->last);
	return 0;
}
