#pragma once
/*
 * Contract tests run our adapters against the real servers that the environment names
 * (./dev test sets it). Without them a test is skipped, which it says. Each run has topics
 * and groups of its own, by prefix.
 */
#include "../unit/unit.h"

#include "base/clock.h"
#include "kafka/kafka.h"
#include "postgres/postgres.h"

/* Ends the program with meson's "skipped" when KAFKA_BROKERS is not set. */
struct kafka_config contract_kafka(void);
void contract_kafka_clean(const struct kafka_config *config); /* deletes its topics */
/* The same for POSTGRES_URL. */
struct postgres_config contract_postgres(void);

static inline int64_t in_ms(int64_t ms)
{
	return clock_mono_ms() + ms;
}

/* Produces `n` messages "0".."n-1" with the value as key to the topic; fails the test. */
void contract_produce(const struct kafka_config *config, enum kafka_topic topic, int from,
                      int n);
/* The number that a message of contract_produce holds. */
int contract_number(const struct kafka_message *m);
