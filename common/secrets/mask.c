#include "secrets/mask.h"

#include "base/buf.h"

#include <ctype.h>

/* Parts of names; what a partner calls its key is up to the partner. */
static const char *const parts[] = {
	"authorization", "cookie",     "secret",     "token",      "password", "passwd",
	"api-key",       "apikey",     "api_key",    "signature",  "auth-key", "auth_key",
	"authkey",       "access-key", "access_key", "credential", "x-auth",
};

static bool contains(const char *name, size_t len, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(name + i, part, n) == 0)
			return true;
	return false;
}

bool mask_wants(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (contains(name, len, parts[i]))
			return true;
	return (len == 3 && strncasecmp(name, "key", 3) == 0) ||
	       (len == 3 && strncasecmp(name, "pwd", 3) == 0);
}

static void append_query(struct buf *out, const char *query, size_t len)
{
	while (len > 0) {
		const char *amp = memchr(query, '&', len);
		size_t n = amp ? (size_t)(amp - query) : len;
		const char *equals = memchr(query, '=', n);

		if (equals && mask_wants(query, (size_t)(equals - query))) {
			buf_append(out, query, (size_t)(equals + 1 - query));
			buf_append_str(out, MASK_TEXT);
		} else {
			buf_append(out, query, n);
		}
		if (amp)
			buf_append_char(out, '&');
		query += n + (amp != NULL);
		len -= n + (amp != NULL);
	}
}

char *mask_url(const char *url)
{
	struct buf out = BUF_INIT(0);
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *host_end = host + strcspn(host, "/?#");
	const char *at = memrchr(host, '@', (size_t)(host_end - host));
	const char *query = host_end + strcspn(host_end, "?#");
	size_t query_len = *query == '?' ? strcspn(query + 1, "#") : 0;

	buf_append(&out, url, (size_t)(host - url));
	if (at) {
		buf_append_str(&out, MASK_TEXT "@");
		host = at + 1;
	}
	buf_append(&out, host, (size_t)(query - host));
	if (*query == '?') {
		buf_append_char(&out, '?');
		append_query(&out, query + 1, query_len);
		query += 1 + query_len;
	}
	buf_append_str(&out, query);
	return buf_take(&out);
}
