#include "inbound/capture.h"

#define CAPTURE_MAGIC 'C'

void capture_set(struct capture *c, enum capture_text which, const char *text)
{
	c->text[which] = (struct capture_span){ text, text ? strlen(text) : 0 };
}

void capture_encode(const struct capture *c, struct buf *out)
{
	const unsigned char counts[] = { CAPTURE_MAGIC, CAPTURE_N_NUMBERS,
		                         CAPTURE_N_TEXTS };
	uint32_t lengths[CAPTURE_N_TEXTS];

	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		lengths[i] = (uint32_t)c->text[i].len;
	buf_append(out, counts, sizeof(counts));
	buf_append(out, c->number, sizeof(c->number));
	buf_append(out, lengths, sizeof(lengths));
	for (size_t i = 0; i < CAPTURE_N_TEXTS; i++)
		if (c->text[i].len)
			buf_append(out, c->text[i].data, c->text[i].len);
}

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, void *to, size_t len)
{
	if ((size_t)(c->end - c->at) < len)
		return false;
	memcpy(to, c->at, len);
	c->at += len;
	return true;
}

int capture_decode(const char *data, size_t len, struct capture *out)
{
	struct cursor c = { data, data + len };
	unsigned char counts[3];
	uint32_t lengths[256];
	int64_t number;

	*out = (struct capture){ 0 };
	if (!take(&c, counts, sizeof(counts)) || counts[0] != CAPTURE_MAGIC)
		return CAPTURE_E_MALFORMED;
	for (size_t i = 0; i < counts[1]; i++) {
		if (!take(&c, &number, sizeof(number)))
			return CAPTURE_E_MALFORMED;
		if (i < CAPTURE_N_NUMBERS)
			out->number[i] = number;
	}
	if (!take(&c, lengths, counts[2] * sizeof(lengths[0])))
		return CAPTURE_E_MALFORMED;
	for (size_t i = 0; i < counts[2]; i++) {
		if ((size_t)(c.end - c.at) < lengths[i])
			return CAPTURE_E_MALFORMED;
		if (i < CAPTURE_N_TEXTS)
			out->text[i] = (struct capture_span){ c.at, lengths[i] };
		c.at += lengths[i];
	}
	return 0;
}
