/* MLLP's framing: a stream gives the same messages whole and cut (where: its first byte).
 */
#include "transport/mllp_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 64 };

/* All messages, each ended by a byte that none contains. */
static void take_all(struct mllp_frame *f, const char *data, size_t len, struct buf *out)
{
	while (len > 0) {
		bool whole;
		size_t used = mllp_frame_take(f, data, len, &whole);

		if (used == 0 || used > len || f->message.len > LIMIT)
			__builtin_trap();
		data += used;
		len -= used;
		if (whole) {
			buf_append(out, f->message.data, f->message.len);
			buf_append_char(out, f->message.truncated ? MLLP_FS : MLLP_VT);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_deinit) struct buf whole = BUF_INIT(0);
	CLEANUP(buf_deinit) struct buf cut = BUF_INIT(0);
	struct mllp_frame f;

	if (size == 0)
		return 0;
	const char *stream = (const char *)data + 1;
	size_t len = size - 1, at = len ? data[0] % (len + 1) : 0;

	mllp_frame_init(&f, LIMIT);
	take_all(&f, stream, len, &whole);
	mllp_frame_reset(&f);
	take_all(&f, stream, at, &cut);
	take_all(&f, stream + at, len - at, &cut);
	mllp_frame_deinit(&f);
	if (whole.len != cut.len || memcmp(buf_str(&whole), buf_str(&cut), cut.len) != 0)
		__builtin_trap();
	return 0;
}
