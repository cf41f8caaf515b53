#pragma once
/*
 * The side of the log store that callback alone uses: read the states of a batch of logs,
 * decide (domain/logstate.h), change them in one bulk write. Blocking, one thread.
 */
#include "domain/logstate.h"
#include "logstore/logstore.h"
#include "message/report.h"

/* A log as it is now. */
struct log_current {
	bool found;
	struct logstate state;
	enum log_status first; /* of first_attempt, once a retry has begun */
	json_t *row; /* the value of integration.status-updates; owned, NULL unless found */
};

/* out[i] for ids[i], which are distinct. The caller releases each row. */
int logstore_read(struct logstore *s, const struct log_id *ids, size_t n,
                  struct log_current *out) MUST_CHECK;
int logstore_exists(struct logstore *s, const struct log_id *id, bool *out) MUST_CHECK;

/* The record of a retry's attempt (integration_retry_log) as it is now. */
struct retry_current {
	bool found;
	struct log_id log_id;
	struct logstate state; /* of that attempt, and its number */
};
/* out[i] for ids[i], which may repeat. */
int logstore_read_retries(struct logstore *s, const char *const *ids, size_t n,
                          struct retry_current *out) MUST_CHECK;

struct log_change {
	struct log_id id;
	struct logstate from;          /* as read: the change counts only if it still is */
	enum log_status record;        /* as read, of the record of the report's attempt */
	struct logstate_effect effect; /* who takes the report */
	const struct report *report;   /* borrowed */
	int64_t at_ms;                 /* updated_at */
	int64_t next_retry_ms;         /* next_auto_retry_at of a log that becomes FAIL */
	json_t *row;                   /* borrowed: takes the log's change too */
	bool refused;                  /* out: the store will never take it */
};

/*
 * The attempts' records first, then one unordered bulk write of changes to distinct logs: a
 * report that comes again after a crash finds out what is left to do. *matched < n: some
 * log was not in the state as read any more; read again and decide again.
 */
int logstore_change(struct logstore *s, struct log_change *changes, size_t n,
                    size_t *matched) MUST_CHECK;

/* An attempt of a retry begins; its record is there already, made by trigger. */
struct attempt_begin {
	struct log_id id;
	const char *retry_id;
	struct logstate from; /* as read */
	int attempt;
	enum logstate_begin verdict; /* not LOGSTATE_BEGIN_NOTHING */
	const json_t
		*payload; /* borrowed: kind, and the members that a request has in a log */
	int64_t at_ms;
	json_t *row;  /* borrowed: takes the change too */
	bool refused; /* out */
};
/* As logstore_change. Reads bodies of logs into memory: not too many at once. */
int logstore_begin(struct logstore *s, struct attempt_begin *begins, size_t n,
                   size_t *matched) MUST_CHECK;

enum add_result { ADD_NEW, ADD_THERE_ALREADY, ADD_REFUSED };
/*
 * Inserts logs out of reports of kind `log` (log_entry_to_json). rows[i] is the caller's,
 * and NULL unless ADD_NEW.
 */
int logstore_add(struct logstore *s, const struct report *const *reports, size_t n,
                 enum add_result *results, json_t **rows) MUST_CHECK;
