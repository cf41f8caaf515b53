#pragma once
/*
 * Time. Wall-clock instants are int64 milliseconds since the Unix epoch, UTC; durations and
 * deadlines are int64 milliseconds of the monotonic clock. Decisions take the time as an
 * argument; only shells (loops, adapters) call clock_*.
 */
#include "base/util.h"

#include <stdbool.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

#define CLOCK_ISO_SIZE 32
/* "2026-11-21T09:30:00.123Z"; returns `out`. */
const char *clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);
/*
 * RFC 3339 with `Z`, `z` or an offset, seconds' fraction optional (cut to ms); also a bare
 * date (midnight UTC) and a time without a zone (taken as UTC). False: not a date.
 */
bool clock_parse_iso(const char *text, int64_t *out_wall_ms);
