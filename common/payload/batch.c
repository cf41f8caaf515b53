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

void payload_join(const struct payload_body *const *parts, size_t n,
                  struct payload_body *out)
{
	struct buf body = BUF_INIT(0);

	*out = (struct payload_body){ .method = parts[0]->method,
		                      .content_type = parts[0]->content_type };
	buf_append_char(&body, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_char(&body, ',');
		buf_append(&body, parts[i]->data, parts[i]->len);
	}
	buf_append_char(&body, ']');
	out->len = body.len;
	out->data = buf_take(&body);
}
