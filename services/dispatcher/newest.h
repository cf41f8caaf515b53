#pragma once
/*
 * Two attempts of one log in one lane (contract, "Moves of a status"): an attempt that is
 * not sent yet gives way to a newer one; one that is on the wire is awaited, and when it is
 * delivered the newer one ends unsent. So a retry never doubles what is still on its way
 * here.
 */
#include "dispatcher.h"

#include <stdbool.h>

/*
 * A retry of what this process delivered a while ago, before its report was seen by whoever
 * asked: it must end unsent. One that says "resend" knows of it.
 */
bool newest_is_needless(struct dispatcher *d, const struct job *job);
/* At first, and when partitions go: another process may deliver now. */
void newest_forget(struct dispatcher *d);
/* A retry has come: older attempts of its log that wait end SUPERSEDED. */
void newest_arrived(struct dispatcher *d, struct lane_entry *l, const struct job *newer);
/* An older attempt of the job's log is on the wire, or in a batch. */
bool newest_must_wait(const struct lane_entry *l, const struct job *job);
/* This job was delivered: newer attempts at its logs that wait end SUPERSEDED. */
void newest_delivered(struct dispatcher *d, struct lane_entry *l, const struct job *job);
