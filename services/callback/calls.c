/* The second pipeline: batch after batch of integration.inbound-calls becomes logs. */
#include "base/clock.h"
#include "event/labevent.h"
#include "log/log.h"
#include "logstore/call.h"
#include "pipeline.h"

#define CALLS_MAX 200

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

static bool handle(struct pipeline *p, const struct kafka_message *messages, size_t n)
{
	static struct batch batch; /* of this thread alone */
	CLEANUP(outgoing_deinit) struct outgoing out = { 0 };
	bool stored;

	for (size_t i = 0; i < n; i++)
		add(&batch, &messages[i], &out);
	stored = logstore_add_calls(p->store, batch.log, batch.n, batch.result,
	                            batch.row) == 0;
	if (stored)
		tell_of(&batch, &out);
	release(&batch);
	if (!stored) {
		pipeline_wait_for_store(p);
		return false;
	}
	p->failures = 0;
	return pipeline_send(p, &out);
}

int calls_run(struct service_ctx *ctx, void *callback)
{
	static const struct pipeline_kind calls = {
		.group = "callback-calls",
		.topic = KAFKA_TOPIC_INBOUND_CALLS,
		.kafka = "kafka-calls",
		.oldest = &metric_oldest_call,
		.batch = CALLS_MAX,
		.handle = handle,
	};

	return pipeline_run(callback, &calls);
}
