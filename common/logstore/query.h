#pragma once
/* Reads of logs for people: the newest by lab, and one in full. Blocking, one thread. */
#include "logstore/logstore.h"

struct log_query {
	int64_t lab_id; /* 0: all labs */
	int action_id;  /* 0: all */
	bool has_status;
	enum log_status status;
	int64_t since_ms; /* inserted at or after; 0: any time */
	int limit;
};
/* The newest first, as rows of integration.status-updates, which `row` only borrows. */
int logstore_list(struct logstore *s, const struct log_query *query,
                  void (*row)(const json_t *row, void *arg), void *arg) MUST_CHECK;
/*
 * One log as plain JSON (times as texts), all its fields, and its retries under `retries`.
 * 0 and *out NULL: there is none. New reference.
 */
int logstore_get(struct logstore *s, const struct log_id *id, json_t **out) MUST_CHECK;
/*
 * The attempts of these logs, at most `limit`, without headers and bodies: an array, as
 * `retries` of logstore_get. New reference.
 */
int logstore_attempts(struct logstore *s, const struct log_id *ids, size_t n, int limit,
                      json_t **out) MUST_CHECK;
