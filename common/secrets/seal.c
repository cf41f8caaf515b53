#include "secrets/seal.h"

#include "base/random.h"
#include "secrets/keyring_keys.h"

static const char prefix[] = "sealed:v1:";

enum {
	PREFIX_LEN = sizeof(prefix) - 1,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	HEAD_SIZE = KEY_ID_SIZE + NONCE_SIZE,
	VARIANT = sodium_base64_VARIANT_ORIGINAL,
};

bool seal_is_sealed(const char *text)
{
	return strncmp(text, prefix, PREFIX_LEN) == 0;
}

/* Key id, nonce, encrypted text and tag; NULL: no such thing. The caller frees. */
static unsigned char *decode(const char *text, size_t *len)
{
	size_t size = strlen(text + PREFIX_LEN);
	unsigned char *bytes = xcalloc(1, size + 1);

	if (sodium_base642bin(bytes, size, text + PREFIX_LEN, size, NULL, len, NULL,
	                      VARIANT) == 0 &&
	    *len >= HEAD_SIZE + TAG_SIZE)
		return bytes;
	free(bytes);
	return NULL;
}

static const struct keyset *find_key(const struct keyring *k, const unsigned char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->sets); i++)
		if (k->has[i] && memcmp(k->sets[i].id, id, KEY_ID_SIZE) == 0)
			return &k->sets[i];
	return NULL;
}

bool seal_is_current(const struct keyring *k, const char *text)
{
	size_t len = 0;
	CLEANUP(freep)
	unsigned char *bytes = seal_is_sealed(text) ? decode(text, &len) : NULL;

	return bytes && k->has[0] && find_key(k, bytes) == &k->sets[0];
}

char *seal_close(const struct keyring *k, const char *place, const char *text)
{
	size_t len = strlen(text), size = HEAD_SIZE + len + TAG_SIZE;

	if (!k->has[0])
		return NULL;
	CLEANUP(freep) unsigned char *bytes = xcalloc(1, size);

	memcpy(bytes, k->sets[0].id, KEY_ID_SIZE);
	random_bytes(bytes + KEY_ID_SIZE, NONCE_SIZE);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		bytes + HEAD_SIZE, NULL, (const unsigned char *)text, len,
		(const unsigned char *)place, strlen(place), NULL, bytes + KEY_ID_SIZE,
		k->sets[0].seal);
	size_t text_size = sodium_base64_encoded_len(size, VARIANT);
	char *out = xcalloc(1, PREFIX_LEN + text_size);

	memcpy(out, prefix, PREFIX_LEN);
	(void)sodium_bin2base64(out + PREFIX_LEN, text_size, bytes, size, VARIANT);
	return out;
}

static int decrypt(const struct keyset *key, const char *place, const unsigned char *bytes,
                   size_t len, char **out)
{
	CLEANUP(freep) char *plain = xcalloc(1, len - HEAD_SIZE - TAG_SIZE + 1);

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)plain, NULL, NULL, bytes + HEAD_SIZE, len - HEAD_SIZE,
		    (const unsigned char *)place, strlen(place), bytes + KEY_ID_SIZE,
		    key->seal) != 0)
		return SEAL_E_BROKEN;
	*out = STEAL(plain);
	return 0;
}

int seal_open(const struct keyring *k, const char *place, const char *text, char **out,
              struct err_text *why)
{
	size_t len = 0;

	if (!seal_is_sealed(text)) {
		*out = xstrdup(text);
		return 0;
	}
	if (!k->has[0] && !k->has[1])
		return err_say(why, SEAL_E_KEY, "is sealed, and SECRETS_KEY is not set");
	CLEANUP(freep) unsigned char *bytes = decode(text, &len);
	const struct keyset *key = bytes ? find_key(k, bytes) : NULL;

	if (bytes && !key)
		return err_say(why, SEAL_E_KEY,
		               "was sealed with another SECRETS_KEY; give that one as "
		               "SECRETS_KEY_PREVIOUS, or enter the secret again");
	if (!key || decrypt(key, place, bytes, len, out) != 0)
		return err_say(why, SEAL_E_BROKEN,
		               "was sealed for another place or is damaged; enter the "
		               "secret again");
	return 0;
}
