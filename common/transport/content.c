#include "transport/content.h"

#include "transport/spool.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* A multiple of three: pieces of a document's base64 join without padding between. */
enum { RAW_PIECE = 3 * 4096 };

static bool is_inside(const struct content *c, size_t document)
{
	return document < c->n_documents && c->documents[document].offset != CONTENT_BESIDE;
}

static uint64_t wire_size(const struct content_document *d)
{
	return d->raw ? d->size : (d->size + 2) / 3 * 4;
}

uint64_t content_length(const struct content *c)
{
	uint64_t length = c->len;

	for (size_t i = 0; is_inside(c, i); i++)
		length += wire_size(&c->documents[i]);
	return length;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The text up to the next document. */
static size_t read_text(const struct content *c, struct content_place *p, char *out,
                        size_t len)
{
	size_t end = is_inside(c, p->document) ? c->documents[p->document].offset : c->len;
	size_t n = p->text < end ? least(end - p->text, len) : 0;

	memcpy(out, c->text + p->text, n);
	p->text += n;
	return n;
}

static size_t give_rest(struct content_place *p, char *out, size_t len)
{
	size_t n = least(p->n_rest, len);

	memcpy(out, p->rest, n);
	memmove(p->rest, p->rest + n, p->n_rest - n);
	p->n_rest -= n;
	return n;
}

/* Whole groups of four into `out`; of a group that does not fit whole, the start. */
static ssize_t encode(const struct content_document *d, struct content_place *p, char *out,
                      size_t len)
{
	unsigned char raw[RAW_PIECE];
	char text[RAW_PIECE / 3 * 4 + 1];
	size_t wanted = least(len < 4 ? 3 : len / 4 * 3, sizeof(raw));
	size_t left = d->size - p->raw;
	ssize_t n = spool_read(d->spool, d->from + p->raw, raw, least(wanted, left));

	if (n < 0)
		return n;
	if ((size_t)n != least(wanted, left))
		return -EIO;
	p->raw += (size_t)n;
	(void)EVP_EncodeBlock((unsigned char *)text, raw, (int)n);
	size_t encoded = ((size_t)n + 2) / 3 * 4, given = least(encoded, len);

	memcpy(out, text, given);
	p->n_rest = encoded - given;
	memcpy(p->rest, text + given, p->n_rest);
	return (ssize_t)given;
}

static ssize_t copy(const struct content_document *d, struct content_place *p, char *out,
                    size_t len)
{
	size_t wanted = least(d->size - p->raw, len);
	ssize_t n = spool_read(d->spool, d->from + p->raw, out, wanted);

	if (n < 0)
		return n;
	if ((size_t)n != wanted)
		return -EIO;
	p->raw += wanted;
	return n;
}

static ssize_t read_document(const struct content *c, struct content_place *p, char *out,
                             size_t len)
{
	const struct content_document *d = &c->documents[p->document];

	if (p->n_rest > 0)
		return (ssize_t)give_rest(p, out, len);
	if (p->raw < d->size)
		return d->raw ? copy(d, p, out, len) : encode(d, p, out, len);
	p->document++;
	p->raw = 0;
	return 0;
}

/* One piece; 0: look again, unless nothing is left. */
static ssize_t read_piece(const struct content *c, struct content_place *p, char *out,
                          size_t len)
{
	size_t n = read_text(c, p, out, len);

	if (n > 0 || !is_inside(c, p->document))
		return (ssize_t)n;
	return read_document(c, p, out, len);
}

ssize_t content_read(const struct content *c, struct content_place *place, char *out,
                     size_t len)
{
	size_t filled = 0;

	while (filled < len && (place->text < c->len || is_inside(c, place->document))) {
		ssize_t n = read_piece(c, place, out + filled, len - filled);

		if (n < 0)
			return n;
		filled += (size_t)n;
	}
	return (ssize_t)filled;
}
