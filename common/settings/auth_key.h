#pragma once
/*
 * Whose key is it: developer_authentication by the auth_key that a caller presents. Keys
 * are sealed at rest, so they are found by a keyed hash (auth_key_hash); one that was
 * written by plain SQL and is not sealed yet is found as it is. One that was replaced
 * (integration.old_auth_key) counts until its time.
 */
#include "base/err.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"

struct auth_key_owner {
	int64_t auth_id, lab_id, org_id; /* org_id 0 = none */
	bool enabled;                    /* is_integration_enable */
	char developer_name[256];        /* cut */
};

enum { AUTH_KEY_E_UNKNOWN = 16 }; /* beside PG_E_... */

/*
 * Of several rows with the same key the enabled one with the lowest id. Blocking.
 * AUTH_KEY_E_UNKNOWN: nobody's; PG_E_...: PostgreSQL cannot say.
 */
int auth_key_find(struct pg *pg, const struct keyring *keys, const char *presented,
                  int64_t deadline_ms, struct auth_key_owner *out) MUST_CHECK;
