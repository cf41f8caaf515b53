#pragma once
/*
 * Whose turn is it? Items wait in lines, one a key; turns go round the lines, so a key that
 * has brought ten thousand delays another's by one. Within a line the order is kept. Pure;
 * not thread-safe. Memory: a line while it has items.
 */
#include "base/util.h"

#include <stdbool.h>
#include <sys/queue.h>

struct fair_line;

/* Part of what waits, which the caller owns. */
struct fair_item {
	TAILQ_ENTRY(fair_item) link;
	struct fair_line *line; /* NULL: it does not wait */
	bool alone;             /* nothing of its key waited when it came */
};

struct fair;
struct fair *fair_new(void);
struct fair *fair_free(struct fair *f); /* items are left to their owner */

/* Behind those of its key; any bytes, also none. */
void fair_add(struct fair *f, const void *key, size_t len, struct fair_item *item);
struct fair_item *fair_take(struct fair *f); /* NULL: nothing waits */
/* The next one of this key, out of turn; NULL: none. */
struct fair_item *fair_take_of(struct fair *f, const void *key, size_t len);
void fair_remove(struct fair *f, struct fair_item *item); /* one that waits */

size_t fair_items(const struct fair *f);
size_t fair_lines(const struct fair *f);
