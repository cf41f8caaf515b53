#pragma once
/*
 * Counts of logs by lab and hour, small documents of `integration_hour` that callback keeps
 * (services/callback/hours.c) and the dashboard reads. They are never added to, but counted
 * out of the logs and set: however often a process dies, counting again makes them right.
 * Blocking, one thread.
 */
#include "logstore/tally.h"

#define HOURS_KEPT_DAYS 8
#define HOURS_ALL_LABS  (-1) /* a lab_id: by type and action alone, written by the round */

/* Adds what the logs of the lab (0: of all) say, inserted from `from_ms` until before
 * `to_ms`. */
int hours_count(struct logstore *s, int64_t lab_id, int64_t from_ms, int64_t to_ms,
                struct tally *out) MUST_CHECK;
/*
 * Sets the document of each lab and hour that the tally has, unless one is there that was
 * counted later than `counted_at_ms`, when the counting began.
 */
int hours_write(struct logstore *s, const struct tally *tally,
                int64_t counted_at_ms) MUST_CHECK;
/* Where the newest hour before this ends in which the lab had logs; 0: none is known. */
int hours_newest(struct logstore *s, int64_t lab_id, int64_t before_ms,
                 int64_t *out_ms) MUST_CHECK;
/*
 * What was written of the labs (none: of each), of hours that touch the range. The items
 * live during the call. Of more labs than 16 those of others come too: look at tally_fits.
 */
int hours_read(struct logstore *s, const int64_t *labs, size_t n_labs, int64_t from_ms,
               int64_t to_ms, void (*each)(const struct tally_item *item, void *arg),
               void *arg) MUST_CHECK;
