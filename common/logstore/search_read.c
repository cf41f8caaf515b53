#include "logstore/search_read.h"

#include "base/clock.h"
#include "logstore/hours.h"
#include "logstore/search_filter.h"
#include "logstore/search_hint.h"
#include "logstore/store.h"
#include "logstore/window.h"

/* A window aims at no more than this: so much is sorted, and in memory, at once. */
#define WINDOW_MOST 2000
#define LIMIT_MOST  (SIZE_MAX / 4) /* who wants all */
#define REST_MS     (10LL * 60000)
#define LOOKS_MOST  3
#define FAILED_PART 8

struct progress {
	const struct search_reading *reading;
	size_t seen, before; /* all, and before this window */
	size_t looked_at;    /* in this window, for words */
	size_t looked_at_all;
	int64_t newest_ms, last_ms; /* inserted_at of the first, and of the last wanted */
	bool ended;                 /* by row() */
};

const char *const search_worded[3] = { "error_message", "fusion_log", "error_kind" };

static bool has_word(const bson_t *doc, const char *field, const char *words)
{
	const char *text = store_text(doc, field);

	return text && strcasestr(text, words);
}

static bool has_words(const bson_t *doc, const struct log_filter *f)
{
	if (f->error_words)
		return store_text(doc, "error_message") &&
		       strcasestr(f->error_words(store_text(doc, "error_kind")), f->words);
	return has_word(doc, "error_message", f->words) ||
	       has_word(doc, "fusion_log", f->words);
}

static bool take(const bson_t *doc, void *arg)
{
	struct progress *p = arg;

	p->looked_at++;
	p->looked_at_all++;
	if (p->reading->filter->words && !has_words(doc, p->reading->filter))
		return true;
	p->seen++;
	if (p->seen == 1)
		p->newest_ms = store_time(doc, "inserted_at");
	if (p->seen == p->reading->most)
		p->last_ms = store_time(doc, "inserted_at");
	p->ended = !p->reading->row(doc, p->reading->arg);
	return !p->ended && p->seen < p->reading->most;
}

/* Sorted even where the order is nothing to the reader: some stores sort in any case. */
static bson_t *make_options(const struct search_reading *r, size_t limit)
{
	bson_t *options = BCON_NEW("sort", "{", "inserted_at", BCON_INT32(-1), "_id",
	                           BCON_INT32(-1), "}", "batchSize", BCON_INT32(2000),
	                           "projection", BCON_DOCUMENT(r->projection));

	if (!r->filter->words && limit < LIMIT_MOST)
		(void)BSON_APPEND_INT64(options, "limit", (int64_t)limit);
	return options;
}

static int read_span(struct logstore *s, struct progress *p, const struct search_span *span)
{
	CLEANUP_BSON bson_t *query = search_query(p->reading->filter, span);
	CLEANUP_BSON bson_t *options = make_options(p->reading, p->reading->most - p->seen);

	p->before = p->seen;
	p->looked_at = 0;
	return mongo_find(s->mongo, LOGSTORE_LOGS, query, options, take, p)
	               ? LOGSTORE_E_AWAY
	               : 0;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Where words are looked for, a window is as wide as its logs allow, not as its finds. */
static bool next_window(const struct progress *p, struct window *w)
{
	if (p->reading->filter->words)
		return window_next(w, p->looked_at, WINDOW_MOST);
	return window_next(w, p->seen - p->before,
	                   min_size(p->reading->most - p->seen, WINDOW_MOST));
}

/* What has few logs by itself is read at once. */
static int read_whole(struct logstore *s, struct progress *p, struct search_span span)
{
	span.low_ms = p->reading->filter->from_ms;
	return read_span(s, p, &span);
}

/* Pages behind a cursor are about each other: the newest logs may be of another density. */
static uint64_t hint_key(const struct search_reading *r, const struct search_span *span,
                         int64_t now_ms)
{
	uint64_t key = search_hint_key(r->filter, r->most, now_ms);

	return span->after ? ~key : key;
}

static void begin(struct window *w, const struct search_reading *r,
                  const struct search_span *span, int64_t now_ms)
{
	int64_t end_ms = span->high_ms ? span->high_ms : now_ms;
	struct search_hint hint;

	window_begin(w, r->filter->from_ms, span->high_ms, now_ms,
	             min_size(r->most, WINDOW_MOST));
	if (!search_hint_find(hint_key(r, span, now_ms), now_ms, &hint))
		return;
	int64_t width_ms =
		span->after ? hint.span_ms + hint.span_ms / 3 : end_ms - hint.low_ms;
	if (width_ms > 0)
		window_begin_with(w, width_ms);
}

static void learn(const struct progress *p, const struct search_span *span, int64_t now_ms)
{
	const struct search_reading *r = p->reading;
	int64_t last_ms = p->seen == r->most ? p->last_ms : r->filter->from_ms;

	if (p->looked_at_all > WINDOW_MOST || (p->ended && p->seen < r->most))
		return;
	search_hint_learn(hint_key(r, span, now_ms), now_ms,
	                  p->seen ? p->newest_ms : now_ms, last_ms);
}

/* A window that took too long had too many logs: the next search begins with less of it. */
static void learn_failure(const struct progress *p, const struct search_span *whole,
                          const struct search_span *failed, int64_t now_ms)
{
	int64_t high_ms = failed->high_ms ? failed->high_ms : now_ms;
	int64_t part_ms = (high_ms - failed->low_ms) / FAILED_PART;

	if (p->looked_at_all == 0 && part_ms > 0)
		search_hint_learn(hint_key(p->reading, whole, now_ms), now_ms, high_ms,
		                  high_ms - part_ms);
}

/* Behind a long rest the counts by hour say where logs begin; without them it takes longer.
 */
static void look_for_logs(struct logstore *s, const struct log_filter *f, struct window *w)
{
	int64_t lab_id = f->n_labs ? f->labs[0] : HOURS_ALL_LABS, until_ms = 0;

	if (f->n_labs <= 1 && hours_newest(s, lab_id, w->low_ms, &until_ms) == 0)
		window_rest_until(w, until_ms);
}

static int read_windows(struct logstore *s, struct progress *p, struct search_span span)
{
	const struct search_span whole = span;
	int64_t now_ms = clock_wall_ms();
	int looks = 0;
	struct window w;

	begin(&w, p->reading, &span, now_ms);
	while (p->seen < p->reading->most && !p->ended) {
		if (looks < LOOKS_MOST && p->looked_at_all == 0 &&
		    window_read_ms(&w) > REST_MS) {
			look_for_logs(s, p->reading->filter, &w);
			looks++;
		}
		if (!next_window(p, &w))
			break;
		span.low_ms = w.low_ms;
		span.high_ms = w.high_ms;
		if (read_span(s, p, &span)) {
			learn_failure(p, &whole, &span, now_ms);
			return LOGSTORE_E_AWAY;
		}
		span.after = NULL; /* its instant is read */
	}
	learn(p, &whole, now_ms);
	return 0;
}

int search_read(struct logstore *s, const struct search_reading *r)
{
	struct progress progress = { .reading = r };
	struct search_span span = { .high_ms = r->filter->to_ms };

	if (r->after && (!span.high_ms || r->after->inserted_at_ms < span.high_ms)) {
		span.high_ms = r->after->inserted_at_ms;
		if (span.high_ms >= r->filter->from_ms)
			span.after = r->after;
	}
	if (span.high_ms && span.high_ms < r->filter->from_ms)
		return 0;
	return search_choose(r->filter) > SEARCH_BY_REFERENCE
	               ? read_windows(s, &progress, span)
	               : read_whole(s, &progress, span);
}
