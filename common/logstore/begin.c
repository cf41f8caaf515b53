/* A retry begins: the log turns to its newest attempt, and keeps what its first one was. */
#include "logstore/store.h"
#include "logstore/update.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

/* Of the log, under first_attempt. */
static const char *const kept_fields[] = {
	"status",
	"error_kind",
	"error_message",
	"end_point",
	"request_type",
	"request_headers",
	"request_body",
	"request_body_truncated",
	"response_headers",
	"response_body",
	"response_body_truncated",
	"response_status_code",
	"response_time",
	"fusion_log",
	"stage",
	"sent_to_mirth",
	"vendor_fax_id",
	"pages",
	"pages_sent",
	"timing",
	"payload_sha256",
	"activity_date",
};

static const char *const nulled_fields[] = {
	"error_kind",           "error_message", "response_headers", "response_body",
	"response_status_code", "response_time", "fusion_log",       "next_auto_retry_at",
};

struct originals {
	const struct attempt_begin *begins;
	size_t n;
	bson_t **first; /* NULL: not the first retry, or the log is gone */
};

static bool is_queued(const bson_t *doc)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, "status") && BSON_ITER_HOLDS_UTF8(&it) &&
	       strcmp(bson_iter_utf8(&it, NULL), log_status_word(LOG_STATUS_QUEUED)) == 0;
}

static bson_t *make_first(const bson_t *doc)
{
	bson_t *first = bson_new();
	bson_iter_t it;

	for (size_t i = 0; i < ARRAY_SIZE(kept_fields); i++)
		if (bson_iter_init_find(&it, doc, kept_fields[i]))
			(void)bson_append_iter(first, kept_fields[i], -1, &it);
	if (!is_queued(doc) && bson_iter_init_find(&it, doc, "updated_at"))
		(void)bson_append_iter(first, "ended_at", -1, &it);
	else
		(void)BSON_APPEND_NULL(first, "ended_at");
	return first;
}

static bool keep_original(const bson_t *doc, void *arg)
{
	struct originals *o = arg;
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	for (size_t i = 0; i < o->n; i++)
		if (o->begins[i].from.attempt == 0 && !o->first[i] &&
		    memcmp(o->begins[i].id.bytes, bson_iter_oid(&it)->bytes,
		           sizeof(o->begins[i].id.bytes)) == 0)
			o->first[i] = make_first(doc);
	return true;
}

static int read_originals(struct logstore *s, struct originals *o)
{
	CLEANUP(freep) struct log_id *ids = xcalloc(o->n, sizeof(*ids));
	CLEANUP_BSON bson_t *options = bson_new();
	bson_t child;
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->begins[i].from.attempt == 0)
			ids[n++] = o->begins[i].id;
	if (n == 0)
		return 0;
	CLEANUP_BSON bson_t *filter = store_filter_ids(ids, n);
	(void)BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &child);
	for (size_t i = 0; i < ARRAY_SIZE(kept_fields); i++)
		(void)BSON_APPEND_INT32(&child, kept_fields[i], 1);
	(void)BSON_APPEND_INT32(&child, "updated_at", 1);
	(void)bson_append_document_end(options, &child);
	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, keep_original, o);
}

/*
 * What was built, if something was: an attempt that could not be built has no request.
 * True: its body is said to be cut.
 */
static bool set_request(bson_t *set, const json_t *payload, int64_t limit)
{
	const char *end_point = jdoc_text_or(payload, "end_point", NULL);
	const char *hash = jdoc_text_or(payload, "payload_sha256", NULL);
	const json_t *type = json_object_get(payload, "request_type");
	const json_t *changed = json_object_get(payload, "payload_changed");

	if (end_point)
		convert_append_text(set, "end_point", end_point);
	if (json_is_integer(type))
		(void)BSON_APPEND_INT32(set, "request_type", (int)json_integer_value(type));
	if (hash)
		convert_append_text(set, "payload_sha256", hash);
	if (json_is_boolean(changed))
		(void)BSON_APPEND_BOOL(set, "payload_changed", json_is_true(changed));
	convert_append_json(set, "request_headers",
	                    json_object_get(payload, "request_headers"));
	if (store_append_body(set, "request_body", "request_body_truncated",
	                      jdoc_text_or(payload, "request_body", NULL), limit))
		return true;
	if (!jdoc_bool_or(payload, "request_body_truncated", false))
		return false;
	return BSON_APPEND_BOOL(set, "request_body_truncated", true);
}

static struct mongo_update make_record(const struct attempt_begin *b, int64_t limit)
{
	CLEANUP_BSON bson_t *set = bson_new();

	(void)set_request(set, b->payload, limit);
	(void)BSON_APPEND_DATE_TIME(set, "updated_at", b->at_ms);
	return (struct mongo_update){
		.filter = BCON_NEW("_id", BCON_UTF8(b->retry_id), "status",
		                   BCON_UTF8(log_status_word(LOG_STATUS_QUEUED))),
		.update = BCON_NEW("$set", BCON_DOCUMENT(set)),
	};
}

static void count_attempt(bson_t *set, const struct attempt_begin *b)
{
	const char *counter = strcmp(jdoc_text_or(b->payload, "kind", ""), "AUTO") == 0
	                              ? "auto_retry_count"
	                              : "retry_count";

	(void)bson_append_int32(set, counter, -1, (int)jdoc_int_or(b->row, counter, 0) + 1);
}

static void queue_again(bson_t *set, bson_t *unset, const struct attempt_begin *b,
                        int64_t limit)
{
	(void)BSON_APPEND_UTF8(set, "status", log_status_word(LOG_STATUS_QUEUED));
	for (size_t i = 0; i < ARRAY_SIZE(nulled_fields); i++)
		(void)bson_append_null(set, nulled_fields[i], -1);
	(void)BSON_APPEND_BOOL(set, "sent_to_mirth", false);
	convert_append_text(set, "stage", jdoc_text_or(b->payload, "stage", NULL));
	if (!set_request(set, b->payload, limit))
		(void)BSON_APPEND_UTF8(unset, "request_body_truncated", "");
	(void)BSON_APPEND_UTF8(unset, "response_body_truncated", "");
	(void)BSON_APPEND_UTF8(unset, "timing", "");
}

static struct mongo_update make_log(const struct attempt_begin *b, const bson_t *first,
                                    int64_t limit)
{
	CLEANUP_BSON bson_t *set = bson_new();
	CLEANUP_BSON bson_t *unset = bson_new();
	struct mongo_update update = { .filter = bson_new(), .update = bson_new() };

	store_append_state(update.filter, &b->id, &b->from);
	(void)BSON_APPEND_INT32(set, "attempt", b->attempt);
	convert_append_text(set, "current_retry_id", b->retry_id);
	count_attempt(set, b);
	if (b->verdict == LOGSTATE_BEGIN_QUEUED)
		queue_again(set, unset, b, limit);
	if (first)
		(void)BSON_APPEND_DOCUMENT(set, "first_attempt", first);
	(void)BSON_APPEND_DATE_TIME(set, "updated_at", b->at_ms);
	(void)BSON_APPEND_DOCUMENT(update.update, "$set", set);
	if (!bson_empty(unset))
		(void)BSON_APPEND_DOCUMENT(update.update, "$unset", unset);
	row_apply(b->row, set);
	return update;
}

static int write_begins(struct logstore *s, const struct originals *o, int *codes,
                        size_t *matched)
{
	CLEANUP(freep) struct mongo_update *records = xcalloc(o->n, sizeof(*records));
	CLEANUP(freep) struct mongo_update *logs = xcalloc(o->n, sizeof(*logs));

	for (size_t i = 0; i < o->n; i++) {
		records[i] = make_record(&o->begins[i], s->body_limit);
		logs[i] = make_log(&o->begins[i], o->first[i], s->body_limit);
	}
	int result =
		mongo_update(s->mongo, LOGSTORE_RETRIES, records, o->n, codes, matched);
	if (result == 0)
		result = mongo_update(s->mongo, LOGSTORE_LOGS, logs, o->n, codes, matched);
	store_destroy_updates(records, o->n);
	store_destroy_updates(logs, o->n);
	return result;
}

int logstore_begin(struct logstore *s, struct attempt_begin *begins, size_t n,
                   size_t *matched)
{
	CLEANUP(freep) bson_t **first = xcalloc(n, sizeof(*first));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));
	struct originals originals = { .begins = begins, .n = n, .first = first };

	*matched = 0;
	int result = read_originals(s, &originals);
	if (result == 0)
		result = write_begins(s, &originals, codes, matched);
	for (size_t i = 0; i < n; i++) {
		bson_destroy(first[i]);
		begins[i].refused = codes[i] != 0;
		*matched += codes[i] != 0; /* settled, though not written */
	}
	return result ? LOGSTORE_E_AWAY : 0;
}
