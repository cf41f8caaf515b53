#pragma once
#include "api.h"

/* health.c: consumers, stores, lanes, stuck work, as the caller may see them. */
json_t *health_json(struct call *call);
/* Of a watch_health, what this caller may see. New reference. */
json_t *health_for(const struct who *who, const json_t *health);

/* lanes.c: an array of all labs' lanes; NULL: PostgreSQL cannot say. */
json_t *lanes_read(struct pg *pg);
/* Those of them that touch a lab of his. New reference. */
json_t *lanes_for(const struct who *who, const json_t *lanes);
