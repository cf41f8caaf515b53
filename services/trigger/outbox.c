#include "outbox.h"

#include "base/clock.h"
#include "log/log.h"

/*
 * Long: giving a batch again repeats what was acknowledged after all. librdkafka keeps
 * trying meanwhile, so a broker that restarts costs time, not duplicates.
 */
#define ACK_MS 120000

/* Time left for leaving the group and closing, of a drain. */
#define DRAIN_RESERVE_MS 2000

static int64_t deadline(const struct outbox *o)
{
	int64_t patient = clock_mono_ms() + ACK_MS;
	int64_t drained = service_drain_deadline(o->trigger->ctx);

	if (drained == INT64_MAX || drained - DRAIN_RESERVE_MS > patient)
		return patient;
	return drained - DRAIN_RESERVE_MS;
}

struct outbox outbox_open(struct trigger *t)
{
	return (struct outbox){ .trigger = t, .batch = kafka_batch_new(t->producer) };
}

void outbox_deinit(struct outbox *o)
{
	o->batch = kafka_batch_free(o->batch);
}

static int away(void)
{
	log_warn(NULL, "trigger.kafka_away", "messages are not acknowledged; trying again");
	metric_add(&metric_waits, "kafka", 1);
	return TRIGGER_E_AGAIN;
}

static int add(struct outbox *o, const struct kafka_message *m)
{
	int r = kafka_batch_add(o->batch, m, deadline(o));

	o->n += r == 0;
	if (r == KAFKA_E_TOO_LARGE)
		return OUTBOX_E_TOO_LARGE;
	return r ? away() : 0;
}

int outbox_add(struct outbox *o, enum kafka_topic topic, const char *key, const char *value)
{
	const struct kafka_message m = {
		.topic = topic,
		.partition = -1,
		.key = key,
		.key_len = strlen(key),
		.value = value,
		.value_len = strlen(value),
	};
	int r = add(o, &m);

	if (r != OUTBOX_E_TOO_LARGE)
		return r;
	/* bounded by LOG_BODY_LIMIT: only a topic of an adopter's own making refuses it */
	log_error(&(struct log_ctx){ .topic = kafka_topics[topic].name },
	          "trigger.message_refused", "a message is larger than the topic takes");
	return 0;
}

int outbox_add_task(struct outbox *o, const char *lane_key, const struct task *task,
                    const char *body, size_t len)
{
	CLEANUP(freep) char *header = task_encode(task);
	const struct kafka_header headers[] = {
		{ .name = TASK_HEADER, .value = header, .len = strlen(header) },
	};
	const struct kafka_message m = {
		.topic = KAFKA_TOPIC_TASKS,
		.partition = -1,
		.key = lane_key,
		.key_len = strlen(lane_key),
		.value = body,
		.value_len = len,
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
	};

	return add(o, &m);
}

int outbox_add_report(struct outbox *o, const struct report *report)
{
	CLEANUP(freep) char *value = report_encode(report);
	char hex[LOG_ID_HEX_SIZE];

	return outbox_add(o, KAFKA_TOPIC_CALLBACKS, log_id_to_hex(&report->log_id, hex),
	                  value);
}

int outbox_add_failed(struct outbox *o, const struct kafka_message *message,
                      const char *reason, const char *exception)
{
	int r = kafka_batch_add_failed(o->batch, message, reason, exception, deadline(o));
	const struct log_ctx ctx = {
		.topic = kafka_topics[message->topic].name,
		.partition = message->partition,
		.offset = message->offset,
	};

	o->n += r == 0;
	if (r == KAFKA_E_TOO_LARGE)
		log_error(&ctx, "trigger.failed_task_refused",
		          "larger than integration.failed-tasks takes");
	else if (r)
		return away();
	else
		log_warn(&ctx, "trigger.event_failed", "%s: %s", reason, exception);
	return 0;
}

int outbox_send(struct outbox *o)
{
	if (o->n == 0)
		return 0;
	o->n = 0;
	return kafka_batch_wait(o->batch, deadline(o)) ? away() : 0;
}
