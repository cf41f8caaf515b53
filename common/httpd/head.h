#pragma once
/* The head of a request, as handlers see it. Pure. */
#include "http1/rules.h"

#define HTTP_PATH_MAX 2048

struct http_head {
	const char *method;
	const char *path;  /* as sent, without the query */
	const char *query; /* as sent; "" without one */
	bool keep_alive;
	bool expects_continue;
	bool has_body;
	const struct http1_head *message; /* the reader's: until its next message begins */
	char *text;                       /* what path and query point into */
};

/*
 * 0, or the status code of the refusal (400, 405, 414, 417, 505) with the reason in *why.
 * To be released in any case.
 */
int http_head_take(const struct http1_head *message, struct http_head *out,
                   const char **why) MUST_CHECK;
void http_head_release(struct http_head *head);
/* NULL: absent. Of several the first. */
const char *http_head_find(const struct http_head *head, const char *name);
