#include "document/document.h"

#include "base/clock.h"
#include "secrets/signature.h"
#include "json/jdoc.h"

#include <stdio.h>

enum { PIECE = 1 << 20 };

#define FIELD(name) offsetof(struct document_config, name)

const struct config_key document_config_keys[] = {
	{
		.name = "DOCUMENT_TIMEOUT",
		.type = CONFIG_MSEC,
		.offset = FIELD(timeout),
		.min = 100,
		.max = 600000,
		.dflt = "30s",
		.help = "Longest wait for one document (PDF) out of the LIS.",
	},
	{
		.name = "DOCUMENT_LIMIT",
		.type = CONFIG_BYTES,
		.offset = FIELD(limit),
		.min = 1 << 10,
		.max = 1 << 30,
		.dflt = "64MiB",
		.help = "Largest document that is sent; a larger one is a FAIL, build.",
	},
	{
		.name = "DOCUMENT_SPOOL_FOLDER",
		.type = CONFIG_STRING,
		.offset = FIELD(folder),
		.dflt = "/var/tmp",
		.help = "Where documents on their way wait: in files without a name, "
			"enciphered.",
	},
	CONFIG_END,
};

int document_places(const json_t *listed, size_t body_len, struct document_place *out,
                    struct err_text *why)
{
	const json_t *member;
	int64_t at = 0, end = (int64_t)body_len;
	size_t i;

	if (json_array_size(listed) > DOCUMENTS_MAX)
		return err_say(why, DOCUMENT_E_BUILD, "the task has too many documents");
	json_array_foreach (listed, i, member) {
		int64_t offset = jdoc_int_or(member, "offset", INT64_MAX);

		out[i] = (struct document_place){
			.document_id = jdoc_int_or(member, "document_id", 0),
			.name = jdoc_text_or(member, "name", ""),
			.offset = offset == INT64_MAX ? CONTENT_BESIDE : (size_t)offset,
		};
		if (out[i].document_id <= 0 || offset < at ||
		    (offset > end && offset != INT64_MAX))
			return err_say(why, DOCUMENT_E_BUILD,
			               "the task's documents are not where its body is");
		at = offset;
	}
	return 0;
}

/* ---- reading ---- */

static int say(struct err_text *why, int code, const struct document_place *place,
               const char *text)
{
	return err_say(why, code, "document %lld of the LIS %s",
	               (long long)place->document_id, text);
}

static int say_query(const struct document_source *from, int code,
                     const struct document_place *place, struct err_text *why)
{
	return err_say(why, code, "document %lld of the LIS cannot be read: %s",
	               (long long)place->document_id, pg_error(from->pg));
}

int document_away(const struct document_source *from, const struct document_place *place,
                  struct err_text *why)
{
	return say_query(from, DOCUMENT_E_STORAGE, place, why);
}

static int query_piece(const struct document_source *from, int64_t id, size_t at,
                       int64_t deadline_ms, struct pg_result **out)
{
	char id_text[24], first[24], size[24];
	const char *const params[] = { id_text, first, size };

	(void)snprintf(id_text, sizeof(id_text), "%lld", (long long)id);
	(void)snprintf(first, sizeof(first), "%zu", at + 1);
	(void)snprintf(size, sizeof(size), "%d", PIECE);
	return pg_query_binary(
		from->pg,
		"SELECT substring(content FROM $2::int FOR $3::int),"
		" octet_length(content)::text, coalesce(encode(sha256, 'hex'), '')"
		" FROM lis_api.document($1::bigint)",
		params, ARRAY_SIZE(params), deadline_ms, out);
}

/* What must not change from piece to piece. */
struct identity {
	size_t size;
	char sha256[65];
};

/* Into the spool, after what is there of the document. */
static int take_piece(const struct document_source *from,
                      const struct document_place *place, const struct pg_result *piece,
                      struct identity *is, struct spool *to, struct content_document *d,
                      struct err_text *why)
{
	struct identity now = { 0 };

	if (pg_rows(piece) == 0 || !pg_text(piece, 0, 0))
		return say(why, DOCUMENT_E_BUILD, place, "is not there");
	now.size = (size_t)pg_int(piece, 0, 1);
	(void)snprintf(now.sha256, sizeof(now.sha256), "%s", pg_text(piece, 0, 2));
	if (d->size > 0 && (now.size != is->size || strcmp(now.sha256, is->sha256) != 0))
		return say(why, DOCUMENT_E_STORAGE, place, "changed while it was read");
	if (now.size > (size_t)from->config->limit)
		return say(why, DOCUMENT_E_BUILD, place, "is larger than DOCUMENT_LIMIT");
	*is = now;
	if (spool_append(to, pg_text(piece, 0, 0), pg_length(piece, 0, 0)))
		return err_say(why, DOCUMENT_E_STORAGE,
		               "DOCUMENT_SPOOL_FOLDER cannot take a document");
	d->size += pg_length(piece, 0, 0);
	if (d->size < now.size && pg_length(piece, 0, 0) == 0)
		return say(why, DOCUMENT_E_STORAGE, place, "ended before its end");
	return 0;
}

int document_read(const struct document_source *from, const struct document_place *place,
                  struct spool *to, struct content_document *out, struct err_text *why)
{
	int64_t deadline_ms = clock_mono_ms() + from->config->timeout;
	struct identity is = { 0 };

	*out = (struct content_document){ .offset = place->offset,
		                          .name = place->name,
		                          .spool = to,
		                          .from = spool_size(to) };
	do {
		CLEANUP(pg_result_freep) struct pg_result *piece = NULL;

		if (from->stop && atomic_load(from->stop))
			return err_say(why, DOCUMENT_E_STORAGE, "the dispatcher ends");
		int result = query_piece(from, place->document_id, out->size, deadline_ms,
		                         &piece);
		if (result == PG_E_AWAY)
			return DOCUMENT_E_AWAY;
		if (result == PG_E_TIMEOUT)
			return say(why, DOCUMENT_E_STORAGE, place,
			           "was not read within DOCUMENT_TIMEOUT");
		if (result)
			return say_query(from, DOCUMENT_E_BUILD, place, why);
		result = take_piece(from, place, piece, &is, to, out, why);
		if (result)
			return result;
	} while (out->size < is.size);
	return 0;
}

/* ---- signing ---- */

int document_sign(const struct content *content, const char *secret,
                  const struct log_id *log_id, int64_t now_wall_ms, struct buf *out,
                  struct err_text *why)
{
	struct content_place place = { 0 };
	struct signature signature;
	char id[LOG_ID_HEX_SIZE], piece[16384];
	ssize_t n;

	if (signature_begin(&signature, secret, log_id_to_hex(log_id, id),
	                    now_wall_ms / 1000, why))
		return DOCUMENT_E_BUILD;
	while ((n = content_read(content, &place, piece, sizeof(piece))) > 0)
		signature_add(&signature, piece, (size_t)n);
	signature_end(&signature, out);
	return n < 0 ? err_say(why, DOCUMENT_E_STORAGE, "a document cannot be read back")
	             : 0;
}
