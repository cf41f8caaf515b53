#pragma once
/* A data leaf as it stands in a message with the usual delimiters |^~\& (HL7 2.x, 2.10). */
#include "base/buf.h"

enum hl7_breaks {
	HL7_BREAK_BLANK, /* a line break is a blank, as every control character */
	HL7_BREAK_LINE,  /* ... is \.br\: in FT, TX and NTE */
};

void hl7_escape_append(struct buf *out, const char *text, size_t len,
                       enum hl7_breaks breaks);
