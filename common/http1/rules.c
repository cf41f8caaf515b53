#include "http1/rules.h"

#include <strings.h>

/* Most names differ in the first letter. */
bool http1_is(const struct http1_header *h, const char *name)
{
	return (*h->name | 0x20) == *name && strcasecmp(h->name, name) == 0;
}

const struct http1_header *http1_find(const struct http1_head *head, const char *name)
{
	for (size_t i = 0; i < head->n_headers; i++)
		if (http1_is(&head->headers[i], name))
			return &head->headers[i];
	return NULL;
}

static size_t count(const struct http1_head *head, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_headers; i++)
		n += http1_is(&head->headers[i], name);
	return n;
}

static bool target_is_sound(const struct http1_head *head)
{
	const char *t = head->target;

	for (size_t i = 0; i < head->target_len; i++)
		if ((unsigned char)t[i] <= ' ' || t[i] == 0x7f || t[i] == '#')
			return false;
	return t[0] == '/' || (strcmp(t, "*") == 0 && strcmp(head->method, "OPTIONS") == 0);
}

static bool transfer_is_sound(const struct http1_head *head)
{
	const struct http1_header *te = http1_find(head, "transfer-encoding");

	return !te || (strcasecmp(te->value, "chunked") == 0 && head->minor == 1 &&
	               count(head, "transfer-encoding") == 1 &&
	               !http1_find(head, "content-length"));
}

int http1_check_request(const struct http1_head *head, const char **why)
{
	if (head->major != 1 || head->minor > 1) {
		*why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
		return 505;
	}
	if (strcmp(head->method, "CONNECT") == 0) {
		*why = "CONNECT is not served here";
		return 405;
	}
	*why = NULL;
	if (!target_is_sound(head))
		*why = "the request's target must be a path";
	else if (count(head, "host") > 1 || (head->minor == 1 && count(head, "host") == 0))
		*why = "there must be one host header";
	else if (count(head, "content-length") > 1)
		*why = "content-length is there twice";
	else if (!transfer_is_sound(head))
		*why = "transfer-encoding may only be chunked, in HTTP/1.1, without "
		       "content-length";
	return *why ? 400 : 0;
}

static const char *const hop_by_hop[] = {
	"connection",          "keep-alive", "proxy-connection",
	"transfer-encoding",   "te",         "proxy-authenticate",
	"proxy-authorization", "trailer",    "upgrade",
};

/* Never taken away by a name in the connection header: they say what the message is. */
static const char *const kept[] = { "host", "content-length" };

static bool is_among(const struct http1_header *h, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (http1_is(h, names[i]))
			return true;
	return false;
}

static bool list_names(const char *list, const struct http1_header *h)
{
	while (*list) {
		list += strspn(list, " \t,");
		size_t len = strcspn(list, " \t,");

		if (len == h->name_len && strncasecmp(list, h->name, len) == 0)
			return true;
		list += len;
	}
	return false;
}

bool http1_is_hop_by_hop(const struct http1_head *head, const struct http1_header *h)
{
	if (is_among(h, hop_by_hop, ARRAY_SIZE(hop_by_hop)))
		return true;
	if (is_among(h, kept, ARRAY_SIZE(kept)))
		return false;
	for (size_t i = 0; i < head->n_headers; i++)
		if (http1_is(&head->headers[i], "connection") &&
		    list_names(head->headers[i].value, h))
			return true;
	return false;
}

void http1_append_header(struct buf *out, const char *name, const char *value)
{
	buf_append_str(out, name);
	buf_append(out, ": ", 2);
	buf_append_str(out, value);
	buf_append(out, "\r\n", 2);
}

void http1_pass_header(struct buf *out, const struct http1_header *h)
{
	buf_append(out, h->name, h->name_len);
	buf_append(out, ": ", 2);
	buf_append(out, h->value, h->value_len);
	buf_append(out, "\r\n", 2);
}

const char *http1_reason_of(int code)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return code < 400 ? "OK" : "Error";
}
