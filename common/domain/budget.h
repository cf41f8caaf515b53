#pragma once
/*
 * How much one sweep may ask of one partner (a developer_authentication): what came back
 * after an hour of failures is not met with all of them at once. One thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct budget;
struct budget *budget_new(int64_t each);
struct budget *budget_free(struct budget *b);
/* A new sweep: every partner has its whole budget again. */
void budget_reset(struct budget *b);
/* False: nothing is left for this partner. */
bool budget_take(struct budget *b, int64_t auth_id);
