#pragma once
/*
 * What the parts of this service share. Everything here is on the loop's thread, but for
 * the sender (sender.h), the worker that reads the configuration (people.h) and the one
 * that takes posted records (post.h).
 */
#include "inbound/directory.h"
#include "kafka/kafka.h"
#include "metrics/metrics.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"
#include "secrets/tokens.h"
#include "service/service.h"
#include "spool/journal.h"

#include <sys/queue.h>

struct gateway_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct secrets_config secrets;
	char *upstream_url;
	char *address;
	int64_t port;
	struct tokens_config tokens;
	char *trusted_hops;
	char *spool;
	int64_t spool_limit;
	int64_t max_connections;
	int64_t head_limit;
	int64_t head_timeout, idle_timeout, body_timeout, connect_timeout, answer_timeout;
	int64_t body_limit, capture_memory;
};

struct upstream;
struct people;
struct posts;
struct sender;
struct client;
struct call;
TAILQ_HEAD(client_list, client);
TAILQ_HEAD(call_list, call);

struct gateway {
	struct service_ctx *ctx;
	const struct gateway_config *config;
	struct event_base *loop;
	struct evconnlistener *listener;
	struct event *tick, *sweep, *commit;
	struct client_list clients, dead;
	size_t n_clients;
	struct upstream *upstream;
	struct people *people;
	struct posts *posts;
	struct tokens *tokens;
	struct keyring *keyring;
	struct journal *journal;
	struct sender *sender;
	struct address_block *trusted;
	size_t n_trusted;
	size_t capture_bytes; /* of all calls under way */
	_Atomic size_t calls; /* under way: they will be recorded */
	/* of this turn of the loop; at its end they are committed (server.c) */
	struct buf records;
	_Atomic size_t n_records;
	struct call_list complete; /* their last bytes leave when their records are kept */
	bool draining;
};

extern struct metric metric_connections, metric_limits, metric_calls, metric_refused,
	metric_seconds, metric_upstream_connections, metric_upstream_failures,
	metric_recorded, metric_sent, metric_spool_bytes, metric_spool_age,
	metric_spool_damage, metric_capture_bytes, metric_posted;

/* server.c */
int server_open(struct gateway *gw, struct err_text *why) MUST_CHECK;
void server_drain(struct gateway *gw);
void server_close(struct gateway *gw);
void server_client_gone(struct gateway *gw); /* there is room again */
