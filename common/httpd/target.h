#pragma once
/* What a request's target says: paths by pattern, parameters of the query. Pure. */
#include <stdbool.h>
#include <stddef.h>

#define HTTP_PARTS_MAX 2
#define HTTP_PART_SIZE 200 /* bytes, its end among them */

/*
 * "/logs/{log_id}/retries" against a path as sent; what stands at a {name} is unescaped
 * into `parts`, in order. A slash at the end does not matter.
 */
bool http_path_match(const char *pattern, const char *path, char parts[][HTTP_PART_SIZE]);

/* %41 and, in a query, + become what they mean. False: malformed, or NUL in it. */
bool http_unescape(const char *text, size_t len, bool plus, char *out);
/*
 * The value of a query's first parameter of that name, unescaped; the caller frees. NULL:
 * absent. *bad is set when it is malformed.
 */
char *http_query_find(const char *query, const char *name, bool *bad);
