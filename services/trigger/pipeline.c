/* Batch after batch: read, carry out, commit. Nothing is committed before its work. */
#include "pipeline.h"
#include "aside.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "intake.h"
#include "log/log.h"

#define POLL_MS       200
#define SETTINGS_MS   5000
#define WAIT_FIRST_MS 200
#define WAIT_MAX_MS   5000
#define LOOK_EVERY_MS 1000

#define RETRIES_BATCH 200 /* payloads stay in memory until all are acknowledged */

const struct pipeline pipeline_events = {
	.group = "trigger",
	.topic = KAFKA_TOPIC_EVENTS,
	.batch = TRIGGER_BATCH,
	.in_turn = true,
	.intake = intake_events,
	.kafka = "kafka",
	.postgres = "postgres",
};

const struct pipeline pipeline_retries = {
	.group = "trigger-retries",
	.topic = KAFKA_TOPIC_RETRIES,
	.batch = RETRIES_BATCH,
	.intake = intake_retries,
	.kafka = "kafka_retries",
	.postgres = "postgres_retries",
};

static int refresh_settings(struct trigger *t)
{
	int r = settings_refresh(t->source, clock_mono_ms() + SETTINGS_MS, &t->settings);

	service_ready(t->ctx, t->pipeline->postgres, r == 0, r ? pg_error(t->pg) : "");
	if (r == 0)
		return 0;
	log_warn(NULL, "trigger.postgres_away", "integrations cannot be read: %s",
	         pg_error(t->pg));
	return TRIGGER_E_AGAIN;
}

int pipeline_handle(struct trigger *t, const struct kafka_message *messages, size_t n)
{
	int r = refresh_settings(t);

	if (r == 0)
		r = t->pipeline->intake(t, messages, n);
	t->settings = settings_unref(t->settings);
	return r;
}

/* How fair the turns are: what an event waited whose lab had no other one waiting. */
static void tell_turns(const struct trigger *t)
{
	struct kafka_consumer_stats stats = kafka_consumer_stats(t->consumer);

	if (stats.alone_ms >= 0)
		metric_observe(&metric_alone, NULL, (double)stats.alone_ms / 1000.0);
	metric_set(&metric_waiting, NULL, (double)stats.waiting);
	metric_set(&metric_waiting_labs, NULL, (double)stats.keys);
	metric_set(&metric_window, NULL, (double)stats.bytes);
}

static void look_around(struct trigger *t, bool idle)
{
	int64_t age_ms = kafka_consumer_oldest_age_ms(t->consumer);

	service_ready(t->ctx, t->pipeline->kafka, kafka_consumer_ready(t->consumer),
	              "no assignment from the broker yet");
	if (age_ms >= 0)
		metric_set(&metric_oldest, t->pipeline->group, (double)age_ms / 1000.0);
	/* readiness must tell of PostgreSQL without events too */
	if (idle && refresh_settings(t) == 0)
		t->settings = settings_unref(t->settings);
}

static void wait_for_others(struct trigger *t, unsigned failures)
{
	metric_add(&metric_waits, "batch", 1);
	service_sleep(t->ctx,
	              backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, failures, random_u32()));
}

/* The labs of trigger.slow; how many were set aside. */
static size_t set_aside(struct trigger *t, const struct kafka_message *messages, size_t n)
{
	size_t set = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < t->n_slow; k++)
			if (t->slow[k].partition == messages[i].partition &&
			    t->slow[k].offset == messages[i].offset)
				set += aside_set(t->aside, &messages[i]);
	return set;
}

/* Labs that are slow go aside, and the batch is given again without them. */
static int handle(struct trigger *t, const struct kafka_message *messages, size_t n)
{
	int r = pipeline_handle(t, messages, n);
	int64_t patience_ms = t->patience_ms;

	if (r != TRIGGER_E_SLOW || set_aside(t, messages, n) > 0)
		return r;
	t->patience_ms = 0; /* there is no room aside: all wait */
	r = pipeline_handle(t, messages, n);
	t->patience_ms = patience_ms;
	return r;
}

static void run(struct trigger *t)
{
	CLEANUP(freep)
	struct kafka_message *messages = xcalloc(t->pipeline->batch, sizeof(*messages));
	int64_t looked_ms = 0;
	unsigned failures = 0;

	while (!service_draining(t->ctx)) {
		size_t n = kafka_consumer_batch(t->consumer, messages, t->pipeline->batch,
		                                POLL_MS);

		if (t->pipeline->in_turn)
			tell_turns(t);
		int r = n > 0 ? handle(t, messages, n) : 0;

		if (n > 0 && r == 0) {
			kafka_consumer_done(t->consumer);
			failures = 0;
		} else if (r == TRIGGER_E_AGAIN) {
			wait_for_others(t, ++failures);
		}
		if (t->aside)
			aside_turn(t->aside);
		if (clock_mono_ms() - looked_ms >= LOOK_EVERY_MS) {
			look_around(t, n == 0);
			looked_ms = clock_mono_ms();
		}
	}
}

int pipeline_open(struct trigger *t, struct err_text *why)
{
	int r = logstore_open(&t->config->logstore, &t->store, why);

	if (r)
		return r;
	t->pg = pg_open(&t->config->postgres);
	t->source = settings_source_new(t->pg, &t->config->secrets);
	return 0;
}

void pipeline_close(struct trigger *t)
{
	t->source = settings_source_free(t->source);
	t->pg = pg_close(t->pg);
	t->store = logstore_close(t->store);
}

static int open_consumer(struct trigger *t, struct err_text *why)
{
	const struct kafka_consumer_options options = {
		.group = t->pipeline->group,
		.topics = &t->pipeline->topic,
		.n_topics = 1,
		.look_ahead = t->pipeline->in_turn ? (size_t)t->config->events_memory : 0,
	};

	return kafka_consumer_open(&t->config->kafka, &options, &t->consumer, why);
}

int pipeline_run(struct service_ctx *ctx, void *trigger)
{
	struct trigger *t = trigger;
	struct err_text why = { "" };
	int r = pipeline_open(t, &why);

	if (r == 0)
		r = open_consumer(t, &why);
	if (r)
		log_error(NULL, "trigger.start", "%s", why.text);
	else
		run(t);
	if (t->aside)
		aside_close(t->aside);
	t->consumer = kafka_consumer_close(t->consumer);
	pipeline_close(t);
	return r;
}
