#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* Lead byte ranges; the second byte's range excludes overlong forms and surrogates. */
static const struct {
	unsigned char first, last, second_first, second_last;
	size_t length;
} forms[] = {
	{ .first = 0xC2,
	  .last = 0xDF,
	  .second_first = 0x80,
	  .second_last = 0xBF,
	  .length = 2 },
	{ .first = 0xE0,
	  .last = 0xE0,
	  .second_first = 0xA0,
	  .second_last = 0xBF,
	  .length = 3 },
	{ .first = 0xE1,
	  .last = 0xEC,
	  .second_first = 0x80,
	  .second_last = 0xBF,
	  .length = 3 },
	{ .first = 0xED,
	  .last = 0xED,
	  .second_first = 0x80,
	  .second_last = 0x9F,
	  .length = 3 },
	{ .first = 0xEE,
	  .last = 0xEF,
	  .second_first = 0x80,
	  .second_last = 0xBF,
	  .length = 3 },
	{ .first = 0xF0,
	  .last = 0xF0,
	  .second_first = 0x90,
	  .second_last = 0xBF,
	  .length = 4 },
	{ .first = 0xF1,
	  .last = 0xF3,
	  .second_first = 0x80,
	  .second_last = 0xBF,
	  .length = 4 },
	{ .first = 0xF4,
	  .last = 0xF4,
	  .second_first = 0x80,
	  .second_last = 0x8F,
	  .length = 4 },
};

static bool is_continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* Length of the character at p; 0 when it is none. */
static size_t character_length(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return p[0] != 0;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (left < forms[i].length || p[1] < forms[i].second_first ||
		    p[1] > forms[i].second_last)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (!is_continuation(p[k]))
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* How much of it is plain ASCII, in steps of eight bytes: most texts are nothing else. */
static size_t ascii_prefix(const char *text, size_t len)
{
	static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	size_t at = 0;
	uint64_t eight;

	for (; len - at >= sizeof(eight); at += sizeof(eight)) {
		memcpy(&eight, text + at, sizeof(eight));
		if ((eight | (eight - ones)) & tops) /* one is above 127, or 0 */
			break;
	}
	return at;
}

/* Length of the valid prefix. */
static size_t valid_prefix(const char *text, size_t len)
{
	size_t at = ascii_prefix(text, len);

	while (at < len) {
		size_t step = character_length((const unsigned char *)text + at, len - at);

		if (step == 0)
			break;
		at += step;
	}
	return at;
}

bool utf8_valid(const char *text, size_t len)
{
	return valid_prefix(text, len) == len;
}

size_t utf8_cut(const char *text, size_t len, size_t limit)
{
	size_t end = limit;

	if (len <= limit)
		return len;
	while (end > 0 && limit - end < 3 && is_continuation((unsigned char)text[end]))
		end--;
	return end;
}

static char *put(char *to, const char *from, size_t len)
{
	if (len)
		memcpy(to, from, len);
	return to + len;
}

char *utf8_repair(const char *text, size_t len, size_t *out_len)
{
	char *out = xcalloc(len + 1, sizeof(REPLACEMENT) - 1);
	char *to = out;
	size_t at = 0;

	while (at < len) {
		size_t good = valid_prefix(text + at, len - at);

		to = put(to, text + at, good);
		at += good;
		if (at < len) {
			to = put(to, REPLACEMENT, sizeof(REPLACEMENT) - 1);
			at++;
		}
	}
	*to = '\0';
	if (out_len)
		*out_len = (size_t)(to - out);
	return out;
}
