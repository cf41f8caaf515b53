/* From the handler to the client: answers, and streams of them. */
#include "httpd/connection.h"

#include <stdio.h>

void httpd_header(struct buf *headers, const char *name, const char *value)
{
	buf_printf(headers, "%s: ", name);
	for (; *value; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			buf_append_char(headers, ' ');
		else
			buf_append_char(headers, *value);
	}
	buf_append_str(headers, "\r\n");
}

static void write_head(struct connection *c, int code, const struct buf *headers,
                       int64_t length)
{
	struct evbuffer *out = bufferevent_get_output(c->io);

	(void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", code, http1_reason_of(code));
	if (headers)
		(void)evbuffer_add(out, headers->data, headers->len);
	if (length >= 0)
		(void)evbuffer_add_printf(out, "content-length: %lld\r\n",
		                          (long long)length);
	if (c->last)
		(void)evbuffer_add(out, "connection: close\r\n", 19);
	(void)evbuffer_add(out, "\r\n", 2);
}

/* False: nobody waits for it any more. */
static bool begin_reply(struct connection *c, int code, const struct buf *headers,
                        size_t len, bool *with_body)
{
	const struct http_head *head = &c->request.head;
	bool bodiless = code == 204 || code == 304;

	*with_body =
		len && !bodiless && !(head->method && strcmp(head->method, "HEAD") == 0);
	if (!c->io) {
		connection_free(c);
		return false;
	}
	c->last |= c->server->draining || !head->keep_alive;
	write_head(c, code, headers, bodiless ? -1 : (int64_t)len);
	c->state = STATE_REPLYING;
	connection_set_deadline(c, c->server->options.write_ms);
	return true;
}

void httpd_reply(struct httpd_request *request, int code, const struct buf *headers,
                 const void *body, size_t len)
{
	struct connection *c = (struct connection *)request;
	bool with_body;

	if (begin_reply(c, code, headers, len, &with_body) && with_body)
		(void)evbuffer_add(bufferevent_get_output(c->io), body, len);
}

static void free_body(const void *data, size_t len, void *body)
{
	free(body);
}

void httpd_reply_taking(struct httpd_request *request, int code, const struct buf *headers,
                        char *body, size_t len)
{
	struct connection *c = (struct connection *)request;
	bool with_body;

	if (!begin_reply(c, code, headers, len, &with_body) || !with_body ||
	    evbuffer_add_reference(bufferevent_get_output(c->io), body, len, free_body,
	                           body))
		free(body);
}

void connection_refuse(struct connection *c, int code, const char *why)
{
	CLEANUP(buf_deinit) struct buf headers = BUF_INIT(0), body = BUF_INIT(0);
	char label[8];

	c->last = true;
	(void)snprintf(label, sizeof(label), "%d", code);
	metric_add(&httpd_metric_refused, label, 1);
	buf_printf(&body, "{\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
	           http1_reason_of(code), code, why);
	httpd_header(&headers, "content-type", "application/problem+json");
	if (code == 503)
		httpd_header(&headers, "retry-after", "5");
	httpd_reply(&c->request, code, &headers, body.data, body.len);
}

void httpd_stream_begin(struct httpd_request *request, const struct buf *headers,
                        const struct httpd_stream_events *events)
{
	struct connection *c = (struct connection *)request;

	c->events = events;
	c->last = true;
	c->state = STATE_STREAMING;
	if (c->io && !c->ended)
		write_head(c, 200, headers, -1);
	else
		connection_set_deadline(
			c, 1); /* gone before it began: on_gone from the loop */
}

void httpd_stream_write(struct httpd_request *request, const void *data, size_t len)
{
	struct connection *c = (struct connection *)request;

	if (c->io && !c->ending)
		(void)bufferevent_write(c->io, data, len);
}

size_t httpd_stream_unsent(const struct httpd_request *request)
{
	const struct connection *c = (const struct connection *)request;

	return c->io ? evbuffer_get_length(bufferevent_get_output(c->io)) : 0;
}

void httpd_stream_end(struct httpd_request *request)
{
	struct connection *c = (struct connection *)request;

	c->ending = true;
	connection_set_deadline(c, httpd_stream_unsent(request) ? HTTPD_LINGER_MS : 1);
}
