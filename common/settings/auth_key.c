#include "settings/auth_key.h"

#include "base/utf8.h"
#include "secrets/seal.h"

#include <stdio.h>

/*
 * A hash is void when its key changed; then, and only then, the text itself counts. A key
 * that was replaced counts until its time.
 */
static const char find_sql[] =
	"SELECT a.id, a.lab_id, a.org_id, a.is_integration_enable, a.developer_name FROM ("
	" SELECT id AS auth_id, false AS is_old FROM integration.developer_authentication"
	" WHERE auth_key_hash IN (decode($1, 'hex'), decode($2, 'hex'))"
	" OR (auth_key = $3 AND auth_key_hash IS NULL)"
	" UNION ALL SELECT auth_id, true FROM integration.old_auth_key"
	" WHERE valid_until > now() AND (auth_key = $3"
	" OR auth_key_hash IN (decode($1, 'hex'), decode($2, 'hex')))"
	") k JOIN integration.developer_authentication a ON a.id = k.auth_id"
	" ORDER BY a.is_integration_enable DESC, k.is_old, a.id LIMIT 1";

int auth_key_find(struct pg *pg, const struct keyring *keys, const char *presented,
                  int64_t deadline_ms, struct auth_key_owner *out)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	unsigned char hashes[2][AUTH_KEY_HASH_SIZE];
	char hex[2][AUTH_KEY_HEX_SIZE];
	const char *params[3] = { NULL, NULL, presented };
	size_t n;

	/* what stands in the table is not what opens the door */
	if (!*presented || seal_is_sealed(presented) ||
	    !utf8_valid(presented, strlen(presented)))
		return AUTH_KEY_E_UNKNOWN;
	n = keyring_auth_key_hashes(keys, presented, strlen(presented), hashes);
	for (size_t i = 0; i < n; i++)
		params[i] = keyring_hash_to_hex(hashes[i], hex[i]);
	int r = pg_query(pg, find_sql, params, ARRAY_SIZE(params), deadline_ms, &rows);
	if (r)
		return r;
	if (pg_rows(rows) == 0)
		return AUTH_KEY_E_UNKNOWN;
	*out = (struct auth_key_owner){
		.auth_id = pg_int(rows, 0, 0),
		.lab_id = pg_int(rows, 0, 1),
		.org_id = pg_int(rows, 0, 2),
		.enabled = pg_bool(rows, 0, 3),
	};
	(void)snprintf(out->developer_name, sizeof(out->developer_name), "%s",
	               pg_text(rows, 0, 4));
	return 0;
}
