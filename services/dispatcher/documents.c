#include "documents.h"

#include "attempt.h"
#include "base/clock.h"
#include "gauges.h"
#include "metrics/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { READERS = 2, AWAY_PAUSE_MS = 100 };

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
	struct document_place *places;
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

/* A document_... result. */
static int fail_as(struct documents_read *r, int result)
{
	r->kind = result == DOCUMENT_E_BUILD ? ERROR_KIND_BUILD : ERROR_KIND_STORAGE;
	return -1;
}

/* While PostgreSQL is away, until DOCUMENT_TIMEOUT after the request asked. */
static int read_one(struct documents_read *r, size_t i)
{
	static const struct timespec pause = { .tv_nsec = AWAY_PAUSE_MS * 1000000 };
	struct documents *all = r->reader->all;
	const struct document_source from = { .pg = r->reader->pg,
		                              .config = &all->d->config->document,
		                              .stop = &all->closing };
	int result;

	while ((result = document_read(&from, &r->places[i], r->spool, &r->list[i],
	                               &r->why)) == DOCUMENT_E_AWAY) {
		if (clock_mono_ms() >= r->asked_ms + from.config->timeout)
			return fail_as(r, document_away(&from, &r->places[i], &r->why));
		(void)nanosleep(&pause, NULL);
	}
	return result ? fail_as(r, result) : 0;
}

static struct content content_of(const struct documents_read *r)
{
	const struct kafka_message *m = &r->job->held->m;

	return (struct content){ .text = m->value ? m->value : "",
		                 .len = m->value_len,
		                 .documents = r->list,
		                 .n_documents = r->n };
}

/* Here, since it takes a while. */
static void sign(struct documents_read *r)
{
	const struct content content = content_of(r);
	int result;

	r->signed_at_ms = clock_wall_ms();
	result = document_sign(&content, r->job->row->webhook_secret, &r->job->task.log_id,
	                       r->signed_at_ms, &r->signature, &r->why);
	if (result)
		r->kind =
			result == DOCUMENT_E_BUILD ? ERROR_KIND_CONFIG : ERROR_KIND_STORAGE;
}

static void read_all(void *arg)
{
	struct documents_read *r = arg;
	int64_t began_us = clock_mono_us();

	if (spool_new(r->reader->all->d->config->document.folder, &r->spool)) {
		(void)fail(r, ERROR_KIND_STORAGE, "DOCUMENT_SPOOL_FOLDER takes no files");
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (read_one(r, i))
			return;
	if (r->job->row->transport == TRANSPORT_HTTP && r->job->row->webhook_secret)
		sign(r);
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

void documents_read(struct dispatcher *d, struct job *job)
{
	struct documents *all = d->documents;
	struct documents_read *r = xcalloc(1, sizeof(*r));

	job->documents = r;
	r->job = job;
	r->n = json_array_size(job->task.documents);
	r->asked_ms = clock_mono_ms();
	r->list = xcalloc(r->n, sizeof(*r->list));
	r->places = xcalloc(r->n, sizeof(*r->places));
	if (document_places(job->task.documents, job->held->m.value_len, r->places,
	                    &r->why)) {
		const struct err_text why = r->why;

		attempt_documents(d, job, ERROR_KIND_BUILD, why.text);
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
	free(r->places);
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
