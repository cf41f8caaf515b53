/* Rates by integration and hour; groups of errors. */
#include "stats.h"

#include "base/clock.h"
#include "logstore/hours.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define HOUR_MS          TALLY_HOUR_MS
#define HOURS_MAX        (7 * 24 + 1)
#define INTEGRATIONS_MAX 200
#define PLACES           1024
#define SCAN_MAX         5000 /* logs, of what the hours' counts do not know */
#define LIVE_MOST        300  /* so few are counted as they are now */

struct rates {
	int64_t total, success, fail, queued;
	uint32_t times[TALLY_BUCKETS];
};

struct integration_stats {
	int64_t integration_id, auth_id, lab_id;
	char *developer_name, *operation;
	struct rates all, *hours;
};

struct stats {
	const struct log_filter *filter;
	int64_t from_ms, to_ms;
	size_t n_hours, n;
	struct integration_stats items[INTEGRATIONS_MAX];
	uint16_t places[PLACES]; /* of items, by hash, from 1; 0: free */
	int64_t totals[LOG_STATUS_SUPPRESSED + 1];
	bool capped;
};

/* ---- counting ---- */

static void count(struct rates *r, const struct tally_item *item, const int64_t *by_status)
{
	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++)
		r->total += by_status[i];
	r->success += by_status[LOG_STATUS_SUCCESS];
	r->fail += by_status[LOG_STATUS_FAIL];
	r->queued += by_status[LOG_STATUS_QUEUED];
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		r->times[i] += item->times[i];
}

/* Where it is, or would be. */
static uint16_t *place_of(struct stats *s, const struct tally_item *item)
{
	uint64_t hash = (uint64_t)item->integration_id * 31 + (uint64_t)item->lab_id;
	size_t at = (size_t)(hash * 0x9e3779b97f4a7c15ULL >> 40) % PLACES;

	for (; s->places[at]; at = (at + 1) % PLACES) {
		const struct integration_stats *of = &s->items[s->places[at] - 1];

		if (of->integration_id == item->integration_id &&
		    of->lab_id == item->lab_id)
			break;
	}
	return &s->places[at];
}

static struct integration_stats *find(struct stats *s, const struct tally_item *item)
{
	uint16_t *place = place_of(s, item);

	if (*place)
		return &s->items[*place - 1];
	if (s->n == INTEGRATIONS_MAX) {
		s->capped = true;
		return NULL;
	}
	struct integration_stats *new = &s->items[s->n++];
	*place = (uint16_t)s->n;
	*new = (struct integration_stats){
		.integration_id = item->integration_id,
		.auth_id = item->auth_id,
		.lab_id = item->lab_id,
		.developer_name =
			item->developer_name ? xstrdup(item->developer_name) : NULL,
		.operation = item->operation ? xstrdup(item->operation) : NULL,
		.hours = xcalloc(s->n_hours, sizeof(struct rates)),
	};
	return new;
}

static bool is_asked(const struct log_filter *f, size_t status)
{
	return f->statuses ? (f->statuses & LOG_STATUS_BIT(status)) != 0
	                   : status != LOG_STATUS_SUPPRESSED;
}

static void take(const struct tally_item *item, void *arg)
{
	struct stats *s = arg;
	int64_t hour = item->hour - s->from_ms / HOUR_MS;
	int64_t by_status[LOG_STATUS_SUPPRESSED + 1] = { 0 }, total = 0;

	if (!tally_fits(item, s->filter) || hour < 0 || (size_t)hour >= s->n_hours)
		return;
	for (size_t i = 0; i <= LOG_STATUS_SUPPRESSED; i++) {
		if (!is_asked(s->filter, i))
			continue;
		by_status[i] = item->by_status[i];
		s->totals[i] += by_status[i];
		total += by_status[i];
	}
	struct integration_stats *of = total ? find(s, item) : NULL;
	if (!of)
		return;
	count(&of->all, item, by_status);
	count(&of->hours[hour], item, by_status);
}

static void forget(struct stats *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->items[i].developer_name);
		free(s->items[i].operation);
		free(s->items[i].hours);
	}
	s->n = 0;
	memset(s->places, 0, sizeof(s->places));
	memset(s->totals, 0, sizeof(s->totals));
	s->capped = false;
}

static void add_log(const struct log_brief *log, void *arg)
{
	tally_add_log(arg, log);
}

/* As they are now; *capped: there are more than `most`. */
static int count_logs(struct call *call, struct stats *s, int64_t most, bool *capped)
{
	struct tally tally = { .n = 0 };
	int result = logstore_scan(stores_logs(call->stores), s->filter, most, add_log,
	                           &tally, capped);

	for (size_t i = 0; result == 0 && i < tally.n; i++)
		take(&tally.items[i], s);
	s->capped |= *capped;
	tally_deinit(&tally);
	return result;
}

static int count_hours(struct call *call, struct stats *s)
{
	const struct log_filter *f = s->filter;

	return hours_read(stores_logs(call->stores), f->labs, f->n_labs, s->from_ms,
	                  s->to_ms, take, s);
}

/*
 * What is little is counted as it is now, which does not wait for the hours' counts; of
 * what nobody counted yet the newest.
 */
static int count_all(struct call *call, struct stats *s)
{
	bool capped = false;

	if (!tally_knows(s->filter))
		return count_logs(call, s, SCAN_MAX, &capped);
	int result = count_hours(call, s);
	if (result ||
	    s->totals[LOG_STATUS_SUCCESS] + s->totals[LOG_STATUS_FAIL] > LIVE_MOST)
		return result;
	forget(s);
	return count_logs(call, s, SCAN_MAX, &capped);
}

/* ---- as JSON ---- */

static json_t *p95_json(const struct rates *r)
{
	double ms = tally_p95(r->times);

	return ms < 0 ? json_null() : json_real(round(ms));
}

static json_t *id_json(int64_t id)
{
	return id ? json_integer(id) : json_null();
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* As text: of a week there are more hours than a tree of values should be made of. */
static void append_hours(struct buf *out, const struct stats *s,
                         const struct integration_stats *of)
{
	char at[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < s->n_hours; i++) {
		const struct rates *r = &of->hours[i];
		double p95_ms = tally_p95(r->times);

		(void)clock_format_iso((s->from_ms / HOUR_MS + (int64_t)i) * HOUR_MS, at);
		buf_printf(out,
		           "%s{\"at\":\"%s\",\"total\":%" PRId64 ",\"success\":%" PRId64
		           ",\"fail\":%" PRId64 ",\"p95_ms\":",
		           i ? "," : "", at, r->total, r->success, r->fail);
		if (p95_ms < 0)
			buf_append_str(out, "null}");
		else
			buf_printf(out, "%.0f}", p95_ms);
	}
}

/* The object with one more member, an array that the caller appends and closes. */
static void open_array(struct buf *out, const json_t *object, const char *member)
{
	size_t len = 0;
	CLEANUP(freep) char *text = jdoc_dump(object, &len);

	buf_append(out, text, len - 1); /* but for its brace */
	buf_printf(out, ",\"%s\":[", member);
}

static json_t *integration_json(const struct integration_stats *of)
{
	const struct rates *r = &of->all;
	int64_t ended = r->success + r->fail;

	return json_pack(
		"{s:o,s:o,s:I,s:o,s:o,s:I,s:I,s:I,s:I,s:o,s:o}", "lab_integration_id",
		id_json(of->integration_id), "auth_id", id_json(of->auth_id), "lab_id",
		(json_int_t)of->lab_id, "developer_name", text_json(of->developer_name),
		"operation", text_json(of->operation), "total", (json_int_t)r->total,
		"success", (json_int_t)r->success, "fail", (json_int_t)r->fail, "queued",
		(json_int_t)r->queued, "success_rate",
		ended ? json_real((double)r->success / (double)ended) : json_null(),
		"p95_ms", p95_json(r));
}

static void append_integrations(struct buf *out, struct call *call, const struct stats *s)
{
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	char lane[LANE_KEY_SIZE];

	if (s->n && stores_settings(call->stores, &settings))
		settings = NULL;
	for (size_t i = 0; i < s->n; i++) {
		CLEANUP_JSON json_t *item = integration_json(&s->items[i]);

		(void)json_object_set_new(
			item, "lane",
			text_json(lane_of(settings, s->items[i].integration_id, lane)));
		mask_operation(call, item);
		if (i)
			buf_append_char(out, ',');
		open_array(out, item, "hours");
		append_hours(out, s, &s->items[i]);
		buf_append_str(out, "]}");
	}
}

static void answer_stats(struct call *call, const struct stats *s)
{
	char from[CLOCK_ISO_SIZE], to[CLOCK_ISO_SIZE];
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	const int64_t *t = s->totals;
	int64_t total = t[LOG_STATUS_SUCCESS] + t[LOG_STATUS_FAIL] + t[LOG_STATUS_QUEUED] +
	                t[LOG_STATUS_SUPERSEDED];
	CLEANUP_JSON json_t *head = json_pack(
		"{s:s,s:s,s:b,s:{s:I,s:I,s:I,s:I,s:I},s:o}", "from",
		clock_format_iso(s->from_ms, from), "to", clock_format_iso(s->to_ms, to),
		"capped", s->capped, "totals", "total", (json_int_t)total, "success",
		(json_int_t)t[LOG_STATUS_SUCCESS], "fail", (json_int_t)t[LOG_STATUS_FAIL],
		"queued", (json_int_t)t[LOG_STATUS_QUEUED], "superseded",
		(json_int_t)t[LOG_STATUS_SUPERSEDED], "health", health_json(call));

	open_array(&out, head, "integrations");
	append_integrations(&out, call, s);
	buf_append_str(&out, "]}");
	call_answer_text(call, CODE_OK, &out);
}

static bool read_range(struct call *call, struct query *q, struct stats *s)
{
	if (!query_read(call, q))
		return false;
	s->to_ms = q->filter.to_ms ? q->filter.to_ms : clock_wall_ms();
	s->from_ms = q->filter.from_ms ? q->filter.from_ms : s->to_ms - 24 * HOUR_MS;
	/* the answer says from and to */
	if (s->from_ms > s->to_ms)
		s->from_ms = s->to_ms;
	if (s->to_ms - s->from_ms > (HOURS_MAX - 1) * HOUR_MS)
		s->from_ms = s->to_ms - (HOURS_MAX - 1) * HOUR_MS;
	q->filter.from_ms = s->from_ms;
	q->filter.to_ms = s->to_ms + 1;
	s->n_hours = (size_t)(s->to_ms / HOUR_MS - s->from_ms / HOUR_MS) + 1;
	return !call_failed(call);
}

void api_stats(struct call *call)
{
	CLEANUP(freep) struct stats *s = xcalloc(1, sizeof(*s));
	struct query q;

	s->filter = &q.filter;
	if (read_range(call, &q, s)) {
		if (!q.nothing && count_all(call, s))
			call_store_away(call);
		else
			answer_stats(call, s);
	}
	forget(s);
	query_release(&q);
}

/* ---- groups of errors ---- */

#define GROUPS_MAX     300
#define GROUP_SCAN_MAX 4000
#define WORDS_MAX      80
#define GROUP_PARTS    24
#define GROUP_RANGE_MS (30LL * 24 * HOUR_MS) /* where the filter has no beginning */

struct group {
	int64_t auth_id, lab_id, count, first_ms, last_ms;
	char *developer_name, *error_kind;
	char words[WORDS_MAX + 1];
	struct log_id newest;
	int64_t parts[GROUP_PARTS]; /* of the range, the oldest first */
};

struct groups {
	int64_t from_ms, to_ms;
	size_t n;
	bool full;
	struct group items[GROUPS_MAX];
};

/* The first words, with numbers and ids left out: what differs from one log to the next. */
static void words_of(const char *text, char out[WORDS_MAX + 1])
{
	size_t n = 0;

	for (; text && *text && n < WORDS_MAX; text++) {
		if (!isdigit((unsigned char)*text))
			out[n++] = *text;
		else if (n == 0 || out[n - 1] != '#')
			out[n++] = '#';
	}
	while (n > 0 && ((unsigned char)out[n - 1] & 0x80)) /* a cut character */
		n--;
	out[n] = '\0';
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static struct group *find_group(struct groups *g, const struct log_brief *log)
{
	char words[WORDS_MAX + 1];

	words_of(log->error_message, words);
	for (size_t i = 0; i < g->n; i++) {
		struct group *of = &g->items[i];

		if (of->auth_id == log->auth_id && of->lab_id == log->lab_id &&
		    same_text(of->error_kind, log->error_kind) &&
		    strcmp(of->words, words) == 0)
			return of;
	}
	if (g->n == GROUPS_MAX) {
		g->full = true;
		return NULL;
	}
	struct group *new = &g->items[g->n++];
	*new = (struct group){
		.auth_id = log->auth_id,
		.lab_id = log->lab_id,
		.first_ms = INT64_MAX,
		.developer_name = log->developer_name ? xstrdup(log->developer_name) : NULL,
		.error_kind = log->error_kind ? xstrdup(log->error_kind) : NULL,
	};
	memcpy(new->words, words, sizeof(words));
	return new;
}

static size_t part_of(const struct groups *g, int64_t at_ms)
{
	int64_t width_ms = (g->to_ms - g->from_ms) / GROUP_PARTS + 1;
	int64_t part = (at_ms - g->from_ms) / width_ms;

	return (size_t)(part < 0 ? 0 : part < GROUP_PARTS ? part : GROUP_PARTS - 1);
}

static void take_group(const struct log_brief *log, void *arg)
{
	struct group *of = find_group(arg, log);

	if (!of)
		return;
	of->count++;
	of->parts[part_of(arg, log->inserted_at_ms)]++;
	if (log->inserted_at_ms < of->first_ms)
		of->first_ms = log->inserted_at_ms;
	if (log->inserted_at_ms >= of->last_ms) {
		of->last_ms = log->inserted_at_ms;
		of->newest = log->id;
	}
}

static int most_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->last_ms > y->last_ms ? -1 : x->last_ms < y->last_ms;
}

static json_t *group_json(const struct group *g)
{
	char first[CLOCK_ISO_SIZE], last[CLOCK_ISO_SIZE], hex[LOG_ID_HEX_SIZE];
	json_t *parts = json_array();

	for (size_t i = 0; i < GROUP_PARTS; i++)
		(void)json_array_append_new(parts, json_integer((json_int_t)g->parts[i]));
	return json_pack("{s:o,s:o,s:I,s:o,s:s,s:I,s:s,s:s,s:s,s:o}", "auth_id",
	                 id_json(g->auth_id), "developer_name",
	                 text_json(g->developer_name), "lab_id", (json_int_t)g->lab_id,
	                 "error_kind", text_json(g->error_kind), "error", g->words, "count",
	                 (json_int_t)g->count, "first_at",
	                 clock_format_iso(g->first_ms, first), "last_at",
	                 clock_format_iso(g->last_ms, last), "log_id",
	                 log_id_to_hex(&g->newest, hex), "over_time", parts);
}

static void read_groups(struct call *call, struct query *q, struct groups *g)
{
	static const unsigned errors =
		LOG_STATUS_BIT(LOG_STATUS_FAIL) | LOG_STATUS_BIT(LOG_STATUS_QUEUED);
	json_t *items = json_array();
	bool capped = false;

	q->filter.statuses = q->filter.statuses ? q->filter.statuses & errors : errors;
	g->to_ms = q->filter.to_ms ? q->filter.to_ms : clock_wall_ms();
	g->from_ms = q->filter.from_ms ? q->filter.from_ms : g->to_ms - GROUP_RANGE_MS;
	if (g->from_ms > g->to_ms)
		g->from_ms = g->to_ms;
	if (!q->nothing && q->filter.statuses &&
	    logstore_scan(stores_logs(call->stores), &q->filter, GROUP_SCAN_MAX, take_group,
	                  g, &capped)) {
		json_decref(items);
		call_store_away(call);
		return;
	}
	qsort(g->items, g->n, sizeof(g->items[0]), most_first);
	for (size_t i = 0; i < g->n; i++) {
		json_t *item = group_json(&g->items[i]);

		mask_error(call, item, "error");
		(void)json_array_append_new(items, item);
	}
	call_answer(call, CODE_OK,
	            json_pack("{s:o,s:b}", "items", items, "capped", capped || g->full));
}

void api_log_groups(struct call *call)
{
	CLEANUP(freep) struct groups *g = xcalloc(1, sizeof(*g));
	struct query q;

	if (query_read(call, &q))
		read_groups(call, &q, g);
	for (size_t i = 0; i < g->n; i++) {
		free(g->items[i].developer_name);
		free(g->items[i].error_kind);
	}
	query_release(&q);
}
