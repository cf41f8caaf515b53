#pragma once
#include "api.h"
#include "settings/settings.h"

/* health.c: consumers, stores, lanes, stuck work, as the caller may see them. */
json_t *health_json(struct call *call);
/* Of a watch_health, what this caller may see. New reference. */
json_t *health_for(const struct who *who, const json_t *health);
/* Of a watch_health: messages that wait for this consumer. */
int64_t health_lag(const json_t *health, const char *group);
/* What holds a QUEUED log up, as far as is known, as a sentence; its lane may be NULL. */
const char *health_why(const json_t *health, const json_t *log, const char *lane);

/* lanes.c: an array of all labs' lanes; NULL: PostgreSQL cannot say. */
json_t *lanes_read(struct pg *pg);
/* Those of them that touch a lab of his. New reference. */
json_t *lanes_for(const struct who *who, const json_t *lanes);

/*
 * How lanes with something to do are, one a row, of all labs, as the dispatchers said in
 * the last seconds; NULL: PostgreSQL cannot say.
 */
json_t *lane_states_read(struct pg *pg);
json_t *lane_states_for(const struct who *who, const json_t *states);
/* Borrowed; NULL: it has nothing to do. */
json_t *lane_state_of(const json_t *states, int64_t integration_id);
/* The lane of a row of the settings (may be NULL); NULL: unknown. */
const char *lane_of(const struct settings *settings, int64_t integration_id,
                    char out[LANE_KEY_SIZE]);
