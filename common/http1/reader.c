#include "http1/reader.h"

#include <llhttp.h>

/* Chunk extensions and trailers are read over: so much of them in one message. */
#define FRAMES_LIMIT 16384

/* While a head is being read, places in `text`; afterwards pointers into it. */
struct span {
	size_t name, name_len, value, value_len;
};

struct http1_reader {
	llhttp_t parser;
	const struct http1_events *events;
	void *arg;
	size_t limit;
	struct buf text;
	struct span *spans;
	size_t n_spans, cap_spans;
	size_t line; /* where the target or the reason begins in `text` */
	size_t line_len;
	struct http1_header *headers;
	struct http1_head head;
	size_t frames; /* bytes of extensions and trailers */
	bool within, in_body, held, ended, too_large;
};

static struct http1_reader *reader_of(llhttp_t *parser)
{
	return parser->data;
}

static int too_large(struct http1_reader *r)
{
	r->too_large = true;
	return -1;
}

static int append(struct http1_reader *r, const char *at, size_t len)
{
	if (len > r->limit || r->text.len > r->limit - len)
		return too_large(r);
	buf_append(&r->text, at, len);
	return 0;
}

static int on_begin(llhttp_t *parser)
{
	struct http1_reader *r = reader_of(parser);

	buf_clear(&r->text);
	r->n_spans = r->frames = r->line_len = r->line = 0;
	r->within = true;
	r->in_body = false;
	return 0;
}

/* The parser knows more of them. */
static int on_protocol(llhttp_t *parser, const char *at, size_t len)
{
	if (len == 0 || *at == 'H' || *at == 'T' || *at == 'P')
		return 0;
	llhttp_set_error_reason(parser, "the protocol is not HTTP");
	return -1;
}

static int on_line(llhttp_t *parser, const char *at, size_t len)
{
	struct http1_reader *r = reader_of(parser);

	r->line_len += len;
	return append(r, at, len);
}

static int on_line_complete(llhttp_t *parser)
{
	return append(reader_of(parser), "", 1);
}

static struct span *add_span(struct http1_reader *r)
{
	if (!r->spans || r->n_spans >= r->cap_spans) {
		r->cap_spans = r->cap_spans ? 2 * r->cap_spans : 16;
		r->spans = xrealloc(r->spans, r->cap_spans * sizeof(*r->spans));
	}
	struct span *added = &r->spans[r->n_spans++];

	added->name = r->text.len;
	added->name_len = added->value = added->value_len = 0;
	return added;
}

static int count_frames(llhttp_t *parser, const char *at, size_t len)
{
	struct http1_reader *r = reader_of(parser);

	r->frames += len;
	return r->frames > FRAMES_LIMIT ? too_large(r) : 0;
}

/* A field comes in pieces: the first one is told by the span before it having a value. */
static int on_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http1_reader *r = reader_of(parser);

	if (r->in_body)
		return count_frames(parser, at, len);
	struct span *last = r->n_spans ? &r->spans[r->n_spans - 1] : NULL;
	if (!last || last->value) {
		if (r->n_spans == HTTP1_MAX_HEADERS)
			return too_large(r);
		last = add_span(r);
	}
	last->name_len += len;
	return append(r, at, len);
}

static int on_field_complete(llhttp_t *parser)
{
	struct http1_reader *r = reader_of(parser);

	if (r->in_body)
		return 0;
	int result = append(r, "", 1);
	r->spans[r->n_spans - 1].value = r->text.len;
	return result;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct http1_reader *r = reader_of(parser);

	if (r->in_body)
		return count_frames(parser, at, len);
	r->spans[r->n_spans - 1].value_len += len;
	return append(r, at, len);
}

static int on_value_complete(llhttp_t *parser)
{
	struct http1_reader *r = reader_of(parser);

	if (r->in_body)
		return 0;
	struct span *s = &r->spans[r->n_spans - 1];
	while (s->value_len > 0 && (r->text.data[s->value + s->value_len - 1] == ' ' ||
	                            r->text.data[s->value + s->value_len - 1] == '\t')) {
		s->value_len--;
		r->text.len--;
	}
	return append(r, "", 1);
}

static void take_headers(struct http1_reader *r)
{
	r->headers = xrealloc(r->headers, (r->n_spans + 1) * sizeof(*r->headers));
	for (size_t i = 0; i < r->n_spans; i++) {
		const struct span *s = &r->spans[i];

		r->headers[i] = (struct http1_header){
			.name = r->text.data + s->name,
			.name_len = s->name_len,
			.value = r->text.data + s->value,
			.value_len = s->value_len,
		};
	}
	r->head.headers = r->headers;
	r->head.n_headers = r->n_spans;
}

static enum http1_framing framing_of(const llhttp_t *parser)
{
	if (parser->flags & F_CHUNKED)
		return HTTP1_CHUNKED;
	if (parser->type == HTTP_RESPONSE && llhttp_message_needs_eof(parser))
		return HTTP1_TO_END;
	if (parser->type == HTTP_RESPONSE &&
	    (parser->status_code / 100 == 1 || parser->status_code == 204 ||
	     parser->status_code == 304))
		return HTTP1_NONE;
	return parser->flags & F_CONTENT_LENGTH ? HTTP1_LENGTH : HTTP1_NONE;
}

static void take_head(struct http1_reader *r)
{
	const llhttp_t *p = &r->parser;
	bool request = p->type == HTTP_REQUEST;
	const char *line = buf_str(&r->text) + r->line;

	r->head = (struct http1_head){
		.method = request ? llhttp_method_name((llhttp_method_t)p->method) : NULL,
		.target = request ? line : NULL,
		.target_len = request ? r->line_len : 0,
		.status = request ? 0 : p->status_code,
		.reason = request       ? NULL
		          : r->line_len ? line
		                        : "",
		.major = p->http_major,
		.minor = p->http_minor,
		.framing = framing_of(p),
		.length = p->flags & F_CONTENT_LENGTH ? p->content_length : 0,
		.keep_alive = llhttp_should_keep_alive(p),
	};
	take_headers(r);
}

static int on_headers_complete(llhttp_t *parser)
{
	struct http1_reader *r = reader_of(parser);

	/* another protocol is never spoken here: what follows is HTTP */
	parser->upgrade = 0;
	take_head(r);
	r->in_body = true;
	switch (r->events->head(r->arg, &r->head)) {
	case HTTP1_GO:
		return 0;
	case HTTP1_HOLD:
		r->held = true;
		return HPE_PAUSED;
	case HTTP1_SKIP_BODY:
		return 1;
	}
	return -1;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct http1_reader *r = reader_of(parser);

	r->events->body(r->arg, at, len);
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	struct http1_reader *r = reader_of(parser);

	r->within = false;
	r->ended = true;
	r->events->end(r->arg);
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_message_begin = on_begin,
	.on_protocol = on_protocol,
	.on_url = on_line,
	.on_url_complete = on_line_complete,
	.on_status = on_line,
	.on_status_complete = on_line_complete,
	.on_header_field = on_field,
	.on_header_field_complete = on_field_complete,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_extension_name = count_frames,
	.on_chunk_extension_value = count_frames,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

struct http1_reader *http1_reader_new(bool of_requests, size_t head_limit,
                                      const struct http1_events *events, void *arg)
{
	struct http1_reader *r = xcalloc(1, sizeof(*r));

	r->events = events;
	r->arg = arg;
	r->limit = head_limit;
	llhttp_init(&r->parser, of_requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	r->parser.data = r;
	return r;
}

void http1_reader_rest(struct http1_reader *r)
{
	buf_deinit(&r->text);
	free(r->spans);
	free(r->headers);
	r->spans = NULL;
	r->headers = NULL;
	r->n_spans = r->cap_spans = 0;
	r->head = (struct http1_head){ 0 };
}

struct http1_reader *http1_reader_free(struct http1_reader *r)
{
	if (r) {
		http1_reader_rest(r);
		free(r);
	}
	return NULL;
}

int http1_reader_feed(struct http1_reader *r, const char *data, size_t len, size_t *used)
{
	if (llhttp_get_errno(&r->parser) == HPE_PAUSED)
		llhttp_resume(&r->parser);
	r->held = r->ended = false;
	llhttp_errno_t code = llhttp_execute(&r->parser, data, len);
	*used = len;
	if (code == HPE_OK)
		return 0;
	const char *at = llhttp_get_error_pos(&r->parser);
	*used = at ? (size_t)(at - data) : len;
	if (code == HPE_PAUSED)
		return r->held ? HTTP1_E_HELD : HTTP1_E_ENDED;
	return r->too_large ? HTTP1_E_TOO_LARGE : HTTP1_E_MALFORMED;
}

bool http1_reader_finish(struct http1_reader *r)
{
	r->ended = false;
	if (!r->within)
		return false;
	(void)llhttp_finish(&r->parser);
	return r->ended;
}

bool http1_reader_is_within(const struct http1_reader *r)
{
	return r->within;
}

void http1_reader_partial(const struct http1_reader *r, struct http1_head *out)
{
	if (r->line_len == 0 || r->text.len <= r->line_len || r->text.data[r->line_len])
		return; /* not whole */
	out->method = llhttp_method_name((llhttp_method_t)r->parser.method);
	out->target = r->text.data;
	out->target_len = r->line_len;
}

const char *http1_reader_fault(const struct http1_reader *r)
{
	const char *reason = llhttp_get_error_reason(&r->parser);

	return reason ? reason : llhttp_errno_name(llhttp_get_errno(&r->parser));
}
