#pragma once
/*
 * OAuth 2.0 client credentials (RFC 6749, 4.4), the pure part: what is asked of a token
 * server, and what its answer means. Private to transport/oauth*.c.
 */
#include "transport/transport.h"

#define OAUTH_KEY_SIZE 32

/* Rows with the same key share a token: same server, client, secret, scope and trust. */
void oauth_key(const struct integration *row, unsigned char out[OAUTH_KEY_SIZE]);

/* The request for a token: a POST with the client in the Basic scheme (2.3.1). */
struct oauth_request {
	struct integration row; /* of the texts below and the asking row's trust */
	struct header header;
	char *username, *password; /* percent-encoded, as 2.3.1 wants them */
	char *body;                /* must stay until the answer */
};
void oauth_request_make(const struct integration *asking, struct oauth_request *out);
void oauth_request_release(struct oauth_request *rq);

/*
 * 0: *token is the caller's, and is used for *valid_ms from when it was asked for. 1: `why`
 * says why there is none, without a word of what the server could have echoed.
 */
int oauth_answer_read(const struct transport_result *r, char **token, int64_t *valid_ms,
                      struct err_text *why) MUST_CHECK;
