#include "domain/bucket.h"

#include <math.h>

static double capacity(const struct bucket *b)
{
	return b->rate < 1 ? 1 : b->rate;
}

static void fill(struct bucket *b, int64_t now_ms)
{
	if (now_ms <= b->at_ms)
		return;
	b->tokens =
		fmin(capacity(b), b->tokens + (double)(now_ms - b->at_ms) * b->rate / 1000);
	b->at_ms = now_ms;
}

void bucket_init(struct bucket *b, double rate, int64_t now_ms)
{
	*b = (struct bucket){ .rate = rate, .at_ms = now_ms };
	b->tokens = capacity(b);
}

void bucket_set_rate(struct bucket *b, double rate, int64_t now_ms)
{
	if (rate == b->rate)
		return;
	if (b->rate <= 0) {
		bucket_init(b, rate, now_ms);
		return;
	}
	fill(b, now_ms);
	b->rate = rate;
	b->tokens = fmin(b->tokens, capacity(b));
}

/* Sums of thousandths of a token do not meet whole numbers exactly. */
static const double whole = 1 - 1e-9;

int64_t bucket_wait_ms(struct bucket *b, int64_t now_ms)
{
	if (b->rate <= 0)
		return 0;
	fill(b, now_ms);
	if (b->tokens >= whole)
		return 0;
	return (int64_t)fmin(ceil((whole - b->tokens) * 1000 / b->rate), 86400000);
}

void bucket_take(struct bucket *b, int64_t now_ms)
{
	if (b->rate <= 0)
		return;
	fill(b, now_ms);
	b->tokens -= 1;
}
