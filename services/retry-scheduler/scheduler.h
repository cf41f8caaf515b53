#pragma once
/* What the parts of this service share. */
#include "domain/auto_retry.h"
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "metrics/metrics.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"
#include "service/service.h"
#include "transport/py3.h"

#define PATTERNS_MAX 64

struct scheduler_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct secrets_config secrets;
	struct logstore_config logstore;
	int64_t interval; /* ms */
	int64_t max;
	char *patterns;
	char *from, *to;        /* ISO times; "" = the last 24 hours */
	int64_t budget;         /* requests per developer_authentication and sweep */
	int64_t stuck_after;    /* ms */
	int64_t fax_poll_after; /* ms */
	struct py3_config py3;
};

struct scheduler {
	struct service_ctx *ctx;
	const struct scheduler_config *config;
	struct retry_policy policy; /* out of the configuration */
	struct retry_pattern patterns[PATTERNS_MAX];
	char *patterns_text; /* what they point into */
};

/* The pipeline's body. */
int scheduler_run(struct service_ctx *ctx, void *scheduler);

extern struct metric metric_sweeps, metric_seconds, metric_leader, metric_candidates,
	metric_requests, metric_py3_failures, metric_stuck, metric_oldest, metric_sealed,
	metric_secrets_lost, metric_runs, metric_run_requests, metric_run_results,
	metric_faxes, metric_polls;
extern struct metric metric_faxes_given_up;
