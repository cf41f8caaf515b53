#pragma once
/* Standard Webhooks signatures (version v1: HMAC-SHA256). Any thread. */
#include "base/buf.h"
#include "base/err.h"

#include <sodium.h>

enum { SIGNATURE_E_SECRET = 1 };

/* For bytes that come in pieces: begin, add each, end. */
enum { SIGNATURE_SECRETS_MAX = 8 };
struct signature {
	crypto_auth_hmacsha256_state states[SIGNATURE_SECRETS_MAX];
	size_t n;
};
int signature_begin(struct signature *s, const char *secrets, const char *id,
                    int64_t timestamp_s, struct err_text *why) MUST_CHECK;
void signature_add(struct signature *s, const char *data, size_t len);
void signature_end(struct signature *s, struct buf *out);

/*
 * Appends the value of `webhook-signature` for these exact bytes: one "v1,<base64>" a
 * secret, separated by blanks. `secrets` is "whsec_<base64>", several separated by blanks
 * while one replaces another. SIGNATURE_E_SECRET: one of them is no secret; `why` says
 * which, by its place.
 */
int signature_append(const char *secrets, const char *id, int64_t timestamp_s,
                     const char *body, size_t len, struct buf *out,
                     struct err_text *why) MUST_CHECK;
