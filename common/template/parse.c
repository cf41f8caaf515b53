/*
 * The text becomes a flat list of nodes in one pass. A tag that writes nothing (section,
 * end, comment, delimiters) and stands alone on its line takes the whole line away, as the
 * specification asks.
 */
#include "template/node.h"

#include <ctype.h>
#include <stdio.h>

#define DELIMITER_SIZE 16

struct parser {
	struct template *t;
	const char *at, *stop;
	char open[DELIMITER_SIZE], close[DELIMITER_SIZE];
	size_t stack[TEMPLATE_MAX_DEPTH]; /* indexes of the open sections */
	size_t depth;
	struct err_text *why;
};

struct tag {
	const char *start, *stop; /* with its delimiters */
	char sigil;               /* '\0' for a variable */
	const char *name;
	size_t len;
};

static int fail(struct parser *p, const char *at, const char *what)
{
	const char *begin = p->t->source;
	int line = 1;

	for (const char *c = begin; c < at; c++) {
		if (*c == '\n') {
			line++;
			begin = c + 1;
		}
	}
	return err_say(p->why, TEMPLATE_E_SYNTAX, "template_text, line %d, column %d: %s",
	               line, (int)(at - begin) + 1, what);
}

static struct node *add(struct template *t, enum node_type type, const char *text,
                        size_t len)
{
	if (t->n_nodes == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 32;
		t->nodes = xrealloc(t->nodes, t->cap * sizeof(*t->nodes));
	}
	struct node *node = &t->nodes[t->n_nodes++];

	*node = (struct node){ .type = type, .text = text, .len = len };
	return node;
}

static const char *find(const char *from, const char *stop, const char *what)
{
	/* an empty text is not NULL either */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	return memmem(from, (size_t)(stop - from), what, strlen(what));
}

static void trim(const char **text, size_t *len)
{
	while (*len && isspace((unsigned char)(*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len && isspace((unsigned char)(*text)[*len - 1]))
		(*len)--;
}

/* Reads the tag that begins at `start`. */
static int read_tag(struct parser *p, const char *start, struct tag *tag)
{
	const char *body = start + strlen(p->open);
	char closing[DELIMITER_SIZE + 1];

	*tag = (struct tag){ .start = start };
	if (body < p->stop && strchr("#^/!&{=>", *body))
		tag->sigil = *body++;
	(void)snprintf(closing, sizeof(closing), "%s%s",
	               tag->sigil == '{'   ? "}"
	               : tag->sigil == '=' ? "="
	                                   : "",
	               p->close);
	const char *end = find(body, p->stop, closing);
	if (!end)
		return fail(p, start, "a tag is not closed; write }} behind its name");
	tag->name = body;
	tag->len = (size_t)(end - body);
	tag->stop = end + strlen(closing);
	trim(&tag->name, &tag->len);
	return 0;
}

static int set_delimiters(struct parser *p, const struct tag *tag)
{
	size_t first = 0;

	while (first < tag->len && !isspace((unsigned char)tag->name[first]))
		first++;
	const char *second = tag->name + first;
	size_t second_len = tag->len - first;

	trim(&second, &second_len);
	if (first == 0 || second_len == 0 || first >= DELIMITER_SIZE ||
	    second_len >= DELIMITER_SIZE || memchr(second, ' ', second_len) ||
	    memchr(tag->name, '=', tag->len))
		return fail(p, tag->start,
		            "delimiters are two words without =, {{=<% %>=}}");
	(void)snprintf(p->open, sizeof(p->open), "%.*s", (int)first, tag->name);
	(void)snprintf(p->close, sizeof(p->close), "%.*s", (int)second_len, second);
	return 0;
}

static int open_section(struct parser *p, const struct tag *tag, enum node_type type)
{
	if (p->depth == TEMPLATE_MAX_DEPTH)
		return fail(p, tag->start,
		            "sections are nested too deeply; 32 levels may be open");
	p->stack[p->depth++] = p->t->n_nodes;
	(void)add(p->t, type, tag->name, tag->len);
	return 0;
}

static int close_section(struct parser *p, const struct tag *tag)
{
	struct node *opened;

	if (p->depth == 0)
		return fail(p, tag->start,
		            "a section is closed that was not opened; write {{#name}} "
		            "before it");
	opened = &p->t->nodes[p->stack[--p->depth]];
	if (opened->len != tag->len || memcmp(opened->text, tag->name, tag->len) != 0)
		return fail(p, tag->start,
		            "another section is open here; close that one first");
	opened->end = p->t->n_nodes;
	(void)add(p->t, NODE_END, tag->name, tag->len);
	return 0;
}

static int take_tag(struct parser *p, const struct tag *tag)
{
	if (tag->len == 0 && tag->sigil != '!')
		return fail(p, tag->start, "a tag has no name; write {{name}}");
	if (tag->len > TEMPLATE_MAX_NAME && tag->sigil != '!')
		return fail(p, tag->start, "a name is too long; is a tag not closed?");
	switch (tag->sigil) {
	case '!':
		return 0;
	case '=':
		return set_delimiters(p, tag);
	case '#':
		return open_section(p, tag, NODE_SECTION);
	case '^':
		return open_section(p, tag, NODE_INVERTED);
	case '/':
		return close_section(p, tag);
	case '>':
		return fail(p, tag->start,
		            "partials are not supported; write the text here");
	case '{':
	case '&':
		(void)add(p->t, NODE_RAW, tag->name, tag->len);
		return 0;
	default:
		(void)add(p->t, NODE_VARIABLE, tag->name, tag->len);
		return 0;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Widens a tag that is alone on its line to the whole line: *from goes back to the line's
 * start, *to behind its end.
 */
static void widen_standalone(const struct parser *p, const struct tag *tag,
                             const char **from, const char **to)
{
	const char *left = tag->start, *right = tag->stop;

	if (!tag->sigil || !strchr("#^/!=", tag->sigil))
		return;
	while (left > p->t->source && is_blank(left[-1]))
		left--;
	while (right < p->stop && is_blank(*right))
		right++;
	if (left > p->t->source && left[-1] != '\n')
		return;
	if (right < p->stop && *right == '\r' && right + 1 < p->stop && right[1] == '\n')
		right++;
	if (right < p->stop && *right != '\n')
		return;
	*from = left;
	*to = right < p->stop ? right + 1 : right;
}

static int parse_all(struct parser *p)
{
	while (p->at < p->stop) {
		const char *start = find(p->at, p->stop, p->open);
		struct tag tag;
		int r;

		if (!start)
			break;
		r = read_tag(p, start, &tag);
		if (r)
			return r;
		const char *from = tag.start, *to = tag.stop;

		widen_standalone(p, &tag, &from, &to);
		if (from > p->at)
			(void)add(p->t, NODE_TEXT, p->at, (size_t)(from - p->at));
		r = take_tag(p, &tag);
		if (r)
			return r;
		p->at = to;
	}
	if (p->at < p->stop)
		(void)add(p->t, NODE_TEXT, p->at, (size_t)(p->stop - p->at));
	if (p->depth > 0)
		return fail(p, p->t->nodes[p->stack[p->depth - 1]].text,
		            "a section is not closed; write {{/name}}");
	return 0;
}

int template_parse(const char *text, size_t len, enum template_escape escape,
                   struct template **out, struct err_text *why)
{
	CLEANUP(template_freep) struct template *t = xcalloc(1, sizeof(*t));
	struct parser p = { .t = t, .why = why, .open = "{{", .close = "}}" };

	if (len > TEMPLATE_MAX_BYTES)
		return err_say(why, TEMPLATE_E_LIMIT,
		               "template_text: more than %d bytes; shorten it",
		               TEMPLATE_MAX_BYTES);
	t->source = xstrndup(text, len);
	t->source_len = strlen(t->source);
	t->escape = escape;
	p.at = t->source;
	p.stop = t->source + t->source_len;
	int r = parse_all(&p);
	if (r)
		return r;
	*out = STEAL(t);
	return 0;
}

struct template *template_free(struct template *t)
{
	if (t) {
		free(t->source);
		free(t->nodes);
		free(t);
	}
	return NULL;
}
