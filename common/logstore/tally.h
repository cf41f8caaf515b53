#pragma once
/*
 * How many logs there are by lab, hour, and what the dashboard shows or filters by: counted
 * out of logs, or of what was counted before. Bounded; in memory; one thread.
 */
#include "logstore/search.h"

#define TALLY_HOUR_MS   3600000LL
#define TALLY_BUCKETS   40 /* of response times, each a third wider than the one before */
#define TALLY_ITEMS_MAX 20000

struct tally_item {
	int64_t lab_id, hour; /* hours since 1970 */
	int64_t integration_id, auth_id, action_id;
	bool api;
	char *developer_name, *operation; /* or NULL; the tally's */
	int64_t by_status[LOG_STATUS_SUPPRESSED + 1];
	uint32_t times[TALLY_BUCKETS];
};

struct tally {
	struct tally_item *items;
	size_t n, cap;
	uint32_t *places; /* of items, by hash; 0: free */
	size_t n_places;
	bool full; /* something was not counted */
};
void tally_deinit(struct tally *t);

void tally_add_log(struct tally *t, const struct log_brief *log);
void tally_add_item(struct tally *t, const struct tally_item *item); /* copies the texts */

/* Does an item's logs fit the filter, but for statuses and instants? */
bool tally_fits(const struct tally_item *item, const struct log_filter *filter);
/* Whether a filter asks for no more than a tally knows. */
bool tally_knows(const struct log_filter *filter);

/* A response time's bucket, and the middle of the one below which 95 of 100 are; < 0: none.
 */
size_t tally_bucket(double ms);
double tally_p95(const uint32_t times[TALLY_BUCKETS]);
