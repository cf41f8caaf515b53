#pragma once
/*
 * Counters, gauges and histograms in the Prometheus text format. A metric is a static
 * object, listed in a table that is registered once, so docs and tests can walk them. At
 * most one label; at most METRIC_SERIES label values are kept, later ones count under
 * "other". Updates are atomic, from any thread.
 *
 *	static struct metric deliveries = METRIC_COUNTER("dispatcher_deliveries_total",
 *		"Deliveries by outcome.", "outcome");
 *	static struct metric *const table[] = { &deliveries };
 *	metrics_register(table, ARRAY_SIZE(table));
 *	metric_add(&deliveries, "SUCCESS", 1);
 */
#include "base/buf.h"

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };

#define METRIC_SERIES  128
#define METRIC_BUCKETS 16

struct metric_series; /* metrics.c */

struct metric {
	const char *name;
	const char *help;
	enum metric_type type;
	const char *label;     /* NULL: no label */
	const double *buckets; /* histogram: upper bounds, ascending, n_buckets of them */
	size_t n_buckets;
	struct metric_series *series; /* made on first use; never freed */
};

extern const double metric_seconds_buckets[14]; /* 1 ms .. 60 s */

#define METRIC_COUNTER(n, h, l)                                                            \
	{                                                                                  \
		.name = (n), .help = (h), .type = METRIC_TYPE_COUNTER, .label = (l)        \
	}
#define METRIC_GAUGE(n, h, l)                                                              \
	{                                                                                  \
		.name = (n), .help = (h), .type = METRIC_TYPE_GAUGE, .label = (l)          \
	}
#define METRIC_SECONDS(n, h, l)                                                            \
	{                                                                                  \
		.name = (n), .help = (h), .type = METRIC_TYPE_HISTOGRAM, .label = (l),     \
		.buckets = metric_seconds_buckets, .n_buckets = 14                         \
	}

void metrics_register(struct metric *const *table, size_t n);   /* before threads start */
void metric_add(struct metric *m, const char *label, double n); /* counter or gauge */
void metric_set(struct metric *m, const char *label, double value);
void metric_observe(struct metric *m, const char *label, double value);
double metric_value(struct metric *m, const char *label); /* for tests and decisions */
void metrics_render(struct buf *out);
