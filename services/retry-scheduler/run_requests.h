#pragma once
/* The requests of a run: each log's state is looked at, then it is asked for. */
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "retryrun/runner.h"
#include "transport/py3.h"

struct run_tools { /* borrowed, of the calling thread */
	struct logstore *store;
	struct kafka_producer *producer;
	struct py3 *py3; /* NULL: no route */
};

/*
 * Asks for attempts of these logs. *written: what is known now, for runner_write; those
 * that could not be asked for (a store, Kafka or py3's route is away) are left out, and are
 * asked for again. New reference. Returns false when something was away; `why` says what.
 */
bool run_requests_send(const struct run_tools *tools, const struct runner_run *run,
                       const struct runner_item *items, size_t n, json_t **written,
                       struct err_text *why);
