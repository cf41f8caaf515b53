#pragma once
/*
 * Answers that several readers ask for at the same time: one of them works it out, and it
 * is given to all for as long as twenty times what it cost, at most some seconds. So what
 * is dear is little old, and what is cheap is never old. Bounded; any thread.
 */
#include <stddef.h>
#include <stdint.h>

struct shared;
struct shared *shared_new(void);
struct shared *shared_free(struct shared *s); /* returns NULL */

/*
 * The answer to this question; the caller frees. NULL: nobody has it, and the caller works
 * it out and calls shared_put, whatever comes out of it. Waits while another one does, a
 * little.
 */
char *shared_take(struct shared *s, const char *question, size_t *len);
/* `text` NULL: there is no answer that others may have. */
void shared_put(struct shared *s, const char *question, const char *text, size_t len,
                int64_t cost_ms);
