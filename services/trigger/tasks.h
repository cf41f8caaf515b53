#pragma once
/* Builds become tasks: each its own, or the records of a bulk event in one. */
#include "outbox.h"
#include "work.h"

/* 0 or TRIGGER_E_AGAIN, all. */
int tasks_report(struct outbox *outbox, const struct work *w, const struct build *b,
                 const char *why) MUST_CHECK;
/* A parked task was ended unsent, which its entity's next waits to hear. */
int tasks_end(struct outbox *outbox, const struct work *w,
              const struct build *b) MUST_CHECK;
/* One task of these builds, the first one's log leading. Several, or a batched one: the
 * body is the array of theirs. */
int tasks_add(struct outbox *outbox, const struct work *w, struct build *const *builds,
              size_t n) MUST_CHECK;

/* Builds that wait for others of their event and row. */
struct batches {
	struct batch *list;
	size_t n, cap;
};
int batches_add(struct batches *batches, struct outbox *outbox, const struct work *w,
                struct build *b) MUST_CHECK;
/* Those of other events than this one, which came before it: what follows is ordered. */
int batches_end_earlier(struct batches *batches, struct outbox *outbox,
                        const struct work *w, const struct origin *origin) MUST_CHECK;
int batches_end(struct batches *batches, struct outbox *outbox,
                const struct work *w) MUST_CHECK;
void batches_deinit(struct batches *batches);
