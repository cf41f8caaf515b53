#pragma once
/*
 * One row's way from PostgreSQL's text cells to a checked struct integration. Internal to
 * settings/, and for its tests; pure.
 */
#include "settings/details.h"
#include "settings/settings.h"

/* symbol, SQL expression over `r` (lab_integration) and `a` (developer_authentication) */
#define SETTINGS_COLUMNS(X)                                                                \
	X(ID, "r.id")                                                                      \
	X(AUTH_ID, "r.auth_id")                                                            \
	X(LAB_ID, "a.lab_id")                                                              \
	X(ACTION_ID, "r.action_category_list_id")                                          \
	X(ORG_ID, "r.org_id")                                                              \
	X(AUTH_ORG_ID, "a.org_id")                                                         \
	X(IS_ORG, "a.is_org")                                                              \
	X(ACTIVE, "coalesce(a.is_integration_enable AND NOT r.is_disable, false)")         \
	X(IS_BATCH, "r.is_batch")                                                          \
	X(IS_AUTO_RETRY, "r.is_auto_retry")                                                \
	X(AUTO_RETRY_SINCE,                                                                \
	  "CASE WHEN isfinite(r.is_auto_retry_since)"                                      \
	  " THEN (extract(epoch FROM r.is_auto_retry_since) * 1000)::bigint END")          \
	X(HELD_UNTIL, "(SELECT CASE WHEN p.until IS NULL THEN 253402300799000"             \
	              " ELSE (extract(epoch FROM p.until) * 1000)::bigint END"             \
	              " FROM integration.lane_pause p WHERE p.lane ="                      \
	              " coalesce(r.integration_extra_details ->> 'rate_limit_group', "     \
	              "r.auth_id::text))")                                                 \
	X(DEVELOPER_NAME, "a.developer_name")                                              \
	X(INTEGRATION_TYPE, "r.integration_type")                                          \
	X(URL, "r.url")                                                                    \
	X(REQUEST_TYPE, "r.request_type")                                                  \
	X(HEADERS, "r.headers")                                                            \
	X(AUTH_HEADERS, "a.headers")                                                       \
	X(PAYLOAD_TYPE, "r.payload_type")                                                  \
	X(TEMPLATE_TEXT, "r.template_text")                                                \
	X(DETAILS, "r.integration_extra_details")

enum settings_column {
#define X(symbol, expression) SETTINGS_##symbol,
	SETTINGS_COLUMNS(X)
#undef X
		SETTINGS_COLUMN_COUNT,
};

struct settings_cells {
	const char *text[SETTINGS_COLUMN_COUNT]; /* NULL = null */
};

/*
 * Fills `out` (zeroed before), secrets opened; the first thing that is wrong with the row
 * becomes its config_error. `say` (may be NULL) hears all of them.
 */
void settings_row_parse(const struct settings_cells *cells, const struct keyring *keys,
                        settings_say_fn say, void *arg, struct integration *out);
void settings_row_release(struct integration *row);
/* row_fax.c: fax_vendor of a row whose vendor is read, and its url: the vendor's own
 * without one. */
void settings_row_fax(struct integration *row);

/* A snapshot with one reference. The cells may go afterwards. */
struct settings *settings_build(int64_t version, const struct settings_cells *rows,
                                size_t n, const struct keyring *keys);
