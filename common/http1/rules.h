#pragma once
/*
 * What an intermediary may pass on of a head (RFC 9110, 7.6.1; RFC 9112, 6.3 and 11.2).
 * Pure functions.
 */
#include "http1/reader.h"

/* The first header of that name; NULL when there is none. */
const struct http1_header *http1_find(const struct http1_head *head, const char *name);
/* Without case; `name` is in lower case and begins with a letter. */
bool http1_is(const struct http1_header *h, const char *name);

/*
 * Beside what the parser refuses, what two programs could understand differently. 0, or the
 * code of the answer (400, 405, 505); *why says it.
 */
int http1_check_request(const struct http1_head *head, const char **why) MUST_CHECK;

/*
 * Is it about one connection only, so that it is not passed on? Those of RFC 9110 and those
 * that the connection header names, but for host and content-length.
 */
bool http1_is_hop_by_hop(const struct http1_head *head, const struct http1_header *h);

/* The words of a status code that we answer with: "Not Found". */
const char *http1_reason_of(int code);
/* Appends "name: value\r\n". */
void http1_append_header(struct buf *out, const char *name, const char *value);
void http1_pass_header(struct buf *out, const struct http1_header *h); /* as it came */
