#pragma once
/*
 * Seals at rest what people wrote in plain text, and what SECRETS_KEY_PREVIOUS sealed: the
 * secrets of lab_integration and developer_authentication, whose auth_key gets its hash
 * too. A row that somebody changes meanwhile stays as they left it, for the next time.
 * Blocking.
 */
#include "base/err.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"

struct settings_sealed {
	size_t rows; /* changed */
	size_t lost; /* secrets that neither key opens */
};

/* 0 or PG_E_...; without a SECRETS_KEY nothing is done. */
int settings_seal_rows(struct pg *pg, const struct keyring *keys, int64_t deadline_ms,
                       struct settings_sealed *out) MUST_CHECK;
