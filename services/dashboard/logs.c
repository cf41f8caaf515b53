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

/* ---- counts ---- */

#define KNOWN_DAYS 7    /* of hours */
#define LIVE_MOST  300  /* so few are counted as they are now */
#define EDGE_MOST  3000 /* logs that are read for it; beyond, each status by itself */

struct hour_sums {
	const struct log_filter *filter;
	int64_t *by_status;
};

static void add_hour(const struct tally_item *item, void *arg)
{
	struct hour_sums *sums = arg;

	if (!tally_fits(item, sums->filter))
		return;
	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++)
		sums->by_status[i] += item->by_status[i];
}

/* A range's whole hours, which are counted already, and what is left of it at its ends. */
struct split_range {
	int64_t whole_from_ms, whole_to_ms;
	int64_t by_status[LOG_STATUS_SUPPRESSED + 1];
	bool complete; /* hours are kept for all of it */
};

static int count_hours(struct call *call, const struct log_filter *f, struct split_range *r)
{
	static const int64_t all_labs = HOURS_ALL_LABS;
	struct log_filter filter = *f;
	struct hour_sums sums = { .filter = &filter, .by_status = r->by_status };
	int64_t now_ms = clock_wall_ms(), to_ms = f->to_ms ? f->to_ms : now_ms;

	r->whole_from_ms = (f->from_ms + TALLY_HOUR_MS - 1) / TALLY_HOUR_MS * TALLY_HOUR_MS;
	r->whole_to_ms = to_ms / TALLY_HOUR_MS * TALLY_HOUR_MS;
	r->complete = f->from_ms >= now_ms - KNOWN_DAYS * 24 * TALLY_HOUR_MS;
	if (f->n_labs == 0) {
		filter.labs = &all_labs;
		filter.n_labs = 1;
		r->whole_to_ms -= TALLY_HOUR_MS; /* the round comes later */
	}
	if (!tally_knows(f) || r->whole_from_ms >= r->whole_to_ms ||
	    (f->n_labs == 0 && (f->auth_id || f->integration_id)))
		return 0;
	return hours_read(stores_logs(call->stores), filter.labs, filter.n_labs,
	                  r->whole_from_ms, r->whole_to_ms - 1, add_hour, &sums);
}

static int64_t sum_of(const int64_t *by_status)
{
	int64_t sum = 0;

	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++)
		sum += by_status[i];
	return sum;
}

/* Adds; *capped: there are more. */
static int count_logs(struct call *call, struct log_filter f, int64_t from_ms,
                      int64_t to_ms, int64_t *by_status, bool *capped)
{
	int64_t found[LOG_STATUS_SUPPRESSED + 1] = { 0 };

	if (to_ms && from_ms >= to_ms)
		return 0;
	f.from_ms = from_ms;
	f.to_ms = to_ms;
	int result = logstore_count_statuses(stores_logs(call->stores), &f, EDGE_MOST + 1,
	                                     found);
	*capped |= sum_of(found) > EDGE_MOST;
	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++)
		by_status[i] += found[i];
	return result;
}

/* Status by status, each up to the cap. */
static int count_each(struct call *call, const struct query *q, int64_t *by_status)
{
	int result = 0;

	for (int status = LOG_STATUS_QUEUED; status < LOG_STATUS_SUPPRESSED && result == 0;
	     status++) {
		struct log_filter one = q->filter;

		one.statuses = LOG_STATUS_BIT(status);
		if (is_counted(q, (enum log_status)status) &&
		    by_status[status] <= COUNT_CAP)
			result = logstore_count(stores_logs(call->stores), &one,
			                        COUNT_CAP + 1, &by_status[status]);
	}
	return result;
}

/* The statuses that are asked for, and of which there may be fewer than the cap. */
static unsigned uncapped(const struct query *q, const int64_t *by_status)
{
	unsigned statuses = 0;

	for (int status = LOG_STATUS_QUEUED; status < LOG_STATUS_SUPPRESSED; status++)
		if (is_counted(q, (enum log_status)status) &&
		    by_status[status] <= COUNT_CAP)
			statuses |= LOG_STATUS_BIT(status);
	return statuses;
}

/* What is little as it is now; else what is known of the hours, and the logs at the ends.
 */
static int count_all(struct call *call, const struct query *q, int64_t *by_status)
{
	const struct log_filter *f = &q->filter;
	struct split_range range = { .complete = false };
	bool capped = false;
	int result = count_hours(call, f, &range);

	if (result)
		return result;
	if (range.complete && sum_of(range.by_status) > LIVE_MOST) {
		struct log_filter rest = *f;

		memcpy(by_status, range.by_status, sizeof(range.by_status));
		rest.statuses = uncapped(q, by_status);
		if (!rest.statuses)
			return 0;
		result = count_logs(call, rest, f->from_ms, range.whole_from_ms, by_status,
		                    &capped);
		if (result == 0)
			result = count_logs(call, rest, range.whole_to_ms, f->to_ms,
			                    by_status, &capped);
	} else {
		result = count_logs(call, *f, f->from_ms, f->to_ms, by_status, &capped);
	}
	if (result || !capped)
		return result;
	memcpy(by_status, range.by_status, sizeof(range.by_status));
	return count_each(call, q, by_status);
}

static int count_by_status(struct call *call, const struct query *q, json_t *out,
                           int64_t *total)
{
	int64_t by_status[LOG_STATUS_SUPPRESSED + 1] = { 0 };
	int result = q->nothing ? 0 : count_all(call, q, by_status);

	for (int status = LOG_STATUS_QUEUED; status < LOG_STATUS_SUPPRESSED; status++) {
		int64_t n = is_counted(q, (enum log_status)status) ? by_status[status] : 0;

		*total += n;
		(void)json_object_set_new(out, log_status_word((enum log_status)status),
		                          count_json(n));
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
