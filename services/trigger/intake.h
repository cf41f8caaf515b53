#pragma once
/*
 * Messages become builds: events through matching, releases of parked tasks as they are.
 * Rounds of at most TRIGGER_BATCH builds are carried out as they fill, so that a bulk event
 * of any size has bounded memory; all are done before the batch's offsets are committed.
 */
#include "outbox.h"
#include "work.h"

struct intake {
	struct trigger *trigger;
	struct work work;
	struct outbox failed; /* what goes to integration.failed-tasks */
};

/* 0, or TRIGGER_E_AGAIN: nothing of the batch counts as done. */
int intake_events(struct trigger *t, const struct kafka_message *messages,
                  size_t n) MUST_CHECK;
/* integration.retries: retries.c, and release.c for what the dispatcher parked */
int intake_retries(struct trigger *t, const struct kafka_message *messages,
                   size_t n) MUST_CHECK;

/* The releases of a batch: gathered first, so that their logs are read at once. */
struct release {
	struct origin *origin; /* owned, until it is built */
	size_t bytes;          /* of the message */
};
struct releases {
	struct release *list; /* room for one a message */
	size_t n, n_logs;
};
int release_take(struct intake *in, struct releases *all, const struct kafka_message *m,
                 const json_t *request) MUST_CHECK;
int releases_build(struct intake *in, struct releases *all) MUST_CHECK;
void releases_free(struct releases *all);

/* A message that is none: counted, and kept for integration.failed-tasks. */
int intake_fail(struct intake *in, const struct kafka_message *m, const char *reason,
                const char *exception) MUST_CHECK;
/* Carries out what was gathered and sends what failed; releases `in` in any case. `r`: what
 * went before; nothing happens after a failure. */
int intake_end(struct intake *in, int r) MUST_CHECK;
/* Carries out what was gathered when the round is full. */
int intake_make_room(struct intake *in) MUST_CHECK;
