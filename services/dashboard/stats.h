#pragma once
#include "api.h"

/* health.c: consumers, stores, lanes, stuck work, as the caller may see them. */
json_t *health_json(struct call *call);
/* lanes.c: an array; NULL: PostgreSQL cannot say (nothing is said). */
json_t *lanes_json(struct call *call);
