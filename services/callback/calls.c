/* The second pipeline: batch after batch of integration.inbound-calls becomes logs. */
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "callback.h"
#include "event/labevent.h"
#include "log/log.h"
#include "logstore/call.h"
#include "outgoing.h"

#define CALLS_MAX     200
#define POLL_MS       200
#define SEND_MS       30000
#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   5000

struct calls {
	struct callback *cb;
	struct kafka_consumer *kafka;
	struct logstore *store;
	unsigned failures; /* of the store, in a row */
};

struct batch {
	struct inbound_call call[CALLS_MAX];
	struct log_call log[CALLS_MAX];
	const struct kafka_message *message[CALLS_MAX];
	enum add_result result[CALLS_MAX];
	json_t *row[CALLS_MAX];
	size_t n; /* those that can be read */
};

static void give_up(struct outgoing *out, const struct kafka_message *m, const char *reason,
                    const char *exception)
{
	const struct log_ctx ctx = { .topic = kafka_topics[m->topic].name,
		                     .partition = m->partition,
		                     .offset = m->offset };

	log_warn(&ctx, "callback.failed_task", "%s: %s", reason, exception);
	metric_add(&metric_calls, reason, 1);
	outgoing_add_failed(out, m, reason, exception);
}

/* The record's id decides the log's: however often it comes, it is one. */
static void add(struct batch *b, const struct kafka_message *m, struct outgoing *out)
{
	struct inbound_call *call = &b->call[b->n];
	struct err_text why = { "" };

	if (!m->value) {
		give_up(out, m, "undecodable", "a tombstone is no call");
		return;
	}
	if (inbound_call_decode(m->value, m->value_len, call, &why)) {
		give_up(out, m, "undecodable", why.text);
		return;
	}
	b->message[b->n] = m;
	b->log[b->n] = (struct log_call){
		.call = call,
		.inserted_at_ms = clock_wall_ms(),
		.position = { .topic = kafka_topics[m->topic].name,
		              .partition = m->partition,
		              .offset = m->offset },
	};
	labevent_log_id("inbound-call", call->record_id, 0, 0, &b->log[b->n].id);
	b->n++;
}

static void release(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		inbound_call_release(&b->call[i]);
		json_decref(b->row[i]);
	}
	b->n = 0;
}

static void tell_of(const struct batch *b, struct outgoing *out)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->result[i] == ADD_REFUSED)
			give_up(out, b->message[i], "store_refused",
			        "the log store does not take this document");
		else
			metric_add(&metric_calls,
			           b->result[i] == ADD_NEW ? "added" : "repeated", 1);
		if (b->row[i])
			outgoing_add_update(out, b->row[i]);
	}
}

static void wait_for_store(struct calls *c)
{
	c->failures++;
	log_warn(NULL, "callback.store_away", "the log store does not answer: %s",
	         logstore_error(c->store));
	metric_add(&metric_store_waits, NULL, 1);
	service_sleep(c->cb->ctx, backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, c->failures,
	                                          random_u32()));
}

/* What was told twice harms nobody; what was never told would. */
static bool send(struct calls *c, const struct outgoing *out)
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

static bool handle(struct calls *c, const struct kafka_message *messages, size_t n)
{
	static struct batch batch; /* of this thread alone */
	CLEANUP(outgoing_deinit) struct outgoing out = { 0 };
	bool stored;

	for (size_t i = 0; i < n; i++)
		add(&batch, &messages[i], &out);
	stored = logstore_add_calls(c->store, batch.log, batch.n, batch.result,
	                            batch.row) == 0;
	if (stored)
		tell_of(&batch, &out);
	release(&batch);
	if (!stored) {
		wait_for_store(c);
		return false;
	}
	c->failures = 0;
	return send(c, &out);
}

static int open_parts(struct calls *c, struct err_text *why)
{
	static const enum kafka_topic topics[] = { KAFKA_TOPIC_INBOUND_CALLS };
	const struct kafka_consumer_options options = {
		.group = "callback-calls",
		.topics = topics,
		.n_topics = ARRAY_SIZE(topics),
	};
	int result = logstore_open(&c->cb->config->logstore, &c->store, why);

	return result ? result
	              : kafka_consumer_open(&c->cb->config->kafka, &options, &c->kafka,
	                                    why);
}

static void run(struct calls *c)
{
	static struct kafka_message messages[CALLS_MAX];
	int64_t looked_ms = 0;

	while (!service_draining(c->cb->ctx)) {
		size_t n = kafka_consumer_batch(c->kafka, messages, CALLS_MAX, POLL_MS);

		if (n > 0 && handle(c, messages, n))
			kafka_consumer_done(c->kafka);
		if (clock_mono_ms() - looked_ms < 1000)
			continue;
		looked_ms = clock_mono_ms();
		service_ready(c->cb->ctx, "kafka-calls", kafka_consumer_ready(c->kafka),
		              "no assignment from the broker yet");
		int64_t age_ms = kafka_consumer_oldest_age_ms(c->kafka);
		if (age_ms >= 0)
			metric_set(&metric_oldest_call, NULL, (double)age_ms / 1000.0);
	}
}

int calls_run(struct service_ctx *ctx, void *callback)
{
	struct calls c = { .cb = callback };
	struct err_text why = { "" };
	int result = open_parts(&c, &why);

	if (result)
		log_error(NULL, "callback.calls", "%s", why.text);
	else
		run(&c);
	c.kafka = kafka_consumer_close(c.kafka);
	c.store = logstore_close(c.store);
	return result;
}
