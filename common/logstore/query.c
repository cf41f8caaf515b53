#include "logstore/query.h"

#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

struct listing {
	void (*row)(const json_t *row, void *arg);
	void *arg;
};

static bool give_row(const bson_t *doc, void *arg)
{
	const struct listing *listing = arg;
	CLEANUP_JSON json_t *row = row_from_bson(doc);

	listing->row(row, listing->arg);
	return true;
}

static bson_t *filter_of(const struct log_query *q)
{
	bson_t *filter = bson_new(), child;

	if (q->lab_id)
		(void)BSON_APPEND_INT64(filter, "lab_id", q->lab_id);
	if (q->action_id)
		(void)BSON_APPEND_INT64(filter, "action_category_list_id", q->action_id);
	if (q->has_status)
		(void)BSON_APPEND_UTF8(filter, "status", log_status_word(q->status));
	if (q->since_ms) {
		(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "inserted_at", &child);
		(void)BSON_APPEND_DATE_TIME(&child, "$gte", q->since_ms);
		(void)bson_append_document_end(filter, &child);
	}
	return filter;
}

int logstore_list(struct logstore *s, const struct log_query *query,
                  void (*row)(const json_t *row, void *arg), void *arg)
{
	struct listing listing = { .row = row, .arg = arg };
	CLEANUP_BSON bson_t *filter = filter_of(query);
	CLEANUP_BSON bson_t *options = BCON_NEW("sort", "{", "inserted_at", BCON_INT32(-1),
	                                        "}", "limit", BCON_INT64(query->limit));

	row_append_projection(options);
	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, give_row, &listing)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

static bool keep_one(const bson_t *doc, void *arg)
{
	*(json_t **)arg = convert_to_plain_json(doc);
	return false;
}

static bool keep_all(const bson_t *doc, void *arg)
{
	(void)json_array_append_new(arg, convert_to_plain_json(doc));
	return true;
}

int logstore_get(struct logstore *s, const struct log_id *id, json_t **out)
{
	CLEANUP_BSON bson_t *by_id = bson_new();
	CLEANUP_BSON bson_t *by_log = bson_new();
	CLEANUP_BSON bson_t *in_order =
		BCON_NEW("sort", "{", "attempt", BCON_INT32(1), "}");
	CLEANUP_JSON json_t *log = NULL;
	CLEANUP_JSON json_t *retries = json_array();

	*out = NULL;
	store_append_log_id(by_id, "_id", id);
	store_append_log_id(by_log, "integration_directory_id", id);
	if (mongo_find(s->mongo, LOGSTORE_LOGS, by_id, NULL, keep_one, &log))
		return LOGSTORE_E_AWAY;
	if (!log)
		return 0;
	if (mongo_find(s->mongo, LOGSTORE_RETRIES, by_log, in_order, keep_all, retries))
		return LOGSTORE_E_AWAY;
	(void)json_object_set(log, "retries", retries);
	*out = STEAL(log);
	return 0;
}
