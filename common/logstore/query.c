#include "logstore/query.h"

#include "logstore/search_read.h"
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

int logstore_list(struct logstore *s, const struct log_query *q,
                  void (*row)(const json_t *row, void *arg), void *arg)
{
	struct listing listing = { .row = row, .arg = arg };
	const struct log_filter filter = {
		.labs = &q->lab_id,
		.n_labs = q->lab_id ? 1 : 0,
		.actions = { q->action_id },
		.n_actions = q->action_id ? 1 : 0,
		.statuses = q->has_status ? LOG_STATUS_BIT(q->status) : LOG_STATUSES_ALL,
		.from_ms = q->since_ms,
	};
	CLEANUP_BSON bson_t *projection = row_projection();

	return search_read(s, &(struct search_reading){ .filter = &filter,
	                                                .most = (size_t)q->limit,
	                                                .projection = projection,
	                                                .row = give_row,
	                                                .arg = &listing });
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
