/* Escaping for each target, as tables: what is not in a target's table goes out as it is.
 */
#include "hl7/escape.h"
#include "template/template.h"

#include <ctype.h>

struct replacement {
	char from;
	const char *to;
};

static const struct replacement json_table[] = {
	{ .from = '"', .to = "\\\"" }, { .from = '\\', .to = "\\\\" },
	{ .from = '\b', .to = "\\b" }, { .from = '\f', .to = "\\f" },
	{ .from = '\n', .to = "\\n" }, { .from = '\r', .to = "\\r" },
	{ .from = '\t', .to = "\\t" }, { .from = '\0', .to = NULL },
};

static const struct replacement html_table[] = {
	{ .from = '&', .to = "&amp;" },  { .from = '<', .to = "&lt;" },
	{ .from = '>', .to = "&gt;" },   { .from = '"', .to = "&quot;" },
	{ .from = '\'', .to = "&#39;" }, { .from = '\0', .to = NULL },
};

static const struct replacement plain_table[] = { { .from = '\0', .to = NULL } };

static const char *find(const struct replacement *table, char c)
{
	for (; table->to; table++)
		if (table->from == c)
			return table->to;
	return NULL;
}

static void append_form(struct buf *out, char c)
{
	if (isalnum((unsigned char)c) || strchr("-._~", c))
		buf_append_char(out, c);
	else
		buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
}

static void append_control(struct buf *out, char c, enum template_escape escape)
{
	if (escape == TEMPLATE_ESCAPE_JSON)
		buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
	else
		buf_append_char(out, c);
}

void template_escape_append(struct buf *out, const char *text, size_t len,
                            enum template_escape escape)
{
	static const struct replacement *const tables[] = {
		[TEMPLATE_ESCAPE_PLAIN] = plain_table, [TEMPLATE_ESCAPE_JSON] = json_table,
		[TEMPLATE_ESCAPE_HL7] = plain_table,   [TEMPLATE_ESCAPE_FORM] = plain_table,
		[TEMPLATE_ESCAPE_HTML] = html_table,
	};

	if (escape == TEMPLATE_ESCAPE_HL7) {
		hl7_escape_append(out, text, len, HL7_BREAK_BLANK);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		const char *to = find(tables[escape], text[i]);

		if (to)
			buf_append_str(out, to);
		else if (escape == TEMPLATE_ESCAPE_FORM)
			append_form(out, text[i]);
		else if (iscntrl((unsigned char)text[i]))
			append_control(out, text[i], escape);
		else
			buf_append_char(out, text[i]);
	}
}
