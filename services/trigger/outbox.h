#pragma once
/* Messages that are acknowledged together, or given again with the batch. */
#include "message/report.h"
#include "message/task.h"
#include "trigger.h"

struct outbox {
	struct trigger *trigger;
	struct kafka_batch *batch;
	size_t n;
};

struct outbox outbox_open(struct trigger *t);
void outbox_deinit(struct outbox *o);

/* 0 or TRIGGER_E_AGAIN, also of those below. */
int outbox_add(struct outbox *o, enum kafka_topic topic, const char *key,
               const char *value) MUST_CHECK;
enum { OUTBOX_E_TOO_LARGE = 2 };
/* OUTBOX_E_TOO_LARGE: the topic can never take this body. */
int outbox_add_task(struct outbox *o, const char *lane_key, const struct task *task,
                    const char *body, size_t len) MUST_CHECK;
int outbox_add_report(struct outbox *o, const struct report *report) MUST_CHECK;
int outbox_add_failed(struct outbox *o, const struct kafka_message *message,
                      const char *reason, const char *exception) MUST_CHECK;
/* Waits for all. TRIGGER_E_AGAIN: not all were acknowledged. */
int outbox_send(struct outbox *o) MUST_CHECK;
