#include "hl7/escape.h"

#include <stdbool.h>

static const struct {
	char from;
	const char *to;
} escapes[] = {
	{ .from = '\\', .to = "\\E\\" }, { .from = '|', .to = "\\F\\" },
	{ .from = '^', .to = "\\S\\" },  { .from = '&', .to = "\\T\\" },
	{ .from = '~', .to = "\\R\\" },
};

static const char *escape_of(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		if (escapes[i].from == c)
			return escapes[i].to;
	return NULL;
}

/* The bytes of a control character here: those of ASCII, and U+0080 to U+009F. */
static size_t control_at(const char *text, size_t len)
{
	unsigned char first = (unsigned char)text[0];

	if (first < ' ' || first == 0x7F)
		return 1;
	return first == 0xC2 && len > 1 && (unsigned char)text[1] < 0xA0 ? 2 : 0;
}

/* The bytes of a line break here: CR LF is one. */
static size_t break_at(const char *text, size_t len)
{
	if (text[0] == '\n')
		return 1;
	if (text[0] != '\r')
		return 0;
	return len > 1 && text[1] == '\n' ? 2 : 1;
}

void hl7_escape_append(struct buf *out, const char *text, size_t len,
                       enum hl7_breaks breaks)
{
	for (size_t i = 0; i < len;) {
		const char *escape = escape_of(text[i]);
		size_t control = control_at(text + i, len - i);
		size_t line = breaks == HL7_BREAK_LINE ? break_at(text + i, len - i) : 0;

		if (escape)
			buf_append_str(out, escape);
		else if (line)
			buf_append_str(out, "\\.br\\");
		else if (control)
			buf_append_char(out, ' ');
		else
			buf_append_char(out, text[i]);
		i += line ? line : control ? control : 1;
	}
}
