#include "logstore/window.h"

#include "base/util.h"

#define FIRST_MS  2000 /* for each hundred that are wanted */
#define WIDEST_MS (90LL * 86400000)
#define GROWTH    8
#define NEAR_MS   (20LL * 60000) /* so far it grows fast */

void window_begin(struct window *w, int64_t from_ms, int64_t to_ms, int64_t now_ms,
                  size_t wanted)
{
	*w = (struct window){
		.from_ms = from_ms,
		.end_ms = to_ms ? to_ms : now_ms,
		.low_ms = to_ms ? to_ms : now_ms,
		.high_ms = to_ms,
		.width_ms = FIRST_MS * (int64_t)(wanted / 100 + 1),
		.first_ms = FIRST_MS * (int64_t)(wanted / 100 + 1),
	};
}

void window_rest_until(struct window *w, int64_t until_ms)
{
	w->rest_ms = until_ms;
}

int64_t window_read_ms(const struct window *w)
{
	return w->end_ms - w->low_ms;
}

void window_begin_with(struct window *w, int64_t width_ms)
{
	w->width_ms = width_ms;
}

static int64_t widest(const struct window *w)
{
	int64_t read_ms = window_read_ms(w), fast_ms = w->width_ms * GROWTH;

	if (read_ms + fast_ms <= NEAR_MS)
		return fast_ms;
	return read_ms / 4 > w->width_ms ? read_ms / 4 : w->width_ms;
}

/* A third more than the yield asks for, never narrower than a quarter. */
static int64_t next_width(const struct window *w, size_t found, size_t wanted)
{
	int64_t most = widest(w), next_ms;

	if (found == 0)
		return most;
	next_ms = (int64_t)((double)w->width_ms * 1.3 * (double)wanted / (double)found);
	if (next_ms > most)
		return most;
	return next_ms < w->width_ms / 4 ? w->width_ms / 4 : next_ms;
}

bool window_next(struct window *w, size_t found, size_t wanted)
{
	if (!w->begun) {
		w->begun = true;
	} else {
		if (w->low_ms <= w->from_ms)
			return false;
		w->high_ms = w->low_ms;
		w->width_ms = next_width(w, found, wanted);
		if (w->width_ms < 1)
			w->width_ms = 1;
	}
	if (w->rest_ms && w->rest_ms < w->low_ms) {
		w->end_ms = w->low_ms = w->rest_ms;
		w->width_ms = w->first_ms / GROWTH;
		w->rest_ms = 0;
	} else {
		w->low_ms -= w->width_ms;
	}
	/* what is older than a season has no bound */
	if (w->low_ms < w->from_ms || w->width_ms > WIDEST_MS)
		w->low_ms = w->from_ms;
	return true;
}
