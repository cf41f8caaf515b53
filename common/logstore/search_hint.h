#pragma once
/*
 * Where earlier searches with the same filter found their page: the next one begins with a
 * window that reaches as far, and mostly needs no second one. A guess, which costs time
 * when it is wrong and nothing else. Bounded; any thread. Internal to logstore/, and for
 * its tests.
 */
#include "logstore/search.h"

/* Who asks what: the filter, its `to` as so long ago, and how many logs are wanted. */
uint64_t search_hint_key(const struct log_filter *filter, size_t wanted, int64_t now_ms);

struct search_hint {
	int64_t low_ms;  /* the logs that are wanted reach back to here */
	int64_t span_ms; /* from the first of them to the last */
};
/* False: nothing is known. */
bool search_hint_find(uint64_t key, int64_t now_ms, struct search_hint *out);
/* What was found: the instants of the newest and of the last one that was wanted. */
void search_hint_learn(uint64_t key, int64_t now_ms, int64_t newest_ms, int64_t last_ms);
