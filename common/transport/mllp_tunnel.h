#pragma once
/*
 * A way through an HTTP proxy (EGRESS_PROXY): CONNECT host:port (RFC 9110, 9.3.6) on a
 * connected socket, which is the peer's from then on. The proxy looks the name up and
 * enforces the address ranges. Loop thread.
 */
#include "base/err.h"

#include <stdbool.h>

struct event_base;
struct mllp_tunnel;

struct mllp_proxy {
	char *host;
	int port;
	char *authorization; /* of Proxy-Authorization; NULL: none */
};

/* False: not an http:// url. Release it in any case. */
bool mllp_proxy_parse(const char *url, struct mllp_proxy *out);
void mllp_proxy_release(struct mllp_proxy *proxy);

/* Once, from the loop: "" when the way is open, else why it is not. */
typedef void (*mllp_tunnel_fn)(const char *refusal, void *arg);

/* Borrows `fd`, which does not block, until done() or mllp_tunnel_close(). */
struct mllp_tunnel *mllp_tunnel_open(struct event_base *loop, int fd,
                                     const struct mllp_proxy *proxy, const char *host,
                                     int port);
void mllp_tunnel_start(struct mllp_tunnel *t, mllp_tunnel_fn done, void *arg);
struct mllp_tunnel *mllp_tunnel_close(struct mllp_tunnel *t);
