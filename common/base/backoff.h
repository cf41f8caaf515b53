#pragma once
/*
 * How long to wait before trying again: exponential, with jitter, so that many clients of
 * one broken server do not come back in step. Pure: chance is an argument (random_u32() in
 * a shell, a chosen number in a test).
 */
#include "base/util.h"

/*
 * The wait in ms after `failures` failures in a row (0 counts as 1): a point in the upper
 * half of min(first_ms * 2^(failures - 1), max_ms), chosen by `dice` (0: the middle,
 * UINT32_MAX: the end). Needs 0 < first_ms <= max_ms; the result is at least 1.
 */
int64_t backoff_wait_ms(int64_t first_ms, int64_t max_ms, unsigned failures, uint32_t dice);
