#pragma once
/*
 * integration_extra_details: the one table of its keys (contract, "PostgreSQL"). What saves
 * a row checks with it, and what uses a row does too. Pure.
 */
#include "base/err.h"

#include <jansson.h>

enum { SETTINGS_E_DETAILS = 1 };

/* `why` names the key and the remedy, never a value. Null counts as absent. */
int settings_details_check(const json_t *details, struct err_text *why) MUST_CHECK;
