#pragma once
/*
 * Labs whose context functions take too long (contexts_is_slow) are set aside: a thread of
 * its own, with its own connections, builds what they bring, as long as that takes, and the
 * others go on. The events' pipeline owns the consumer; it hands over copies, a batch of
 * one lab at a time.
 */
#include "trigger.h"

struct aside;
/* The thread is `aside_run`'s; the worker shares `events`'s producer and memory. */
struct aside *aside_new(struct trigger *events);
int aside_run(struct service_ctx *ctx, void *aside);

/* ---- of the events' pipeline ---- */
/* The lab of this message, by its key. False: it is aside already, or there is no room. */
bool aside_set(struct aside *a, const struct kafka_message *m);
/* Takes back what is done, hands over what waits, and lets back who was quick for long. */
void aside_turn(struct aside *a);
void aside_close(
	struct aside *a); /* before the consumer: what is not done is left to others */
