#include "hl7/ack.h"

#include "base/utf8.h"

#include <ctype.h>

/* Bytes of a message. */
struct span {
	const char *at;
	size_t len;
};

struct delimiters {
	char field, component, repetition, escape, sub;
};

static const struct {
	enum hl7_ack_code code;
	const char *word;
} codes[] = {
#define X(symbol, word, meaning) { HL7_ACK_##symbol, word },
	HL7_ACK_CODE_LIST(X)
#undef X
};

const char *hl7_ack_code_word(enum hl7_ack_code code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return codes[i].word;
	return "";
}

static bool is_break(char c)
{
	return c == '\r' || c == '\n';
}

/* Takes the next segment off `rest`; false at the end. Empty lines are passed over. */
static bool next_segment(struct span *rest, struct span *out)
{
	while (rest->len > 0 && is_break(*rest->at)) {
		rest->at++;
		rest->len--;
	}
	*out = (struct span){ .at = rest->at };
	while (rest->len > 0 && !is_break(*rest->at)) {
		rest->at++;
		rest->len--;
		out->len++;
	}
	return out->len > 0;
}

static bool is_segment(struct span s, const char *name, char field)
{
	return s.len >= 3 && memcmp(s.at, name, 3) == 0 && (s.len == 3 || s.at[3] == field);
}

/* The n-th piece (from 0) of what `separator` divides; empty when there are fewer. */
static struct span piece(struct span s, char separator, unsigned n)
{
	const char *end = s.at + s.len;

	for (; n > 0; n--) {
		const char *next = s.len > 0 ? memchr(s.at, separator, s.len) : NULL;

		if (!next)
			return (struct span){ .at = end };
		s = (struct span){ .at = next + 1, .len = (size_t)(end - next - 1) };
	}
	const char *stop = s.len > 0 ? memchr(s.at, separator, s.len) : NULL;
	if (stop)
		s.len = (size_t)(stop - s.at);
	return s;
}

static struct span trim(struct span s)
{
	while (s.len > 0 && isspace((unsigned char)*s.at)) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && isspace((unsigned char)s.at[s.len - 1]))
		s.len--;
	return s;
}

/* MSH-1 is the field separator itself, MSH-2 the others; what it leaves out is usual. */
static bool read_delimiters(struct span msh, struct delimiters *out)
{
	static const char usual[] = "^~\\&";
	char rest[4];

	if (msh.len < 4 || memcmp(msh.at, "MSH", 3) != 0 ||
	    isalnum((unsigned char)msh.at[3]))
		return false;
	struct span encoding = piece(msh, msh.at[3], 1);
	for (size_t i = 0; i < sizeof(rest); i++)
		rest[i] = (char)(i < encoding.len ? encoding.at[i] : usual[i]);
	*out = (struct delimiters){ .field = msh.at[3],
		                    .component = rest[0],
		                    .repetition = rest[1],
		                    .escape = rest[2],
		                    .sub = rest[3] };
	return true;
}

/* ---- the peer's words ---- */

static void append_byte(struct buf *out, char c)
{
	unsigned char byte = (unsigned char)c;

	buf_append_char(out, (char)(byte < ' ' || byte == 0x7f ? ' ' : c));
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* \X0D0A\: bytes in hex. */
static void append_hex(struct buf *out, struct span hex)
{
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		int high = hex_digit(hex.at[i]), low = hex_digit(hex.at[i + 1]);

		if (high >= 0 && low >= 0)
			append_byte(out, (char)(high << 4 | low));
	}
}

/* What stands between two escape characters; highlighting and line breaks are a blank. */
static void append_escaped(struct buf *out, struct span name, const struct delimiters *d)
{
	const struct {
		char name, value;
	} plain[] = {
		{ 'F', d->field },      { 'S', d->component }, { 'T', d->sub },
		{ 'R', d->repetition }, { 'E', d->escape },
	};

	if (name.len > 1 && name.at[0] == 'X') {
		append_hex(out, (struct span){ name.at + 1, name.len - 1 });
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (name.len == 1 && name.at[0] == plain[i].name) {
			buf_append_char(out, plain[i].value);
			return;
		}
	}
	buf_append_char(out, ' ');
}

enum { ESCAPE_MAX = 64 }; /* an escape character without its pair is itself */

static void unescape(struct buf *out, struct span s, const struct delimiters *d)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t left = s.len - i - 1;
		const char *end = s.at[i] == d->escape && left > 0
		                          ? memchr(s.at + i + 1, d->escape,
		                                   left < ESCAPE_MAX ? left : ESCAPE_MAX)
		                          : NULL;

		if (!end) {
			append_byte(out, s.at[i]);
			continue;
		}
		struct span name = { s.at + i + 1, (size_t)(end - s.at) - i - 1 };
		append_escaped(out, name, d);
		i += name.len + 1;
	}
}

/* Returns true when something was said. */
static bool say(struct buf *text, struct span words, const struct delimiters *d)
{
	CLEANUP(buf_deinit) struct buf plain = BUF_INIT(4 * HL7_ACK_TEXT_MAX);
	size_t len;

	unescape(&plain, trim(words), d);
	CLEANUP(freep) char *repaired = utf8_repair(buf_str(&plain), plain.len, &len);
	buf_append(text, repaired, utf8_cut(repaired, len, HL7_ACK_TEXT_MAX));
	return len > 0;
}

/* A coded value: its text, else its code. */
static bool say_coded(struct buf *text, struct span field, char separator, unsigned code,
                      const struct delimiters *d)
{
	return say(text, piece(field, separator, code + 1), d) ||
	       say(text, piece(field, separator, code), d);
}

/* ERR-1 before 2.5: segment^sequence^field^code&text&table. */
static bool say_old_error(struct buf *text, struct span err, const struct delimiters *d)
{
	struct span first = piece(piece(err, d->field, 1), d->repetition, 0);

	return say_coded(text, piece(first, d->component, 3), d->sub, 0, d);
}

/* ERR-3, a CWE: HAPI puts what was meant into its original text, the ninth component. */
static bool say_error_code(struct buf *text, struct span err, const struct delimiters *d)
{
	struct span first = piece(piece(err, d->field, 3), d->repetition, 0);

	return say(text, piece(first, d->component, 8), d) ||
	       say_coded(text, first, d->component, 0, d);
}

static bool say_error(struct buf *text, struct span err, const struct delimiters *d)
{
	return say(text, piece(err, d->field, 8), d) ||
	       say(text, piece(err, d->field, 7), d) || say_error_code(text, err, d) ||
	       say_old_error(text, err, d);
}

/* ---- the message ---- */

static void read_msa(struct span msa, const struct delimiters *d, struct hl7_ack *out)
{
	struct span word = trim(piece(msa, d->field, 1));
	struct span id = trim(piece(msa, d->field, 2));

	*out = (struct hl7_ack){ .code = HL7_ACK_UNKNOWN,
		                 .control_id = id.at,
		                 .control_id_len = id.len };
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (word.len == 2 && memcmp(word.at, codes[i].word, 2) == 0)
			out->code = codes[i].code;
}

int hl7_ack_parse(const char *message, size_t len, struct hl7_ack *out, struct buf *text)
{
	struct span rest = { message, len }, segment;
	struct delimiters d;
	bool found = false, said = false;

	*out = (struct hl7_ack){ .code = HL7_ACK_UNKNOWN, .control_id = message };
	if (!next_segment(&rest, &segment) || !read_delimiters(segment, &d))
		return HL7_ACK_E_NOT_HL7;
	while (next_segment(&rest, &segment)) {
		if (!found && is_segment(segment, "MSA", d.field)) {
			found = true;
			read_msa(segment, &d, out);
			said = said || (text && say(text, piece(segment, d.field, 3), &d));
		} else if (!said && text && is_segment(segment, "ERR", d.field)) {
			said = say_error(text, segment, &d);
		}
	}
	return found ? 0 : HL7_ACK_E_NO_MSA;
}

bool hl7_control_id(const char *message, size_t len, const char **out, size_t *out_len)
{
	struct span rest = { message, len }, msh;
	struct delimiters d;

	if (!next_segment(&rest, &msh) || !read_delimiters(msh, &d))
		return false;
	struct span id = trim(piece(msh, d.field, 9)); /* MSH-1 is no field of its own */
	*out = id.at;
	*out_len = id.len;
	return id.len > 0;
}
