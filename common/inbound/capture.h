#pragma once
/*
 * What the gateway keeps of a call the moment it ends: the bytes as they were, in one piece
 * that is quick to write (spool/journal.h). Later, off the loop, it becomes the message
 * (message/inbound_call.h). Secrets are masked before they come here.
 *
 * The piece: the counts of numbers and texts, the numbers, the lengths of the texts, the
 * texts. New ones are added at the ends of the lists, so that a newer program reads what an
 * older one left.
 */
#include "base/buf.h"
#include "base/err.h"

#define CAPTURE_NUMBERS(X)                                                                 \
	X(LAB_ID)                                                                          \
	X(ORG_ID)                                                                          \
	X(AUTH_ID)                                                                         \
	X(STATUS)                                                                          \
	X(TIME_US)     /* from the request's head to the end of the answer */              \
	X(OCCURRED_MS) /* wall clock */                                                    \
	X(ERROR_KIND)                                                                      \
	X(REQUEST_CUT) /* the body was longer than what is kept */                         \
	X(RESPONSE_CUT)

#define CAPTURE_TEXTS(X)                                                                   \
	X(RECORD_ID)                                                                       \
	X(OPERATION)                                                                       \
	X(CATEGORY)                                                                        \
	X(DEVELOPER)                                                                       \
	X(TOKEN)                                                                           \
	X(METHOD)                                                                          \
	X(PATH)                                                                            \
	X(END_POINT)                                                                       \
	X(IP)                                                                              \
	X(ORIGIN)                                                                          \
	X(REQUEST_HEADERS) /* "name: value\r\n" lines */                                   \
	X(REQUEST_BODY)                                                                    \
	X(RESPONSE_HEADERS)                                                                \
	X(RESPONSE_BODY)                                                                   \
	X(ERROR)                                                                           \
	X(TRACEPARENT)                                                                     \
	X(REFERENCES) /* the route's rules: inbound/references.h */

enum capture_number {
#define X(symbol) CAPTURE_##symbol,
	CAPTURE_NUMBERS(X)
#undef X
		CAPTURE_N_NUMBERS
};

enum capture_text {
#define X(symbol) CAPTURE_##symbol,
	CAPTURE_TEXTS(X)
#undef X
		CAPTURE_N_TEXTS
};

struct capture_span {
	const char *data; /* not terminated; NULL only when empty */
	size_t len;
};

struct capture {
	int64_t number[CAPTURE_N_NUMBERS];
	struct capture_span text[CAPTURE_N_TEXTS];
};

void capture_set(struct capture *c, enum capture_text which,
                 const char *text); /* NULL: none */
/* Appends the piece. */
void capture_encode(const struct capture *c, struct buf *out);

enum { CAPTURE_E_MALFORMED = 1 };
/* The texts point into `data`. */
int capture_decode(const char *data, size_t len, struct capture *out) MUST_CHECK;

/*
 * Appends the message's JSON to an empty buffer. Bodies that are no text (a PDF, a
 * compressed answer) are kept as size and SHA-256.
 */
void capture_append_json(const struct capture *c, struct buf *out);
