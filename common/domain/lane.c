#include "domain/lane.h"

/* A younger request says nothing: the loop may only have been busy elsewhere. */
enum { HANGS_AFTER_MS = 1000 };

void lane_init(struct lane *l, struct bucket *bucket, unsigned widest)
{
	*l = (struct lane){ .bucket = bucket };
	lane_set_widest(l, widest);
	l->window = l->widest;
}

void lane_set_widest(struct lane *l, unsigned widest)
{
	bool was_widest = l->window == l->widest;

	l->widest = widest > 0 ? widest : 1;
	if (was_widest || l->window > l->widest)
		l->window = l->widest;
}

static int64_t waits_until(const struct lane *l, int64_t now_ms)
{
	int64_t until = l->parked_until_ms;

	if (l->circuit.state == CIRCUIT_OPEN && l->circuit.probe_at_ms > until)
		until = l->circuit.probe_at_ms;
	if (until > now_ms)
		return until;
	return now_ms + bucket_wait_ms(l->bucket, now_ms);
}

struct lane_decision lane_next(const struct lane *l, int64_t now_ms)
{
	unsigned window = l->circuit.state == CIRCUIT_CLOSED ? l->window : 1;

	if (l->in_flight >= window)
		return (struct lane_decision){ .step = LANE_FULL };
	int64_t at_ms = waits_until(l, now_ms);
	return (struct lane_decision){
		.step = at_ms > now_ms ? LANE_WAIT : LANE_SEND,
		.at_ms = at_ms,
	};
}

void lane_started(struct lane *l, int64_t now_ms)
{
	bucket_take(l->bucket, now_ms);
	l->in_flight++;
	(void)circuit_probed(&l->circuit);
}

/* Failure halves the window; a window's worth of answers widens it by one. */
static void adapt_window(struct lane *l, enum lane_verdict verdict)
{
	if (verdict == LANE_UNAVAILABLE) {
		l->window = l->window > 1 ? l->window / 2 : 1;
		l->good = 0;
	} else if (l->window < l->widest && ++l->good >= l->window) {
		l->window++;
		l->good = 0;
	}
}

static bool move_circuit(struct lane *l, const struct lane_policy *policy,
                         enum lane_verdict verdict, int64_t now_ms, uint32_t dice)
{
	switch (verdict) {
	case LANE_ANSWERED:
		return circuit_answered(&l->circuit);
	case LANE_UNAVAILABLE:
		return circuit_failed(&l->circuit, &policy->circuit, now_ms, dice);
	case LANE_UNDECIDED:
		break;
	}
	return circuit_undecided(&l->circuit);
}

bool lane_ended(struct lane *l, const struct lane_policy *policy, enum lane_verdict verdict,
                int64_t duration_us, int64_t now_ms, uint32_t dice)
{
	l->in_flight--;
	if (verdict != LANE_UNDECIDED) {
		adapt_window(l, verdict);
		l->duration_us = l->duration_us ? (7 * l->duration_us + duration_us) / 8
		                                : duration_us;
	}
	return move_circuit(l, policy, verdict, now_ms, dice);
}

void lane_park(struct lane *l, int64_t until_ms)
{
	if (until_ms > l->parked_until_ms)
		l->parked_until_ms = until_ms;
}

int64_t lane_drain_ms(const struct lane *l, size_t queued, int64_t now_ms)
{
	int64_t each_us = l->duration_us;
	int64_t age_ms = now_ms - l->oldest_start_ms;
	int64_t by_rate = 0;

	/* A partner that hangs has no ended request to judge by, only old ones. */
	if (l->in_flight > 0 && age_ms >= HANGS_AFTER_MS && age_ms * 1000 > each_us)
		each_us = age_ms * 1000;
	if (l->bucket->rate > 0)
		by_rate = (int64_t)((double)queued * 1000 / l->bucket->rate);
	int64_t by_window = (int64_t)queued * each_us / l->window / 1000;
	return by_rate > by_window ? by_rate : by_window;
}

bool lane_is_slow(const struct lane *l, const struct lane_policy *policy, size_t queued,
                  int64_t now_ms)
{
	int64_t limit_ms = policy->slow_after_ms;

	if (l->holds_up_since_ms && now_ms - l->holds_up_since_ms >= limit_ms)
		limit_ms /= 2;
	return l->circuit.state != CIRCUIT_CLOSED || l->parked_until_ms > now_ms ||
	       lane_drain_ms(l, queued, now_ms) > limit_ms;
}
