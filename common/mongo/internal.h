#pragma once
/* Shared by the files of this folder only. */
#include "mongo/mongo.h"

#include <mongoc/mongoc.h>

struct mongo {
	mongoc_client_t *client;
	unsigned failures;
	int64_t closed_until_ms; /* no call before; 0 = none failed */
	struct err_text error;
	bool unanswered; /* what that error is */

	/* transaction.c */
	mongoc_client_session_t *session; /* NULL until the first transaction */
	unsigned refused_transactions;    /* in a row */
	int64_t registered_ms;            /* when the session was written down; 0 = not */
	bool released;                    /* left transactions were looked for */
};

bool mongo_is_transport(const bson_error_t *error);

/*
 * Runs `writes` in one transaction. False: it is undone, or nothing is known of it; `error`
 * says why. Only an optimisation: callers repeat the writes without.
 */
bool transaction_run(struct mongo *m,
                     bool (*writes)(mongoc_client_session_t *session, void *arg,
                                    bson_error_t *error),
                     void *arg, bson_error_t *error);
bool transaction_is_worth_it(const struct mongo *m, size_t n_writes);
/*
 * Ends transactions that a killed process left open: they would hold the documents' locks
 * for a minute.
 */
void transaction_release_left(struct mongo *m);
