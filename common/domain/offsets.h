#pragma once
/*
 * Which offsets of one partition are finished, when work ends in any order. The watermark
 * (everything before it is finished) is what Kafka keeps as the committed offset; the
 * finished ranges above it travel as the commit's metadata and are read back at
 * assignment, so a crash repeats only what was not finished. Pure; not thread-safe.
 *
 * Offsets come in ascending order, with gaps (compaction, aborted transactions): what was
 * never handed out does not exist, so it counts as finished. Only the pending offsets are
 * stored: memory and encoding grow with their number, not with the distance they span.
 */
#include "base/util.h"

#include <stdbool.h>

struct offset_range {
	int64_t first, end; /* end is not part of it */
};

struct offsets {
	int64_t *pending; /* ascending */
	size_t n_pending, cap;
	int64_t next;                  /* behind the last offset that was begun */
	struct offset_range *restored; /* finished by an earlier owner, at or above next */
	size_t n_restored;
	uint64_t changes; /* moves with every change of watermark or ranges */
};

/* Fits the broker's default offset.metadata.max.bytes with its terminator. */
#define OFFSETS_METADATA_SIZE 4096

/*
 * `committed` and `metadata` as the group has them; -1 and NULL or "" when it has none.
 * Metadata that is not ours or is damaged is ignored: work is repeated, never lost.
 */
void offsets_init(struct offsets *o, int64_t committed, const char *metadata);
void offsets_deinit(struct offsets *o);

/* True: new work, pending from now on. False: finished before, or already pending. */
bool offsets_begin(struct offsets *o, int64_t offset) MUST_CHECK;
void offsets_finish(struct offsets *o, int64_t offset); /* unknown ones are ignored */

int64_t offsets_watermark(const struct offsets *o); /* to commit; -1: nothing begun yet */
static inline size_t offsets_pending(const struct offsets *o)
{
	return o->n_pending;
}
/*
 * The finished ranges above the watermark, terminated text of at most `size` bytes with the
 * terminator. False: not all of them fitted; the lowest are kept.
 */
bool offsets_encode(const struct offsets *o, char *out, size_t size);
