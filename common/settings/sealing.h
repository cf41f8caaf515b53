#pragma once
/*
 * The secrets within a row's JSON (settings/details.h says which): opened where a row is
 * used, sealed where it rests, masked where it is shown. Each is bound to its row and path,
 * so a document must say whose it is.
 */
#include "secrets/keyring.h"
#include "settings/details.h"

#include <stdbool.h>

enum settings_document {
	SETTINGS_DOCUMENT_DETAILS,      /* lab_integration.integration_extra_details */
	SETTINGS_DOCUMENT_HEADERS,      /* lab_integration.headers */
	SETTINGS_DOCUMENT_AUTH_HEADERS, /* developer_authentication.headers */
};

/* In place; what cannot be opened stays, and is said. `id` is the row's of that table. */
void settings_open(json_t *doc, enum settings_document kind, int64_t id,
                   const struct keyring *keys, settings_say_fn say, void *arg);
/* In place; returns how many were plain, or sealed with the previous key. 0 without a
 * SECRETS_KEY. What cannot be opened stays. */
size_t settings_seal(json_t *doc, enum settings_document kind, int64_t id,
                     const struct keyring *keys);
/* In place: each secret becomes MASK_TEXT. */
void settings_mask(json_t *doc, enum settings_document kind);
/* A row of lab_integration as JSON: its url, headers and details. */
void settings_mask_row(json_t *row);

/*
 * The same of lab_integration.url: its user and password, and the parameters of its query
 * that are secrets by name (secrets/mask.h; shown by mask_url). A new text; the caller
 * frees. settings_seal_url: NULL where nothing is to be done.
 */
char *settings_open_url(const char *url, int64_t id, const struct keyring *keys,
                        settings_say_fn say, void *arg);
char *settings_seal_url(const char *url, int64_t id, const struct keyring *keys);

/* developer_authentication.auth_key: sealed, or NULL where it is already (or no key). The
 * caller frees. settings_open_auth_key: the plain text; NULL: it cannot be opened. */
char *settings_seal_auth_key(const char *auth_key, int64_t auth_id,
                             const struct keyring *keys);
char *settings_open_auth_key(const char *auth_key, int64_t auth_id,
                             const struct keyring *keys);
