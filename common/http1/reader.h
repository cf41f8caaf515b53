#pragma once
/*
 * Reads HTTP/1 messages (RFC 9112) from a stream of bytes as they come, hiding llhttp: a
 * head as a whole, a body piece by piece. Strict: whatever two programs could read as two
 * different messages is an error. One thread a reader.
 */
#include "base/buf.h"

#include <stdbool.h>

struct http1_header {
	const char *name, *value; /* terminated; the value without blanks around it */
	size_t name_len, value_len;
};

enum http1_framing {
	HTTP1_NONE,    /* no body */
	HTTP1_LENGTH,  /* content-length */
	HTTP1_CHUNKED, /* transfer-encoding: chunked */
	HTTP1_TO_END,  /* of an answer: until the connection closes */
};

/* Lives in the reader, until its next message begins. */
struct http1_head {
	const char *method; /* of a request, and its target as sent */
	const char *target;
	size_t target_len;
	int status; /* of an answer, and its words */
	const char *reason;
	int major, minor;
	bool keep_alive; /* by the version and the connection header */
	enum http1_framing framing;
	uint64_t length; /* with HTTP1_LENGTH */
	const struct http1_header *headers;
	size_t n_headers;
};

enum http1_next {
	HTTP1_GO,
	HTTP1_HOLD,      /* http1_reader_feed returns HTTP1_E_HELD before the body */
	HTTP1_SKIP_BODY, /* the answer to a HEAD: what its head says of a body is not sent
	                  */
};

struct http1_events {
	enum http1_next (*head)(void *arg, const struct http1_head *head);
	void (*body)(void *arg, const char *data, size_t len);
	void (*end)(void *arg);
};

enum {
	HTTP1_E_HELD = 1,  /* feed again to go on with what was not used */
	HTTP1_E_ENDED,     /* a message ended: what was not used is the next one's */
	HTTP1_E_MALFORMED, /* http1_reader_fault says why; nothing more can be read */
	HTTP1_E_TOO_LARGE, /* the head is over its limit, or the frames of the body are */
};

#define HTTP1_MAX_HEADERS 256

struct http1_reader;
struct http1_reader *http1_reader_new(bool of_requests, size_t head_limit,
                                      const struct http1_events *events, void *arg);
struct http1_reader *http1_reader_free(struct http1_reader *r);

/* 0: all was used. Else *used says how much was. */
int http1_reader_feed(struct http1_reader *r, const char *data, size_t len,
                      size_t *used) MUST_CHECK;
/* The stream ended. True when the message that was being read ended with it. */
bool http1_reader_finish(struct http1_reader *r);
/* Has a message begun that is not at its end? */
bool http1_reader_is_within(const struct http1_reader *r);
/* Of a request that could not be read: its method and target, when they were. */
void http1_reader_partial(const struct http1_reader *r, struct http1_head *out);
const char *http1_reader_fault(const struct http1_reader *r); /* words of the parser */
/* Gives the memory of the last head back (an idle connection keeps none). */
void http1_reader_rest(struct http1_reader *r);
