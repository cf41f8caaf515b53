#pragma once
/* What may be shown of a request: names decide, values are never looked at. Any thread. */
#include "base/util.h"

#include <stdbool.h>

#define MASK_TEXT "***"

/* True when the value of a header or of a query parameter of that name is a secret. */
bool mask_wants(const char *name, size_t len);
/*
 * The secrets within a URL: user and password as one ("url.userinfo"), and the values of
 * query parameters whose names say so ("url.query.NAME"), as they stand there. What `fn`
 * returns (malloc'd) takes the place of one; NULL leaves it. The URL made so; the caller
 * frees.
 */
typedef char *(*url_secret_fn)(void *arg, const char *path, const char *text);
char *url_replace_secrets(const char *url, url_secret_fn fn, void *arg);
/* The URL as it may be shown: each of them is MASK_TEXT. The caller frees. */
char *mask_url(const char *url);
