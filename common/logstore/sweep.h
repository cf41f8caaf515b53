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
 * Calls `row` for each outbound log that a sweep is about: FAIL before QUEUED, and of each
 * those without a next_auto_retry_at, the oldest first, before those that are due for the
 * longest time. Of the latter some may be out of the range: who judges looks. False ends
 * the sweep. The documents come in batches, so memory does not grow with their number.
 * LOGSTORE_E_AWAY: some of them were not seen.
 */
int logstore_sweep(struct logstore *s, const struct log_sweep *sweep,
                   bool (*row)(const struct swept_log *log, void *arg),
                   void *arg) MUST_CHECK;

/* A log of a fax; texts live only during the call. */
struct awaited_fax {
	struct log_id id;
	int64_t lab_id, integration_id;
	int action_id, attempt;
	const char *retry_id;      /* of that attempt; NULL: the first */
	const char *vendor_fax_id; /* NULL: none is known */
	const char *status;
	bool taken; /* the newest attempt's request was answered: the id is its fax's */
	int64_t inserted_at_ms;
	int64_t taken_at_ms; /* of one that is QUEUED: when its vendor took it */
};

/*
 * Calls `fax` for each log of a fax that is QUEUED, inserted since `from_ms`; with
 * `vendor_fax_id` (else NULL) those of that fax. False ends it.
 */
int logstore_awaited_faxes(struct logstore *s, int64_t from_ms, const char *vendor_fax_id,
                           bool (*fax)(const struct awaited_fax *fax, void *arg),
                           void *arg) MUST_CHECK;
/* The same for this log, whatever its status, if it is one of a fax. */
int logstore_find_fax(struct logstore *s, const struct log_id *id,
                      bool (*fax)(const struct awaited_fax *fax, void *arg),
                      void *arg) MUST_CHECK;
