#pragma once
/* What reading and saving integrations share. */
#include "api.h"

/*
 * The rows of an authentication, or of these ids ("{1,2}"), as they are: sealed, with
 * lab_id and auth_headers. NULL: said.
 */
json_t *integrations_read(struct call *call, const char *auth_id, const char *ids);
/* Makes such a row what is shown: secrets masked, with transport and config_error. */
void integration_show(struct call *call, json_t *row);
/* May the caller see this lab_integration? False: said. */
bool sees_integration(struct call *call, const char *id);

/* Of a developer authentication, and its lab. */
bool sees_authentication(struct call *call, const char *id, int64_t *lab_id);

/* keys.c: how the key of `auth` is kept when it is replaced, for save_and_rotate; NULL: not
 * at all, or said. */
json_t *keys_keep(struct call *call, const json_t *auth);

/* ---- save_row.c: `before` is the row as it is ({}: a new one), `given` what changes ----
 */

/* Secrets that came back masked stay; one that is not there is a fault. */
void save_keep_secrets(struct call *call, json_t *given, json_t *before);
/* Every fault of the row as it would be, each at its field. Returns it, masked. */
json_t *save_check(struct call *call, int64_t auth_id, const json_t *given,
                   const json_t *before);
/* As it is shown and kept in the history. */
json_t *save_masked_copy(const json_t *row);
