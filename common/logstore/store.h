#pragma once
/* Shared by the files of this folder only. */
#include "domain/logstate.h"
#include "logstore/logstore.h"
#include "mongo/mongo.h"

#define LOGSTORE_LOGS    "integration_directory"
#define LOGSTORE_RETRIES "integration_retry_log"
#define LOGSTORE_HOURS   "integration_hour"

struct logstore {
	struct mongo *mongo;
	int64_t body_limit;
};

static inline void store_append_log_id(bson_t *to, const char *key, const struct log_id *id)
{
	bson_oid_t oid;

	memcpy(oid.bytes, id->bytes, sizeof(oid.bytes));
	(void)bson_append_oid(to, key, -1, &oid);
}

/* A field of a document that was read: 0, NULL and 0 where it is missing or of another
 * type; the text lives as long as the document. */
static inline int64_t store_int(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) ? bson_iter_as_int64(&it) : 0;
}

static inline const char *store_text(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_UTF8(&it))
		return NULL;
	return bson_iter_utf8(&it, NULL);
}

static inline int64_t store_time(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_DATE_TIME(&it))
		return 0;
	return bson_iter_date_time(&it);
}

static inline bool store_is_late(int64_t deadline_ms, int64_t now_ms)
{
	return now_ms >= deadline_ms;
}

/* The log's document, with every field of the contract. The caller destroys it. */
bson_t *entry_to_bson(const struct log_entry *e, int64_t body_limit);
/* The state that a decision was made on: whoever was quicker makes it match nothing. */
void store_append_state(bson_t *filter, const struct log_id *id,
                        const struct logstate *state);
void store_destroy_updates(const struct mongo_update *updates, size_t n);
/* {"_id": {"$in": [...]}} */
bson_t *store_filter_ids(const struct log_id *ids, size_t n);
/* Appends `key`, cut to `limit` bytes, and `flag` = true when it was cut. True: it was. */
bool store_append_body(bson_t *to, const char *key, const char *flag, const char *body,
                       int64_t limit);
/* The values of a row (row.c): a JSON object, and the projection that it needs. */
json_t *row_from_bson(const bson_t *doc);
void row_apply(json_t *row, const bson_t *set);
bson_t *row_projection(void);
