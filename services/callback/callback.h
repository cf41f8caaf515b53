#pragma once
/* What the parts of this service share. */
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "metrics/metrics.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"
#include "secrets/tokens.h"
#include "service/service.h"

struct callback_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct secrets_config secrets;
	struct logstore_config logstore;
	int64_t retry_base_ms, retry_cap_ms;
	struct tokens_config tokens;
	char *address;
	int64_t port, max_connections;
};

struct callback {
	struct service_ctx *ctx;
	const struct callback_config *config;
	struct kafka_producer *producer;
	struct http *http;
};

/* The pipeline's body: integration.callbacks into the logs. */
int consumer_run(struct service_ctx *ctx, void *callback);

/* The same of integration.inbound-calls. */
int calls_run(struct service_ctx *ctx, void *callback);

/* The counts by hour, out of integration.status-updates. */
int hours_run(struct service_ctx *ctx, void *callback);

/* The log store's indexes, beside the work. */
int indexes_run(struct service_ctx *ctx, void *callback);

struct http;
/* On the loop thread. */
int http_start(struct callback *cb, struct http **out, struct err_text *why) MUST_CHECK;
void http_drain(struct http *http); /* no new requests; those under way are answered */
struct http *http_stop(struct http *http);

extern struct metric metric_reports, metric_oldest, metric_responses, metric_store_waits,
	metric_calls, metric_oldest_call, metric_hours, metric_vendor_notices;
