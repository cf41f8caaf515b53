#include "logstore/retry.h"

#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

/* ---- reading ---- */

struct reading {
	const struct log_id *ids;
	size_t n;
	struct retried_log *out;
};

static bool is_id(const bson_t *doc, const char *key, const struct log_id *id)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_OID(&it) &&
	       memcmp(bson_iter_oid(&it)->bytes, id->bytes, sizeof(id->bytes)) == 0;
}

static bool keep_log(const bson_t *doc, void *arg)
{
	struct reading *r = arg;
	CLEANUP_JSON json_t *log = convert_to_plain_json(doc);

	for (size_t i = 0; i < r->n; i++)
		if (!r->out[i].log && is_id(doc, "_id", &r->ids[i]))
			r->out[i].log = json_incref(log);
	return true;
}

static bool keep_retry(const bson_t *doc, void *arg)
{
	struct reading *r = arg;
	CLEANUP_JSON json_t *retry = convert_to_plain_json(doc);

	for (size_t i = 0; i < r->n; i++)
		if (is_id(doc, "integration_directory_id", &r->ids[i]))
			(void)json_array_append(r->out[i].retries, retry);
	return true;
}

static bson_t *options_of(const char *const *fields, size_t n)
{
	bson_t *options = bson_new(), child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &child);
	for (size_t i = 0; i < n; i++)
		(void)BSON_APPEND_INT32(&child, fields[i], 1);
	(void)bson_append_document_end(options, &child);
	(void)BSON_APPEND_INT32(options, "batchSize", 1000);
	return options;
}

static bson_t *filter_logs(const struct log_id *ids, size_t n)
{
	CLEANUP_BSON bson_t *by_id = store_filter_ids(ids, n);
	bson_t *filter = bson_new();
	bson_iter_t in;

	if (bson_iter_init_find(&in, by_id, "_id"))
		(void)bson_append_iter(filter, "integration_directory_id", -1, &in);
	return filter;
}

static int find_logs(struct logstore *s, struct reading *reading)
{
	static const char *const fields[] = {
		"integration_type",
		"action_category_list_id",
		"lab_integration_id",
		"lab_id",
		"org_id",
		"status",
		"retry_context",
		"payload_sha256",
		"triggered_by_py3",
		"traceparent",
		"attempt",
		"vendor_fax_id",
		"inserted_at",
	};
	CLEANUP_BSON bson_t *filter = store_filter_ids(reading->ids, reading->n);
	CLEANUP_BSON bson_t *options = options_of(fields, ARRAY_SIZE(fields));

	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, keep_log, reading);
}

static int find_retries(struct logstore *s, struct reading *reading)
{
	static const char *const fields[] = { "integration_directory_id", "attempt",
		                              "status", "request_position" };
	CLEANUP_BSON bson_t *filter = filter_logs(reading->ids, reading->n);
	CLEANUP_BSON bson_t *options = options_of(fields, ARRAY_SIZE(fields));

	return mongo_find(s->mongo, LOGSTORE_RETRIES, filter, options, keep_retry, reading);
}

int logstore_read_retried(struct logstore *s, const struct log_id *ids, size_t n,
                          struct retried_log *out)
{
	struct reading reading = { .ids = ids, .n = n, .out = out };

	for (size_t i = 0; i < n; i++)
		out[i] = (struct retried_log){ .retries = json_array() };
	if (n == 0)
		return 0;
	if (find_logs(s, &reading) == 0 && find_retries(s, &reading) == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		retried_log_release(&out[i]);
	return LOGSTORE_E_AWAY;
}

void retried_log_release(struct retried_log *r)
{
	json_decref(r->log);
	json_decref(r->retries);
	*r = (struct retried_log){ 0 };
}

int retried_log_attempt(const struct retried_log *r)
{
	int64_t highest = jdoc_int_or(r->log, "attempt", 0);
	const json_t *retry;
	size_t i;

	json_array_foreach (r->retries, i, retry) {
		int64_t attempt = jdoc_int_or(retry, "attempt", 0);

		if (attempt > highest)
			highest = attempt;
	}
	return (int)highest;
}

static bool is_at(const json_t *retry, const struct event_position *position)
{
	const json_t *at = json_object_get(retry, "request_position");

	return strcmp(jdoc_text_or(at, "topic", ""), position->topic) == 0 &&
	       jdoc_int_or(at, "partition", -1) == position->partition &&
	       jdoc_int_or(at, "offset", -1) == position->offset;
}

bool retried_log_find(const struct retried_log *r, const char *retry_id,
                      const struct event_position *position, struct retry_known *out)
{
	const json_t *retry;
	size_t i;

	json_array_foreach (r->retries, i, retry) {
		if (strcmp(jdoc_text_or(retry, "_id", ""), retry_id) != 0)
			continue;
		*out = (struct retry_known){
			.status = LOG_STATUS_QUEUED,
			.attempt = (int)jdoc_int_or(retry, "attempt", 0),
			.same_position = is_at(retry, position),
		};
		(void)log_status_parse(jdoc_text_or(retry, "status", ""), &out->status);
		return true;
	}
	return false;
}

/* ---- writing ---- */

/* What the attempt and its outcome will say. */
static void append_later(bson_t *to)
{
	static const char *const later[] = {
		"end_point",       "request_type",         "request_headers",
		"request_body",    "response_headers",     "response_body",
		"payload_sha256",  "response_status_code", "response_time",
		"error_message",   "error_kind",           "fusion_log",
		"stage",           "sent_to_mirth",        "activity_date",
		"payload_changed",
	};

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		(void)BSON_APPEND_NULL(to, later[i]);
}

static void append_position(bson_t *to, const struct event_position *p)
{
	bson_t child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "request_position", &child);
	convert_append_text(&child, "topic", p->topic);
	(void)BSON_APPEND_INT32(&child, "partition", p->partition);
	(void)BSON_APPEND_INT64(&child, "offset", p->offset);
	(void)bson_append_document_end(to, &child);
}

static bson_t *entry_to_document(const struct retry_entry *e)
{
	bson_t *doc = bson_sized_new(1024);

	convert_append_text(doc, "_id", e->retry_id);
	store_append_log_id(doc, "integration_directory_id", &e->log_id);
	convert_append_text(doc, "kind", e->kind);
	convert_append_text(doc, "requested_by", e->requested_by);
	(void)BSON_APPEND_DATE_TIME(doc, "requested_at", e->requested_at_ms);
	(void)BSON_APPEND_INT32(doc, "attempt", e->attempt);
	(void)BSON_APPEND_UTF8(doc, "status", log_status_word(LOG_STATUS_QUEUED));
	append_later(doc);
	(void)BSON_APPEND_DATE_TIME(doc, "inserted_at", e->requested_at_ms);
	(void)BSON_APPEND_DATE_TIME(doc, "updated_at", e->requested_at_ms);
	append_position(doc, &e->position);
	return doc;
}

static enum retry_insert result_of(int code)
{
	if (code == 0)
		return RETRY_NEW;
	return code == MONGO_DUPLICATE ? RETRY_REPEATED : RETRY_REFUSED;
}

int logstore_insert_retries(struct logstore *s, const struct retry_entry *entries, size_t n,
                            enum retry_insert *results)
{
	CLEANUP(freep) bson_t **docs = xcalloc(n, sizeof(*docs));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		docs[i] = entry_to_document(&entries[i]);
	int r = mongo_insert(s->mongo, LOGSTORE_RETRIES, docs, n, codes);
	for (size_t i = 0; i < n; i++) {
		bson_destroy(docs[i]);
		results[i] = result_of(codes[i]);
	}
	return r ? LOGSTORE_E_AWAY : 0;
}
