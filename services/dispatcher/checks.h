#pragma once
/*
 * Questions to fax vendors: tasks with `check`, made by retry-scheduler for faxes that wait
 * for their vendor's verdict, and by callback when a vendor's webhook says that it has one.
 * They belong to no lane: the fax transport keeps the vendor's pace. What cannot be asked
 * now is dropped, since retry-scheduler asks again.
 */
#include "dispatcher.h"

/* Takes the job over. */
void checks_take(struct dispatcher *d, struct job *job);
/* After the transports: what was under way is left to the next question. */
void checks_close(struct dispatcher *d);
