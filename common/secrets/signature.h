#pragma once
/* Standard Webhooks signatures (version v1: HMAC-SHA256). Any thread. */
#include "base/buf.h"
#include "base/err.h"

enum { SIGNATURE_E_SECRET = 1 };

/*
 * Appends the value of `webhook-signature` for these exact bytes: one "v1,<base64>" a
 * secret, separated by blanks. `secrets` is "whsec_<base64>", several separated by blanks
 * while one replaces another. SIGNATURE_E_SECRET: one of them is no secret; `why` says
 * which, by its place.
 */
int signature_append(const char *secrets, const char *id, int64_t timestamp_s,
                     const char *body, size_t len, struct buf *out,
                     struct err_text *why) MUST_CHECK;
