#pragma once
/* What a batch has to tell: kept until the broker has all of it. */
#include "kafka/kafka.h"

#include <jansson.h>

struct outgoing_item;
struct outgoing {
	struct outgoing_item *items;
	size_t n, cap;
};

/* A row of integration.status-updates, keyed by its lab. */
void outgoing_add_update(struct outgoing *o, const json_t *row);
/* `message` is borrowed until outgoing_deinit; reason is a literal. */
void outgoing_add_failed(struct outgoing *o, const struct kafka_message *message,
                         const char *reason, const char *exception);
/* Produces all and waits. KAFKA_E_AWAY: not all are acknowledged; call again. */
int outgoing_send(const struct outgoing *o, struct kafka_producer *producer,
                  int64_t deadline_ms) MUST_CHECK;
void outgoing_drop_failed(struct outgoing *o);
void outgoing_deinit(struct outgoing *o);
