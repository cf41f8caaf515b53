#pragma once
/* What may be shown of a request: names decide, values are never looked at. Any thread. */
#include "base/util.h"

#include <stdbool.h>

#define MASK_TEXT "***"

/* True when the value of a header or of a query parameter of that name is a secret. */
bool mask_wants(const char *name, size_t len);
/*
 * The URL as it may be shown: user and password, and the values of query parameters whose
 * names say that they are secrets, are masked. The caller frees.
 */
char *mask_url(const char *url);
