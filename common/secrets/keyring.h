#pragma once
/*
 * The keys that SECRETS_KEY gives: one seals secrets at rest (secrets/seal.h), one makes
 * the keyed hashes by which developer_authentication.auth_key is found without being
 * stored. During a rotation SECRETS_KEY_PREVIOUS gives a second set, for reading alone.
 * Immutable: any thread.
 */
#include "config/config.h"

#include <stdbool.h>

struct secrets_config {
	char *key, *previous; /* "" = none */
};
extern const struct config_key secrets_config_keys[];

struct keyring;
/* Also without any key: then nothing can be sealed, opened or hashed. */
struct keyring *keyring_new(const struct secrets_config *config);
struct keyring *keyring_free(struct keyring *k); /* NULL in, NULL out; wipes the keys */
DEFINE_CLEANUP(struct keyring *, keyring_free);
bool keyring_has_key(const struct keyring *k); /* SECRETS_KEY is set */

#define AUTH_KEY_HASH_SIZE 32
/*
 * What developer_authentication.auth_key_hash holds for this auth_key: HMAC-SHA256 with a
 * key derived from SECRETS_KEY, then from SECRETS_KEY_PREVIOUS. Returns how many there are:
 * 2, 1, or 0 without a key.
 */
size_t keyring_auth_key_hashes(const struct keyring *k, const char *auth_key, size_t len,
                               unsigned char out[2][AUTH_KEY_HASH_SIZE]);
#define AUTH_KEY_HEX_SIZE (2 * AUTH_KEY_HASH_SIZE + 1)
/* As SQL's decode(..., 'hex') reads it; returns out. */
const char *keyring_hash_to_hex(const unsigned char hash[AUTH_KEY_HASH_SIZE],
                                char out[AUTH_KEY_HEX_SIZE]);
