#pragma once
/*
 * The logs that a page of the dashboard shows: filtered, newest first, by keyset. A search
 * fixes the leading fields of one index (search_filter.h) and reads it back in time in
 * windows (window.h), so that it reads little more than it gives. Blocking, one thread.
 */
#include "logstore/logstore.h"

#define LOG_STATUS_BIT(status) (1U << (unsigned)(status))
#define LOG_STATUSES_ALL       (LOG_STATUS_BIT(LOG_STATUS_SUPPRESSED + 1) - 1)
#define LOG_FILTER_ACTIONS     32

/* 0, NULL and false: any. Borrowed pointers. */
struct log_filter {
	const int64_t *labs; /* any of these */
	size_t n_labs;
	const char *integration_type; /* WEBHOOK | API */
	unsigned statuses;            /* LOG_STATUS_BIT; 0: all but the suppressed ones */
	int64_t actions[LOG_FILTER_ACTIONS];
	size_t n_actions;
	int64_t auth_id, integration_id;
	const char *error_kind;
	int64_t from_ms, to_ms; /* inserted_at, from inclusive, to exclusive */
	const char *words; /* in the error, without case: a look at each log that fits */
	/* what the reader sees as the error, by its kind (NULL: of none), so that words are
	   looked for in that alone; NULL: the error as it was said */
	const char *(*error_words)(const char *error_kind);
	const struct log_id *id;
	const int64_t *bills;
	size_t n_bills;
	const int64_t *patients; /* bills or patients: one of either is enough */
	size_t n_patients;
};

/* Behind this log in the order; `set` false: from the beginning. */
struct log_cursor {
	bool set;
	int64_t inserted_at_ms;
	struct log_id id;
};

struct log_page {
	json_t *rows; /* array of plain objects with log_id; the caller's */
	bool more;
	struct log_cursor next; /* when there are more */
};

#define LOG_PAGE_MAX 20000
/* `limit` up to LOG_PAGE_MAX. LOGSTORE_E_AWAY: *out is empty. */
int logstore_search(struct logstore *s, const struct log_filter *filter,
                    const struct log_cursor *after, size_t limit,
                    struct log_page *out) MUST_CHECK;
/* How many, and no more than `cap`. */
int logstore_count(struct logstore *s, const struct log_filter *filter, int64_t cap,
                   int64_t *out) MUST_CHECK;
/* Adds how many of each status, and no more than `cap` together. */
int logstore_count_statuses(struct logstore *s, const struct log_filter *filter,
                            int64_t cap, int64_t *by_status) MUST_CHECK;
/* A log in full has a row's fields too: null where it has none. */
void logstore_complete_row(json_t *log);
/* What counting by groups needs of a log; borrowed, during the call alone. */
struct log_brief {
	struct log_id id;
	int64_t lab_id, integration_id, auth_id, action_id, inserted_at_ms;
	bool api;
	enum log_status status;
	double response_time_ms;                                             /* < 0: none */
	const char *developer_name, *operation, *error_kind, *error_message; /* or NULL */
};
/* The newest `most`; *capped: there may be more. */
int logstore_scan(struct logstore *s, const struct log_filter *filter, int64_t most,
                  void (*each)(const struct log_brief *log, void *arg), void *arg,
                  bool *capped) MUST_CHECK;
/* Is this retry_id taken, and by which log? */
int logstore_find_retry(struct logstore *s, const char *retry_id, bool *found,
                        struct log_id *log_id) MUST_CHECK;
