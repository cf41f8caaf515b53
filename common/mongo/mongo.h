#pragma once
/*
 * MongoDB and what speaks its protocol, hiding libmongoc (only BSON shows). One client,
 * used by one thread at a time; every call is bounded by MONGO_TIMEOUT_MS. Whatever leaves
 * the result unknown is MONGO_E_AWAY: every write here can be repeated. After such a
 * failure calls return MONGO_E_AWAY at once until a back-off with jitter has passed, so a
 * hanging server costs its callers one time-out now and then and not one a call.
 */
#include "base/err.h"

#include <bson/bson.h>
#include <stdbool.h>

#define MONGO_TIMEOUT_MS 4000
#define MONGO_DATABASE   "integration"
#define MONGO_DUPLICATE  11000 /* a code of a write: the _id is there already */

enum { MONGO_E_AWAY = 1 };

static inline void mongo_bson_destroyp(bson_t **b)
{
	bson_destroy(*b); /* takes NULL */
}
#define CLEANUP_BSON CLEANUP(mongo_bson_destroyp)

struct mongo;
/* Never blocks; -EINVAL for a URL that cannot be used. */
int mongo_open(const char *url, struct mongo **out, struct err_text *why) MUST_CHECK;
struct mongo *mongo_close(struct mongo *m);
/* For a person, without data: why the last call said MONGO_E_AWAY. */
const char *mongo_error(const struct mongo *m);
/* The last call failed by its answer alone, which did not come: the server has the command
 * and may still work on it. */
bool mongo_is_unanswered(const struct mongo *m);

/* `reply` may be NULL, else the caller's to destroy when 0 was returned. */
int mongo_command(struct mongo *m, const bson_t *command, bson_t *reply) MUST_CHECK;

/*
 * Unordered bulk writes, w=majority. codes[i]: 0 = done, else what the server says of
 * documents[i] (MONGO_DUPLICATE ...): refused for good, whatever was transient is
 * MONGO_E_AWAY.
 */
int mongo_insert(struct mongo *m, const char *collection, bson_t *const *documents,
                 size_t n, int *codes) MUST_CHECK;

struct mongo_update {
	bson_t *filter;
	bson_t *update;
};
/* *matched: how many filters found their document. */
int mongo_update(struct mongo *m, const char *collection,
                 const struct mongo_update *updates, size_t n, int *codes,
                 size_t *matched) MUST_CHECK;

/* `row` is called for each document, which it only borrows; false ends the reading. */
int mongo_find(struct mongo *m, const char *collection, const bson_t *filter,
               const bson_t *options, bool (*row)(const bson_t *document, void *arg),
               void *arg) MUST_CHECK;
