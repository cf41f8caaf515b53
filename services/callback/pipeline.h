#pragma once
/*
 * What both pipelines of this service do: batch after batch of a topic goes into the log
 * store, what it has to tell goes to the broker, and only then the batch counts as done.
 */
#include "callback.h"
#include "outgoing.h"

struct pipeline;
struct pipeline_kind {
	const char *group;
	enum kafka_topic topic;
	const char *kafka;     /* the condition of readiness */
	struct metric *oldest; /* age of the oldest message that is not done */
	size_t batch;          /* messages at most */
	/* True: every message is done with. False: the batch comes again. */
	bool (*handle)(struct pipeline *p, const struct kafka_message *messages, size_t n);
	/* At the beginning, and once a second while nothing comes; may be NULL. */
	void (*rest)(struct pipeline *p);
};

struct pipeline {
	struct callback *cb;
	const struct pipeline_kind *kind;
	struct kafka_consumer *kafka;
	struct logstore *store;
	unsigned failures; /* of the store, in a row */
};

/* The body of a service's thread. */
int pipeline_run(struct callback *cb, const struct pipeline_kind *kind);
/* Says that the store is away, and sleeps, longer with each failure in a row. */
void pipeline_wait_for_store(struct pipeline *p);
/*
 * Until the broker has all of it: what was told twice harms nobody, what was never told
 * would. False: the drain came first.
 */
bool pipeline_send(struct pipeline *p, const struct outgoing *out);
