#pragma once
/* How a search is split into parts. Internal to logstore/, and for its tests; pure. */
#include "logstore/search.h"

#include <bson/bson.h>

#define SEARCH_PARTS_MAX 64

/* What a part fixes; -1: not this one. */
struct search_part {
	int lab, status, bill, patient;
};

/* The parts of a filter; at most SEARCH_PARTS_MAX, and at least one. */
size_t search_split(const struct log_filter *filter,
                    struct search_part parts[SEARCH_PARTS_MAX]);
/* The caller destroys it. */
bson_t *search_filter(const struct log_filter *filter, const struct search_part *part,
                      const struct log_cursor *after);
