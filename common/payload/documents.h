#pragma once
/*
 * Documents (PDFs) in a payload. Their bytes are read at dispatch alone; until then a
 * payload has a marker where the document's base64 belongs. A definition or an HL7 builder
 * writes the marker; what renders the body takes the markers out again and keeps their
 * offsets. Data cannot forge one: it contains a number drawn at the process's start.
 */
#include "base/util.h"

#include <stdint.h>

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
