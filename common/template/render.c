/* Walks the nodes with a stack of contexts; recursion is bounded by TEMPLATE_MAX_DEPTH. */
#include "template/node.h"

#include "json/jdoc.h"

#include <stdio.h>

struct renderer {
	const struct template *t;
	const json_t *stack[TEMPLATE_MAX_DEPTH + 1]; /* innermost last */
	size_t depth;
	long steps;
	struct buf *out;
	struct err_text *why;
};

static const json_t *member(const json_t *of, const char *name, size_t len)
{
	return json_object_getn(of, name, len);
}

/* The first part of a dotted name is looked for outwards, the rest only inside it. */
static const json_t *look_up(struct renderer *r, const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);
	size_t first = dot ? (size_t)(dot - name) : len;
	const json_t *found = NULL;

	if (len == 1 && name[0] == '.')
		return r->stack[r->depth - 1];
	for (size_t i = r->depth; i-- > 0 && !found;) {
		found = member(r->stack[i], name, first);
		r->steps++;
	}
	while (found && first < len) {
		name += first + 1;
		len -= first + 1;
		dot = memchr(name, '.', len);
		first = dot ? (size_t)(dot - name) : len;
		found = member(found, name, first);
		r->steps++;
	}
	return found;
}

static bool is_false(const json_t *value)
{
	return !value || json_is_null(value) || json_is_false(value) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

static void write_value(struct renderer *r, const json_t *value,
                        enum template_escape escape)
{
	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		template_escape_append(r->out, json_string_value(value),
		                       json_string_length(value), escape);
		return;
	}
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(value, &len);

	template_escape_append(r->out, text, len, escape);
}

static int render_range(struct renderer *r, size_t from, size_t to);

static int render_inside(struct renderer *r, const json_t *value, size_t from, size_t to)
{
	r->steps++;
	r->stack[r->depth++] = value;
	int result = render_range(r, from, to);
	r->depth--;
	return result;
}

static int render_section(struct renderer *r, size_t at)
{
	const struct node *node = &r->t->nodes[at];
	const json_t *value = look_up(r, node->text, node->len);
	size_t index;
	json_t *item;

	if (node->type == NODE_INVERTED)
		return is_false(value) ? render_range(r, at + 1, node->end) : 0;
	if (is_false(value))
		return 0;
	if (!json_is_array(value))
		return render_inside(r, value, at + 1, node->end);
	json_array_foreach (value, index, item) {
		int result = render_inside(r, item, at + 1, node->end);

		if (result)
			return result;
	}
	return 0;
}

static int render_node(struct renderer *r, size_t at)
{
	const struct node *node = &r->t->nodes[at];

	switch (node->type) {
	case NODE_TEXT:
		buf_append(r->out, node->text, node->len);
		return 0;
	case NODE_VARIABLE:
		write_value(r, look_up(r, node->text, node->len), r->t->escape);
		return 0;
	case NODE_RAW:
		write_value(r, look_up(r, node->text, node->len), TEMPLATE_ESCAPE_PLAIN);
		return 0;
	case NODE_SECTION:
	case NODE_INVERTED:
		return render_section(r, at);
	case NODE_END:
		return 0;
	}
	return 0;
}

static int render_range(struct renderer *r, size_t from, size_t to)
{
	for (size_t at = from; at < to; at++) {
		int result;

		if (++r->steps > TEMPLATE_MAX_STEPS)
			return err_say(r->why, TEMPLATE_E_LIMIT,
			               "template_text: more than %d steps",
			               TEMPLATE_MAX_STEPS);
		result = render_node(r, at);
		if (result)
			return result;
		if (r->out->truncated)
			return err_say(r->why, TEMPLATE_E_LIMIT,
			               "template_text: the result is over the size limit");
		if (r->t->nodes[at].end)
			at = r->t->nodes[at].end;
	}
	return 0;
}

int template_render(const struct template *t, const json_t *context, struct buf *out,
                    struct err_text *why)
{
	struct renderer r = { .t = t, .out = out, .why = why };

	r.stack[r.depth++] = context;
	return render_range(&r, 0, t->n_nodes);
}
