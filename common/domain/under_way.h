#pragma once
/*
 * Requests that were made and whose attempt is not in the log yet: a slow fleet must not be
 * asked the same again with each sweep. Bounded, and forgets after a while: then the
 * request is made again, which starts no second attempt since its retry_id is the same. One
 * thread.
 */
#include "base/log_id.h"

#include <stdbool.h>
#include <stdint.h>

#define UNDER_WAY_MAX 65536 /* remembered for certain; 4 MiB in all */

struct under_way;
/* A request is remembered for `keep_ms` to twice that. */
struct under_way *under_way_new(int64_t keep_ms);
struct under_way *under_way_free(struct under_way *u);
/* `attempt` is the number of the automatic attempt that was asked for. */
bool under_way_has(const struct under_way *u, const struct log_id *id, uint32_t attempt);
void under_way_add(struct under_way *u, const struct log_id *id, uint32_t attempt,
                   int64_t now_ms);
/* Once a sweep. */
void under_way_forget_old(struct under_way *u, int64_t now_ms);
