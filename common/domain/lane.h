#pragma once
/*
 * When may the next request go to a partner? A lane combines the partner's rate (a bucket,
 * shared by lanes of one rate_limit_group), the number of requests at once, its circuit,
 * and a `Retry-After`. Pure: it decides; queues, timers and sockets are the dispatcher's.
 * Times are monotonic ms.
 */
#include "domain/bucket.h"
#include "domain/circuit.h"

struct lane_policy {
	struct circuit_policy circuit;
	int64_t slow_after_ms; /* a queue that takes longer to drain makes the lane slow */
};

struct lane {
	struct bucket *bucket; /* borrowed */
	struct circuit circuit;
	unsigned widest; /* the row's max_concurrency, at least 1 */
	unsigned window; /* requests allowed at once now: 1..widest */
	unsigned in_flight;
	unsigned good;             /* answers since the window last changed */
	int64_t parked_until_ms;   /* Retry-After */
	int64_t duration_us;       /* of a request, smoothed; 0: none ended yet */
	int64_t oldest_start_ms;   /* of the requests in flight, kept by the caller */
	int64_t holds_up_since_ms; /* others wait for its full queue, says the caller; 0:
	                            * none
	                            */
};

enum lane_step {
	LANE_SEND,
	LANE_FULL, /* wait for a request to end */
	LANE_WAIT, /* until decision.at_ms */
};

struct lane_decision {
	enum lane_step step;
	int64_t at_ms;
};

enum lane_verdict {
	LANE_ANSWERED,
	LANE_UNAVAILABLE, /* circuit_counts() */
	LANE_UNDECIDED,   /* never reached the wire */
};

void lane_init(struct lane *l, struct bucket *bucket, unsigned widest);
void lane_set_widest(struct lane *l, unsigned widest); /* the row changed */
struct lane_decision lane_next(const struct lane *l, int64_t now_ms);
void lane_started(struct lane *l, int64_t now_ms); /* after LANE_SEND */
/* Each start ends once. True when the circuit's state moved. */
bool lane_ended(struct lane *l, const struct lane_policy *policy, enum lane_verdict verdict,
                int64_t duration_us, int64_t now_ms, uint32_t dice);
void lane_park(struct lane *l, int64_t until_ms); /* the later of several counts */

/* How long `queued` requests will take from now, as far as one can see. */
int64_t lane_drain_ms(const struct lane *l, size_t queued, int64_t now_ms);
/*
 * A slow lane's tasks may be spilled; a lane that is merely busy makes its source wait. One
 * that has done so for as long as a slow one would take is slow when it is half as slow.
 */
bool lane_is_slow(const struct lane *l, const struct lane_policy *policy, size_t queued,
                  int64_t now_ms);
