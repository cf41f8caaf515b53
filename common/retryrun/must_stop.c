/* When a run stops by itself: who is hit by it again and again does not get well of it. */
#include "retryrun/runner.h"

#include "domain/circuit.h"

#define AWAY_IN_A_ROW 5  /* before the circuit opens, in CIRCUIT_THRESHOLD 10 */
#define SHARE_FROM    10 /* results; of fewer no share is taken */

static bool found_nobody(const struct runner_result *r)
{
	return r->status == LOG_STATUS_FAIL && circuit_counts(r->kind, r->code);
}

/* The newest results of the integration that results[of] is of, when it is its newest. */
static bool is_away(const struct runner_result *results, size_t n, size_t of)
{
	size_t in_a_row = 0;

	for (size_t i = 0; i < n && in_a_row < AWAY_IN_A_ROW; i++) {
		if (results[i].integration_id != results[of].integration_id)
			continue;
		if (i < of || !found_nobody(&results[i]))
			return false;
		in_a_row++;
	}
	return in_a_row == AWAY_IN_A_ROW;
}

bool runner_must_stop(const struct runner_result *results, size_t n,
                      double stop_when_failing, struct err_text *why)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		failed += results[i].status == LOG_STATUS_FAIL;
		if (results[i].kind == ERROR_KIND_CIRCUIT) {
			(void)err_say(why, 0,
			              "integration %lld: its partner's circuit is open",
			              (long long)results[i].integration_id);
			return true;
		}
		if (is_away(results, n, i)) {
			(void)err_say(why, 0,
			              "integration %lld: the last %d attempts found nobody "
			              "there (%s)",
			              (long long)results[i].integration_id, AWAY_IN_A_ROW,
			              error_kind_word(results[i].kind));
			return true;
		}
	}
	if (stop_when_failing <= 0 || n < SHARE_FROM ||
	    (double)failed * 100 <= stop_when_failing * (double)n)
		return false;
	(void)err_say(why, 0, "%zu of the last %zu attempts failed, more than %.0f %%",
	              failed, n, stop_when_failing);
	return true;
}
