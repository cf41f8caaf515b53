#include "logstore/sweep.h"

#include "logstore/store.h"

#define BATCH_DOCUMENTS 500

struct sweeping {
	bool (*row)(const struct swept_log *log, void *arg);
	bool (*fax)(const struct awaited_fax *fax, void *arg);
	void *arg;
	bool ended; /* by row() */
};

/* ---- a document's fields, whose types a foreign writer may have chosen ---- */

/* Of the first attempt its insertion; a later one was queued by the update that made it. */
static int64_t queued_since(const bson_t *doc, int64_t inserted_at_ms)
{
	int64_t updated_at_ms = store_time(doc, "updated_at");

	if (store_int(doc, "attempt") == 0 || updated_at_ms < inserted_at_ms)
		return inserted_at_ms;
	return updated_at_ms;
}

static struct retry_log retry_of(const bson_t *doc)
{
	const char *status = store_text(doc, "status");
	const char *kind = store_text(doc, "error_kind");
	const char *transport = store_text(doc, "transport");
	struct retry_log log = {
		.error_message = store_text(doc, "error_message"),
		.code = (int)store_int(doc, "response_status_code"),
		.mllp = transport && strcmp(transport, "mllp") == 0,
		.inserted_at_ms = store_time(doc, "inserted_at"),
		.next_auto_retry_at_ms = store_time(doc, "next_auto_retry_at"),
		.auto_retry_count = store_int(doc, "auto_retry_count"),
		.pages_sent = store_int(doc, "pages_sent"),
	};

	(void)(status && log_status_parse(status, &log.status));
	(void)(kind && error_kind_parse(kind, &log.error_kind));
	log.queued_since_ms = queued_since(doc, log.inserted_at_ms);
	log.awaits_other = log.mllp || (transport && strcmp(transport, "fax") == 0) ||
	                   store_text(doc, "vendor");
	return log;
}

/* A call that came in is nobody's to send again. */
static bool is_inbound(const bson_t *doc)
{
	const char *type = store_text(doc, "integration_type");

	return type && strcmp(type, "API") == 0;
}

static bool take(const bson_t *doc, void *arg)
{
	struct sweeping *s = arg;
	struct swept_log log = {
		.lab_id = store_int(doc, "lab_id"),
		.integration_id = store_int(doc, "lab_integration_id"),
		.auth_id = store_int(doc, "auth_id"),
		.triggered_by_py3 = store_int(doc, "triggered_by_py3") != 0,
	};
	bson_iter_t it;

	if (is_inbound(doc) || !bson_iter_init_find(&it, doc, "_id") ||
	    !BSON_ITER_HOLDS_OID(&it))
		return true;
	memcpy(log.id.bytes, bson_iter_oid(&it)->bytes, sizeof(log.id.bytes));
	log.retry = retry_of(doc);
	s->ended = !s->row(&log, s->arg);
	return !s->ended;
}

/* ---- the reading ---- */

static void append_projection(bson_t *to)
{
	static const char *const fields[] = {
		"integration_type",
		"lab_id",
		"lab_integration_id",
		"auth_id",
		"triggered_by_py3",
		"status",
		"error_kind",
		"error_message",
		"response_status_code",
		"transport",
		"vendor",
		"inserted_at",
		"updated_at",
		"next_auto_retry_at",
		"auto_retry_count",
		"attempt",
		"pages_sent",
	};
	bson_t child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "projection", &child);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		(void)BSON_APPEND_INT32(&child, fields[i], 1);
	(void)bson_append_document_end(to, &child);
}

static void append_range(bson_t *to, const char *field, int64_t from_ms, int64_t to_ms)
{
	bson_t child;

	(void)bson_append_document_begin(to, field, -1, &child);
	(void)BSON_APPEND_DATE_TIME(&child, "$gte", from_ms);
	if (to_ms != INT64_MAX)
		(void)BSON_APPEND_DATE_TIME(&child, "$lte", to_ms);
	(void)bson_append_document_end(to, &child);
}

/*
 * Each part is one range of the index {status, next_auto_retry_at, inserted_at}. No log is
 * scheduled for a time before its insertion, so of the scheduled ones the first bound does;
 * a second range beside it would make some servers walk through all of the status.
 */
static int read_part(struct logstore *s, const struct log_sweep *sweep, const char *status,
                     bool scheduled, struct sweeping *sweeping)
{
	CLEANUP_BSON bson_t *filter = bson_new();
	CLEANUP_BSON bson_t *options = bson_new();
	const char *ranged = scheduled ? "next_auto_retry_at" : "inserted_at";
	bson_t sort;

	(void)BSON_APPEND_UTF8(filter, "status", status);
	if (!scheduled)
		(void)BSON_APPEND_NULL(filter, "next_auto_retry_at");
	append_range(filter, ranged, sweep->from_ms,
	             scheduled ? sweep->due_ms : sweep->to_ms);
	append_projection(options);
	(void)BSON_APPEND_DOCUMENT_BEGIN(options, "sort", &sort);
	(void)bson_append_int32(&sort, ranged, -1, 1);
	(void)bson_append_document_end(options, &sort);
	(void)BSON_APPEND_INT32(options, "batchSize", BATCH_DOCUMENTS);
	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, take, sweeping);
}

int logstore_sweep(struct logstore *s, const struct log_sweep *sweep,
                   bool (*row)(const struct swept_log *log, void *arg), void *arg)
{
	static const enum log_status statuses[] = { LOG_STATUS_FAIL, LOG_STATUS_QUEUED };
	struct sweeping sweeping = { .row = row, .arg = arg };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(statuses) && !sweeping.ended; i++)
		if (read_part(s, sweep, log_status_word(statuses[i / 2]), i % 2 == 1,
		              &sweeping))
			return LOGSTORE_E_AWAY;
	return 0;
}

/* ---- faxes that wait for their vendor ---- */

static bool take_fax(const bson_t *doc, void *arg)
{
	struct sweeping *s = arg;
	struct awaited_fax fax = {
		.lab_id = store_int(doc, "lab_id"),
		.integration_id = store_int(doc, "lab_integration_id"),
		.action_id = (int)store_int(doc, "action_category_list_id"),
		.attempt = (int)store_int(doc, "attempt"),
		.retry_id = store_text(doc, "current_retry_id"),
		.vendor_fax_id = store_text(doc, "vendor_fax_id"),
		.status = store_text(doc, "status"),
		.taken = store_int(doc, "response_status_code") != 0,
		.inserted_at_ms = store_time(doc, "inserted_at"),
		.taken_at_ms = store_time(doc, "updated_at"),
	};
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	memcpy(fax.id.bytes, bson_iter_oid(&it)->bytes, sizeof(fax.id.bytes));
	s->ended = !s->fax(&fax, s->arg);
	return !s->ended;
}

static int read_faxes(struct logstore *s, const bson_t *filter, struct sweeping *sweeping)
{
	CLEANUP_BSON bson_t *options =
		BCON_NEW("projection", "{", "lab_id", BCON_INT32(1), "lab_integration_id",
	                 BCON_INT32(1), "action_category_list_id", BCON_INT32(1), "attempt",
	                 BCON_INT32(1), "current_retry_id", BCON_INT32(1), "vendor_fax_id",
	                 BCON_INT32(1), "status", BCON_INT32(1), "response_status_code",
	                 BCON_INT32(1), "inserted_at", BCON_INT32(1), "updated_at",
	                 BCON_INT32(1), "}", "batchSize", BCON_INT32(BATCH_DOCUMENTS));

	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, take_fax, sweeping)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

int logstore_awaited_faxes(struct logstore *s, int64_t from_ms, const char *vendor_fax_id,
                           bool (*fax)(const struct awaited_fax *fax, void *arg), void *arg)
{
	struct sweeping sweeping = { .fax = fax, .arg = arg };
	CLEANUP_BSON bson_t *filter = bson_new();

	(void)BSON_APPEND_UTF8(filter, "status", log_status_word(LOG_STATUS_QUEUED));
	(void)BSON_APPEND_NULL(filter, "next_auto_retry_at");
	append_range(filter, "inserted_at", from_ms, INT64_MAX);
	(void)BSON_APPEND_UTF8(filter, "transport", "fax");
	if (vendor_fax_id)
		(void)BSON_APPEND_UTF8(filter, "vendor_fax_id", vendor_fax_id);
	return read_faxes(s, filter, &sweeping);
}

int logstore_find_fax(struct logstore *s, const struct log_id *id,
                      bool (*fax)(const struct awaited_fax *fax, void *arg), void *arg)
{
	struct sweeping sweeping = { .fax = fax, .arg = arg };
	CLEANUP_BSON bson_t *filter = bson_new();

	store_append_log_id(filter, "_id", id);
	(void)BSON_APPEND_UTF8(filter, "transport", "fax");
	return read_faxes(s, filter, &sweeping);
}
