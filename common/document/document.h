#pragma once
/*
 * The documents (PDFs) of a request, out of the LIS (lis_api.document): in pieces from the
 * connection into a spool on disk, so memory does not depend on them. Blocking; the thread
 * of `pg`.
 */
#include "base/buf.h"
#include "base/log_id.h"
#include "config/config.h"
#include "postgres/postgres.h"
#include "transport/content.h"
#include "transport/spool.h"

#include <jansson.h>
#include <stdatomic.h>

enum { DOCUMENTS_MAX = 10000 }; /* of one request */

struct document_config {
	int64_t timeout; /* DOCUMENT_TIMEOUT, ms */
	int64_t limit;   /* DOCUMENT_LIMIT, bytes of one */
	char *folder;    /* DOCUMENT_SPOOL_FOLDER */
};
extern const struct config_key document_config_keys[];

enum {
	DOCUMENT_E_AWAY = 1, /* PostgreSQL does not answer: nothing is said in `why` */
	DOCUMENT_E_BUILD,    /* it is not there, too large, or its function fails */
	DOCUMENT_E_STORAGE,  /* it cannot be read in time, or spooled */
};

/* Where a body's documents belong (message/task.h: `documents`), and which. */
struct document_place {
	int64_t document_id;
	size_t offset; /* CONTENT_BESIDE */
	const char *name;
};
/*
 * `out` has room for each of `listed`; names are borrowed from it. DOCUMENT_E_BUILD: they
 * are not within the body, or too many.
 */
int document_places(const json_t *listed, size_t body_len, struct document_place *out,
                    struct err_text *why) MUST_CHECK;

struct document_source { /* borrowed */
	struct pg *pg;
	const struct document_config *config;
	const atomic_bool *stop; /* ends a reading; NULL: nothing does */
};

/* Appends one to the spool and fills `out`, but for `raw`. */
int document_read(const struct document_source *from, const struct document_place *place,
                  struct spool *to, struct content_document *out,
                  struct err_text *why) MUST_CHECK;
/* What DOCUMENT_E_AWAY is, in words, when it was the last try. */
int document_away(const struct document_source *from, const struct document_place *place,
                  struct err_text *why);

/*
 * The webhook signature over the bytes that will be sent: a pass over all of them. Appends
 * to `out`. DOCUMENT_E_STORAGE: a document cannot be read back; DOCUMENT_E_BUILD: `secret`
 * is none.
 */
int document_sign(const struct content *content, const char *secret,
                  const struct log_id *log_id, int64_t now_wall_ms, struct buf *out,
                  struct err_text *why) MUST_CHECK;
