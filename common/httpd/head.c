#include "httpd/head.h"

#include <strings.h>

static int take_target(const struct http1_head *message, struct http_head *out,
                       const char **why)
{
	out->text = xstrndup(message->target, message->target_len);
	char *mark = strchr(out->text, '?');

	if (mark)
		*mark = '\0';
	out->path = out->text;
	out->query = mark ? mark + 1 : "";
	if (strlen(out->path) <= HTTP_PATH_MAX)
		return 0;
	*why = "the path is too long";
	return 414;
}

int http_head_take(const struct http1_head *message, struct http_head *out,
                   const char **why)
{
	int code = http1_check_request(message, why);

	if (code)
		return code;
	*out = (struct http_head){
		.method = message->method,
		/* of HTTP/1.0 it would have to be told */
		.keep_alive = message->keep_alive && message->minor == 1,
		.has_body = message->framing != HTTP1_NONE,
		.message = message,
	};
	const char *expect = http_head_find(out, "expect");

	out->expects_continue = expect != NULL;
	if (expect && strcasecmp(expect, "100-continue") != 0) {
		*why = "nothing else than 100-continue can be expected";
		return 417;
	}
	return take_target(message, out, why);
}

void http_head_release(struct http_head *head)
{
	free(head->text);
	*head = (struct http_head){ 0 };
}

const char *http_head_find(const struct http_head *head, const char *name)
{
	const struct http1_header *h =
		head->message ? http1_find(head->message, name) : NULL;

	return h ? h->value : NULL;
}
