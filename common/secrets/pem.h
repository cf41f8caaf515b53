#pragma once
/* Certificates and keys as people paste them: PEM text, checked before TLS meets it. Pure.
 */
#include "base/err.h"

#include <stdbool.h>

enum { PEM_E_INVALID = 1 };

/* Has at least one certificate, and nothing that begins one and is none. */
int pem_check_certificates(const char *pem, struct err_text *why) MUST_CHECK;
/* A private key without a pass phrase, that belongs to the first of the certificates. */
int pem_check_key(const char *key, const char *certificates,
                  struct err_text *why) MUST_CHECK;
