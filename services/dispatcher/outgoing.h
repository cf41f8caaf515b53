#pragma once
/*
 * Messages out. Each is kept until the broker has it and produced again when it gave up;
 * then the offset that it answers for is finished.
 */
#include "dispatcher.h"

void outgoing_open(struct dispatcher *d);
void outgoing_close(struct dispatcher *d);
bool outgoing_is_full(const struct dispatcher *d);
size_t outgoing_count(const struct dispatcher *d);

/* All take over `value` where there is one, and copy the rest. */
void outgoing_report(struct dispatcher *d, struct job *job, char *value);
void outgoing_park(struct dispatcher *d, struct job *job);
void outgoing_release(struct dispatcher *d, struct job *job, char *value);
/* Takes the message over, too. */
void outgoing_failed(struct dispatcher *d, struct source *s, struct kafka_held *held,
                     const char *reason, const char *exception);
