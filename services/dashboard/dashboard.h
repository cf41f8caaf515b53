#pragma once
/* What the parts of this service share. */
#include "document/document.h"
#include "httpd/httpd.h"
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "metrics/metrics.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"
#include "secrets/tokens.h"
#include "service/service.h"
#include "transport/transport.h"

struct dashboard_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct logstore_config logstore;
	struct secrets_config secrets;
	struct transport_config transport;
	struct document_config document; /* of Send test */ /* of tests of a row */
	char *address;
	int64_t port, max_connections, max_streams;
	char *web_root;
	struct tokens_config tokens;
	char *admin_token;
	char *py3_retry_url;
	int64_t session_ms;
	bool cookie_secure;
};

struct pool;
struct shared;
struct stream;
struct dashboard {
	struct service_ctx *ctx;
	const struct dashboard_config *config;
	struct httpd *httpd;
	struct kafka_producer *producer;
	struct keyring *keys;
	struct tokens *admin_tokens, *internal_tokens;
	struct pool *reads; /* most of it */
	struct pool *slow;  /* log-ins, and what waits for another program */
	struct pool *sends; /* tests of a row: what waits for a partner */
	struct limiter *limiter;
	struct stream *stream;
	struct shared *shared; /* answers */
};

extern struct metric metric_responses, metric_seconds, metric_logins, metric_shared;

/* server.c, on the loop thread */
int server_start(struct dashboard *d, struct err_text *why) MUST_CHECK;
void server_drain(struct dashboard *d);
void server_stop(struct dashboard *d);
