#pragma once
/*
 * A bounded journal on disk: records are appended by any thread and taken off in order by
 * one, which says of each when it is done with. What was appended outlives the process's
 * death at once (it is in the kernel), and the machine's after journal_sync.
 *
 * A folder holds segments, append-only files of checksummed records. Its process holds a
 * lock on each of its own; a segment that nobody holds was left by a process that died, and
 * is adopted: its records come first, in their order. So several processes may share one
 * folder. A record that was not done with at a crash comes again: readers are idempotent.
 */
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct journal_options {
	const char *folder;    /* made when it is not there */
	int64_t limit;         /* bytes on disk of all segments of this process */
	int64_t segment_bytes; /* about so large a segment gets */
};

enum {
	JOURNAL_E_FULL = 1, /* the limit is reached: the record is not kept */
	JOURNAL_E_END,      /* nothing to read now */
};

#define JOURNAL_RECORD_MAX (64 << 20)

struct journal;
int journal_open(const struct journal_options *options, struct journal **out,
                 struct err_text *why) MUST_CHECK;
/* What is not done with stays on disk for the next process. */
struct journal *journal_close(struct journal *j);

/* Puts a record into a batch, which is empty at first. JOURNAL_E_FULL: it is too large. */
int journal_add(struct buf *batch, const void *data, size_t len) MUST_CHECK;
/*
 * Appends the records of a batch, in one write: all of them or none. Any thread; never
 * waits for the disk. JOURNAL_E_FULL, or -errno of the write.
 */
int journal_append(struct journal *j, const struct buf *batch) MUST_CHECK;
/* Any thread: all that was appended before is on the disk. Blocks. */
int journal_sync(struct journal *j) MUST_CHECK;

struct journal_entry {
	const char *data; /* valid until the next call for the reading thread */
	size_t len;
	uint64_t number; /* for journal_done; ascending */
};
/* ---- one reading thread ---- */
/* The next record not read yet. JOURNAL_E_END: none. */
int journal_read(struct journal *j, struct journal_entry *out) MUST_CHECK;
/* This one is done with, in any order. */
void journal_done(struct journal *j, uint64_t number);
/* Reads again from the oldest record that is not done with. */
void journal_rewind(struct journal *j);
/* Takes over segments whose process has died; how many. */
size_t journal_adopt(struct journal *j);

struct journal_state {
	int64_t bytes;     /* on disk */
	uint64_t unread;   /* bytes not read yet */
	uint64_t unsynced; /* bytes that a power cut would lose */
	uint64_t torn;     /* unfinished records found at ends of adopted segments */
	uint64_t broken;   /* segments set aside because of a wrong checksum */
	size_t under_way;  /* records read and not done with */
	int64_t oldest_ms; /* monotonic time when the oldest unread or undone bytes were
	                      seen to be there; 0 = none */
};
struct journal_state journal_state(struct journal *j); /* any thread */
