#pragma once
/*
 * Who sweeps, among any number of replicas and --once runs: two advisory locks of the
 * session of `pg`, which its end releases. They only spare work: two that sweep at once
 * ask for the same attempts, and each is made once.
 */
#include "postgres/postgres.h"

#include <stdbool.h>

/* The leader keeps it for as long as its connection lives. 0 or PG_E_... */
int lock_lead(struct pg *pg, int64_t deadline_ms, bool *leads) MUST_CHECK;
/* For the time of one sweep, of a leader or of --once. */
int lock_sweep(struct pg *pg, int64_t deadline_ms, bool *held) MUST_CHECK;
void lock_release_sweep(struct pg *pg, int64_t deadline_ms);
