#pragma once
/*
 * The fence: is the fact that an event announced still true? Every build asks, the first
 * too (contract, "Fenced rebuild"). A fact that was undone is not sent: the log ends
 * SUPERSEDED with the reason. A later state that implies the fact (collected, then
 * received) is no reason, nor is one that comes before it, unless something shows that the
 * fact was true once: the event is its witness, and a LIS may be slower than its events
 * (its tables are copied) or keep no such state. Pure: a rule says where in the context to
 * look, the caller brings the values.
 */
#include "base/err.h"

#include <stdbool.h>

#define FENCE_STATES 8
#define FENCE_TRACES 3

struct fence_rule {
	int action_id;
	const char *operation;            /* NULL: any, and none */
	const char *noun;                 /* "bill"; before the id, in the reason */
	const char *id_path;              /* of the id in the context */
	const char *state_path;           /* of the value that decides */
	const char *holds[FENCE_STATES];  /* the states under which the fact is true */
	const char *undone;               /* "was cancelled" */
	const char *when_path;            /* since when, or NULL */
	const char *before[FENCE_STATES]; /* those that come before the fact */
	const char *traces[FENCE_TRACES]; /* paths: a value there shows that it was true */
};

/* NULL: nothing can undo this action's fact. */
const struct fence_rule *fence_find(int action_id, const char *operation);
/*
 * `state` is the text of the deciding value, "true" or "false" for a flag. NULL: the LIS
 * does not say, and what nobody says was undone is not.
 */
bool fence_holds(const struct fence_rule *rule, const char *state);
/* Whether it comes before the fact: then only a trace, or another state at an earlier
 * building, says that the fact was undone. */
bool fence_precedes(const struct fence_rule *rule, const char *state);
/* "bill 9001 was cancelled on 2026-11-21T09:30:00Z"; `when` may be NULL. */
void fence_say(const struct fence_rule *rule, const char *id, const char *when,
               struct err_text *why);
