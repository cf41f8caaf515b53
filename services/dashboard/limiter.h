#pragma once
/* Failed log-ins, counted by name and by address; bounded, forgetful, any thread. */
#include "base/util.h"

#include <stdbool.h>

struct limiter;
struct limiter *limiter_new(void);
struct limiter *limiter_free(struct limiter *l);
/* How many seconds a log-in has to wait; 0: it may be tried. */
int limiter_wait(struct limiter *l, const char *login, const char *peer, int64_t now_ms);
void limiter_failed(struct limiter *l, const char *login, const char *peer, int64_t now_ms);
void limiter_passed(struct limiter *l, const char *login);
