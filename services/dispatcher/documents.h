#pragma once
/*
 * The documents (PDFs) of a task, read out of the LIS (lis_api.document) when its turn has
 * come and before its request starts, each time anew. Readers are threads of their own, a
 * PostgreSQL connection each; a document goes in pieces from the connection to a spool on
 * disk, so memory does not depend on documents or on how slow their partner is. When
 * DOCUMENT_SPOOL_LIMIT is reached, further requests wait for room, in order.
 */
#include "dispatcher.h"

struct documents;
struct documents_read;

struct documents *documents_open(struct dispatcher *d);
struct documents *documents_close(struct documents *all); /* NULL in, NULL out */

/* Of a job that was started: attempt_documents() follows, perhaps at once. */
void documents_read(struct dispatcher *d, struct job *job);
/* Puts what was read into the request. Borrowed from the job. */
void documents_add(const struct documents_read *r, struct transport_request *rq);
struct documents_read *documents_release(struct dispatcher *d, struct documents_read *r);

void documents_gauge(const struct dispatcher *d);
