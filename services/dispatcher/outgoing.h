#pragma once
/*
 * Messages out. Each is kept until the broker has it and produced again when it gave up;
 * then the offset that it answers for is finished.
 */
#include "dispatcher.h"
#include "message/report.h"

void outgoing_open(struct dispatcher *d);
void outgoing_close(struct dispatcher *d);
bool outgoing_is_full(const struct dispatcher *d);
size_t outgoing_count(const struct dispatcher *d);

/* The report, for each log of the job's task; its log_id is set here. */
void outgoing_report(struct dispatcher *d, struct job *job, struct report *report);
/* All take over `value` where there is one, and copy the rest. */
void outgoing_park(struct dispatcher *d, struct job *job);
void outgoing_release(struct dispatcher *d, struct job *job, char *value);
/* Takes the message over, too. */
void outgoing_failed(struct dispatcher *d, struct source *s, struct kafka_held *held,
                     const char *reason, const char *exception);
