#include "pipeline.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "log/log.h"

#define POLL_MS       200
#define LOOK_MS       1000
#define SEND_MS       30000
#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   5000

void pipeline_wait_for_store(struct pipeline *p)
{
	p->failures++;
	log_warn(NULL, "callback.store_away", "the log store does not answer: %s",
	         logstore_error(p->store));
	metric_add(&metric_store_waits, NULL, 1);
	service_sleep(p->cb->ctx, backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, p->failures,
	                                          random_u32()));
}

bool pipeline_send(struct pipeline *p, const struct outgoing *out)
{
	while (outgoing_send(out, p->cb->producer, clock_mono_ms() + SEND_MS)) {
		log_warn(NULL, "callback.broker_away",
		         "status updates are not acknowledged; trying again");
		if (service_draining(p->cb->ctx))
			return false;
		service_sleep(p->cb->ctx, WAIT_FIRST_MS);
	}
	return true;
}

static int open_parts(struct pipeline *p, struct err_text *why)
{
	const struct kafka_consumer_options options = {
		.group = p->kind->group,
		.topics = &p->kind->topic,
		.n_topics = 1,
	};
	const struct callback_config *config = p->cb->config;
	int result = logstore_open(&config->logstore, &p->store, why);

	return result ? result
	              : kafka_consumer_open(&config->kafka, &options, &p->kafka, why);
}

static void look_around(struct pipeline *p)
{
	int64_t age_ms = kafka_consumer_oldest_age_ms(p->kafka);

	service_ready(p->cb->ctx, p->kind->kafka, kafka_consumer_ready(p->kafka),
	              "no assignment from the broker yet");
	if (age_ms >= 0)
		metric_set(p->kind->oldest, NULL, (double)age_ms / 1000.0);
}

static void run(struct pipeline *p)
{
	const struct pipeline_kind *kind = p->kind;
	CLEANUP(freep)
	struct kafka_message *messages = xcalloc(kind->batch, sizeof(*messages));
	int64_t looked_ms = 0;

	if (kind->rest)
		kind->rest(p);
	while (!service_draining(p->cb->ctx)) {
		size_t n = kafka_consumer_batch(p->kafka, messages, kind->batch, POLL_MS);

		if (n > 0 && kind->handle(p, messages, n))
			kafka_consumer_done(p->kafka);
		if (clock_mono_ms() - looked_ms < LOOK_MS)
			continue;
		looked_ms = clock_mono_ms();
		look_around(p);
		if (n == 0 && kind->rest)
			kind->rest(p);
	}
}

int pipeline_run(struct callback *cb, const struct pipeline_kind *kind)
{
	struct pipeline p = { .cb = cb, .kind = kind };
	struct err_text why = { "" };
	int result = open_parts(&p, &why);

	if (result)
		log_error(NULL, "callback.pipeline", "%s: %s", kind->group, why.text);
	else
		run(&p);
	p.kafka = kafka_consumer_close(p.kafka);
	p.store = logstore_close(p.store);
	return result;
}
