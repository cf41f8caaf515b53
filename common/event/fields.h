#pragma once
/* The known keys of an event's data and of its records, with their types. */
#include "base/err.h"

#include <jansson.h>

enum { LABEVENT_FIELDS_E_TYPE = 1 };

/*
 * Ids alone must be of their type: `why` says "bill_id must be an integer". Null counts as
 * absent, and so does a text, a flag or a time that is none.
 */
int labevent_fields_check(const json_t *object, struct err_text *why) MUST_CHECK;
/* What the retry_context keeps: each known key of `record`, else of `data`. */
void labevent_fields_copy(json_t *to, const json_t *record, const json_t *data);
