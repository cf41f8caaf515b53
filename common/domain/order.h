#pragma once
/*
 * The order of one entity's deliveries (contract, `ordered_by`). Each task that wants an
 * order has a ticket in its entity's line, sorted by its event's place; the first one
 * starts when none of the entity is on the wire. Lines of other entities do not meet. A
 * ticket outlives its task's stay in memory while the task is parked. Pure: times are
 * monotonic ms, what waits and how it is woken is the caller's.
 */
#include "base/log_id.h"

struct order;
struct order_ticket;

enum order_state {
	ORDER_WAITING,  /* in memory */
	ORDER_STARTED,  /* on the wire */
	ORDER_PARKED,   /* out of memory; it comes back */
	ORDER_RELEASED, /* on its way back */
};

struct order_task {
	const char *lane; /* of the topic; an entity of two lanes is two */
	size_t lane_len;
	const char *entity; /* "patient:77" */
	int64_t place;      /* of its event; 0: not known, behind all that wait */
	struct log_id log_id;
	int attempt;
	int partition;
};

struct order *order_new(void);
struct order *order_free(struct order *o);

/* `owner` is given to whoever is woken. A ticket that it left when it was parked is its
 * again. */
struct order_ticket *order_join(struct order *o, const struct order_task *task, void *owner,
                                int64_t now_ms);
bool order_may_start(const struct order_ticket *t);
/* An earlier task is parked, and this one is not late: it should follow. */
bool order_follows_parked(const struct order_ticket *t);
/* True: it goes ahead of earlier ones, after it has waited for too long. */
bool order_start(struct order_ticket *t);
void order_park(struct order *o, struct order_ticket *t, int64_t now_ms);
/* Its end, wherever it was. Returns the owner of the next that may start, or NULL. */
void *order_leave(struct order *o, struct order_ticket *t);

/*
 * ---- parked tasks, which have no owner: found by what they are ----
 */

/* A record was read, perhaps by a process that did not park it. */
void order_meet_parked(struct order *o, const struct order_task *task, int64_t now_ms);
enum order_release {
	ORDER_MAY_RELEASE, /* nothing earlier is out, or it has waited for too long */
	ORDER_SOON,        /* an earlier one is on its way back */
	ORDER_NOT_YET,     /* an earlier one is parked */
};
enum order_release order_ask_release(struct order *o, const struct order_task *task);
void order_release(struct order *o, const struct order_task *task, int64_t now_ms);
/* It ended without coming back. Returns as order_leave. */
void *order_end_parked(struct order *o, const struct order_task *task);

/* ---- time ---- */

struct order_survey {
	unsigned waiting; /* tasks behind an earlier one */
	int64_t longest_ms;
};
/* Once a second: tasks that have waited for `hold_ms` may go ahead. wake(): may start. */
struct order_survey order_second(struct order *o, int64_t now_ms, int64_t hold_ms,
                                 void (*wake)(void *owner));
/* The partition is another process's now: what is parked there, too. */
void order_drop_parked(struct order *o, int partition);
