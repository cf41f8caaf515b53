#pragma once
/*
 * The leader also seals secrets at rest that people wrote in plain text: whenever the
 * configuration changed. On the pipeline's thread.
 */
#include "postgres/postgres.h"
#include "secrets/keyring.h"

struct sealer;
struct sealer *sealer_new(struct pg *pg, const struct secrets_config *secrets);
struct sealer *sealer_free(struct sealer *s); /* NULL in, NULL out */
/* What goes wrong is logged, and tried again with the next sweep. */
void sealer_run(struct sealer *s, int64_t settings_version, int64_t deadline_ms);
