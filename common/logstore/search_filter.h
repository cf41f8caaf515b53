#pragma once
/*
 * What a search asks the store. A filter is turned into arms, each of which fixes the
 * leading fields of one index and then ranges over inserted_at; what the index does not
 * have is asked beside them, but for words, which the reader looks for: some stores take
 * longer over a pattern than over the whole log. Internal to logstore/, and for its tests;
 * pure.
 *
 * The shape is what every store reads well: an arm alone, or one `$or` of arms and equality
 * beside it. No hint, and no other operator: some stores then read the whole collection.
 */
#include "logstore/search.h"

#include <bson/bson.h>

/* docs/dashboard.md has this table: which searches read which index. */
enum search_index {
	SEARCH_BY_ID,
	SEARCH_BY_REFERENCE,
	SEARCH_BY_ACTION,
	SEARCH_BY_LAB,
	SEARCH_BY_STATUS,
	N_SEARCH_INDEXES,
};
struct search_way {
	const char *searches; /* in words */
	const char *index;    /* its name, logstore.c; two: by comma */
};
extern const struct search_way search_ways[N_SEARCH_INDEXES];

enum search_index search_choose(const struct log_filter *filter);

struct search_span {
	int64_t low_ms, high_ms;        /* inserted_at; 0: without bound */
	const struct log_cursor *after; /* those of its very instant too that are behind it;
	                                   NULL: none */
};
/* The caller destroys it. */
bson_t *search_query(const struct log_filter *filter, const struct search_span *span);
