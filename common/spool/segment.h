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
int segment_write(struct segment *s, const void *data, uint32_t len) MUST_CHECK;
/*
 * The record at read_to into *buffer (grown as needed), and read_to behind it.
 * SEGMENT_E_TORN: what is left is less than a record. SEGMENT_E_BROKEN: it is no record.
 */
int segment_read(struct segment *s, char **buffer, size_t *cap, size_t *len) MUST_CHECK;
