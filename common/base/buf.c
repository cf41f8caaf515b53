#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_deinit(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->limit);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->truncated = false;
	if (b->data)
		b->data[0] = '\0';
}

static void reserve(struct buf *b, size_t extra)
{
	size_t need = b->len + extra + 1;

	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (b->limit && len > b->limit - b->len) {
		len = b->limit - b->len;
		b->truncated = true;
	}
	if (len == 0)
		return;
	reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_append_str(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_append_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		buf_append(b, small, (size_t)n);
	} else if (n >= 0) {
		CLEANUP(freep) char *big = xcalloc(1, (size_t)n + 1);

		(void)vsnprintf(big, (size_t)n + 1, fmt, again);
		buf_append(b, big, (size_t)n);
	}
	va_end(again);
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	b->data = NULL;
	buf_deinit(b);
	return data;
}
