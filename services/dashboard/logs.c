/* The lists, one log, its attempts, and how many there are. */
#include "api.h"

#include "base/clock.h"
#include "logstore/hours.h"
#include "logstore/query.h"
#include "json/jdoc.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     500
#define COUNT_CAP    10000

bool logs_search(struct call *call, struct query *q, const struct log_cursor *cursor,
                 size_t limit, struct log_page *page)
{
	struct logstore *store = stores_logs(call->stores);

	*page = (struct log_page){ .rows = NULL };
	if (q->nothing) {
		page->rows = json_array();
		return true;
	}
	if (logstore_search(store, &q->filter, cursor, limit, page))
		return false;
	if (json_array_size(page->rows) > 0 || cursor->set || !query_take_as_words(q))
		return true;
	json_decref(page->rows);
	return logstore_search(store, &q->filter, cursor, limit, page) == 0;
}

void api_logs(struct call *call)
{
	struct log_cursor cursor;
	struct log_page page = { .rows = NULL };
	struct query q;
	size_t limit, i;
	json_t *row;

	if (query_read(call, &q) &&
	    page_read(call, PAGE_DEFAULT, PAGE_MAX, &limit, &cursor)) {
		if (logs_search(call, &q, &cursor, limit, &page)) {
			json_array_foreach (page.rows, i, row)
				mask_row(call, row);
			call_answer(call, CODE_OK, page_json(&page));
		} else {
			call_store_away(call);
		}
	}
	json_decref(page.rows);
	query_release(&q);
}

json_t *api_read_log(struct call *call, const struct log_id *id)
{
	CLEANUP_JSON json_t *log = NULL;

	if (logstore_get(stores_logs(call->stores), id, &log)) {
		call_store_away(call);
		return NULL;
	}
	if (!log || !who_sees(&call->who, jdoc_int_or(log, "lab_id", -1))) {
		call_fail(call, CODE_NOT_FOUND,
		          "no log has this log_id, or it is of a lab that is not yours");
		return NULL;
	}
	return STEAL(log);
}

void rename_member(json_t *object, const char *from, const char *to)
{
	json_t *value = json_object_get(object, from);

	(void)json_object_set(object, to, value ? value : json_null());
	(void)json_object_del(object, from);
}

void api_log(struct call *call)
{
	CLEANUP_JSON json_t *log = NULL;
	struct log_id id;

	if (!call_path_log_id(call, &id) || !(log = api_read_log(call, &id)))
		return;
	rename_member(log, "_id", "log_id");
	rename_member(log, "current_retry_id", "retry_id");
	(void)json_object_del(log, "retries");
	if (!json_object_get(log, "attempt"))
		(void)json_object_set_new(log, "attempt", json_integer(0));
	logstore_complete_row(log);
	troubles_add(call, log);
	mask_log(call, log);
	call_answer(call, CODE_OK, STEAL(log));
}

void api_log_retries(struct call *call)
{
	CLEANUP_JSON json_t *log = NULL;
	struct log_id id;
	json_t *retries, *retry;
	size_t i;

	if (!call_path_log_id(call, &id) || !(log = api_read_log(call, &id)))
		return;
	retries = json_object_get(log, "retries");
	json_array_foreach (retries, i, retry) {
		rename_member(retry, "_id", "retry_id");
		rename_member(retry, "integration_directory_id", "log_id");
		mask_log(call, retry);
	}
	call_answer(call, CODE_OK, json_pack("{s:O}", "items", retries));
}

static json_t *count_json(int64_t n)
{
	return json_pack("{s:I,s:b}", "count", (json_int_t)(n > COUNT_CAP ? COUNT_CAP : n),
	                 "capped", n > COUNT_CAP);
}

static bool is_counted(const struct query *q, enum log_status status)
{
	return !q->nothing &&
	       (q->filter.statuses == 0 || (q->filter.statuses & LOG_STATUS_BIT(status)));
}

struct lower_bounds {
	const struct log_filter *filter;
	int64_t *by_status;
};

static void add_hour(const struct tally_item *item, void *arg)
{
	struct lower_bounds *b = arg;

	if (!tally_fits(item, b->filter))
		return;
	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++)
		b->by_status[i] += item->by_status[i];
}

/* Of the range's whole hours: what is too much to be counted need not be read. */
static int bound_counts(struct call *call, const struct log_filter *f,
                        int64_t *by_status) /* NOLINT(readability-non-const-parameter):
                                               written by add_hour */
{
	static const int64_t all_labs = HOURS_ALL_LABS;
	struct log_filter filter = *f;
	struct lower_bounds bounds = { .filter = &filter, .by_status = by_status };
	int64_t to_ms = (f->to_ms ? f->to_ms : clock_wall_ms()) - TALLY_HOUR_MS;
	int64_t from_ms = f->from_ms + TALLY_HOUR_MS - 1;

	if (f->n_labs == 0) {
		filter.labs = &all_labs;
		filter.n_labs = 1;
	}
	if (!tally_knows(f) || from_ms > to_ms ||
	    (f->n_labs == 0 && (f->auth_id || f->integration_id)))
		return 0;
	return hours_read(stores_logs(call->stores), filter.labs, filter.n_labs, from_ms,
	                  to_ms, add_hour, &bounds);
}

static int count_by_status(struct call *call, const struct query *q, json_t *by_status,
                           int64_t *total)
{
	int64_t bounds[LOG_STATUS_SUPPRESSED + 1] = { 0 };
	int result = q->nothing ? 0 : bound_counts(call, &q->filter, bounds);

	for (int status = LOG_STATUS_QUEUED; status < LOG_STATUS_SUPPRESSED && result == 0;
	     status++) {
		struct log_filter one = q->filter;
		int64_t n = bounds[status];

		one.statuses = LOG_STATUS_BIT(status);
		if (!is_counted(q, (enum log_status)status))
			n = 0;
		else if (n <= COUNT_CAP)
			result = logstore_count(stores_logs(call->stores), &one,
			                        COUNT_CAP + 1, &n);
		*total += n;
		(void)json_object_set_new(
			by_status, log_status_word((enum log_status)status), count_json(n));
	}
	return result;
}

void api_log_counts(struct call *call)
{
	CLEANUP_JSON json_t *by_status = json_object();
	struct query q;
	int64_t total = 0;

	if (query_read(call, &q)) {
		if (count_by_status(call, &q, by_status, &total))
			call_store_away(call);
		else
			call_answer(call, CODE_OK,
			            json_pack("{s:o,s:O}", "total", count_json(total),
			                      "by_status", by_status));
	}
	query_release(&q);
}
