#include "secrets/keyring_keys.h"

#include <stddef.h>
#include <stdlib.h>

#define FIELD(name) offsetof(struct secrets_config, name)

enum { KEY_MIN = 16, KEY_MAX = 1024 };

const struct config_key secrets_config_keys[] = {
	{ .name = "SECRETS_KEY",
	  .type = CONFIG_STRING,
	  .offset = FIELD(key),
	  .min = KEY_MIN,
	  .max = KEY_MAX,
	  .flags = CONFIG_SECRET,
	  .help = "Seals the secrets of the configuration at rest (openssl rand -hex 32 "
	          "makes one); the same for all programs. Without it, sealed secrets "
	          "cannot be used and plain ones stay plain." },
	{ .name = "SECRETS_KEY_PREVIOUS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(previous),
	  .min = KEY_MIN,
	  .max = KEY_MAX,
	  .flags = CONFIG_SECRET,
	  .help = "The key before, while SECRETS_KEY is new: what it sealed is still "
	          "read, and sealed again." },
	CONFIG_END,
};

/* The text has the entropy; each use gets a key of its own. */
static bool derive(const char *text, struct keyset *out)
{
	static const char context[crypto_kdf_CONTEXTBYTES + 1] = "fleetkey";
	unsigned char master[crypto_kdf_KEYBYTES];
	unsigned char id[crypto_kdf_BYTES_MIN];

	if (!text || !*text)
		return false;
	(void)crypto_generichash(master, sizeof(master), (const unsigned char *)text,
	                         strlen(text), NULL, 0);
	(void)crypto_kdf_derive_from_key(out->seal, sizeof(out->seal), 1, context, master);
	(void)crypto_kdf_derive_from_key(out->auth_key, sizeof(out->auth_key), 2, context,
	                                 master);
	(void)crypto_kdf_derive_from_key(id, sizeof(id), 3, context, master);
	memcpy(out->id, id, sizeof(out->id));
	sodium_memzero(master, sizeof(master));
	return true;
}

struct keyring *keyring_new(const struct secrets_config *config)
{
	struct keyring *k = xcalloc(1, sizeof(*k));

	if (sodium_init() < 0)
		abort(); /* no random numbers to be had */
	k->has[0] = derive(config->key, &k->sets[0]);
	k->has[1] = derive(config->previous, &k->sets[1]);
	return k;
}

struct keyring *keyring_free(struct keyring *k)
{
	if (k) {
		sodium_memzero(k, sizeof(*k));
		free(k);
	}
	return NULL;
}

bool keyring_has_key(const struct keyring *k)
{
	return k->has[0];
}

size_t keyring_auth_key_hashes(const struct keyring *k, const char *auth_key, size_t len,
                               unsigned char out[2][AUTH_KEY_HASH_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(k->sets); i++) {
		crypto_auth_hmacsha256_state state;

		if (!k->has[i])
			continue;
		(void)crypto_auth_hmacsha256_init(&state, k->sets[i].auth_key,
		                                  sizeof(k->sets[i].auth_key));
		(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)auth_key,
		                                    len);
		(void)crypto_auth_hmacsha256_final(&state, out[n++]);
		sodium_memzero(&state, sizeof(state));
	}
	return n;
}

const char *keyring_hash_to_hex(const unsigned char hash[AUTH_KEY_HASH_SIZE],
                                char out[AUTH_KEY_HEX_SIZE])
{
	return sodium_bin2hex(out, AUTH_KEY_HEX_SIZE, hash, AUTH_KEY_HASH_SIZE);
}
