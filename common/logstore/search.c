#include "logstore/search.h"

#include "logstore/search_read.h"
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
	"confirmed_at",
	"triggered_by_py3",
	"ip",
	"origin",
	"method",
	"path",
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

/* ---- pages ---- */

static bool keep(const bson_t *doc, void *arg)
{
	struct log_page *page = arg;
	char hex[LOG_ID_HEX_SIZE];
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	memcpy(page->next.id.bytes, bson_iter_oid(&it)->bytes, sizeof(page->next.id.bytes));
	page->next.inserted_at_ms = 0;
	if (bson_iter_init_find(&it, doc, "inserted_at") && BSON_ITER_HOLDS_DATE_TIME(&it))
		page->next.inserted_at_ms = bson_iter_date_time(&it);
	json_t *row = make_row(doc);
	(void)json_object_set_new(row, "log_id",
	                          json_string(log_id_to_hex(&page->next.id, hex)));
	(void)json_array_append_new(page->rows, row);
	return true;
}

static bson_t *page_projection(void)
{
	bson_t *projection = bson_new();

	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		(void)bson_append_int32(projection, stored_as(row_fields[i]), -1, 1);
	return projection;
}

struct paging {
	struct log_page *page;
	size_t limit;
};

/* One more than asked for tells that there are more. */
static bool keep_up_to(const bson_t *doc, void *arg)
{
	struct paging *p = arg;

	if (json_array_size(p->page->rows) < p->limit)
		return keep(doc, p->page);
	p->page->more = true;
	return false;
}

static int search_rows(struct logstore *s, const struct log_filter *filter,
                       const struct log_cursor *after, size_t limit, struct log_page *out)
{
	CLEANUP_BSON bson_t *projection = page_projection();
	struct paging paging = { .page = out, .limit = limit };

	return search_read(s, &(struct search_reading){ .filter = filter,
	                                                .after = after,
	                                                .most = limit + 1,
	                                                .projection = projection,
	                                                .row = keep_up_to,
	                                                .arg = &paging });
}

/* ---- words: many logs are looked at for the few that become rows ---- */

struct picked {
	struct log_id *ids;
	size_t n;
};

static bson_t *worded_projection(void)
{
	bson_t *projection = BCON_NEW("inserted_at", BCON_INT32(1));

	for (size_t i = 0; i < ARRAY_SIZE(search_worded); i++)
		(void)bson_append_int32(projection, search_worded[i], -1, 1);
	return projection;
}

static bool pick(const bson_t *doc, void *arg)
{
	struct picked *p = arg;
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it))
		memcpy(p->ids[p->n++].bytes, bson_iter_oid(&it)->bytes,
		       sizeof(p->ids[0].bytes));
	return true;
}

static int fetch_rows(struct logstore *s, const struct log_id *ids, size_t n,
                      struct log_page *out)
{
	CLEANUP_BSON bson_t *query = store_filter_ids(ids, n);
	CLEANUP_BSON bson_t *projection = page_projection();
	CLEANUP_BSON bson_t *options =
		BCON_NEW("sort", "{", "inserted_at", BCON_INT32(-1), "_id", BCON_INT32(-1),
	                 "}", "projection", BCON_DOCUMENT(projection), "batchSize",
	                 BCON_INT32((int)n + 1));

	return n && mongo_find(s->mongo, LOGSTORE_LOGS, query, options, keep, out)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

static int search_words(struct logstore *s, const struct log_filter *filter,
                        const struct log_cursor *after, size_t limit, struct log_page *out)
{
	CLEANUP(freep) struct log_id *ids = xcalloc(limit + 1, sizeof(*ids));
	CLEANUP_BSON bson_t *projection = worded_projection();
	struct picked picked = { .ids = ids };
	int result = search_read(s, &(struct search_reading){ .filter = filter,
	                                                      .after = after,
	                                                      .most = limit + 1,
	                                                      .projection = projection,
	                                                      .row = pick,
	                                                      .arg = &picked });

	out->more = picked.n > limit;
	return result ? result : fetch_rows(s, ids, out->more ? limit : picked.n, out);
}

int logstore_search(struct logstore *s, const struct log_filter *filter,
                    const struct log_cursor *after, size_t limit, struct log_page *out)
{
	const struct log_cursor *behind = after && after->set ? after : NULL;

	*out = (struct log_page){ .rows = json_array(), .next = { .set = true } };
	int result = filter->words ? search_words(s, filter, behind, limit, out)
	                           : search_rows(s, filter, behind, limit, out);
	if (result) {
		json_array_clear(out->rows);
		out->more = false;
	}
	return result;
}

/* ---- how many ---- */

static bool count_one(const bson_t *doc, void *arg)
{
	++*(int64_t *)arg;
	return true;
}

int logstore_count(struct logstore *s, const struct log_filter *filter, int64_t cap,
                   int64_t *out)
{
	CLEANUP_BSON bson_t *projection = worded_projection();

	*out = 0;
	return search_read(s, &(struct search_reading){ .filter = filter,
	                                                .most = (size_t)cap,
	                                                .projection = projection,
	                                                .row = count_one,
	                                                .arg = out });
}

static bool count_status(const bson_t *doc, void *arg)
{
	int64_t *by_status = arg;
	enum log_status status;
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "status") && BSON_ITER_HOLDS_UTF8(&it) &&
	    log_status_parse(bson_iter_utf8(&it, NULL), &status))
		by_status[status]++;
	return true;
}

int logstore_count_statuses(struct logstore *s, const struct log_filter *filter,
                            int64_t cap, int64_t *by_status)
{
	CLEANUP_BSON bson_t *projection = worded_projection();

	(void)BSON_APPEND_INT32(projection, "status", 1);
	return search_read(s, &(struct search_reading){ .filter = filter,
	                                                .most = (size_t)cap,
	                                                .projection = projection,
	                                                .row = count_status,
	                                                .arg = by_status });
}

/* ---- retries by their id ---- */

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
