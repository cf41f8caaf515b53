#pragma once
/*
 * Documents (PDFs) in a payload. Their bytes are read at dispatch alone; until then a
 * payload has a marker where the document's base64 belongs. A definition or an HL7 builder
 * writes the marker; what renders the body takes the markers out again and keeps their
 * offsets. Data cannot forge one: it contains a number drawn at the process's start.
 */
#include "base/buf.h"

#include <jansson.h>

#define PAYLOAD_DOCUMENT_MARKER_SIZE 80

/* ASCII letters, digits and dashes only: no format escapes it. document_id > 0. */
const char *payload_document_marker(int64_t document_id,
                                    char out[PAYLOAD_DOCUMENT_MARKER_SIZE]);

/*
 * The first marker in text: its start, with its length and document; NULL: none. For the
 * renderer.
 */
const char *payload_document_find(const char *text, size_t len, size_t *marker_len,
                                  int64_t *document_id);

/*
 * Takes the markers out of `body`. Returns where they were, [{"document_id", "offset",
 * "name"}] with offsets into what is left, ascending; NULL: there were none.
 */
json_t *payload_documents_take(struct buf *body, const json_t *scope);

/* What stands for a marker elsewhere. */
enum payload_document_words {
	PAYLOAD_DOCUMENT_SHOWN,  /* for a log: [report-44.pdf, 1234 bytes, sha256 ...] */
	PAYLOAD_DOCUMENT_HASHED, /* its SHA-256, hex */
};
/*
 * Appends `text` with these words for each marker. They come from the member of `scope`,
 * at any depth, that has this document_id: name, byte_size, sha256.
 */
void payload_documents_replace(const char *text, size_t len, const json_t *scope,
                               enum payload_document_words words, struct buf *out);
/* An entry of the list above for a document that is sent beside the body. */
json_t *payload_document_beside(int64_t document_id, const json_t *scope);
