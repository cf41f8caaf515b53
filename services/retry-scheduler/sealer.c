#include "sealer.h"

#include "log/log.h"
#include "scheduler.h"
#include "settings/seal_rows.h"

struct sealer {
	struct pg *pg;
	struct keyring *keys;
	int64_t version; /* of the configuration when all was sealed last */
	size_t lost;
};

struct sealer *sealer_new(struct pg *pg, const struct secrets_config *secrets)
{
	struct sealer *s = xcalloc(1, sizeof(*s));

	s->pg = pg;
	s->keys = keyring_new(secrets);
	s->version = -1;
	if (!keyring_has_key(s->keys))
		log_warn(NULL, "scheduler.no_secrets_key",
		         "SECRETS_KEY is not set: secrets stay in plain text in the table");
	return s;
}

struct sealer *sealer_free(struct sealer *s)
{
	if (s) {
		(void)keyring_free(s->keys);
		free(s);
	}
	return NULL;
}

static void tell(struct sealer *s, const struct settings_sealed *sealed)
{
	if (sealed->rows > 0)
		log_info(NULL, "scheduler.sealed", "the secrets of %zu rows were sealed",
		         sealed->rows);
	if (sealed->lost > 0 && sealed->lost != s->lost)
		log_warn(NULL, "scheduler.secrets_lost",
		         "%zu secrets cannot be opened: integration-admin check names "
		         "them; give the key that sealed them as SECRETS_KEY_PREVIOUS, or "
		         "enter them again",
		         sealed->lost);
	s->lost = sealed->lost;
	metric_add(&metric_sealed, NULL, (double)sealed->rows);
	metric_set(&metric_secrets_lost, NULL, (double)sealed->lost);
}

void sealer_run(struct sealer *s, int64_t settings_version, int64_t deadline_ms)
{
	struct settings_sealed sealed;

	if (settings_version == s->version)
		return;
	if (settings_seal_rows(s->pg, s->keys, deadline_ms, &sealed)) {
		log_warn(NULL, "scheduler.not_sealed", "secrets are not sealed yet: %s",
		         pg_error(s->pg));
		return;
	}
	tell(s, &sealed);
	/* rows that were changed since this version are seen with the next one */
	s->version = settings_version;
}
