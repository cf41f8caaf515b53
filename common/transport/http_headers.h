#pragma once
/*
 * The headers of one HTTP request: ours, the authentication's, the row's. A later one of
 * the same name (compared without case) takes the place of an earlier one.
 */
#include "transport/transport.h"

#include <jansson.h>

struct curl_slist;

enum { HTTP_HEADERS_MAX = 64 };

struct http_header {
	char *name, *value;
	bool secret; /* masked where it is shown, whatever its name */
};

struct http_headers {
	struct http_header list[HTTP_HEADERS_MAX];
	size_t n;
};

/*
 * Fills `out` for this request. TRANSPORT_E_CONFIG: a name or value that cannot be sent,
 * too many of them, or a secret that is none. Release in either case.
 */
int http_headers_build(struct http_headers *out, const struct transport_request *rq,
                       int64_t now_wall_ms, struct err_text *why) MUST_CHECK;
void http_headers_release(struct http_headers *h);

struct curl_slist *http_headers_to_curl(const struct http_headers *h);
json_t *http_headers_to_json(const struct http_headers *h); /* masked; new reference */
