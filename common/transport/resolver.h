#pragma once
/*
 * Host names to addresses, off the loop: getaddrinfo, as curl asks it, on threads of its
 * own, because nothing else reads all the sources that a machine is configured with. One
 * look-up a name at a time, RESOLVER_THREADS at once; whoever asks for a name that is being
 * looked up waits for the same answer. All functions on the loop thread.
 */
#include "base/util.h"

#include <netdb.h>

struct event_base;
struct resolver;
struct resolver_query;

enum { RESOLVER_THREADS = 16 };

/* `error` is NULL, or words for a person; then there are no addresses. Both are borrowed.
 */
typedef void (*resolver_done_fn)(const struct addrinfo *addresses, const char *error,
                                 void *arg);

struct resolver *resolver_open(struct event_base *loop);
/* Look-ups under way are left behind; nobody is called any more. */
struct resolver *resolver_close(struct resolver *r);

/* done() follows once, from the loop, unless it is cancelled; port 0 in the addresses. */
struct resolver_query *resolver_ask(struct resolver *r, const char *host,
                                    resolver_done_fn done, void *arg);
void resolver_cancel(struct resolver_query *q); /* not after done() */
