/* The pipeline: batch after batch of integration.callbacks, committed after the work. */
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "batch.h"
#include "log/log.h"

#define POLL_MS       200
#define SEND_MS       30000
#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   5000

struct consumer {
	struct callback *cb;
	struct kafka_consumer *kafka;
	struct logstore *store;
	unsigned failures; /* of the store, in a row */
};

static void tell_store(struct consumer *c, bool here)
{
	service_ready(c->cb->ctx, "mongodb", here, here ? "" : logstore_error(c->store));
}

static void wait_for_store(struct consumer *c)
{
	c->failures++;
	log_warn(NULL, "callback.store_away", "the log store does not answer: %s",
	         logstore_error(c->store));
	tell_store(c, false);
	metric_add(&metric_store_waits, NULL, 1);
	service_sleep(c->cb->ctx, backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, c->failures,
	                                          random_u32()));
}

/* Status updates of changes that were made must not be lost with a broker that is slow. */
static bool send(struct consumer *c, const struct outgoing *out)
{
	while (outgoing_send(out, c->cb->producer, clock_mono_ms() + SEND_MS)) {
		log_warn(NULL, "callback.broker_away",
		         "status updates are not acknowledged; trying again");
		if (service_draining(c->cb->ctx))
			return false;
		service_sleep(c->cb->ctx, WAIT_FIRST_MS);
	}
	return true;
}

/* True: every message of the batch is done with. */
static bool handle(struct consumer *c, const struct kafka_message *messages, size_t n)
{
	CLEANUP(outgoing_deinit) struct outgoing out = { 0 };
	CLEANUP(batch_freep) struct batch *batch = batch_new(messages, n);

	const struct retry_policy policy = { .base_ms = c->cb->config->retry_base_ms,
		                             .cap_ms = c->cb->config->retry_cap_ms };

	if (batch_settle(batch, c->store, &policy, &out) == 0) {
		c->failures = 0;
		tell_store(c, true);
		return send(c, &out);
	}
	/* the batch comes again, and then the messages that cannot be handled do too */
	outgoing_drop_failed(&out);
	(void)send(c, &out);
	wait_for_store(c);
	return false;
}

static int open_parts(struct consumer *c, struct err_text *why)
{
	static const enum kafka_topic topics[] = { KAFKA_TOPIC_CALLBACKS };
	const struct kafka_consumer_options options = {
		.group = "callback",
		.topics = topics,
		.n_topics = ARRAY_SIZE(topics),
	};
	int result = logstore_open(&c->cb->config->logstore, &c->store, why);

	return result ? result
	              : kafka_consumer_open(&c->cb->config->kafka, &options, &c->kafka,
	                                    why);
}

/* Indexes are a wish, not a condition: without them reads are slow, and nothing is lost. */
static void greet_store(struct consumer *c)
{
	tell_store(c, logstore_ensure_indexes(c->store) == 0);
}

static void look_around(struct consumer *c)
{
	int64_t age_ms = kafka_consumer_oldest_age_ms(c->kafka);

	service_ready(c->cb->ctx, "kafka", kafka_consumer_ready(c->kafka),
	              "no assignment from the broker yet");
	if (age_ms >= 0)
		metric_set(&metric_oldest, NULL, (double)age_ms / 1000.0);
}

static void run(struct consumer *c)
{
	static struct kafka_message messages[BATCH_MAX];
	int64_t looked_ms = 0;

	greet_store(c);
	while (!service_draining(c->cb->ctx)) {
		size_t n = kafka_consumer_batch(c->kafka, messages, BATCH_MAX, POLL_MS);

		if (n > 0 && handle(c, messages, n))
			kafka_consumer_done(c->kafka);
		if (clock_mono_ms() - looked_ms < 1000)
			continue;
		looked_ms = clock_mono_ms();
		look_around(c);
		if (n == 0)
			tell_store(c, logstore_ping(c->store, looked_ms + SEND_MS) == 0);
	}
}

int consumer_run(struct service_ctx *ctx, void *callback)
{
	struct consumer c = { .cb = callback };
	struct err_text why = { "" };
	int result = open_parts(&c, &why);

	if (result)
		log_error(NULL, "callback.consumer", "%s", why.text);
	else
		run(&c);
	c.kafka = kafka_consumer_close(c.kafka);
	c.store = logstore_close(c.store);
	return result;
}
