#pragma once
/*
 * A growable byte buffer with a limit. Appending past the limit keeps what fits and sets
 * `truncated`, so a caller can say that it cut. The content is always NUL-terminated (the
 * terminator is not counted). Zero-initialise with BUF_INIT(limit); release with
 * buf_deinit. Not thread-safe.
 */
#include "base/util.h"

#include <stdbool.h>

struct buf {
	char *data; /* NULL while empty */
	size_t len;
	size_t cap;
	size_t limit; /* bytes; 0 = none */
	bool truncated;
};

#define BUF_INIT(limit_bytes) ((struct buf){ .limit = (limit_bytes) })

void buf_deinit(struct buf *b); /* also leaves it empty and reusable */
void buf_clear(struct buf *b);  /* keeps the memory */
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_str(struct buf *b, const char *text);
void buf_append_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
const char *buf_str(const struct buf *b); /* "" when empty; valid until the next change */
char *buf_take(struct buf *b);            /* the content, caller frees; b is empty after */
