#include "phi/phi.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

/*
 * Fields that hold nothing of a patient, and no free text: "1,3-5". All others of these
 * segments, and all of segments that are not listed, are masked.
 */
static const struct {
	const char *segment, *fields;
} plain[] = {
	{ "MSH", "1-7,9-12,15-21" },
	{ "EVN", "1-2,6" },
	{ "PID", "1" },
	{ "PV1", "1-2,19,44-45" },
	{ "ORC", "1-5,9,15" },
	{ "OBR", "1-8,14,22,24-25" },
	{ "OBX", "1-4,6-8,11,14" },
	{ "NTE", "1-2" },
	{ "SPM", "1-4,17-18" },
	{ "FT1", "1-2,4-7,10-12,25" },
	{ "SCH", "1-2,11,25" },
	{ "MFI", "1-6" },
	{ "MFE", "1-4" },
	{ "MSA", "1-2" },
	{ "ERR", "2,4" },
	{ "ZID", "1-9" },
};

static bool is_in(const char *fields, unsigned long field)
{
	for (const char *at = fields; *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (field >= first && field <= last)
			return true;
		at = end + (*end == ',');
	}
	return false;
}

static const char *fields_of(const char *segment)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (strncmp(plain[i].segment, segment, 3) == 0)
			return plain[i].fields;
	return "";
}

static bool is_segment(const char *line, size_t len, char separator)
{
	if (len < 3 || !isupper((unsigned char)line[0]))
		return false;
	for (size_t i = 1; i < 3; i++)
		if (!isupper((unsigned char)line[i]) && !isdigit((unsigned char)line[i]))
			return false;
	return len == 3 || line[3] == separator;
}

/* "" stays: it says that there is none, and hides nothing. */
static void add_field(struct buf *out, const char *text, size_t len, bool shown)
{
	if (shown || len == 0)
		buf_append(out, text, len);
	else
		buf_append_str(out, PHI_MASK);
}

static void add_segment(struct buf *out, const char *line, size_t len, char separator)
{
	const char *fields = fields_of(line), *end = line + len, *at = line + 3;
	/* the separator itself is the header's first field */
	unsigned long field = strncmp(line, "MSH", 3) == 0 ? 1 : 0;

	buf_append(out, line, 3);
	while (at < end) {
		const char *from = at + 1;
		const char *to = memchr(from, separator, (size_t)(end - from));

		if (!to)
			to = end;
		buf_append_char(out, separator);
		field++;
		add_field(out, from, (size_t)(to - from), is_in(fields, field));
		at = to;
	}
}

char *phi_mask_hl7(const char *text, size_t len)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	const char *end = text + len;
	char separator;

	if (len < 8 || memcmp(text, "MSH", 3) != 0 || isalnum((unsigned char)text[3]) ||
	    (unsigned char)text[3] <= ' ' || ((unsigned char)text[3] & 0x80))
		return NULL;
	separator = text[3];
	for (const char *at = text; at < end;) {
		const char *to = at;

		while (to < end && *to != '\r' && *to != '\n')
			to++;
		if (is_segment(at, (size_t)(to - at), separator))
			add_segment(&out, at, (size_t)(to - at), separator);
		else if (to > at)
			buf_append_str(&out, PHI_MASK);
		for (; to < end && (*to == '\r' || *to == '\n'); to++)
			buf_append_char(&out, *to);
		at = to;
	}
	return buf_take(&out);
}
