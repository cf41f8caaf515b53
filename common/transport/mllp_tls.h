#pragma once
/* TLS for MLLP: what a row says of it, and OpenSSL's words for a person. */
#include "transport/transport.h"

#include <openssl/ssl.h>

/* TRANSPORT_E_CONFIG: `tls.ca` or `auth.certificate`, `auth.private_key` cannot be used. */
int mllp_tls_context(const struct integration *row, SSL_CTX **out,
                     struct err_text *why) MUST_CHECK;
/* A session towards this host, whose name the certificate must have unless `insecure`. */
SSL *mllp_tls_session(SSL_CTX *context, const char *host, bool insecure);
/* Why a handshake failed; `error` is OpenSSL's code or 0. */
void mllp_tls_say(const SSL *session, unsigned long error, struct err_text *out);

enum { MLLP_TLS_IDENTITY_SIZE = 32 };
/* Equal for rows whose connections may serve each other. All zero without TLS. */
void mllp_tls_identity(const struct integration *row, uint8_t out[MLLP_TLS_IDENTITY_SIZE]);
