#pragma once
/* One request to one partner. */
#include "dispatcher.h"

/* Puts the lane's job on the wire, or reports why it cannot be sent. Takes it off the
 * queue.
 */
void attempt_start(struct dispatcher *d, struct job *job);
/* A started job's documents were read; or not, and it ends FAIL with this kind. */
void attempt_documents(struct dispatcher *d, struct job *job, enum error_kind kind,
                       const char *why);
/* Ends a waiting job without a request, FAIL with this kind and message. */
void attempt_refuse(struct dispatcher *d, struct job *job, enum error_kind kind,
                    const char *message);
/* Ends a waiting job without a request: another attempt makes it needless. */
void attempt_supersede(struct dispatcher *d, struct job *job, const char *message);
