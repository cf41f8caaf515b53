#pragma once
/* Between parse.c and render.c: a template is a flat list of nodes; sections know their
 * ends. */
#include "template/template.h"

enum node_type {
	NODE_TEXT,
	NODE_VARIABLE,
	NODE_RAW,
	NODE_SECTION,
	NODE_INVERTED,
	NODE_END
};

struct node {
	enum node_type type;
	const char *text; /* of the text, or the name; into template->source */
	size_t len;
	size_t end; /* sections: index of their NODE_END */
};

struct template
{
	char *source;
	size_t source_len;
	enum template_escape escape;
	struct node *nodes;
	size_t n_nodes, cap;
};
