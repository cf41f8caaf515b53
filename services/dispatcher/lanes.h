#pragma once
/* A lane per integration, and whose turn it is. */
#include "dispatcher.h"

struct lane_entry *lanes_get(struct dispatcher *d, int64_t integration_id);  /* makes it */
struct lane_entry *lanes_find(struct dispatcher *d, int64_t integration_id); /* or NULL */
void lanes_queue(struct lane_entry *l, struct job *job);
void lanes_unqueue(struct lane_entry *l, struct job *job);
size_t lanes_room_at(const struct dispatcher *d); /* a full lane has room again */
bool lane_entry_is_slow(const struct lane_entry *l);

/* Something may be sent: pump at the end of this turn of the loop. */
void lanes_wake(struct lane_entry *l);
void lanes_pump_soon(struct dispatcher *d);
/* Sends what may be sent now, a bounded number. */
void lanes_pump(struct dispatcher *d);
/* New rows came: lanes that were held for them go on. */
void lanes_rows_changed(struct dispatcher *d);
/* Jobs of this source that wait are dropped; those on the wire go on. */
void lanes_drop_source(struct dispatcher *d, const struct source *s);
void lanes_each(struct dispatcher *d, void (*visit)(struct lane_entry *l, void *arg),
                void *arg);
/* Forgets lanes that have nothing to remember. */
void lanes_sweep(struct dispatcher *d);
void lanes_close(struct dispatcher *d);
