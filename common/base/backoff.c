#include "base/backoff.h"

#include <assert.h>

int64_t backoff_wait_ms(int64_t first_ms, int64_t max_ms, unsigned failures, uint32_t dice)
{
	assert(first_ms > 0 && first_ms <= max_ms);

	int64_t window = first_ms;

	for (unsigned i = 1; i < failures && window < max_ms; i++)
		window = window > max_ms / 2 ? max_ms : window * 2;

	int64_t half = window / 2;

	return window - half + (int64_t)((double)half * dice / UINT32_MAX);
}
