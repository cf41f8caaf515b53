#pragma once
/*
 * A range of time that is read from its end in windows. Not every store ends a sorted read
 * with its limit: some read all that the condition lets through. So the first window is
 * small, and each next one as wide as the last one's yield asks for; but behind a long
 * rest there may be many, so then the range that was read grows by a quarter. Pure.
 * Internal to logstore/, and for its tests.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
	int64_t low_ms;  /* inclusive; 0: without bound */
	int64_t high_ms; /* exclusive; 0: without bound */
	/* of its own */
	int64_t from_ms, end_ms, width_ms, first_ms, rest_ms;
	bool begun;
};

/*
 * `to_ms` 0: to the end of time, which `now_ms` stands for. Who wants much begins with a
 * wider window.
 */
void window_begin(struct window *w, int64_t from_ms, int64_t to_ms, int64_t now_ms,
                  size_t wanted);
/* The next one reaches back to here, where logs are known to begin; from there it is as at
 * the beginning. Before window_next. */
void window_rest_until(struct window *w, int64_t until_ms);
/* How far back all were so far. */
int64_t window_read_ms(const struct window *w);
/* Before the first one: it is as wide as this. */
void window_begin_with(struct window *w, int64_t width_ms);
/*
 * The next one: the first, or what lies before the last one, which gave `found` while
 * `wanted` more are wanted. False: the range is read.
 */
bool window_next(struct window *w, size_t found, size_t wanted);
