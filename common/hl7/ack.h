#pragma once
/*
 * Reads an HL7 v2 acknowledgement: what peers answer over MLLP (HL7 2.3 to 2.8, chapter 2;
 * tables 0008 and 0357). Tolerant where real peers differ: the delimiters are those of the
 * message's own MSH, segments end in CR, LF or both, the last one in nothing, and MSH-9 is
 * not looked at. Pure and bounded: one pass, nothing kept but what is returned.
 */
#include "base/buf.h"

#include <stdbool.h>

/* MSA-1; the second letter decides, the first is the mode (application or commit). */
#define HL7_ACK_CODE_LIST(X)                                                               \
	X(AA, "AA", "accepted")                                                            \
	X(CA, "CA", "accepted")                                                            \
	X(AE, "AE", "application error")                                                   \
	X(CE, "CE", "error")                                                               \
	X(AR, "AR", "application reject")                                                  \
	X(CR, "CR", "reject")

enum hl7_ack_code {
	HL7_ACK_UNKNOWN, /* none of these */
#define X(symbol, word, meaning) HL7_ACK_##symbol,
	HL7_ACK_CODE_LIST(X)
#undef X
};
const char *hl7_ack_code_word(enum hl7_ack_code code); /* "" for UNKNOWN */
static inline bool hl7_ack_accepts(enum hl7_ack_code code)
{
	return code == HL7_ACK_AA || code == HL7_ACK_CA;
}

enum {
	HL7_ACK_E_NOT_HL7 = 1, /* it does not begin with a usable MSH */
	HL7_ACK_E_NO_MSA,      /* a message, but no acknowledgement */
};

enum { HL7_ACK_TEXT_MAX = 1000 }; /* characters kept of the peer's words, about */

struct hl7_ack {
	enum hl7_ack_code code;
	const char *control_id; /* MSA-2 without blanks around it; points into the input */
	size_t control_id_len;
};

/*
 * `text` (appended to, may be NULL) gets the peer's words: MSA-3, else those of the first
 * ERR segment that has some (ERR-8, ERR-7, ERR-3, and ERR-1 before 2.5), unescaped, valid
 * UTF-8.
 */
int hl7_ack_parse(const char *message, size_t len, struct hl7_ack *out,
                  struct buf *text) MUST_CHECK;

/* MSH-10 of any message, without blanks around it; false: no MSH, or it is empty. */
bool hl7_control_id(const char *message, size_t len, const char **out, size_t *out_len);
