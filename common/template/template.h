#pragma once
/*
 * Mustache (https://mustache.github.io, mustache(5)) over a JSON context: variables,
 * sections, inverted sections, comments, set delimiters, dotted names and the implicit
 * iterator. Partials are refused: a row's template stands alone. Values are escaped for
 * what the text becomes.
 *
 * False values are null, false, "", an empty list and a missing name. A list or an object
 * as a variable is written as JSON text. Depth, number of steps and output are bounded, so
 * that a template can never hold up the builder. A parsed template is immutable: any
 * thread.
 */
#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

enum template_escape {
	TEMPLATE_ESCAPE_PLAIN,
	TEMPLATE_ESCAPE_JSON, /* inside a JSON string: quotes are the template's */
	TEMPLATE_ESCAPE_HL7,  /* domain.md 3.3; control characters become blanks */
	TEMPLATE_ESCAPE_FORM, /* percent-encoding, for a query string or a form */
	TEMPLATE_ESCAPE_HTML, /* as the Mustache specification has it */
};

#define TEMPLATE_MAX_BYTES (256 * 1024)
#define TEMPLATE_MAX_NAME  256
#define TEMPLATE_MAX_DEPTH 32      /* sections in sections */
#define TEMPLATE_MAX_STEPS 1000000 /* tags, texts, look-ups, items, over all iterations */

enum {
	TEMPLATE_E_SYNTAX = 1, /* `why` names line, column and the remedy */
	TEMPLATE_E_LIMIT,      /* template or output too long, or too many steps */
};

struct template;
/* Copies `text`. On 0, *out is the caller's. */
int template_parse(const char *text, size_t len, enum template_escape escape,
                   struct template **out, struct err_text *why) MUST_CHECK;
struct template *template_free(struct template *t); /* NULL in, NULL out */
DEFINE_CLEANUP(struct template *, template_free);

/* Appends to `out`. On an error `out` holds a part and must not be sent. */
int template_render(const struct template *t, const json_t *context, struct buf *out,
                    struct err_text *why) MUST_CHECK;

/* Appends one value's text, escaped; used by the renderer and by tests. */
void template_escape_append(struct buf *out, const char *text, size_t len,
                            enum template_escape escape);
