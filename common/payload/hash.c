#include "payload/hash.h"

#include <sodium.h>

void payload_hash(const char *data, size_t len, char out[PAYLOAD_SHA256_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)data, len);
	sodium_bin2hex(out, PAYLOAD_SHA256_SIZE, hash, sizeof(hash));
}
