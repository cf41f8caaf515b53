#pragma once
/*
 * The rows as they are now: a worker thread asks PostgreSQL for their version several times
 * a second, and at once when a task wants newer ones.
 */
#include "dispatcher.h"

struct rows *rows_open(struct dispatcher *d);
struct rows *rows_close(struct rows *r);

/* NULL: none were read yet. Borrowed. */
struct settings *rows_now(const struct rows *r);
/*
 * True when the rows are at least as new as this task needs: of that version, or read after
 * the task came (then there are no newer ones). Else they are asked for.
 */
bool rows_serve(struct rows *r, const struct job *job);
