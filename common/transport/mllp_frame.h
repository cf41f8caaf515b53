#pragma once
/*
 * MLLP's framing (HL7 v2, "Minimal Lower Layer Protocol"): VT message FS CR, over a stream
 * of bytes that is cut anywhere. Bytes before VT are read past, a CR after FS may be
 * missing, a VT within a message begins another one. Pure and bounded: of a longer message
 * the first `limit` bytes are kept, and that it was cut is said.
 */
#include "base/buf.h"

#include <stdbool.h>

#define MLLP_VT 0x0b
#define MLLP_FS 0x1c
#define MLLP_CR 0x0d

struct mllp_frame {
	struct buf message;
	bool inside;
};

void mllp_frame_init(struct mllp_frame *f, size_t limit);
void mllp_frame_deinit(struct mllp_frame *f);
void mllp_frame_reset(struct mllp_frame *f); /* forget what is half there */

/*
 * Takes bytes up to the end of one message and returns how many; *whole says whether there
 * is one: f->message, until the next call. Call again with the rest.
 */
size_t mllp_frame_take(struct mllp_frame *f, const char *data, size_t len, bool *whole);
