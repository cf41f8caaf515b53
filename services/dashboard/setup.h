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
