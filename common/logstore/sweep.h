#pragma once
/*
 * What may be tried again: FAIL and QUEUED logs, read in the order of an index that has
 * exactly them. Blocking, one thread; the retry-scheduler's side of the store.
 */
#include "domain/auto_retry.h"
#include "logstore/logstore.h"

struct swept_log {
	struct log_id id;
	int64_t lab_id, integration_id, auth_id; /* 0 = none */
	bool triggered_by_py3;
	struct retry_log retry; /* its error_message lives only during the call */
};

struct log_sweep {
	int64_t from_ms, to_ms; /* inserted_at, both inclusive; some others come too */
	int64_t due_ms; /* next_auto_retry_at: none, or up to this; INT64_MAX: any */
};

/*
 * Calls `row` for each log that a sweep is about: FAIL before QUEUED, and of each those
 * without a next_auto_retry_at, the oldest first, before those that are due for the longest
 * time. Of the latter some may be out of the range: who judges looks. False ends the sweep.
 * The documents come in batches, so memory does not grow with their number.
 * LOGSTORE_E_AWAY: some of them were not seen.
 */
int logstore_sweep(struct logstore *s, const struct log_sweep *sweep,
                   bool (*row)(const struct swept_log *log, void *arg),
                   void *arg) MUST_CHECK;
