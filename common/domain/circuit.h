#pragma once
/*
 * A circuit breaker: after some failures in a row that mean "the partner is not there",
 * nothing is sent for a while, then one probe at a time, with growing pauses, until it
 * answers. Pure: time (monotonic ms) and dice are passed in.
 */
#include "base/util.h"
#include "domain/outcome.h"

#include <stdbool.h>

#define CIRCUIT_STATE_LIST(X)                                                              \
	X(CLOSED, "closed")                                                                \
	X(OPEN, "open")                                                                    \
	X(HALF_OPEN, "half_open") /* a probe is under way */

enum circuit_state {
#define X(symbol, word) CIRCUIT_##symbol,
	CIRCUIT_STATE_LIST(X)
#undef X
		CIRCUIT_STATE_COUNT,
};
const char *circuit_state_word(enum circuit_state state);

#define CIRCUIT_SIGNAL_LIST(X)                                                             \
	X(ANSWERED)    /* the partner answered, whatever it said */                        \
	X(TRIPPED)     /* a failure that completes a run of `threshold` */                 \
	X(UNAVAILABLE) /* a failure before that */                                         \
	X(PROBED)      /* the pause is over and one request was sent */                    \
	X(UNDECIDED)   /* that request ended without a word about the partner */

enum circuit_signal {
#define X(symbol) CIRCUIT_##symbol,
	CIRCUIT_SIGNAL_LIST(X)
#undef X
		CIRCUIT_SIGNAL_COUNT,
};

/* The legal moves. False: this signal means nothing in this state. */
bool circuit_next(enum circuit_state now, enum circuit_signal signal,
                  enum circuit_state *next);

struct circuit_policy {
	unsigned threshold;     /* failures in a row that open it */
	int64_t first_pause_ms; /* doubles with each opening in a row */
	int64_t longest_pause_ms;
};

struct circuit {
	enum circuit_state state;
	unsigned failures;     /* in a row */
	unsigned openings;     /* in a row, without an answer between */
	int64_t open_since_ms; /* of the first of them; while not closed */
	int64_t probe_at_ms;   /* while open */
};

/* True when the failure says that the partner, not this one request, is in trouble. */
bool circuit_counts(enum error_kind kind, int http_code);

/* Each returns true when the state moved. */
bool circuit_answered(struct circuit *c);
bool circuit_failed(struct circuit *c, const struct circuit_policy *policy, int64_t now_ms,
                    uint32_t dice);
bool circuit_undecided(struct circuit *c);
bool circuit_probed(struct circuit *c);
