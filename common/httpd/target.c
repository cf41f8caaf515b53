#include "httpd/target.h"

#include "base/utf8.h"
#include "base/util.h"

#include <ctype.h>
#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_unescape(const char *text, size_t len, bool plus, char *out)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(text[i + 2]) : -1;

			if (low < 0 || high * 16 + low == 0)
				return false;
			*out++ = (char)(high * 16 + low);
			i += 2;
		} else if (plus && text[i] == '+') {
			*out++ = ' ';
		} else {
			*out++ = text[i];
		}
	}
	*out = '\0';
	return true;
}

char *http_query_find(const char *query, const char *name, bool *bad)
{
	size_t name_len = strlen(name);

	for (const char *at = query; *at;) {
		size_t len = strcspn(at, "&");

		if (len > name_len && at[name_len] == '=' &&
		    strncmp(at, name, name_len) == 0) {
			const char *value = at + name_len + 1;
			char *out = xcalloc(1, len + 1);

			if (http_unescape(value, len - name_len - 1, true, out) &&
			    utf8_valid(out, strlen(out)))
				return out;
			free(out);
			*bad = true;
			return NULL;
		}
		at += len + (at[len] == '&');
	}
	return NULL;
}

/* One segment against one of the pattern; a {name} keeps it. */
static bool match_segment(const char *pattern, size_t pattern_len, const char *text,
                          size_t len, char parts[][HTTP_PART_SIZE], size_t *n)
{
	if (*pattern != '{')
		return pattern_len == len && memcmp(pattern, text, len) == 0;
	return len > 0 && len < HTTP_PART_SIZE && *n < HTTP_PARTS_MAX &&
	       http_unescape(text, len, false, parts[(*n)++]);
}

/* A slash at the end does not matter. */
static size_t trimmed(const char *path)
{
	size_t len = strlen(path);

	return len > 1 && path[len - 1] == '/' ? len - 1 : len;
}

bool http_path_match(const char *pattern, const char *path, char parts[][HTTP_PART_SIZE])
{
	const char *pattern_end = pattern + trimmed(pattern);
	const char *path_end = path + trimmed(path);
	size_t n = 0;

	while (pattern < pattern_end && path < path_end) {
		size_t a = strcspn(pattern + 1, "/"), b = strcspn(path + 1, "/");

		if (!match_segment(pattern + 1, a, path + 1, b, parts, &n))
			return false;
		pattern += a + 1;
		path += b + 1;
	}
	return pattern >= pattern_end && path >= path_end;
}
