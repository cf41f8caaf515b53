#include "documents.h"

#include "attempt.h"
#include "base/clock.h"
#include "gauges.h"
#include "metrics/metrics.h"
#include "secrets/signature.h"
#include "transport/spool.h"
#include "json/jdoc.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { READERS = 2, PIECE = 1 << 20, AWAY_PAUSE_MS = 100, DOCUMENTS_MAX = 10000 };

static struct metric waiting =
	METRIC_GAUGE("dispatcher_documents_waiting",
                     "Requests that wait for their documents to be read.", NULL);
static struct metric spooled =
	METRIC_GAUGE("dispatcher_spool_bytes",
                     "Disk space of documents whose requests are on the wire.", NULL);
static struct metric reading_seconds = METRIC_SECONDS(
	"dispatcher_documents_seconds", "Duration of reading a request's documents.", NULL);
static struct metric *const table[] = { &waiting, &spooled, &reading_seconds };

/* The documents of one request: the reader's from submit to done, else the loop's. */
struct documents_read {
	TAILQ_ENTRY(documents_read) link;
	bool is_waiting; /* in documents.waiting */
	struct reader *reader;
	struct job *job;
	int64_t asked_ms;
	struct content_document *list;
	int64_t *ids;
	size_t n;
	struct spool *spool; /* of all */
	size_t bytes;        /* of it that count in documents.bytes */
	struct buf signature;
	int64_t signed_at_ms;
	enum error_kind kind; /* NONE: read */
	struct err_text why;
};
TAILQ_HEAD(read_list, documents_read);

struct reader {
	struct documents *all;
	struct worker *worker;
	struct pg *pg;
	bool busy;
};

struct documents {
	struct dispatcher *d;
	struct reader readers[READERS];
	struct read_list waiting;
	size_t n_waiting;
	size_t bytes; /* of documents that were read and are still needed */
	atomic_bool closing;
};

/* ---- on the reader's thread ---- */

static int fail(struct documents_read *r, enum error_kind kind, const char *text)
{
	r->kind = kind;
	return err_say(&r->why, -1, "%s", text);
}

static int fail_id(struct documents_read *r, enum error_kind kind, int64_t id,
                   const char *text)
{
	CLEANUP(freep)
	char *why = xasprintf("document %lld of the LIS %s", (long long)id, text);

	return fail(r, kind, why);
}

/* A query that failed, in words. */
static int fail_query(struct documents_read *r, int64_t id, int result)
{
	CLEANUP(freep) char *said = NULL;

	if (result == PG_E_TIMEOUT)
		return fail_id(r, ERROR_KIND_STORAGE, id,
		               "was not read within DOCUMENT_TIMEOUT");
	said = xasprintf("cannot be read: %s", pg_error(r->reader->pg));
	return fail_id(r, result == PG_E_AWAY ? ERROR_KIND_STORAGE : ERROR_KIND_BUILD, id,
	               said);
}

static int query_piece(struct documents_read *r, int64_t id, size_t at, int64_t deadline_ms,
                       struct pg_result **out)
{
	char id_text[24], from[24], size[24];
	const char *const params[] = { id_text, from, size };

	(void)snprintf(id_text, sizeof(id_text), "%lld", (long long)id);
	(void)snprintf(from, sizeof(from), "%zu", at + 1);
	(void)snprintf(size, sizeof(size), "%d", PIECE);
	return pg_query_binary(
		r->reader->pg,
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
static int take_piece(struct documents_read *r, size_t i, const struct pg_result *piece,
                      struct identity *is)
{
	struct content_document *d = &r->list[i];
	struct identity now = { 0 };
	int64_t id = r->ids[i];

	if (pg_rows(piece) == 0 || !pg_text(piece, 0, 0))
		return fail_id(r, ERROR_KIND_BUILD, id, "is not there");
	now.size = (size_t)pg_int(piece, 0, 1);
	(void)snprintf(now.sha256, sizeof(now.sha256), "%s", pg_text(piece, 0, 2));
	if (d->size > 0 && (now.size != is->size || strcmp(now.sha256, is->sha256) != 0))
		return fail_id(r, ERROR_KIND_STORAGE, id, "changed while it was read");
	if (now.size > (size_t)r->reader->all->d->config->document_limit)
		return fail_id(r, ERROR_KIND_BUILD, id, "is larger than DOCUMENT_LIMIT");
	*is = now;
	if (spool_append(r->spool, pg_text(piece, 0, 0), pg_length(piece, 0, 0)))
		return fail(r, ERROR_KIND_STORAGE,
		            "DOCUMENT_SPOOL_FOLDER cannot take a document");
	d->size += pg_length(piece, 0, 0);
	if (d->size < now.size && pg_length(piece, 0, 0) == 0)
		return fail_id(r, ERROR_KIND_STORAGE, id, "ended before its end");
	return 0;
}

/* PG_E_AWAY: nothing is said yet. */
static int read_pieces(struct documents_read *r, size_t i)
{
	const struct documents *all = r->reader->all;
	int64_t deadline_ms = clock_mono_ms() + all->d->config->document_timeout;
	struct content_document *d = &r->list[i];
	struct identity is = { 0 };

	d->spool = r->spool;
	d->from = spool_size(r->spool);
	d->size = 0;
	do {
		CLEANUP(pg_result_freep) struct pg_result *piece = NULL;

		if (atomic_load(&all->closing))
			return fail(r, ERROR_KIND_STORAGE, "the dispatcher ends");
		int result = query_piece(r, r->ids[i], d->size, deadline_ms, &piece);
		if (result == PG_E_AWAY)
			return PG_E_AWAY;
		if (result)
			return fail_query(r, r->ids[i], result);
		result = take_piece(r, i, piece, &is);
		if (result)
			return result;
	} while (d->size < is.size);
	return 0;
}

/* While PostgreSQL is away, until DOCUMENT_TIMEOUT after the request asked. */
static int read_one(struct documents_read *r, size_t i)
{
	static const struct timespec pause = { .tv_nsec = AWAY_PAUSE_MS * 1000000 };
	int64_t timeout_ms = r->reader->all->d->config->document_timeout;
	int result;

	while ((result = read_pieces(r, i)) == PG_E_AWAY) {
		if (clock_mono_ms() >= r->asked_ms + timeout_ms)
			return fail_query(r, r->ids[i], PG_E_AWAY);
		(void)nanosleep(&pause, NULL);
	}
	return result;
}

static struct content content_of(const struct documents_read *r)
{
	const struct kafka_message *m = &r->job->held->m;

	return (struct content){ .text = m->value ? m->value : "",
		                 .len = m->value_len,
		                 .documents = r->list,
		                 .n_documents = r->n };
}

/* Over the bytes that will be sent: here, since it takes a while. */
static int sign(struct documents_read *r)
{
	const struct content content = content_of(r);
	struct content_place place = { 0 };
	struct signature signature;
	char id[LOG_ID_HEX_SIZE], piece[16384];
	ssize_t n;

	r->signed_at_ms = clock_wall_ms();
	if (signature_begin(&signature, r->job->row->webhook_secret,
	                    log_id_to_hex(&r->job->task.log_id, id), r->signed_at_ms / 1000,
	                    &r->why)) {
		r->kind = ERROR_KIND_CONFIG;
		return -1;
	}
	while ((n = content_read(&content, &place, piece, sizeof(piece))) > 0)
		signature_add(&signature, piece, (size_t)n);
	signature_end(&signature, &r->signature);
	return n < 0 ? fail(r, ERROR_KIND_STORAGE, "a document cannot be read back") : 0;
}

static void read_all(void *arg)
{
	struct documents_read *r = arg;
	int64_t began_us = clock_mono_us();

	if (spool_new(r->reader->all->d->config->spool_folder, &r->spool)) {
		(void)fail(r, ERROR_KIND_STORAGE, "DOCUMENT_SPOOL_FOLDER takes no files");
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (read_one(r, i))
			return;
	if (r->job->row->transport == TRANSPORT_HTTP && r->job->row->webhook_secret)
		(void)sign(r);
	metric_observe(&reading_seconds, NULL, (double)(clock_mono_us() - began_us) / 1e6);
}

/* ---- on the loop ---- */

static void pump(struct documents *all);

static void on_read(void *arg)
{
	struct documents_read *r = arg;
	struct documents *all = r->reader->all;
	enum error_kind kind = r->kind;
	const struct err_text why = r->why; /* the job takes it along */

	r->reader->busy = false;
	r->reader = NULL;
	r->bytes = r->spool ? spool_size(r->spool) : 0;
	all->bytes += r->bytes;
	if (atomic_load(&all->closing))
		return;
	attempt_documents(all->d, r->job, kind, why.text);
	pump(all);
}

static struct reader *idle_reader(struct documents *all)
{
	for (size_t i = 0; i < READERS; i++)
		if (!all->readers[i].busy)
			return &all->readers[i];
	return NULL;
}

/* Whoever reads now may pass the limit by what it reads. */
static void pump(struct documents *all)
{
	struct documents_read *r;
	struct reader *reader;

	while ((r = TAILQ_FIRST(&all->waiting)) && (reader = idle_reader(all))) {
		if (all->bytes >= (size_t)all->d->config->spool_limit) {
			metric_add(&metric_limits, "spool", 1);
			return;
		}
		TAILQ_REMOVE(&all->waiting, r, link);
		all->n_waiting--;
		r->is_waiting = false;
		r->reader = reader;
		reader->busy = worker_submit(reader->worker, read_all, on_read, r);
	}
}

/* Where they belong; an error says what is wrong with the task. */
static int parse(struct documents_read *r, const struct job *job)
{
	const json_t *member;
	int64_t at = 0, end = (int64_t)job->held->m.value_len;
	size_t i;

	json_array_foreach (job->task.documents, i, member) {
		int64_t offset = jdoc_int_or(member, "offset", INT64_MAX);

		r->ids[i] = jdoc_int_or(member, "document_id", 0);
		r->list[i].name = jdoc_text_or(member, "name", "");
		r->list[i].offset = offset == INT64_MAX ? CONTENT_BESIDE : (size_t)offset;
		if (r->ids[i] <= 0 || offset < at || (offset > end && offset != INT64_MAX))
			return fail(r, ERROR_KIND_BUILD,
			            "the task's documents are not where its body is");
		at = offset;
	}
	return 0;
}

void documents_read(struct dispatcher *d, struct job *job)
{
	struct documents *all = d->documents;
	struct documents_read *r = xcalloc(1, sizeof(*r));

	job->documents = r;
	r->job = job;
	r->n = json_array_size(job->task.documents);
	r->asked_ms = clock_mono_ms();
	r->list = xcalloc(r->n, sizeof(*r->list));
	r->ids = xcalloc(r->n, sizeof(*r->ids));
	if (r->n > DOCUMENTS_MAX)
		(void)fail(r, ERROR_KIND_BUILD, "the task has too many documents");
	if (r->kind != ERROR_KIND_NONE || parse(r, job)) {
		const struct err_text why = r->why;

		attempt_documents(d, job, r->kind, why.text);
		return;
	}
	TAILQ_INSERT_TAIL(&all->waiting, r, link);
	r->is_waiting = true;
	all->n_waiting++;
	pump(all);
}

void documents_add(const struct documents_read *r, struct transport_request *rq)
{
	if (!r)
		return;
	rq->documents = r->list;
	rq->n_documents = r->n;
	rq->signature = r->signature.len > 0 ? buf_str(&r->signature) : NULL;
	rq->signed_at_ms = r->signed_at_ms;
}

struct documents_read *documents_release(struct dispatcher *d, struct documents_read *r)
{
	struct documents *all = d->documents;

	if (!r)
		return NULL;
	if (all && r->is_waiting) {
		TAILQ_REMOVE(&all->waiting, r, link);
		all->n_waiting--;
	}
	r->spool = spool_free(r->spool);
	if (all) {
		all->bytes -= r->bytes;
		pump(all);
	}
	free(r->list);
	free(r->ids);
	buf_deinit(&r->signature);
	free(r);
	return NULL;
}

struct documents *documents_open(struct dispatcher *d)
{
	struct documents *all = xcalloc(1, sizeof(*all));

	all->d = d;
	TAILQ_INIT(&all->waiting);
	for (size_t i = 0; i < READERS; i++) {
		all->readers[i].all = all;
		all->readers[i].pg = pg_open(&d->config->postgres);
		all->readers[i].worker = worker_new(d->ctx, "documents", 1);
	}
	metrics_register(table, ARRAY_SIZE(table));
	return all;
}

struct documents *documents_close(struct documents *all)
{
	if (!all)
		return NULL;
	atomic_store(&all->closing, true);
	for (size_t i = 0; i < READERS; i++) {
		(void)worker_free(all->readers[i].worker);
		(void)pg_close(all->readers[i].pg);
	}
	free(all);
	return NULL;
}

void documents_gauge(const struct dispatcher *d)
{
	metric_set(&waiting, NULL, (double)d->documents->n_waiting);
	metric_set(&spooled, NULL, (double)d->documents->bytes);
}
