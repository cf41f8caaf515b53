#include "transport/fax_vendor.h"

#include "json/jdoc.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

const struct fax_protocol *fax_protocol_find(const struct fax_vendor *vendor)
{
	static const struct {
		const char *name;
		const struct fax_protocol *protocol;
	} protocols[] = {
		{ .name = "humblefax", .protocol = &fax_humblefax },
		{ .name = "documo", .protocol = &fax_documo },
	};

	for (size_t i = 0; vendor && i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, vendor->name) == 0)
			return protocols[i].protocol;
	return NULL;
}

void fax_request_clear(struct fax_request *rq)
{
	buf_deinit(&rq->path);
	buf_deinit(&rq->content_type);
	buf_deinit(&rq->body);
	*rq = (struct fax_request){ .method = "GET" };
}

/* ---- answers ---- */

int64_t fax_read_number(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		return strtoll(text, NULL, 10);
	return json_is_integer(value) ? json_integer_value(value) : 0;
}

bool fax_answer_id(const json_t *answer, const char *const *paths, char out[FAX_ID_SIZE])
{
	for (; paths && *paths; paths++)
		if (fax_read_id(jdoc_path(answer, *paths), out))
			return true;
	return false;
}

bool fax_answer_refuses(const json_t *answer, struct buf *out)
{
	static const char *const refusals[] = { "error", "failure", "failed" };
	const char *result = jdoc_text_or(answer, "result", "");
	const char *error = jdoc_text_or(answer, "error", "");
	bool refused = *error != '\0';

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		refused |= strcasecmp(result, refusals[i]) == 0;
	if (refused)
		buf_append_str(out, *error ? error : result);
	return refused;
}

static int plain(char c)
{
	return c == '_' || c == '-' ? ' ' : tolower((unsigned char)c);
}

static bool is_word(const char *text, const char *word)
{
	while (*text && plain(*text) == *word) {
		text++;
		word++;
	}
	return *text == *word;
}

enum fax_state fax_read_state(const struct fax_word *words, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (is_word(text, words[i].word))
			return words[i].state;
	return FAX_UNKNOWN;
}

/* ---- multipart bodies ---- */

void fax_part_begin(const struct fax_message *m, struct fax_request *rq)
{
	buf_printf(&rq->content_type, "multipart/form-data; boundary=%s", m->boundary);
}

static void begin_part(const struct fax_message *m, const char *name,
                       struct fax_request *rq)
{
	buf_printf(&rq->body, "--%s\r\ncontent-disposition: form-data; name=\"%s\"",
	           m->boundary, name);
}

void fax_part_text(const struct fax_message *m, const char *name, const char *text,
                   struct fax_request *rq)
{
	begin_part(m, name, rq);
	buf_printf(&rq->body, "\r\n\r\n%s\r\n", text);
}

/* Its own name may be about the patient, and the vendor needs none. */
void fax_part_document(const struct fax_message *m, const char *name, size_t document,
                       struct fax_request *rq)
{
	begin_part(m, name, rq);
	buf_printf(
		&rq->body,
		"; filename=\"document-%zu.pdf\"\r\ncontent-type: application/pdf\r\n\r\n",
		document + 1);
	if (rq->n_places < FAX_DOCUMENTS_MAX)
		rq->places[rq->n_places++] =
			(struct fax_place){ .document = document, .at = rq->body.len };
	buf_append_str(&rq->body, "\r\n");
}

void fax_part_end(const struct fax_message *m, struct fax_request *rq)
{
	buf_printf(&rq->body, "--%s--\r\n", m->boundary);
}
