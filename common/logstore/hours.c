#include "logstore/hours.h"

#include "logstore/store.h"
#include "mongo/convert.h"

#include <inttypes.h>
#include <stdio.h>

#define HOUR_ID_SIZE 48
#define LABS_MAX     16  /* of more the range is read */
#define BATCH_HOURS  200 /* some kilobytes each */

/* ---- counting ---- */

static void add(const struct log_brief *log, void *arg)
{
	tally_add_log(arg, log);
}

int hours_count(struct logstore *s, int64_t lab_id, int64_t from_ms, int64_t to_ms,
                struct tally *out)
{
	const struct log_filter filter = {
		.labs = &lab_id,
		.n_labs = lab_id ? 1 : 0,
		.statuses = LOG_STATUSES_ALL,
		.from_ms = from_ms,
		.to_ms = to_ms,
	};
	bool capped;

	return logstore_scan(s, &filter, INT64_MAX, add, out, &capped);
}

/* ---- writing ---- */

static const char *id_of(int64_t lab_id, int64_t hour, char out[HOUR_ID_SIZE])
{
	(void)snprintf(out, HOUR_ID_SIZE, "%" PRId64 "/%" PRId64, lab_id, hour);
	return out;
}

static void append_id(bson_t *to, const char *key, int64_t id)
{
	if (id)
		(void)bson_append_int64(to, key, -1, id);
}

static void append_item(bson_t *list, uint32_t at, const struct tally_item *item)
{
	char number[16];
	const char *name;
	bson_t one, statuses, times;

	(void)bson_uint32_to_string(at, &name, number, sizeof(number));
	(void)bson_append_document_begin(list, name, -1, &one);
	(void)BSON_APPEND_UTF8(&one, "integration_type", item->api ? "API" : "WEBHOOK");
	append_id(&one, "lab_integration_id", item->integration_id);
	append_id(&one, "auth_id", item->auth_id);
	append_id(&one, "action_category_list_id", item->action_id);
	convert_append_text(&one, "developer_name", item->developer_name);
	convert_append_text(&one, "operation", item->operation);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&one, "statuses", &statuses);
	for (size_t i = 0; i < ARRAY_SIZE(item->by_status); i++)
		if (item->by_status[i])
			(void)bson_append_int64(
				&statuses,
				i == LOG_STATUS_SUPPRESSED
					? "SUPPRESSED"
					: log_status_word((enum log_status)i),
				-1, item->by_status[i]);
	(void)bson_append_document_end(&one, &statuses);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&one, "times", &times);
	for (uint32_t i = 0; i < TALLY_BUCKETS; i++) {
		(void)bson_uint32_to_string(i, &name, number, sizeof(number));
		if (item->times[i])
			(void)bson_append_int64(&times, name, -1, item->times[i]);
	}
	(void)bson_append_document_end(&one, &times);
	(void)bson_append_document_end(list, &one);
}

static int by_hour(const void *a, const void *b)
{
	const struct tally_item *x = *(const struct tally_item *const *)a;
	const struct tally_item *y = *(const struct tally_item *const *)b;

	if (x->lab_id != y->lab_id)
		return x->lab_id < y->lab_id ? -1 : 1;
	return (x->hour > y->hour) - (x->hour < y->hour);
}

static bson_t *make_document(const struct tally_item *const *items, size_t n,
                             int64_t counted_at_ms)
{
	bson_t *doc = bson_new(), list;

	(void)BSON_APPEND_INT64(doc, "lab_id", items[0]->lab_id);
	(void)BSON_APPEND_DATE_TIME(doc, "hour", items[0]->hour * TALLY_HOUR_MS);
	(void)BSON_APPEND_DATE_TIME(doc, "counted_at", counted_at_ms);
	(void)BSON_APPEND_ARRAY_BEGIN(doc, "items", &list);
	for (size_t i = 0; i < n; i++)
		append_item(&list, (uint32_t)i, items[i]);
	(void)bson_append_array_end(doc, &list);
	return doc;
}

struct writing {
	struct mongo_update *updates;
	bson_t **documents;
	size_t n;
};

static void add_writing(struct writing *w, const struct tally_item *const *items, size_t n,
                        int64_t counted_at_ms)
{
	CLEANUP_BSON bson_t *values = make_document(items, n, counted_at_ms);
	bson_t *document = bson_new();
	char id[HOUR_ID_SIZE];

	(void)id_of(items[0]->lab_id, items[0]->hour, id);
	(void)BSON_APPEND_UTF8(document, "_id", id);
	(void)bson_concat(document, values);
	w->updates[w->n] = (struct mongo_update){
		.filter = BCON_NEW("_id", BCON_UTF8(id), "counted_at", "{", "$lte",
		                   BCON_DATE_TIME(counted_at_ms), "}"),
		.update = BCON_NEW("$set", BCON_DOCUMENT(values)),
	};
	w->documents[w->n++] = document;
}

/* Most are there already; the others are inserted, and what is newer stays. */
static int write_all(struct logstore *s, const struct writing *w)
{
	CLEANUP(freep) int *codes = xcalloc(w->n + 1, sizeof(*codes));
	size_t matched = 0;

	if (mongo_update(s->mongo, LOGSTORE_HOURS, w->updates, w->n, codes, &matched))
		return LOGSTORE_E_AWAY;
	if (matched == w->n)
		return 0;
	return mongo_insert(s->mongo, LOGSTORE_HOURS, w->documents, w->n, codes)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

int hours_write(struct logstore *s, const struct tally *t, int64_t counted_at_ms)
{
	CLEANUP(freep)
	const struct tally_item **items = xcalloc(t->n + 1, sizeof(*items));
	struct writing w = { .updates = xcalloc(t->n + 1, sizeof(*w.updates)),
		             .documents = xcalloc(t->n + 1, sizeof(bson_t *)) };

	for (size_t i = 0; i < t->n; i++)
		items[i] = &t->items[i];
	qsort(items, t->n, sizeof(*items), by_hour);
	for (size_t i = 0, end; i < t->n; i = end) {
		for (end = i + 1; end < t->n && by_hour(&items[i], &items[end]) == 0;)
			end++;
		add_writing(&w, items + i, end - i, counted_at_ms);
	}
	int result = w.n ? write_all(s, &w) : 0;
	store_destroy_updates(w.updates, w.n);
	for (size_t i = 0; i < w.n; i++)
		bson_destroy(w.documents[i]);
	free(w.updates);
	free(w.documents);
	return result;
}

/* ---- reading ---- */

struct hours_reading {
	bool all; /* of each lab, and not what is of all together */
	void (*each)(const struct tally_item *item, void *arg);
	void *arg;
};

static void read_statuses(struct tally_item *item, const bson_t *doc)
{
	bson_iter_t it, of;
	enum log_status status;

	if (!bson_iter_init_find(&it, doc, "statuses") || !bson_iter_recurse(&it, &of))
		return;
	while (bson_iter_next(&of))
		if (strcmp(bson_iter_key(&of), "SUPPRESSED") == 0)
			item->by_status[LOG_STATUS_SUPPRESSED] = bson_iter_as_int64(&of);
		else if (log_status_parse(bson_iter_key(&of), &status))
			item->by_status[status] = bson_iter_as_int64(&of);
}

static void read_times(struct tally_item *item, const bson_t *doc)
{
	bson_iter_t it, of;

	if (!bson_iter_init_find(&it, doc, "times") || !bson_iter_recurse(&it, &of))
		return;
	while (bson_iter_next(&of)) {
		unsigned long at = strtoul(bson_iter_key(&of), NULL, 10);

		if (at < TALLY_BUCKETS)
			item->times[at] = (uint32_t)bson_iter_as_int64(&of);
	}
}

static void read_item(const struct hours_reading *r, const bson_t *hour, const bson_t *doc)
{
	const char *type = store_text(doc, "integration_type");
	struct tally_item item = {
		.lab_id = store_int(hour, "lab_id"),
		.hour = store_time(hour, "hour") / TALLY_HOUR_MS,
		.integration_id = store_int(doc, "lab_integration_id"),
		.auth_id = store_int(doc, "auth_id"),
		.action_id = store_int(doc, "action_category_list_id"),
		.api = type && strcmp(type, "API") == 0,
		.developer_name = (char *)(uintptr_t)store_text(doc, "developer_name"),
		.operation = (char *)(uintptr_t)store_text(doc, "operation"),
	};

	read_statuses(&item, doc);
	read_times(&item, doc);
	r->each(&item, r->arg);
}

static bool read_hour(const bson_t *doc, void *arg)
{
	const struct hours_reading *r = arg;
	bson_iter_t it, list;

	if (r->all && store_int(doc, "lab_id") == HOURS_ALL_LABS)
		return true;
	if (!bson_iter_init_find(&it, doc, "items") || !BSON_ITER_HOLDS_ARRAY(&it) ||
	    !bson_iter_recurse(&it, &list))
		return true;
	while (bson_iter_next(&list)) {
		const uint8_t *data;
		uint32_t len;
		bson_t item;

		if (!BSON_ITER_HOLDS_DOCUMENT(&list))
			continue;
		bson_iter_document(&list, &len, &data);
		if (bson_init_static(&item, data, len))
			read_item(r, doc, &item);
	}
	return true;
}

/* Of few labs the documents are known by name, which needs no index. */
static bson_t *filter_by_id(const int64_t *labs, size_t n_labs, int64_t from, int64_t to)
{
	bson_t *filter = bson_new(), operators, list;
	char number[16], id[HOUR_ID_SIZE];
	const char *name;
	uint32_t n = 0;

	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (size_t i = 0; i < n_labs; i++)
		for (int64_t hour = from; hour <= to; hour++) {
			(void)bson_uint32_to_string(n++, &name, number, sizeof(number));
			(void)bson_append_utf8(&list, name, -1, id_of(labs[i], hour, id),
			                       -1);
		}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(filter, &operators);
	return filter;
}

int hours_read(struct logstore *s, const int64_t *labs, size_t n_labs, int64_t from_ms,
               int64_t to_ms, void (*each)(const struct tally_item *item, void *arg),
               void *arg)
{
	int64_t from = from_ms / TALLY_HOUR_MS, to = to_ms / TALLY_HOUR_MS;
	int64_t oldest = to - HOURS_KEPT_DAYS * 24;
	struct hours_reading reading = { .all = n_labs == 0, .each = each, .arg = arg };
	CLEANUP_BSON bson_t *options = BCON_NEW("batchSize", BCON_INT32(BATCH_HOURS));

	if (from < oldest)
		from = oldest;
	CLEANUP_BSON bson_t *filter =
		n_labs > 0 && n_labs <= LABS_MAX
			? filter_by_id(labs, n_labs, from, to)
			: BCON_NEW("hour", "{", "$gte",
	                           BCON_DATE_TIME(from * TALLY_HOUR_MS), "$lte",
	                           BCON_DATE_TIME(to * TALLY_HOUR_MS), "}");
	return mongo_find(s->mongo, LOGSTORE_HOURS, filter, options, read_hour, &reading)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

static bool take_newest(const bson_t *doc, void *arg)
{
	int64_t *newest_ms = arg, end_ms = store_time(doc, "hour") + TALLY_HOUR_MS;

	if (end_ms > *newest_ms)
		*newest_ms = end_ms;
	return true;
}

int hours_newest(struct logstore *s, int64_t lab_id, int64_t before_ms, int64_t *out_ms)
{
	static const int64_t ago[] = { 0, 12, 48, HOURS_KEPT_DAYS * 24 };
	CLEANUP_BSON bson_t *options =
		BCON_NEW("batchSize", BCON_INT32(BATCH_HOURS), "projection", "{", "hour",
	                 BCON_INT32(1), "}");
	int64_t to = before_ms / TALLY_HOUR_MS;
	int result = 0;

	*out_ms = 0;
	for (size_t i = 0; i + 1 < ARRAY_SIZE(ago) && *out_ms == 0 && result == 0; i++) {
		CLEANUP_BSON bson_t *filter =
			filter_by_id(&lab_id, 1, to - ago[i + 1], to - ago[i]);

		result = mongo_find(s->mongo, LOGSTORE_HOURS, filter, options, take_newest,
		                    out_ms);
	}
	if (*out_ms > before_ms)
		*out_ms = before_ms;
	return result ? LOGSTORE_E_AWAY : 0;
}
