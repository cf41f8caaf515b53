#include "secrets/signature.h"

#include <sodium.h>
#include <stdio.h>

static const char prefix[] = "whsec_";

enum {
	KEY_MAX = 256,
	TEXT_SIZE = sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, 1)
};

static bool decode_key(const char *text, size_t len, unsigned char key[KEY_MAX],
                       size_t *out)
{
	/* Libraries differ on whether the padding is written. */
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
	};
	size_t skip = sizeof(prefix) - 1;

	if (len <= skip || strncmp(text, prefix, skip) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		if (sodium_base642bin(key, KEY_MAX, text + skip, len - skip, NULL, out,
		                      NULL, variants[i]) == 0 &&
		    *out > 0)
			return true;
	return false;
}

static void start(crypto_auth_hmacsha256_state *state, const unsigned char *key,
                  size_t key_len, const char *head)
{
	(void)crypto_auth_hmacsha256_init(state, key, key_len);
	(void)crypto_auth_hmacsha256_update(state, (const unsigned char *)head,
	                                    strlen(head));
}

int signature_begin(struct signature *s, const char *secrets, const char *id,
                    int64_t timestamp_s, struct err_text *why)
{
	char head[128];
	unsigned char key[KEY_MAX];

	s->n = 0;
	(void)snprintf(head, sizeof(head), "%s.%lld.", id, (long long)timestamp_s);
	for (const char *at = secrets + strspn(secrets, " "); *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " "), key_len;

		if (s->n == SIGNATURE_SECRETS_MAX)
			return err_say(why, SIGNATURE_E_SECRET,
			               "webhook_secret: more than %d secrets",
			               SIGNATURE_SECRETS_MAX);
		if (!decode_key(at, n, key, &key_len))
			return err_say(why, SIGNATURE_E_SECRET,
			               "webhook_secret: number %zu is not whsec_ and "
			               "base64",
			               s->n + 1);
		start(&s->states[s->n++], key, key_len, head);
		at += n;
	}
	sodium_memzero(key, sizeof(key));
	if (s->n == 0)
		return err_say(why, SIGNATURE_E_SECRET, "webhook_secret: empty");
	return 0;
}

void signature_add(struct signature *s, const char *data, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		(void)crypto_auth_hmacsha256_update(&s->states[i],
		                                    (const unsigned char *)data, len);
}

void signature_end(struct signature *s, struct buf *out)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char text[TEXT_SIZE];

	for (size_t i = 0; i < s->n; i++) {
		(void)crypto_auth_hmacsha256_final(&s->states[i], mac);
		buf_append_str(out, out->len > 0 ? " v1," : "v1,");
		buf_append_str(out, sodium_bin2base64(text, sizeof(text), mac, sizeof(mac),
		                                      sodium_base64_VARIANT_ORIGINAL));
	}
	sodium_memzero(s, sizeof(*s));
}

int signature_append(const char *secrets, const char *id, int64_t timestamp_s,
                     const char *body, size_t len, struct buf *out, struct err_text *why)
{
	struct signature s;
	int r = signature_begin(&s, secrets, id, timestamp_s, why);

	if (r == 0) {
		signature_add(&s, body, len);
		signature_end(&s, out);
	}
	return r;
}
