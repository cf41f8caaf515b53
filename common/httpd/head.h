#pragma once
/*
 * The head of an HTTP request, parsed strictly (RFC 9112): what two readers could
 * understand in two ways is refused. Pure.
 */
#include "base/err.h"

#include <stdbool.h>

#define HTTP_HEAD_MAX    16384
#define HTTP_HEADERS_MAX 100
#define HTTP_PATH_MAX    2048

struct http_header {
	const char *name; /* lower case */
	const char *value;
};

struct http_head {
	const char *method;
	const char *path;  /* as sent, without the query */
	const char *query; /* as sent; "" without one */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
	size_t content_length;
	bool keep_alive;
	bool expects_continue;
	char *text; /* what all these point into */
};

/*
 * `len` bytes up to and without the empty line. 0, or the status code of the refusal (400,
 * 411, 414, 417, 431, 501, 505) with `why`. To be released in any case.
 */
int http_head_parse(const char *text, size_t len, struct http_head *out,
                    struct err_text *why) MUST_CHECK;
void http_head_release(struct http_head *head);
/* NULL: absent. Of several the first. */
const char *http_head_find(const struct http_head *head, const char *name);

/* %41 and, in a query, + become what they mean. False: malformed, or NUL in it. */
bool http_unescape(const char *text, size_t len, bool plus, char *out);
/*
 * The value of a query's first parameter of that name, unescaped; the caller frees. NULL:
 * absent. *bad is set when it is malformed.
 */
char *http_query_find(const char *query, const char *name, bool *bad);
