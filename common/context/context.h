#pragma once
/*
 * Entities as the LIS shows them now: the contexts of lis_api.<family>_context (contract,
 * "PostgreSQL"; shapes in docs/porting-to-your-lis.md). Wanted ones are gathered, then read
 * with one statement a family. A statement that PostgreSQL refuses, or that takes too long,
 * is bisected until the entity that does it stands alone: that one has a fault, the others
 * have their contexts. Blocking; one thread at a time.
 */
#include "domain/action.h"
#include "postgres/postgres.h"

#include <jansson.h>

struct context_source {
	struct pg *pg;
	int64_t timeout_ms; /* of a family's first statement; halves get less, >= 2 s */
	/*
	 * Where other labs wait: a statement that takes longer than this is given up, each
	 * lab is asked for alone, and those for whom that takes longer too are slow
	 * (contexts_is_slow). 0: as long as it takes.
	 */
	int64_t patience_ms;
	/* Pauses while PostgreSQL is asked whether it still answers; it may end early (a
	 * drain). NULL: sleeps. */
	void (*pause)(void *arg, int64_t ms);
	void *arg;
};

enum {
	CONTEXT_E_AWAY = 1, /* PostgreSQL is away: pg_error(); nothing may be judged */
	CONTEXT_E_ABSENT,   /* this entity has no context: `why` says why */
	CONTEXT_E_SLOW,     /* some labs' contexts take longer than patience_ms */
};

struct contexts;
struct contexts *contexts_new(void);
struct contexts *contexts_free(struct contexts *c); /* NULL in, NULL out */
DEFINE_CLEANUP(struct contexts *, contexts_free);

/* Before contexts_fetch; the same entity may be wanted often. */
void contexts_want(struct contexts *c, enum action_family family, int64_t lab_id,
                   int64_t id);
/* Reads all that are wanted, once. 0, CONTEXT_E_AWAY or, with patience, CONTEXT_E_SLOW. */
int contexts_fetch(struct contexts *c, const struct context_source *source) MUST_CHECK;
bool contexts_is_slow(const struct contexts *c, int64_t lab_id); /* after CONTEXT_E_SLOW */
/*
 * The context as JSON text, valid until contexts_free. CONTEXT_E_ABSENT: it is not there or
 * of another lab, its function failed (the text of PostgreSQL's message, which has no
 * data), or it was not wanted.
 */
int contexts_find(const struct contexts *c, enum action_family family, int64_t lab_id,
                  int64_t id, const char **out, struct err_text *why) MUST_CHECK;

/* Several reports of a lab at once, by a JSON array of their ids (payload_report_ids);
 * NULL: none. */
void contexts_want_reports(struct contexts *c, int64_t lab_id, const json_t *ids);
/*
 * Their contexts in that order, each once: a new reference; NULL for NULL.
 * CONTEXT_E_ABSENT: one of them cannot be had.
 */
int contexts_find_reports(const struct contexts *c, int64_t lab_id, const json_t *ids,
                          json_t **out, struct err_text *why) MUST_CHECK;
