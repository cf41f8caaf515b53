#include "payload/hash.h"

#include "json/jdoc.h"

#include <sodium.h>

static const char *const volatile_keys[] = { "lastUpdated", "updatedAt" };

void payload_hash(const char *data, size_t len, char out[PAYLOAD_SHA256_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)data, len);
	sodium_bin2hex(out, PAYLOAD_SHA256_SIZE, hash, sizeof(hash));
}

static bool is_volatile(const json_t *object)
{
	for (size_t i = 0; i < ARRAY_SIZE(volatile_keys); i++)
		if (json_object_get(object, volatile_keys[i]))
			return true;
	return false;
}

void payload_hash_object(const struct payload *p, char out[PAYLOAD_SHA256_SIZE])
{
	if (!is_volatile(p->object)) {
		payload_hash(p->text, p->len, out);
		return;
	}
	CLEANUP_JSON json_t *copy = json_copy(p->object);
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(volatile_keys); i++)
		(void)json_object_del(copy, volatile_keys[i]);
	CLEANUP(freep) char *text = jdoc_dump(copy, &len);
	payload_hash(text, len, out);
}
