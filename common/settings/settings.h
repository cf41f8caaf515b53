#pragma once
/*
 * The integrations as they are now: rows of integration.lab_integration joined with their
 * integration.developer_authentication (contract, "PostgreSQL").
 *
 * A `struct settings` is an immutable snapshot with a version, counted by references,
 * readable from any thread. A `struct settings_source` reads the version with each call of
 * settings_refresh and builds a new snapshot when it moved: a row changed by plain SQL
 * counts from the next batch on.
 */
#include "base/err.h"
#include "domain/action.h"
#include "domain/fax.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"

#include <jansson.h>

enum request_type { REQUEST_GET, REQUEST_POST, REQUEST_PUT, REQUEST_DELETE };
enum transport_kind {
	TRANSPORT_HTTP,
	TRANSPORT_MLLP,
	TRANSPORT_SFTP,
	TRANSPORT_FAX,
};
const char *transport_word(enum transport_kind kind); /* "http" ... */

enum auth_type {
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_BEARER,
	AUTH_OAUTH2_CLIENT_CREDENTIALS,
	AUTH_MTLS,
};

struct header {
	char *name;
	char *value;
};

/* Strings are never NULL unless a comment says so; 0 = not set for numbers. */
struct integration {
	int64_t id;
	int64_t auth_id;
	int64_t lab_id;
	int action_id;
	int64_t org_id;      /* the row's own; 0 = any */
	int64_t auth_org_id; /* counts with is_org */
	bool is_org;
	bool active; /* both switches on */
	bool is_batch, is_auto_retry;
	int64_t auto_retry_since_ms; /* wall clock; 0 = since the row was made */
	int64_t held_until_ms; /* a person holds its lane until then, by the wall clock */
	char *developer_name;
	char *integration_type; /* WEBHOOK | API | MIRTH */
	char *url;
	enum request_type request_type;
	struct header *headers;
	size_t n_headers;
	char *payload_type;
	char *template_text; /* NULL: the action's own payload */

	/* integration_extra_details, checked */
	enum transport_kind transport;
	char *vendor;                        /* NULL */
	const struct fax_vendor *fax_vendor; /* for fax; NULL: unknown */
	int64_t timeout_ms;                  /* default 30000 */
	double rate_per_second;              /* 0 = unlimited */
	char *rate_limit_group;              /* NULL */
	int64_t max_concurrency;             /* default 10 */
	char *ordered_by;                    /* NULL | patient | bill | accession */
	int64_t auto_retry_max;              /* -1 = not said */
	char **auto_retry_patterns;
	size_t n_auto_retry_patterns;
	enum auth_type auth_type;
	char *auth_username, *auth_password; /* basic; NULL else */
	char *auth_token;                    /* bearer; NULL else */
	char *oauth_token_url, *oauth_client_id, *oauth_client_secret; /* NULL else */
	char *oauth_scope;                                             /* NULL */
	char *auth_certificate, *auth_private_key; /* mtls, PEM text; NULL else */
	char *api_key;                             /* x-api-key; NULL */
	char *webhook_secret; /* whsec_...; NULL; several separated by blanks */
	char *tls_ca;         /* PEM text; NULL */
	bool tls_insecure;
	bool tls;   /* for mllp: there is a `tls` object, or auth is mtls */
	char *host; /* for mllp and sftp; NULL */
	int port;
	int64_t ack_timeout_ms;    /* mllp: ack.timeout_ms, else timeout_ms */
	bool ack_await_downstream; /* ack.await_downstream */
	char *end_point;           /* as a log shows it before the request: the url, or
	                              mllp://host:port */
	json_t *extra; /* the whole object, for transports that need more; never NULL */

	char *config_error; /* NULL, or why this row cannot be used: field and remedy */
};

struct settings;
struct settings *settings_ref(struct settings *s);
struct settings *settings_unref(struct settings *s); /* NULL in, NULL out */
DEFINE_CLEANUP(struct settings *, settings_unref);
int64_t settings_version(const struct settings *s);

/* NULL: the row is gone. Disabled rows are found; look at `active`. */
const struct integration *settings_find(const struct settings *s, int64_t integration_id);
/*
 * The active rows of this lab, action and organisation (org_id 0 = the event has none), in
 * order of id. Writes at most `max` to out; returns how many match.
 */
size_t settings_match(const struct settings *s, int64_t lab_id, int action_id,
                      int64_t org_id, const struct integration **out, size_t max);
/* Every row, switched off or not, in order of id. */
void settings_each(const struct settings *s,
                   void (*visit)(const struct integration *row, void *arg), void *arg);
/*
 * For a row that matched once: why it does not serve such events any more, though it may be
 * active, for a person; NULL: it does. What it would send is not its partner's to see.
 */
const char *settings_changed(const struct integration *row, int64_t lab_id, int action_id,
                             int64_t org_id);
/* The key of integration.dispatch-tasks: the row's rate_limit_group, else the auth's id. */
#define LANE_KEY_SIZE 128
const char *settings_lane_key(const struct integration *row, char out[LANE_KEY_SIZE]);

struct settings_source;
/* Borrows pg: same thread. The keys of `secrets` open what is sealed. */
struct settings_source *settings_source_new(struct pg *pg,
                                            const struct secrets_config *secrets);
struct settings_source *settings_source_free(struct settings_source *source);
/*
 * One round trip when nothing changed. On 0, *out is a new reference. Blocking; PG_E_...
 * when PostgreSQL cannot say: go on with the snapshot you have, or wait.
 */
int settings_refresh(struct settings_source *source, int64_t deadline_ms,
                     struct settings **out) MUST_CHECK;
