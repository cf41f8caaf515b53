#pragma once
/*
 * What the parts of this service share. Two pipelines, each a thread with clients of its
 * own: events, and retries with the releases of parked tasks. A store that is away for the
 * one holds up nothing of the other.
 */
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "metrics/metrics.h"
#include "postgres/postgres.h"
#include "service/service.h"
#include "settings/settings.h"

#include "domain/recent.h"

#include <pthread.h>

#define TRIGGER_BATCH 500 /* events a batch, and builds a round */

struct trigger_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct secrets_config secrets;
	struct logstore_config logstore;
	int64_t events_memory;   /* bytes */
	int64_t context_timeout; /* ms */
	int64_t store_timeout;   /* ms */
};

struct trigger;
struct aside;

/* What makes a pipeline this one. */
struct pipeline {
	const char *group; /* of the consumer */
	enum kafka_topic topic;
	size_t batch; /* messages at once, up to TRIGGER_BATCH */
	bool in_turn; /* of each key in turn: read ahead, so that no lab waits for another
	               */
	/* 0, or TRIGGER_E_AGAIN: nothing of the batch counts as done. */
	int (*intake)(struct trigger *t, const struct kafka_message *messages, size_t n);
	const char *kafka, *postgres; /* conditions of readiness */
};
extern const struct pipeline pipeline_events, pipeline_retries;

struct trigger {
	const struct pipeline *pipeline;
	struct service_ctx *ctx;
	const struct trigger_config *config;
	struct kafka_producer *producer;
	struct kafka_consumer *consumer;
	struct pg *pg;
	struct settings_source *source;
	struct settings *settings; /* of this batch */
	struct logstore *store;
	struct recent *recent; /* shared with the aside's worker, under its lock */
	pthread_mutex_t *recent_lock;
	struct aside *aside; /* NULL: nobody is set aside */
	int64_t patience_ms; /* with a lab's contexts; 0: as long as they take */
	/* Of a batch that ended with TRIGGER_E_SLOW: whose labs are. */
	struct trigger_place {
		int partition;
		int64_t offset;
	} slow[TRIGGER_BATCH];
	size_t n_slow;
	bool store_away;
	int64_t store_probe_ms; /* monotonic: when to ask an absent store again */
};

enum {
	TRIGGER_E_AGAIN = 1, /* something we need is away: give the batch again, later */
	TRIGGER_E_SLOW,      /* without the labs of trigger.slow, at once */
};

/* A pipeline's body. */
int pipeline_run(struct service_ctx *ctx, void *trigger);

extern struct metric metric_events, metric_builds, metric_failures, metric_logs;
extern struct metric metric_batch, metric_oldest, metric_store_away, metric_waits;
extern struct metric metric_alone, metric_waiting, metric_waiting_labs, metric_window,
	metric_labs_aside;
