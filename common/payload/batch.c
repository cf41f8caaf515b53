/* Several records in one request. */
#include "payload/payload.h"

#include "json/jdoc.h"

bool payload_is_batched(const struct integration *row, const json_t *event,
                        const struct payload_body *body)
{
	return row->is_batch && row->transport == TRANSPORT_HTTP &&
	       json_object_get(event, "record_index") && strcmp(body->method, "GET") != 0 &&
	       strcmp(body->content_type, "application/json") == 0;
}

/* A part's documents, which begins at `start` of the whole. */
static void add_documents(struct payload_body *out, const json_t *documents, size_t start)
{
	const json_t *document;
	size_t i;

	if (documents && !out->documents)
		out->documents = json_array();
	json_array_foreach (documents, i, document) {
		json_t *moved = json_copy((json_t *)(uintptr_t)document);

		jdoc_set_int(moved, "offset",
		             jdoc_int_or(document, "offset", 0) + (int64_t)start);
		(void)json_array_append_new(out->documents, moved);
	}
}

static char *join(const struct payload_body *const *parts, size_t n, bool shown,
                  size_t *len)
{
	struct buf body = BUF_INIT(0);

	buf_append_char(&body, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_char(&body, ',');
		if (shown)
			buf_append_str(&body, payload_body_shown(parts[i]));
		else
			buf_append(&body, parts[i]->data, parts[i]->len);
	}
	buf_append_char(&body, ']');
	*len = body.len;
	return buf_take(&body);
}

void payload_join(const struct payload_body *const *parts, size_t n,
                  struct payload_body *out)
{
	size_t start = 1, shown_len;

	*out = (struct payload_body){ .method = parts[0]->method,
		                      .content_type = parts[0]->content_type };
	out->data = join(parts, n, false, &out->len);
	for (size_t i = 0; i < n; i++) {
		add_documents(out, parts[i]->documents, start);
		start += parts[i]->len + 1;
	}
	if (out->documents)
		out->shown = join(parts, n, true, &shown_len);
}
