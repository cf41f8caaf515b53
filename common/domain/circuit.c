#include "domain/circuit.h"

#include "base/backoff.h"

static const char *const state_words[] = {
#define X(symbol, word) [CIRCUIT_##symbol] = (word),
	CIRCUIT_STATE_LIST(X)
#undef X
};

const char *circuit_state_word(enum circuit_state state)
{
	return state_words[state];
}

/* +1, so that an empty cell means: not allowed. */
#define TO(state) ((state) + 1)

static const unsigned char moves[CIRCUIT_STATE_COUNT][CIRCUIT_SIGNAL_COUNT] = {
	[CIRCUIT_CLOSED] = {
		[CIRCUIT_TRIPPED] = TO(CIRCUIT_OPEN),
	},
	/* Requests that were on the wire when it opened still end here: a failure among
	 * them is no news, an answer is. */
	[CIRCUIT_OPEN] = {
		[CIRCUIT_ANSWERED] = TO(CIRCUIT_CLOSED),
		[CIRCUIT_PROBED] = TO(CIRCUIT_HALF_OPEN),
	},
	[CIRCUIT_HALF_OPEN] = {
		[CIRCUIT_ANSWERED] = TO(CIRCUIT_CLOSED),
		[CIRCUIT_TRIPPED] = TO(CIRCUIT_OPEN),
		[CIRCUIT_UNDECIDED] = TO(CIRCUIT_OPEN), /* the next one probes at once */
	},
};

bool circuit_next(enum circuit_state now, enum circuit_signal signal,
                  enum circuit_state *next)
{
	unsigned cell = moves[now][signal];

	if (cell == 0)
		return false;
	*next = (enum circuit_state)(cell - 1);
	return true;
}

/* The gate: the only place that changes the state. */
static bool move(struct circuit *c, enum circuit_signal signal)
{
	return circuit_next(c->state, signal, &c->state);
}

bool circuit_counts(enum error_kind kind, int http_code)
{
	static const enum error_kind kinds[] = {
		ERROR_KIND_TIMEOUT,
		ERROR_KIND_CONNECT,
		ERROR_KIND_DNS,
		ERROR_KIND_TLS,
	};
	/* gateways that say that the partner behind them is away */
	static const int codes[] = { 502, 503, 504, 521, 522, 523, 524 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i] == kind)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == http_code)
			return true;
	return false;
}

bool circuit_answered(struct circuit *c)
{
	c->failures = 0;
	c->openings = 0;
	return move(c, CIRCUIT_ANSWERED);
}

bool circuit_failed(struct circuit *c, const struct circuit_policy *policy, int64_t now_ms,
                    uint32_t dice)
{
	bool probe_failed = c->state == CIRCUIT_HALF_OPEN;

	c->failures++;
	if (!move(c, probe_failed || c->failures >= policy->threshold
	                     ? CIRCUIT_TRIPPED
	                     : CIRCUIT_UNAVAILABLE))
		return false;
	if (c->openings++ == 0)
		c->open_since_ms = now_ms;
	c->probe_at_ms =
		now_ms + backoff_wait_ms(policy->first_pause_ms, policy->longest_pause_ms,
	                                 c->openings, dice);
	return true;
}

bool circuit_undecided(struct circuit *c)
{
	return move(c, CIRCUIT_UNDECIDED);
}

bool circuit_probed(struct circuit *c)
{
	return move(c, CIRCUIT_PROBED);
}
