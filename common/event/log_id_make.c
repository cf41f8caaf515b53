#include "event/labevent.h"

#include <sodium.h>
#include <stdio.h>

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
	/* with its terminator: "a","bc" and "ab","c" must differ */
	crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

void labevent_log_id(const char *source, const char *id, int64_t integration_id,
                     size_t record, struct log_id *out)
{
	crypto_hash_sha256_state state;
	unsigned char hash[crypto_hash_sha256_BYTES];
	char number[24];

	crypto_hash_sha256_init(&state);
	hash_text(&state, source);
	hash_text(&state, id);
	(void)snprintf(number, sizeof(number), "%lld", (long long)integration_id);
	hash_text(&state, number);
	(void)snprintf(number, sizeof(number), "%zu", record);
	hash_text(&state, number);
	crypto_hash_sha256_final(&state, hash);
	memcpy(out->bytes, hash, sizeof(out->bytes));
}
