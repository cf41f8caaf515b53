#pragma once
/*
 * The logs of the recent past, bounded: what the store would say of a repeated event while
 * it is away, and whether a batch that is given again has its tasks already. Forgets the
 * oldest first. One thread.
 */
#include "base/log_id.h"

#include <stdbool.h>

#define RECENT_MAX 65536

struct recent_entry {
	struct log_id id;
	int32_t partition;
	int64_t offset; /* of the event */
	bool tasked;    /* its task was acknowledged */
};

struct recent;
struct recent *recent_new(void);
struct recent *recent_free(struct recent *r);
/* NULL: not (or no longer) known. Valid until the next recent_add. */
struct recent_entry *recent_find(struct recent *r, const struct log_id *id);
/* Nothing happens when it is there already. */
void recent_add(struct recent *r, const struct log_id *id, int32_t partition,
                int64_t offset);
