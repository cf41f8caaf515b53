#include "secrets/tokens.h"

#include "base/util.h"

#include <sodium.h>

#define FIELD(name) offsetof(struct tokens_config, name)

const struct config_key tokens_config_keys[] = {
	{ .name = "INTERNAL_TOKEN",
	  .type = CONFIG_STRING,
	  .offset = FIELD(current),
	  .min = 16,
	  .max = 512,
	  .flags = CONFIG_REQUIRED | CONFIG_SECRET,
	  .help = "What programs present to each other as x-internal-token; one for all of "
	          "them." },
	{ .name = "INTERNAL_TOKEN_PREVIOUS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(previous),
	  .flags = CONFIG_SECRET,
	  .help = "The token before it, accepted as well while callers change over." },
	CONFIG_END,
};

struct tokens {
	unsigned char hash[2][crypto_generichash_BYTES];
	size_t n;
};

static void hash_of(const char *token, unsigned char *out)
{
	(void)crypto_generichash(out, crypto_generichash_BYTES,
	                         (const unsigned char *)token, strlen(token), NULL, 0);
}

struct tokens *tokens_new(const char *current, const char *previous)
{
	const char *const given[] = { current, previous };
	struct tokens *t = xcalloc(1, sizeof(*t));

	if (sodium_init() < 0)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		if (given[i] && *given[i])
			hash_of(given[i], t->hash[t->n++]);
	return t;
}

struct tokens *tokens_free(struct tokens *t)
{
	free(t);
	return NULL;
}

bool tokens_accept(const struct tokens *t, const char *presented)
{
	unsigned char hash[crypto_generichash_BYTES];
	int accepted = 0;

	if (!presented)
		return false;
	hash_of(presented, hash);
	for (size_t i = 0; i < t->n; i++) /* all of them: no early end to measure */
		accepted |= sodium_memcmp(hash, t->hash[i], sizeof(hash)) == 0;
	return accepted;
}
