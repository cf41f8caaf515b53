#include "transport/sftp_files.h"

#include "transport/spool.h"

#include <stdio.h>

struct body_source {
	struct content content;
	struct content_place place;
};

static ssize_t read_body(void *arg, char *out, size_t len)
{
	struct body_source *b = arg;

	return content_read(&b->content, &b->place, out, len);
}

static void rewind_body(void *arg)
{
	struct body_source *b = arg;

	b->place = (struct content_place){ 0 };
}

struct document_source {
	const struct content_document *document;
	size_t at;
};

static ssize_t read_document(void *arg, char *out, size_t len)
{
	struct document_source *d = arg;
	size_t left = d->document->size - d->at;
	ssize_t n = spool_read(d->document->spool, d->document->from + d->at, out,
	                       left < len ? left : len);

	if (n > 0)
		d->at += (size_t)n;
	return n;
}

static void rewind_document(void *arg)
{
	struct document_source *d = arg;

	d->at = 0;
}

static int put(struct sftp_session *s, const struct sftp_target *target,
               struct sftp_files *f, const struct sftp_file *file)
{
	int r = sftp_upload(s, target, file, f->final_name);

	if (r == 0)
		buf_printf(&f->list, "%s, %llu bytes\n", f->final_name,
		           (unsigned long long)file->size);
	return r;
}

/* message.hl7 has message.pdf beside it, then message_2.pdf ... */
static void name_document(const char *message, unsigned n, char out[SFTP_NAME_SIZE])
{
	char pdf[SFTP_NAME_SIZE], number[16];

	sftp_name_extension(message, ".pdf", pdf);
	(void)snprintf(number, sizeof(number), "%u", n);
	if (n > 1)
		sftp_name_insert(pdf, number, out);
	else
		(void)snprintf(out, SFTP_NAME_SIZE, "%s", pdf);
}

/* The PDFs first: whoever waits for the message finds them there. */
static int put_documents(struct sftp_session *s, const struct sftp_target *target,
                         struct sftp_files *f)
{
	char name[SFTP_NAME_SIZE], other[SFTP_NAME_SIZE];
	unsigned n = 0;
	int r = 0;

	for (size_t i = 0; i < f->rq.n_documents && r == 0; i++) {
		struct document_source source = { .document = &f->rq.documents[i] };

		if (source.document->offset != CONTENT_BESIDE)
			continue;
		name_document(f->name, ++n, name);
		name_document(f->other_name, n, other);
		const struct sftp_file file = { .name = name,
			                        .other_name =
			                                f->other_name[0] ? other : NULL,
			                        .is_unique = f->is_unique,
			                        .size = source.document->size,
			                        .read = read_document,
			                        .rewind = rewind_document,
			                        .source = &source };
		r = put(s, target, f, &file);
	}
	return r;
}

int sftp_files_put(struct sftp_session *s, const struct sftp_target *target,
                   struct sftp_files *f)
{
	struct body_source source = { .content = { .text = f->rq.body,
		                                   .len = f->rq.body_len,
		                                   .documents = f->rq.documents,
		                                   .n_documents = f->rq.n_documents } };
	const struct sftp_file file = { .name = f->name,
		                        .other_name =
		                                f->other_name[0] ? f->other_name : NULL,
		                        .is_unique = f->is_unique,
		                        .size = content_length(&source.content),
		                        .read = read_body,
		                        .rewind = rewind_body,
		                        .source = &source };

	buf_clear(&f->list);
	s->fault = (struct sftp_fault){ 0 };
	int r = put_documents(s, target, f);
	return r ? r : put(s, target, f, &file);
}

int sftp_files_name(const struct transport_request *rq, struct sftp_files *out,
                    struct err_text *why)
{
	char more[LOG_ID_HEX_SIZE] = "";
	int r = sftp_file_name(rq, out->name, &out->is_unique, why);

	if (r)
		return r;
	out->rq = *rq;
	out->list = BUF_INIT(4096);
	if (!out->is_unique)
		(void)log_id_to_hex(&rq->task->log_id, more);
	else if (rq->task->attempt > 0)
		(void)snprintf(more, sizeof(more), "%d", rq->task->attempt);
	if (*more)
		sftp_name_insert(out->name, more, out->other_name);
	return 0;
}
