#pragma once
/*
 * Tasks of slow lanes leave memory and offsets: their header, without the body, goes to
 * integration.parked-tasks, a delay queue. After PARK_DELAY each is looked at: its lane can
 * take it again, then trigger rebuilds it; or it is parked anew.
 */
#include "dispatcher.h"

void parking_open(struct dispatcher *d);
void parking_close(struct dispatcher *d);

/* True when this new task must follow others to the parked ones, or its lane is full and
 * slow. */
bool parking_wants(struct lane_entry *l, const struct source *s);
/* The job, not queued, goes there. */
void parking_spill(struct dispatcher *d, struct job *job);
/* Memory is full: waiting tasks of slow lanes make room. */
void parking_make_room(struct dispatcher *d);

/* Once a second. */
void parking_second(struct dispatcher *d);

/* A parked record was read. */
void parking_add(struct dispatcher *d, struct job *job);
void parking_drop_source(struct dispatcher *d, const struct source *s);
/* The records that are in memory: read, and not settled yet. */
void parking_each(struct dispatcher *d, void (*visit)(const struct job *job, void *arg),
                  void *arg);
