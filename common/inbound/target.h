#pragma once
/* A request's target: path, segments, query. Pure; percent-encoding is undone on reading.
 */
#include "base/buf.h"

#include <stdbool.h>

struct target_span {
	size_t at, len; /* in the target */
};

#define TARGET_SEGMENTS 16
struct target {
	const char *text; /* borrowed, terminated */
	size_t len;
	size_t path_len;
	struct target_span segment[TARGET_SEGMENTS]; /* empty ones are left out */
	size_t n_segments;
	struct target_span query; /* without its question mark */
};
void target_parse(const char *text, size_t len, struct target *out);

/* Appends the text, percent-decoded; `plus` is a blank in queries. */
void target_decode(const char *text, size_t len, bool plus, struct buf *out);
/* Where the value of the first parameter of that name is; false: there is none. */
bool target_query_find(const char *query, size_t len, const char *name,
                       struct target_span *out);
/* The same, decoded. */
bool target_query_value(const char *query, size_t len, const char *name, struct buf *out);
/*
 * Appends the target as it may be shown: the bytes of the masks become their text, and
 * values of parameters whose names say that they are secrets are masked. A mask of length 0
 * is none.
 */
struct target_mask {
	struct target_span at;
	const char *shown;
};
void target_append_masked(const struct target *t, const struct target_mask *masks, size_t n,
                          struct buf *out);
