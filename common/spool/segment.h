#pragma once
/* One file of a journal. Only for common/spool. */
#include "base/err.h"

#include <stdbool.h>

/* The head of a record: all numbers in the machine's order, as the file stays on it. */
struct record_head {
	uint32_t magic;
	uint32_t len;
	uint64_t check; /* of the length and the bytes */
};
#define RECORD_MAGIC 0x31434e49U /* "INC1" */

uint64_t record_check(const void *data, uint32_t len);

struct segment {
	char *path;
	int fd;
	int64_t size;    /* what is written, whole records only */
	int64_t read_to; /* the reader's place */
	int64_t done_to; /* all before it is done with */
	int64_t synced_to;
	bool active; /* is being appended to */
	struct segment *next;
};

enum { SEGMENT_E_HELD = 1, SEGMENT_E_TORN, SEGMENT_E_BROKEN };

/* A new file in `folder`, locked. */
int segment_make(const char *folder, struct segment **out) MUST_CHECK;
/* SEGMENT_E_HELD: a living process has it. */
int segment_adopt(const char *path, struct segment **out) MUST_CHECK;
/* Closes; `remove` deletes the file too. */
void segment_free(struct segment *s, bool remove);
/* Whole records, with their heads: all of them or none. */
int segment_write(struct segment *s, const void *records, size_t len) MUST_CHECK;

/* A piece of a file that was read in one go. */
struct segment_window {
	const struct segment *of; /* NULL: of none */
	int64_t at;
	size_t len, cap;
	char *data;
};

struct segment_record {
	const char *data; /* in the window */
	uint32_t len;
	int64_t end; /* where the next one begins */
};
/*
 * The record at `at` of a file that has `size` bytes by now; the window moves on as needed.
 * SEGMENT_E_TORN: what is left is less than a record. SEGMENT_E_BROKEN: it is no record.
 */
int segment_read(const struct segment *s, int64_t at, int64_t size,
                 struct segment_window *window, struct segment_record *out) MUST_CHECK;
