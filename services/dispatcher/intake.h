#pragma once
/* Messages in. */
#include "dispatcher.h"

int intake_open(struct dispatcher *d, struct err_text *why) MUST_CHECK;

/* The job is over: its memory, and its hold on the source. Its offset is not touched. */
void job_free(struct dispatcher *d, struct job *job);

/* It has an entity of its own; the request of several records has its lane's order. */
bool keeps_order(const struct job *job);
/* What orders this job among those of its entity; borrowed from it. */
struct order_task order_task_of(const struct job *job);
void order_wake(void *owner); /* a job that may start, or NULL */

void source_ref(struct source *s);
void source_unref(struct source *s);

/* Pauses or resumes what the limits ask for. Cheap; after anything that makes room. */
void intake_balance(struct dispatcher *d);
/* The partition waits: for this lane, full and quick, or (NULL) for parked records. */
void intake_pause_source(struct dispatcher *d, struct source *s, struct lane_entry *full);
void intake_resume_source(struct dispatcher *d, struct source *s);
/* Lanes that partitions wait for may have become slow: then their tasks are parked instead.
 */
void intake_recheck(struct dispatcher *d);
