#pragma once
/*
 * Rows of the outbox as CloudEvents (binary mode) on lis.events. One thread.
 *
 * The producer never gives a message up by time. If it did, an earlier event of a lab could
 * be dropped and a later one still delivered, and the repetition would come too late to
 * restore the order. So a batch is waited for until the broker is back, or the drain.
 */
#include "kafka/kafka.h"
#include "outbox.h"

struct publisher;
int publisher_open(const struct kafka_config *config, struct publisher **out,
                   struct err_text *why) MUST_CHECK;
struct publisher *publisher_close(struct publisher *p);

/* Called about every 100 ms of waiting. False: stop waiting. */
typedef bool (*publisher_wait_fn)(int64_t waited_ms, void *arg);
/*
 * 0: each row is acknowledged, on lis.events or, if Kafka can never take it, on
 * integration.failed-tasks. KAFKA_E_AWAY: not all are; the whole batch has to be repeated.
 */
int publisher_send(struct publisher *p, const struct outbox_row *rows, size_t n,
                   publisher_wait_fn wait, void *arg) MUST_CHECK;
