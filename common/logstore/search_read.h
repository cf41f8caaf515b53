#pragma once
/* Reads the logs that fit a filter, window by window. Internal to logstore/. */
#include "logstore/search.h"

#include <bson/bson.h>

struct search_reading {
	const struct log_filter *filter;
	const struct log_cursor *after; /* NULL: from the newest */
	size_t most;
	const bson_t *projection; /* with filter->words: has search_worded */
	/* borrows the document; the newest first; false ends the reading */
	bool (*row)(const bson_t *document, void *arg);
	void *arg;
};
/* The fields that words are looked for in, and the error's kind. */
extern const char *const search_worded[3];
/* LOGSTORE_E_AWAY: some of them were not seen. */
int search_read(struct logstore *s, const struct search_reading *reading) MUST_CHECK;
