#pragma once
/*
 * trigger's side of retries: what a log and its earlier retries are, and the new retries'
 * own documents (integration_retry_log, `_id` = retry_id), made QUEUED; callback completes
 * them. Blocking, one thread.
 */
#include "logstore/logstore.h"

/* A retry that is there already. */
struct retry_known {
	enum log_status status;
	int attempt;
	bool same_position; /* made by the very message that was asked about */
};

/* Plain JSON, owned by the caller; NULL: there is no such log. */
struct retried_log {
	json_t *log;     /* what a retry needs of the document */
	json_t *retries; /* its retries' _id, attempt, status and request_position */
};

/* out[i] for ids[i], which need not be distinct. */
int logstore_read_retried(struct logstore *s, const struct log_id *ids, size_t n,
                          struct retried_log *out) MUST_CHECK;
void retried_log_release(struct retried_log *r);
/* The highest attempt that the log or any of its retries has. */
int retried_log_attempt(const struct retried_log *r);
/* False: the log has no retry of this id. */
bool retried_log_find(const struct retried_log *r, const char *retry_id,
                      const struct event_position *position, struct retry_known *out);

/* A new retry. Borrowed pointers. */
struct retry_entry {
	const char *retry_id;
	struct log_id log_id;
	const char *kind;         /* MANUAL | AUTO */
	const char *requested_by; /* NULL: not said */
	int64_t requested_at_ms;
	int attempt;
	struct event_position position; /* of the request */
};

enum retry_insert {
	RETRY_NEW,
	RETRY_REPEATED, /* the id is taken: such a request starts nothing */
	RETRY_REFUSED,  /* the store refuses this document for good */
};
/* One unordered bulk insert. LOGSTORE_E_AWAY: nothing is known. */
int logstore_insert_retries(struct logstore *s, const struct retry_entry *entries, size_t n,
                            enum retry_insert *results) MUST_CHECK;

/*
 * What became of retries, by their ids, at most 1,000. *out: an array, for each id an
 * object with `status`, `error_kind`, `error_message`, `response_status_code` and
 * `payload_changed`, or null: there is no such retry. New reference.
 */
int logstore_read_outcomes(struct logstore *s, const char *const *retry_ids, size_t n,
                           json_t **out) MUST_CHECK;
