/* Auth keys that were replaced: for how long they count beside the new one. */
#include "setup.h"

#include "base/clock.h"
#include "settings/sealing.h"
#include "json/jdoc.h"

#include <stdio.h>

#define OVERLAP_MS       (24LL * 3600 * 1000)
#define OVERLAP_MAX_MS   (90LL * 24 * 3600 * 1000)
#define HINT_LEN         4
#define HINTED_LEN_LEAST 9 /* of a shorter key they would be half of it */

/* 0: it ends at once; < 0: said. */
static int64_t read_until(struct call *call)
{
	const json_t *said = json_object_get(call->body, "old_auth_key_until");
	int64_t now_ms = clock_wall_ms(), until_ms = now_ms + OVERLAP_MS;

	if (json_is_null(said))
		return 0;
	if (said && (!json_is_string(said) ||
	             !clock_parse_iso(json_string_value(said), &until_ms) ||
	             until_ms > now_ms + OVERLAP_MAX_MS)) {
		call_fault(call, "/old_auth_key_until",
		           "old_auth_key_until must be a time within 90 days, or null: the "
		           "old key ends at once");
		return -1;
	}
	return until_ms > now_ms ? until_ms : 0;
}

/* The key's hash, or itself where there is no SECRETS_KEY. */
static void set_key(struct call *call, json_t *old, const json_t *auth)
{
	const char *kept = jdoc_text_or(auth, "auth_key", "");
	const char *hash = jdoc_text_or(auth, "auth_key_hash", "");
	CLEANUP(freep)
	char *key = settings_open_auth_key(kept, jdoc_int_or(auth, "id", 0), call->d->keys);
	unsigned char hashes[2][AUTH_KEY_HASH_SIZE];
	char hex[AUTH_KEY_HEX_SIZE];
	size_t len = key ? strlen(key) : 0;

	if (key && keyring_auth_key_hashes(call->d->keys, key, len, hashes) > 0)
		jdoc_set_text(old, "auth_key_hash", keyring_hash_to_hex(hashes[0], hex));
	else if (strncmp(hash, "\\x", 2) == 0)
		jdoc_set_text(old, "auth_key_hash", hash + 2);
	else
		jdoc_set_text(old, "auth_key", key);
	jdoc_set_text(old, "hint", len >= HINTED_LEN_LEAST ? key + len - HINT_LEN : "");
}

json_t *keys_keep(struct call *call, const json_t *auth)
{
	int64_t until_ms = read_until(call);
	char text[CLOCK_ISO_SIZE];
	json_t *old;

	if (until_ms <= 0 || !*jdoc_text_or(auth, "auth_key", ""))
		return NULL;
	old = json_pack("{s:s}", "valid_until", clock_format_iso(until_ms, text));
	set_key(call, old, auth);
	return old;
}

void api_end_old_keys(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { call->parts[0] };
	struct audit audit = { .action = "end-old-auth-keys",
		               .object = "developer-authentication",
		               .object_id = call->parts[0] };
	int64_t id;

	if (!call_path_int(call, 0, &id) ||
	    !sees_authentication(call, call->parts[0], &audit.lab_id) ||
	    !call_audit(call, &audit) ||
	    call_pg(call,
	            "WITH ended AS (DELETE FROM integration.old_auth_key WHERE auth_id = "
	            "$1 RETURNING valid_until) "
	            "SELECT count(*) FROM ended WHERE valid_until > now()",
	            params, 1, &rows))
		return;
	call_answer(call, CODE_OK,
	            json_pack("{s:I}", "ended", (json_int_t)pg_int(rows, 0, 0)));
}
