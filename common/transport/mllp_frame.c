#include "transport/mllp_frame.h"

void mllp_frame_init(struct mllp_frame *f, size_t limit)
{
	*f = (struct mllp_frame){ .message = BUF_INIT(limit) };
}

void mllp_frame_deinit(struct mllp_frame *f)
{
	buf_deinit(&f->message);
	f->inside = false;
}

void mllp_frame_reset(struct mllp_frame *f)
{
	buf_clear(&f->message);
	f->inside = false;
}

/* Up to VT, and over it. */
static size_t skip(struct mllp_frame *f, const char *data, size_t len)
{
	const char *start = memchr(data, MLLP_VT, len);

	if (!start)
		return len;
	buf_clear(&f->message);
	f->inside = true;
	return (size_t)(start - data) + 1;
}

static const char *find_end(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] == MLLP_FS || data[i] == MLLP_VT)
			return data + i;
	return NULL;
}

size_t mllp_frame_take(struct mllp_frame *f, const char *data, size_t len, bool *whole)
{
	size_t used = 0;

	*whole = false;
	while (used < len && !*whole) {
		if (!f->inside) {
			used += skip(f, data + used, len - used);
			continue;
		}
		const char *end = find_end(data + used, len - used);
		size_t n = end ? (size_t)(end - data) - used : len - used;

		buf_append(&f->message, data + used, n);
		used += n;
		if (end) {
			*whole = *end == MLLP_FS;
			f->inside = false; /* a VT is taken by skip() */
			used += *whole;
		}
	}
	return used;
}
