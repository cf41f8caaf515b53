#pragma once
/* Offsets out, and partitions that leave. */
#include "dispatcher.h"

void commits_open(struct dispatcher *d);
/* Something of this source ended: it may have been what a revocation waits for. */
void commits_settled(struct dispatcher *d, struct source *s);
void commits_revoked(const struct stream_partition *parts, size_t n, bool lost, void *arg);
