#pragma once
/* integration.lane_state: what the dashboard is told of the lanes. */
#include "dispatcher.h"

struct told *told_open(struct dispatcher *d);
struct told *told_close(struct told *t);
/* Each second; a write that takes longer than that is not waited for. */
void told_second(struct told *t);
