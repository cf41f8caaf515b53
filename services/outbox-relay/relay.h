#pragma once
/* What main() and the pipeline share. */
#include "kafka/kafka.h"
#include "postgres/postgres.h"
#include "service/service.h"

struct relay_config {
	int64_t batch;
	int64_t poll_interval;    /* ms */
	int64_t standby_interval; /* ms */
	int64_t ack_timeout;      /* ms */
	struct kafka_config kafka;
	struct postgres_config postgres;
};

void relay_register_metrics(void);
/* The pipeline; `arg` is a const struct relay_config. */
int relay_run(struct service_ctx *ctx, void *arg);
