#pragma once
/*
 * lis.outbox, and the lock that makes one relay the leader. The lock belongs to the
 * session: when the connection breaks it is lost, and every statement below that reads
 * takes it again or says that another relay has it. One thread.
 */
#include "base/err.h"
#include "postgres/postgres.h"

#define OUTBOX_PLAN_MAX 50000

enum {
	OUTBOX_E_AWAY = 1, /* PostgreSQL: away, too slow, or without the table */
	OUTBOX_E_STANDBY,  /* another relay is the leader */
};

struct outbox;
struct outbox *outbox_open(const struct postgres_config *config);
struct outbox *outbox_close(struct outbox *o); /* gives up the lock */

/*
 * Takes or confirms the lead, then lists the committed rows in the order in which they must
 * be published: the first OUTBOX_PLAN_MAX of them, in *out_n, 0 when there are none.
 */
int outbox_plan(struct outbox *o, size_t *out_n, struct err_text *why) MUST_CHECK;

/* A row; the texts live as long as the batch. */
struct outbox_row {
	const char *outbox_id, *event_id, *lab_id, *type, *data, *time;
	const char *subject, *traceparent; /* may be NULL */
	int64_t occurred_ms;               /* wall clock */
};

/*
 * Rows that follow each other in the plan, in its order: at most `max`, and few enough that
 * their data stays within some MiB (one larger row comes alone). *out_n is 0 when the plan
 * is used up or no longer true: plan again. The rows live until the next fetch or plan.
 */
int outbox_fetch(struct outbox *o, size_t max, const struct outbox_row **out, size_t *out_n,
                 struct err_text *why) MUST_CHECK;

/* Deletes the rows of the last fetch: only what was acknowledged, or is kept elsewhere. */
int outbox_delete_fetched(struct outbox *o, struct err_text *why) MUST_CHECK;
