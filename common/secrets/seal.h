#pragma once
/*
 * Secrets at rest: a text becomes "sealed:v1:<base64>" and stays where it was. Sealing is
 * XChaCha20-Poly1305 (libsodium) bound to the place, so that sealed text that is moved to
 * another row or key opens no more. A place is "TABLE/ID/PATH", e.g.
 * "lab_integration/17/integration_extra_details.auth.token". Any thread.
 */
#include "base/err.h"
#include "secrets/keyring.h"

enum {
	SEAL_E_KEY = 1, /* SECRETS_KEY is missing, or is not the one that sealed it */
	SEAL_E_BROKEN,  /* changed, or of another place */
};

bool seal_is_sealed(const char *text); /* by its beginning */
/* Sealed with SECRETS_KEY: neither plain nor of the previous key. */
bool seal_is_current(const struct keyring *k, const char *text);

/* The sealed text, which the caller frees; NULL without a SECRETS_KEY. */
char *seal_close(const struct keyring *k, const char *place, const char *text);
/*
 * *out is the plain text; the caller frees it. Text that is not sealed is copied as it is.
 * `why` names the remedy.
 */
int seal_open(const struct keyring *k, const char *place, const char *text, char **out,
              struct err_text *why) MUST_CHECK;
