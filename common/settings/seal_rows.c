#include "settings/seal_rows.h"

#include "settings/sealing.h"
#include "json/jdoc.h"

/* Rows of one statement that writes them back. */
#define BATCH 500

/* What is read of a table, and what takes it back (deploy/sql, 0020). */
struct table {
	const char *read_sql; /* id, xmin, headers, and two more texts */
	const char *write_sql;
	/* The row as it should rest, without id and seen; NULL: as it is. */
	json_t *(*make)(const struct pg_result *rows, size_t row,
	                const struct keyring *keys, size_t *lost);
};

static void count_lost(void *lost, const char *fault)
{
	(*(size_t *)lost)++;
}

/* Sealed as far as it can be; false: nothing changed, *out is NULL. */
static bool seal_cell(const char *text, enum settings_document kind, int64_t id,
                      const struct keyring *keys, json_t **out, size_t *lost)
{
	json_t *doc = text ? jdoc_parse(text, strlen(text), NULL) : NULL;

	*out = doc;
	if (!json_is_object(doc))
		return false;
	CLEANUP_JSON json_t *opened = json_deep_copy(doc);

	settings_open(opened, kind, id, keys, count_lost, lost);
	return settings_seal(doc, kind, id, keys) > 0;
}

static json_t *make_integration(const struct pg_result *rows, size_t row,
                                const struct keyring *keys, size_t *lost)
{
	int64_t id = pg_int(rows, row, 0);
	CLEANUP_JSON json_t *headers = NULL;
	CLEANUP_JSON json_t *details = NULL;
	const char *url = pg_text(rows, row, 4);
	CLEANUP(freep) char *sealed = settings_seal_url(url, id, keys);
	bool changed = seal_cell(pg_text(rows, row, 2), SETTINGS_DOCUMENT_HEADERS, id, keys,
	                         &headers, lost);

	changed |= seal_cell(pg_text(rows, row, 3), SETTINGS_DOCUMENT_DETAILS, id, keys,
	                     &details, lost);
	free(settings_open_url(url, id, keys, count_lost, lost)); /* only to count it */
	if (!changed && !sealed)
		return NULL;
	json_t *out = json_object();

	jdoc_set_text(out, "url", sealed ? sealed : url);

	(void)json_object_set(out, "headers", headers);
	(void)json_object_set(out, "integration_extra_details", details);
	return out;
}

/* Sets the key and its hash, as they should be; false: they are. */
static bool seal_auth_key(json_t *out, int64_t id, const char *auth_key, const char *hash,
                          const struct keyring *keys, size_t *lost)
{
	unsigned char hashes[2][AUTH_KEY_HASH_SIZE];
	char hex[AUTH_KEY_HEX_SIZE];
	CLEANUP(freep) char *plain = settings_open_auth_key(auth_key, id, keys);
	CLEANUP(freep) char *sealed = settings_seal_auth_key(auth_key, id, keys);

	jdoc_set_text(out, "auth_key", sealed ? sealed : auth_key);
	jdoc_set_text(out, "auth_key_hash", hash);
	if (!plain) {
		(*lost)++;
		return false;
	}
	(void)keyring_auth_key_hashes(keys, plain, strlen(plain), hashes);
	jdoc_set_text(out, "auth_key_hash", keyring_hash_to_hex(hashes[0], hex));
	return sealed || !hash || strcmp(hash, hex) != 0;
}

static json_t *make_authentication(const struct pg_result *rows, size_t row,
                                   const struct keyring *keys, size_t *lost)
{
	int64_t id = pg_int(rows, row, 0);
	const char *auth_key = pg_text(rows, row, 3);
	CLEANUP_JSON json_t *out = json_object();
	json_t *headers = NULL;
	bool changed = seal_cell(pg_text(rows, row, 2), SETTINGS_DOCUMENT_AUTH_HEADERS, id,
	                         keys, &headers, lost);

	(void)json_object_set_new(out, "headers", headers);
	if (auth_key && *auth_key)
		changed |=
			seal_auth_key(out, id, auth_key, pg_text(rows, row, 4), keys, lost);
	else
		jdoc_set_text(out, "auth_key", auth_key);
	return changed ? STEAL(out) : NULL;
}

static const struct table tables[] = {
	{ .read_sql =
	          "SELECT id, xmin::text, headers::text, integration_extra_details::text,"
	          " url FROM integration.lab_integration WHERE headers <> '{}'"
	          " OR integration_extra_details <> '{}' OR url ~ '[@?]'",
	  .write_sql = "SELECT integration.seal_integrations($1::jsonb)",
	  .make = make_integration },
	{ .read_sql = "SELECT id, xmin::text, headers::text, auth_key,"
	              " encode(auth_key_hash, 'hex')"
	              " FROM integration.developer_authentication",
	  .write_sql = "SELECT integration.seal_authentications($1::jsonb)",
	  .make = make_authentication },
};

static int write_back(struct pg *pg, const struct table *table, json_t *batch,
                      int64_t deadline_ms, size_t *changed)
{
	CLEANUP(pg_result_freep) struct pg_result *done = NULL;
	CLEANUP(freep) char *text = jdoc_dump(batch, NULL);
	const char *const params[] = { text };
	int r = pg_query(pg, table->write_sql, params, 1, deadline_ms, &done);

	if (r == 0)
		*changed += (size_t)pg_int(done, 0, 0);
	(void)json_array_clear(batch);
	return r;
}

static int seal_table(struct pg *pg, const struct table *table, const struct keyring *keys,
                      int64_t deadline_ms, struct settings_sealed *out)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP_JSON json_t *batch = json_array();
	int r = pg_query(pg, table->read_sql, NULL, 0, deadline_ms, &rows);

	for (size_t i = 0; r == 0 && i < pg_rows(rows); i++) {
		json_t *row = table->make(rows, i, keys, &out->lost);

		if (!row)
			continue;
		jdoc_set_int(row, "id", pg_int(rows, i, 0));
		jdoc_set_text(row, "seen", pg_text(rows, i, 1));
		(void)json_array_append_new(batch, row);
		if (json_array_size(batch) == BATCH)
			r = write_back(pg, table, batch, deadline_ms, &out->rows);
	}
	if (r == 0 && json_array_size(batch) > 0)
		r = write_back(pg, table, batch, deadline_ms, &out->rows);
	return r;
}

int settings_seal_rows(struct pg *pg, const struct keyring *keys, int64_t deadline_ms,
                       struct settings_sealed *out)
{
	int r = 0;

	*out = (struct settings_sealed){ 0 };
	if (!keyring_has_key(keys))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++)
		r = seal_table(pg, &tables[i], keys, deadline_ms, out);
	return r;
}
