#pragma once
/*
 * Requests of rows with OAuth 2 client credentials: each waits for an access token, which
 * is fetched once for all that need it, kept until shortly before its end, and renewed once
 * for a request that a 401 answers. A token server that fails is left alone for a while
 * (requests that need it fail meanwhile). On the loop; nothing blocks. Private to
 * transport/http*.c.
 */
#include "metrics/metrics.h"
#include "transport/transport.h"

/* Sends a request whose access token is there (or that needs none): as transport_ops.send.
 */
typedef int (*oauth_send_fn)(void *sender, const struct transport_request *rq,
                             transport_done_fn done, void *arg, struct err_text *why);

extern struct metric oauth_metric_requests, oauth_metric_waiting, oauth_metric_tokens;

struct oauth;
struct oauth *oauth_new(struct event_base *loop, oauth_send_fn send, void *sender);
/* When nothing is sent any more: drops what waits, without done(). NULL in, NULL out. */
struct oauth *oauth_free(struct oauth *o);
/* As transport_ops.send. */
int oauth_send(struct oauth *o, const struct transport_request *rq, transport_done_fn done,
               void *arg, struct err_text *why) MUST_CHECK;
