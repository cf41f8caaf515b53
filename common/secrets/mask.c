#include "secrets/mask.h"

#include "base/buf.h"

#include <ctype.h>

/* Parts of names; what a partner calls its key is up to the partner. */
static const char *const parts[] = {
	"authorization", "cookie",     "secret",     "token",      "password", "passwd",
	"api-key",       "apikey",     "api_key",    "signature",  "auth-key", "auth_key",
	"authkey",       "access-key", "access_key", "credential", "x-auth",
};

/* The letters that they begin with. */
static const char begins[] = "acpstx";

static bool begins_with_part(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t n = strlen(parts[i]);

		if ((*text | 0x20) == *parts[i] && n <= len &&
		    strncasecmp(text, parts[i], n) == 0)
			return true;
	}
	return false;
}

/* Quick where there is none: it is asked of every header of every call. */
bool mask_wants(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (memchr(begins, name[i] | 0x20, sizeof(begins) - 1) &&
		    begins_with_part(name + i, len - i))
			return true;
	return (len == 3 && strncasecmp(name, "key", 3) == 0) ||
	       (len == 3 && strncasecmp(name, "pwd", 3) == 0);
}

struct replacing {
	struct buf out;
	url_secret_fn fn;
	void *arg;
};

static void append_secret(struct replacing *r, const char *path, const char *text,
                          size_t len)
{
	CLEANUP(freep) char *secret = xstrndup(text, len);
	CLEANUP(freep) char *instead = r->fn(r->arg, path, secret);

	buf_append_str(&r->out, instead ? instead : secret);
}

static void append_query(struct replacing *r, const char *query, size_t len)
{
	while (len > 0) {
		const char *amp = memchr(query, '&', len);
		size_t n = amp ? (size_t)(amp - query) : len;
		const char *equals = memchr(query, '=', n);
		size_t name_len = equals ? (size_t)(equals - query) : 0;

		if (equals && mask_wants(query, name_len)) {
			CLEANUP(freep)
			char *path = xasprintf("url.query.%.*s", (int)name_len, query);

			buf_append(&r->out, query, name_len + 1);
			append_secret(r, path, equals + 1, n - name_len - 1);
		} else {
			buf_append(&r->out, query, n);
		}
		if (amp)
			buf_append_char(&r->out, '&');
		query += n + (amp != NULL);
		len -= n + (amp != NULL);
	}
}

char *url_replace_secrets(const char *url, url_secret_fn fn, void *arg)
{
	struct replacing r = { .out = BUF_INIT(0), .fn = fn, .arg = arg };
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *host_end = host + strcspn(host, "/?#");
	const char *at = memrchr(host, '@', (size_t)(host_end - host));
	const char *query = host_end + strcspn(host_end, "?#");
	size_t query_len = *query == '?' ? strcspn(query + 1, "#") : 0;

	buf_append(&r.out, url, (size_t)(host - url));
	if (at) {
		append_secret(&r, "url.userinfo", host, (size_t)(at - host));
		host = at;
	}
	buf_append(&r.out, host, (size_t)(query - host));
	if (*query == '?') {
		buf_append_char(&r.out, '?');
		append_query(&r, query + 1, query_len);
		query += 1 + query_len;
	}
	buf_append_str(&r.out, query);
	return buf_take(&r.out);
}

static char *mask_one(void *arg, const char *path, const char *text)
{
	return xstrdup(MASK_TEXT);
}

char *mask_url(const char *url)
{
	return url_replace_secrets(url, mask_one, NULL);
}
