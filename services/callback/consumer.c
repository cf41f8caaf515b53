/* The first pipeline: batch after batch of integration.callbacks into the logs. */
#include "base/clock.h"
#include "batch.h"
#include "pipeline.h"

#define PING_MS 30000
/* Another writer of the same logs, after a rebalance say, is gone after so many waits. */
#define LAST_FAILURE 3

static void tell_store(struct pipeline *p, bool here)
{
	service_ready(p->cb->ctx, "mongodb", here, here ? "" : logstore_error(p->store));
}

static bool handle(struct pipeline *p, const struct kafka_message *messages, size_t n)
{
	CLEANUP(outgoing_deinit) struct outgoing out = { 0 };
	CLEANUP(batch_freep) struct batch *batch = batch_new(messages, n);
	const struct retry_policy policy = { .base_ms = p->cb->config->retry_base_ms,
		                             .cap_ms = p->cb->config->retry_cap_ms };

	if (batch_settle(batch, p->store, &policy, p->failures >= LAST_FAILURE, &out) ==
	    0) {
		p->failures = 0;
		tell_store(p, true);
		return pipeline_send(p, &out);
	}
	/* the batch comes again, and then the messages that cannot be handled do too */
	outgoing_drop_failed(&out);
	(void)pipeline_send(p, &out);
	tell_store(p, false);
	pipeline_wait_for_store(p);
	return false;
}

static void rest(struct pipeline *p)
{
	tell_store(p, logstore_ping(p->store, clock_mono_ms() + PING_MS) == 0);
}

int consumer_run(struct service_ctx *ctx, void *callback)
{
	static const struct pipeline_kind reports = {
		.group = "callback",
		.topic = KAFKA_TOPIC_CALLBACKS,
		.kafka = "kafka",
		.oldest = &metric_oldest,
		.batch = BATCH_MAX,
		.handle = handle,
		.rest = rest,
	};

	return pipeline_run(callback, &reports);
}
