#pragma once
/*
 * A request's body as it goes over the wire: the task's text with each document's base64
 * (one line, standard alphabet, padded), or its bytes, at its place. It is read as a
 * stream, as often as needed (a signature is made from a first pass), and never is in
 * memory as a whole.
 */
#include "base/util.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct spool;

struct content_document {
	size_t offset;    /* into the text; CONTENT_BESIDE: no part of it */
	bool raw;         /* its bytes as they are, not as base64 */
	const char *name; /* a file's, safe anywhere */
	const struct spool *spool;
	size_t from, size; /* in the spool */
};
#define CONTENT_BESIDE SIZE_MAX

/* Borrowed until the request's end. Documents in order of their offsets, those beside last.
 */
struct content {
	const char *text;
	size_t len;
	const struct content_document *documents;
	size_t n_documents;
};

/* Bytes in all; equals `len` without documents. */
uint64_t content_length(const struct content *c);

/* Where a stream stands; zero is the beginning. */
struct content_place {
	size_t text;     /* bytes of the text that were given */
	size_t document; /* whose turn it is */
	size_t raw;      /* of its bytes that were encoded */
	char rest[4];    /* encoded, not given yet */
	size_t n_rest;
};
/* The next bytes, at most `len`; 0 at the end; -errno: a document could not be read. */
ssize_t content_read(const struct content *c, struct content_place *place, char *out,
                     size_t len);
