#pragma once
/*
 * A fax vendor's pace: its requests start evenly spaced, whichever rows they are of, since
 * the vendor counts them by our address. Who may start is called from the loop, in the
 * order of asking. Private to transport/fax*.c.
 */
#include "base/util.h"

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct fax_paces;

/* Waits for its turn; embedded in who does. */
struct fax_turn {
	TAILQ_ENTRY(fax_turn) link;
	struct fax_pace *pace; /* NULL: waits for nothing */
	void (*start)(void *arg);
	void *arg;
};

struct fax_paces *fax_paces_new(struct event_base *loop);
/* Drops who waits. NULL in, NULL out. */
struct fax_paces *fax_paces_free(struct fax_paces *p);

/* start() follows, never from inside this call. `rate` a second, 0: any; `where` names the
 * vendor's address. */
void fax_pace_wait(struct fax_paces *all, const char *where, double rate,
                   struct fax_turn *turn);
void fax_turn_leave(struct fax_turn *turn); /* if it waits */
/* The vendor asked to be left alone: nothing starts there for so long. */
void fax_pace_rest(struct fax_paces *all, const char *where, int64_t ms);
/* How many wait, over all. */
size_t fax_paces_waiting(const struct fax_paces *p);
