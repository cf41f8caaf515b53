#pragma once
/* The dispatcher's metrics. */
#include "dispatcher.h"
#include "metrics/metrics.h"

extern struct metric metric_attempts, metric_errors, metric_gone, metric_attempt_seconds,
	metric_event_seconds, metric_parking, metric_limits, metric_failed_tasks,
	metric_skipped, metric_order_ahead, metric_fax_checks;

void gauges_register(void);
/* Those that are read off the state, once a second. */
void gauges_update(struct dispatcher *d);
void gauges_order(const struct order_survey *survey);
