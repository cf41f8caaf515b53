#include "logstore/search.h"

#include "base/clock.h"
#include "logstore/search_filter.h"
#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

/* What a row has, beside its log_id; a value that is missing is null. */
static const char *const row_fields[] = {
	"lab_id",
	"org_id",
	"status",
	"retry_id",
	"retry_count",
	"auto_retry_count",
	"next_auto_retry_at",
	"updated_at",
	"inserted_at",
	"activity_date",
	"integration_type",
	"operation",
	"action_category",
	"action_category_list_id",
	"lab_integration_id",
	"auth_id",
	"developer_name",
	"transport",
	"vendor",
	"bill_id",
	"patient_id",
	"lrr_id",
	"report_id",
	"end_point",
	"request_type",
	"response_status_code",
	"response_time",
	"error_kind",
	"error_message",
	"fusion_log",
	"stage",
	"sent_to_mirth",
	"triggered_by_py3",
	"ip",
	"origin",
	"method",
	"path",
};

struct found {
	int64_t at_ms;
	struct log_id id;
	json_t *row;
};

struct search {
	struct found *found;
	size_t n, cap;
};

static const char *stored_as(const char *field)
{
	return strcmp(field, "retry_id") == 0 ? "current_retry_id" : field;
}

static json_t *make_row(const bson_t *doc)
{
	json_t *row = json_object();
	bson_iter_t it;

	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		(void)json_object_set_new(
			row, row_fields[i],
			bson_iter_init_find(&it, doc, stored_as(row_fields[i]))
				? convert_plain_value(&it)
				: json_null());
	return row;
}

void logstore_complete_row(json_t *log)
{
	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		if (!json_object_get(log, row_fields[i]))
			(void)json_object_set_new(log, row_fields[i], json_null());
}

static bool keep(const bson_t *doc, void *arg)
{
	struct search *s = arg;
	struct found found = { .at_ms = 0 };
	char hex[LOG_ID_HEX_SIZE];
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	memcpy(found.id.bytes, bson_iter_oid(&it)->bytes, sizeof(found.id.bytes));
	if (bson_iter_init_find(&it, doc, "inserted_at") && BSON_ITER_HOLDS_DATE_TIME(&it))
		found.at_ms = bson_iter_date_time(&it);
	found.row = make_row(doc);
	(void)json_object_set_new(found.row, "log_id",
	                          json_string(log_id_to_hex(&found.id, hex)));
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->found = xrealloc(s->found, s->cap * sizeof(*s->found));
	}
	s->found[s->n++] = found;
	return true;
}

static int newest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms > y->at_ms ? -1 : 1;
	return memcmp(y->id.bytes, x->id.bytes, sizeof(x->id.bytes));
}

static bson_t *make_options(size_t limit)
{
	bson_t *options =
		BCON_NEW("sort", "{", "inserted_at", BCON_INT32(-1), "_id", BCON_INT32(-1),
	                 "}", "limit", BCON_INT64((int64_t)limit));
	bson_t child;

	(void)BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &child);
	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		(void)bson_append_int32(&child, stored_as(row_fields[i]), -1, 1);
	(void)bson_append_document_end(options, &child);
	return options;
}

/* Sorted, each log once (a log may have the bill and the patient asked for). */
static void give(struct search *s, size_t limit, struct log_page *out)
{
	size_t given = 0;

	if (s->n)
		qsort(s->found, s->n, sizeof(*s->found), newest_first);
	for (size_t i = 0; i < s->n; i++) {
		const struct found *f = &s->found[i];

		if (i > 0 && log_id_equal(&f->id, &s->found[i - 1].id))
			continue;
		if (given == limit) {
			out->more = true;
			break;
		}
		(void)json_array_append(out->rows, f->row);
		out->next = (struct log_cursor){ .set = true,
			                         .inserted_at_ms = f->at_ms,
			                         .id = f->id };
		given++;
	}
}

/*
 * Not every store ends a sorted read with its limit: some read all that the condition lets
 * through. So a part is read in windows that reach further back until one is full.
 */
static const int64_t windows_ms[] = { 10LL * 60000, 2LL * 3600000, 24LL * 3600000,
	                              10LL * 86400000, 0 };

struct reading_part {
	const struct log_filter *filter;
	const struct search_part *part;
	const struct log_cursor *after;
	size_t limit;
};

static int read_part(struct logstore *s, const struct reading_part *r,
                     const bson_t *options, struct search *out)
{
	struct log_filter window = *r->filter;
	int64_t top_ms = r->after->set ? r->after->inserted_at_ms : clock_wall_ms();
	size_t before = out->n;

	if (window.to_ms && window.to_ms < top_ms)
		top_ms = window.to_ms;
	for (size_t i = 0; i < ARRAY_SIZE(windows_ms); i++) {
		/* each log is looked into for words: once */
		int64_t from_ms =
			windows_ms[i] && !window.words ? top_ms - windows_ms[i] : 0;
		bool whole = from_ms <= r->filter->from_ms;

		while (out->n > before)
			json_decref(out->found[--out->n].row);
		window.from_ms = whole ? r->filter->from_ms : from_ms;
		CLEANUP_BSON bson_t *query = search_filter(&window, r->part, r->after);
		if (mongo_find(s->mongo, LOGSTORE_LOGS, query, options, keep, out))
			return LOGSTORE_E_AWAY;
		if (whole || out->n - before >= r->limit)
			break;
	}
	return 0;
}

int logstore_search(struct logstore *s, const struct log_filter *filter,
                    const struct log_cursor *after, size_t limit, struct log_page *out)
{
	static const struct log_cursor beginning = { .set = false };
	struct search_part parts[SEARCH_PARTS_MAX];
	struct search search = { .n = 0 };
	size_t n = search_split(filter, parts);
	CLEANUP_BSON bson_t *options = make_options(limit + 1);
	int result = 0;

	*out = (struct log_page){ .rows = json_array() };
	for (size_t i = 0; i < n && result == 0; i++)
		result = read_part(
			s,
			&(struct reading_part){ .filter = filter,
		                                .part = &parts[i],
		                                .after = after ? after : &beginning,
		                                .limit = limit + 1 },
			options, &search);
	if (result == 0)
		give(&search, limit, out);
	for (size_t i = 0; i < search.n; i++)
		json_decref(search.found[i].row);
	free(search.found);
	return result;
}

int logstore_count(struct logstore *s, const struct log_filter *filter, int64_t cap,
                   int64_t *out)
{
	static const struct log_cursor beginning = { .set = false };
	struct search_part parts[SEARCH_PARTS_MAX];
	size_t n = search_split(filter, parts);

	*out = 0;
	for (size_t i = 0; i < n && *out < cap; i++) {
		CLEANUP_BSON bson_t *query = search_filter(filter, &parts[i], &beginning);
		CLEANUP_BSON bson_t *command =
			BCON_NEW("count", BCON_UTF8(LOGSTORE_LOGS), "query",
		                 BCON_DOCUMENT(query), "limit", BCON_INT64(cap - *out));
		bson_t reply;
		bson_iter_t it;

		if (mongo_command(s->mongo, command, &reply))
			return LOGSTORE_E_AWAY;
		if (bson_iter_init_find(&it, &reply, "n"))
			*out += bson_iter_as_int64(&it);
		bson_destroy(&reply);
	}
	return 0;
}

struct finding {
	bool *found;
	struct log_id *log_id;
};

static bool keep_owner(const bson_t *doc, void *arg)
{
	const struct finding *f = arg;
	bson_iter_t it;

	*f->found = true;
	if (bson_iter_init_find(&it, doc, "integration_directory_id") &&
	    BSON_ITER_HOLDS_OID(&it))
		memcpy(f->log_id->bytes, bson_iter_oid(&it)->bytes,
		       sizeof(f->log_id->bytes));
	return false;
}

int logstore_find_retry(struct logstore *s, const char *retry_id, bool *found,
                        struct log_id *log_id)
{
	struct finding finding = { .found = found, .log_id = log_id };
	CLEANUP_BSON bson_t *query = bson_new();
	CLEANUP_BSON bson_t *options =
		BCON_NEW("projection", "{", "integration_directory_id", BCON_INT32(1), "}");

	*found = false;
	*log_id = (struct log_id){ 0 };
	convert_append_text(query, "_id", retry_id);
	return mongo_find(s->mongo, LOGSTORE_RETRIES, query, options, keep_owner, &finding)
	               ? LOGSTORE_E_AWAY
	               : 0;
}
