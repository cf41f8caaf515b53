#include "httpd/head.h"

#include "base/utf8.h"

#include <ctype.h>
#include <strings.h>

/* RFC 9110, 5.6.2 */
static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!is_token_char(*text))
			return false;
	return true;
}

static bool is_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static char *next_line(char **rest)
{
	char *line = *rest, *end = strstr(line, "\r\n");

	if (end) {
		*end = '\0';
		*rest = end + 2;
	} else {
		*rest = line + strlen(line);
	}
	return line;
}

static int parse_target(char *target, struct http_head *out, struct err_text *why)
{
	if (*target != '/')
		return err_say(why, 400, "the target must begin with a slash");
	for (const char *c = target; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '#')
			return err_say(why, 400,
			               "the target has a character that must be "
			               "escaped");
	char *mark = strchr(target, '?');
	if (mark)
		*mark = '\0';
	if (strlen(target) > HTTP_PATH_MAX)
		return err_say(why, 414, "the path is too long");
	out->path = target;
	out->query = mark ? mark + 1 : "";
	return 0;
}

static int parse_request_line(char *line, struct http_head *out, struct err_text *why)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return err_say(why, 400, "no request line");
	*target++ = *version++ = '\0';
	if (!is_token(line) || strlen(line) > 16)
		return err_say(why, 400, "no method");
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return err_say(why, strncmp(version, "HTTP/", 5) == 0 ? 505 : 400,
		               "only HTTP/1.1 is spoken here");
	out->method = line;
	out->keep_alive = strcmp(version, "HTTP/1.1") == 0;
	return parse_target(target, out, why);
}

static int parse_header(char *line, struct http_head *out, struct err_text *why)
{
	char *value = strchr(line, ':');
	size_t len;

	if (!value)
		return err_say(why, 400, "a header without a colon");
	*value++ = '\0';
	if (!is_token(line))
		return err_say(why, 400, "a header's name is none");
	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		value[--len] = '\0';
	if (!is_value(value))
		return err_say(why, 400, "a header's value has control characters");
	if (out->n_headers == HTTP_HEADERS_MAX)
		return err_say(why, 431, "too many headers");
	for (char *c = line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	out->headers[out->n_headers++] =
		(struct http_header){ .name = line, .value = value };
	return 0;
}

static size_t count(const struct http_head *head, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_headers; i++)
		n += strcmp(head->headers[i].name, name) == 0;
	return n;
}

/* The length of a body is said once, in digits, or there is none. */
static int find_length(struct http_head *head, struct err_text *why)
{
	const char *length = http_head_find(head, "content-length");
	size_t n = 0;

	if (http_head_find(head, "transfer-encoding"))
		return err_say(why, 411, "send a content-length, no transfer-encoding");
	if (count(head, "content-length") > 1 || count(head, "host") > 1)
		return err_say(why, 400, "content-length or host is there twice");
	if (head->keep_alive && !http_head_find(head, "host"))
		return err_say(why, 400, "host is missing");
	if (!length)
		return 0;
	if (!*length || strlen(length) > 15 ||
	    strspn(length, "0123456789") != strlen(length))
		return err_say(why, 400, "content-length is no number");
	for (; *length; length++)
		n = n * 10 + (size_t)(*length - '0');
	head->content_length = n;
	return 0;
}

static int look_at_connection(struct http_head *head, struct err_text *why)
{
	const char *connection = http_head_find(head, "connection");
	const char *expect = http_head_find(head, "expect");

	if (connection && strcasestr(connection, "close"))
		head->keep_alive = false;
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return err_say(why, 417, "nothing else than 100-continue can be expected");
	head->expects_continue = expect != NULL;
	return 0;
}

int http_head_parse(const char *text, size_t len, struct http_head *out,
                    struct err_text *why)
{
	int result = 0;

	*out = (struct http_head){ .text = xstrndup(text, len) };
	char *rest = out->text;
	if (strlen(out->text) != len)
		return err_say(why, 400, "a NUL in the head");
	result = parse_request_line(next_line(&rest), out, why);
	while (result == 0 && *rest)
		result = parse_header(next_line(&rest), out, why);
	if (result == 0)
		result = find_length(out, why);
	return result ? result : look_at_connection(out, why);
}

void http_head_release(struct http_head *head)
{
	free(head->text);
	*head = (struct http_head){ 0 };
}

const char *http_head_find(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->n_headers; i++)
		if (strcmp(head->headers[i].name, name) == 0)
			return head->headers[i].value;
	return NULL;
}

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
