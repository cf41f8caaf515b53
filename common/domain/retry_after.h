#pragma once
/* The header Retry-After (RFC 9110, 10.2.3): a number of seconds, or a date. Pure. */
#include "base/util.h"

/*
 * How long to wait from `now_wall_ms` on, at most `longest_ms`; 0 for a date that has
 * passed; -1 when the text is neither (or NULL): then it says nothing.
 */
int64_t retry_after_ms(const char *text, int64_t now_wall_ms, int64_t longest_ms);
