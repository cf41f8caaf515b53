#pragma once
/*
 * A token bucket that holds one second's worth (at least one token), full at first. Pure;
 * time is passed in, monotonic ms. A wait is rounded up: never early.
 */
#include "base/util.h"

#include <stdbool.h>

struct bucket {
	double rate; /* tokens a second; 0 = unlimited */
	double tokens;
	int64_t at_ms; /* when `tokens` was counted */
};

void bucket_init(struct bucket *b, double rate, int64_t now_ms);
void bucket_set_rate(struct bucket *b, double rate, int64_t now_ms); /* keeps the tokens */
int64_t bucket_wait_ms(struct bucket *b,
                       int64_t now_ms);             /* until a token is there; 0: now */
void bucket_take(struct bucket *b, int64_t now_ms); /* after a wait of 0 */
