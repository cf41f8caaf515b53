#pragma once
/*
 * An HTTP/1.1 server on the loop (RFC 9112), strict where leniency is dangerous
 * (http1/rules.h): every request has a deadline as a whole, so bytes that drip in hold
 * nothing; connections, header bytes, body bytes and unsent bytes are bounded. All
 * functions belong to the loop thread.
 *
 * A request is handed over whole and is answered exactly once, at once or later
 * (httpd_reply), or turned into a stream (httpd_stream_begin). When its client has gone the
 * request stays valid until then, and the answer is dropped.
 */
#include "base/buf.h"
#include "base/err.h"
#include "httpd/head.h"

#include <stdbool.h>

struct event_base;

struct httpd_options {
	const char *name; /* of the server, in metrics */
	const char *address;
	int port;         /* 0: any free one */
	const char *keys; /* how errors call them: "X_ADDRESS, X_PORT" */
	/* When there are as many, one that rests gives way to a new one; when none rests,
	 * the new one is closed. */
	size_t max_connections;
	size_t max_body;   /* 413 above it */
	size_t max_bodies; /* bytes of all bodies under way, or 503; 0: max_body */
	/* 0: 10 s from the first byte, 30 s from the end of the head, 65 s between
	 * requests, 60 s for an answer's way out */
	int64_t head_ms, body_ms, idle_ms, write_ms;
};

struct httpd;
struct httpd_request {
	struct http_head head;
	const char *body; /* terminated; "" without one */
	size_t body_len;
	const char *peer; /* its address as text */
	void *user;       /* the handler's */
};

typedef void (*httpd_request_fn)(struct httpd_request *request, void *arg);
int httpd_open(struct event_base *loop, const struct httpd_options *options,
               httpd_request_fn on_request, void *arg, struct httpd **out,
               struct err_text *why) MUST_CHECK;
/* No new connections; those that are idle end, the others after their answer. */
void httpd_drain(struct httpd *h);
/* Every request must have been answered; streams end here. NULL in, NULL out. */
struct httpd *httpd_close(struct httpd *h);
size_t httpd_connections(const struct httpd *h);
int httpd_port(const struct httpd *h); /* the real one */
void httpd_register_metrics(void);

/*
 * Headers of an answer, "name: value\r\n" each. A value cannot end the line: control
 * characters become blanks.
 */
void httpd_header(struct buf *headers, const char *name, const char *value);
/*
 * `headers` may be NULL. content-length and connection are added here. The body is copied;
 * a HEAD gets its length only.
 */
void httpd_reply(struct httpd_request *request, int code, const struct buf *headers,
                 const void *body, size_t len);
/* The same with a body of malloc(), or NULL, which it takes: no copy of a large one. */
void httpd_reply_taking(struct httpd_request *request, int code, const struct buf *headers,
                        char *body, size_t len);

/* A stream ends with its connection. `on_gone` is the last call of a stream. */
struct httpd_stream_events {
	void (*on_room)(struct httpd_request *request); /* what was written is on its way */
	void (*on_gone)(struct httpd_request *request); /* the request is freed after it */
};
void httpd_stream_begin(struct httpd_request *request, const struct buf *headers,
                        const struct httpd_stream_events *events);
void httpd_stream_write(struct httpd_request *request, const void *data, size_t len);
size_t httpd_stream_unsent(const struct httpd_request *request);
void httpd_stream_end(struct httpd_request *request); /* on_gone follows, from the loop */
