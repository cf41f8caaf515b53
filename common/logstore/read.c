/* The present state of logs. */
#include "logstore/store.h"
#include "logstore/update.h"
#include "mongo/convert.h"

struct reading {
	const struct log_id *ids;
	size_t n;
	struct log_current *out;
	size_t expected; /* the server mostly answers in the order of _id, as we ask */
};

static struct log_current *find_place(struct reading *r, const bson_oid_t *oid)
{
	for (size_t k = 0; k < r->n; k++) {
		size_t i = (r->expected + k) % r->n;

		if (memcmp(r->ids[i].bytes, oid->bytes, sizeof(oid->bytes)) == 0) {
			r->expected = i + 1;
			return &r->out[i];
		}
	}
	return NULL;
}

static enum log_status status_at(const bson_t *doc, const char *path)
{
	enum log_status status = LOG_STATUS_QUEUED;
	bson_iter_t it, found;

	if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, &found) &&
	    BSON_ITER_HOLDS_UTF8(&found))
		(void)log_status_parse(bson_iter_utf8(&found, NULL), &status);
	return status;
}

static struct logstate state_of(const bson_t *doc)
{
	struct logstate state = { .status = status_at(doc, "status") };
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "attempt"))
		state.attempt = (int)bson_iter_as_int64(&it);
	return state;
}

static bool keep_state(const bson_t *doc, void *arg)
{
	struct reading *r = arg;
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	struct log_current *place = find_place(r, bson_iter_oid(&it));
	if (place && !place->found)
		*place = (struct log_current){ .found = true,
			                       .state = state_of(doc),
			                       .first = status_at(doc,
			                                          "first_attempt.status"),
			                       .row = row_from_bson(doc) };
	return true;
}

int logstore_read(struct logstore *s, const struct log_id *ids, size_t n,
                  struct log_current *out)
{
	struct reading reading = { .ids = ids, .n = n, .out = out };
	bson_t options = BSON_INITIALIZER;

	memset(out, 0, n * sizeof(*out));
	if (n == 0)
		return 0;
	CLEANUP_BSON bson_t *filter = store_filter_ids(ids, n);
	CLEANUP_BSON bson_t *projection = row_projection();
	(void)BSON_APPEND_DOCUMENT(&options, "projection", projection);
	(void)BSON_APPEND_INT32(&options, "batchSize", (int)n + 1);
	int result =
		mongo_find(s->mongo, LOGSTORE_LOGS, filter, &options, keep_state, &reading);
	bson_destroy(&options);
	for (size_t i = 0; result && i < n; i++) {
		json_decref(out[i].row);
		out[i] = (struct log_current){ 0 };
	}
	return result ? LOGSTORE_E_AWAY : 0;
}

struct reading_retries {
	const char *const *ids;
	size_t n;
	struct retry_current *out;
};

/* An attempt can be reported twice in one batch: each of its places is filled. */
static bool keep_retry(const bson_t *doc, void *arg)
{
	struct reading_retries *r = arg;
	struct retry_current now = { .found = true, .state = state_of(doc) };
	bson_iter_t id, log;

	if (!bson_iter_init_find(&id, doc, "_id") || !BSON_ITER_HOLDS_UTF8(&id) ||
	    !bson_iter_init_find(&log, doc, "integration_directory_id") ||
	    !BSON_ITER_HOLDS_OID(&log))
		return true;
	memcpy(now.log_id.bytes, bson_iter_oid(&log)->bytes, sizeof(now.log_id.bytes));
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->ids[i], bson_iter_utf8(&id, NULL)) == 0)
			r->out[i] = now;
	return true;
}

int logstore_read_retries(struct logstore *s, const char *const *ids, size_t n,
                          struct retry_current *out)
{
	struct reading_retries reading = { .ids = ids, .n = n, .out = out };
	CLEANUP_BSON bson_t *filter = bson_new();
	CLEANUP_BSON bson_t *options = BCON_NEW(
		"projection", "{", "integration_directory_id", BCON_INT32(1), "attempt",
		BCON_INT32(1), "status", BCON_INT32(1), "}", "batchSize", BCON_INT32(1000));
	bson_t operators, list;

	memset(out, 0, n * sizeof(*out));
	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		char number[16];
		const char *name;

		(void)bson_uint32_to_string((uint32_t)i, &name, number, sizeof(number));
		convert_append_text(&list, name, ids[i]);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(filter, &operators);
	return mongo_find(s->mongo, LOGSTORE_RETRIES, filter, options, keep_retry, &reading)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

static bool note_existence(const bson_t *doc, void *arg)
{
	*(bool *)arg = true;
	return false;
}

int logstore_exists(struct logstore *s, const struct log_id *id, bool *out)
{
	CLEANUP_BSON bson_t *filter = bson_new();
	CLEANUP_BSON bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1),
	                                        "}", "limit", BCON_INT64(1));

	*out = false;
	store_append_log_id(filter, "_id", id);
	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, note_existence, out)
	               ? LOGSTORE_E_AWAY
	               : 0;
}
