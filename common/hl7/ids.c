/* The ids that a message carries, and what of it is more than them. */
#include "hl7/hl7.h"

#include <ctype.h>
#include <stdio.h>

#define MSH_FACILITY   4
#define MSH_TIME       7
#define MSH_CONTROL_ID 10

/* A segment without its line end. */
struct line {
	const char *at;
	size_t len;
};

static bool is_break(char c)
{
	return c == '\r' || c == '\n';
}

/* Takes the next segment off `rest`; empty lines and blanks before it are none. */
static bool next_line(struct line *rest, struct line *out)
{
	while (rest->len &&
	       (is_break(*rest->at) || *rest->at == ' ' || *rest->at == '\t')) {
		rest->at++;
		rest->len--;
	}
	*out = (struct line){ .at = rest->at };
	while (rest->len && !is_break(*rest->at)) {
		rest->at++;
		rest->len--;
		out->len++;
	}
	return out->len > 0;
}

static bool is_segment(const struct line *line, const char *name)
{
	return line->len >= 3 && memcmp(line->at, name, 3) == 0;
}

static void append_line(struct buf *out, const struct line *line)
{
	buf_append(out, line->at, line->len);
	buf_append_char(out, '\r');
}

/* Takes what stands before the next separator; rest->at becomes NULL with the last one. */
static struct line take_piece(struct line *rest, char separator)
{
	struct line piece = *rest;
	const char *stop = rest->at ? memchr(rest->at, separator, rest->len) : NULL;

	if (!stop) {
		*rest = (struct line){ 0 };
		return piece;
	}
	piece.len = (size_t)(stop - rest->at);
	*rest = (struct line){ stop + 1, rest->len - piece.len - 1 };
	return piece;
}

/* MSH with other texts in some of its fields: NULL leaves what is there. */
static void append_msh(struct buf *out, const struct line *msh,
                       const char *const fields[MSH_CONTROL_ID + 1])
{
	const char separator = msh->at[3];
	struct line rest = *msh;

	/* MSH-1 is the separator itself, so that the n-th piece is MSH-(n+1) */
	for (int n = 0; rest.at || n < MSH_CONTROL_ID; n++) {
		struct line piece = take_piece(&rest, separator);
		const char *other = n > 0 && n < MSH_CONTROL_ID ? fields[n + 1] : NULL;

		if (n > 0)
			buf_append_char(out, separator);
		if (other)
			buf_append_str(out, other);
		else
			buf_append(out, piece.at, piece.len);
	}
	buf_append_char(out, '\r');
}

static void append_zid(struct buf *out, const struct hl7_ids *ids, char separator)
{
	char logid[LOG_ID_HEX_SIZE];

	buf_printf(out, "ZID%c%lld%c%s%c%d%c%d\r", separator, (long long)ids->lab_id,
	           separator, log_id_to_hex(&ids->log_id, logid), separator, ids->attempt,
	           separator, ids->action_id);
}

static void append_nte(struct buf *out, const struct hl7_ids *ids, char separator)
{
	char logid[LOG_ID_HEX_SIZE];

	buf_printf(out, "NTE%c1%cL%cLABID=%lld;LOGID=%s\r", separator, separator, separator,
	           (long long)ids->lab_id, log_id_to_hex(&ids->log_id, logid));
}

static bool has_segment(const char *message, size_t len, const char *name)
{
	struct line rest = { message, len }, line;

	while (next_line(&rest, &line))
		if (is_segment(&line, name))
			return true;
	return false;
}

int hl7_update_message_with_ids(const char *message, size_t len, const struct hl7_ids *ids,
                                unsigned inject, struct buf *out)
{
	char labid[24], logid[LOG_ID_BASE32_SIZE];
	const char *fields[MSH_CONTROL_ID + 1] = { NULL };
	struct line rest = { message, len }, line;
	bool with_pid = has_segment(message, len, "PID");

	if (!next_line(&rest, &line) || !is_segment(&line, "MSH") || line.len < 8 ||
	    !ispunct((unsigned char)line.at[3]))
		return HL7_E_NO_MSH;
	char separator = line.at[3];
	(void)snprintf(labid, sizeof(labid), "%lld", (long long)ids->lab_id);
	if (inject & HL7_INJECT_MSH) {
		fields[MSH_FACILITY] = labid;
		fields[MSH_CONTROL_ID] = log_id_to_base32(&ids->log_id, logid);
	}
	append_msh(out, &line, fields);
	if (inject & HL7_INJECT_ZID)
		append_zid(out, ids, separator);
	if ((inject & HL7_INJECT_NTE) && !with_pid)
		append_nte(out, ids, separator);
	while (next_line(&rest, &line)) {
		if ((inject & HL7_INJECT_ZID) && is_segment(&line, "ZID"))
			continue; /* ours stands in its place */
		append_line(out, &line);
		if ((inject & HL7_INJECT_NTE) && is_segment(&line, "PID"))
			append_nte(out, ids, separator);
	}
	return 0;
}

void hl7_substance(const char *message, size_t len, struct buf *out)
{
	static const char *const fields[MSH_CONTROL_ID + 1] = {
		[MSH_TIME] = "", [MSH_CONTROL_ID] = ""
	};
	struct line rest = { message, len }, line;

	while (next_line(&rest, &line)) {
		if (is_segment(&line, "ZID") || is_segment(&line, "EVN"))
			continue;
		if (is_segment(&line, "MSH") && line.len > 3)
			append_msh(out, &line, fields);
		else
			append_line(out, &line);
	}
}
