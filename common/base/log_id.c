#include "base/log_id.h"

#include <ctype.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base32_digits[] = "0123456789abcdefghijklmnopqrstuv";

const char *log_id_to_hex(const struct log_id *id, char out[LOG_ID_HEX_SIZE])
{
	for (size_t i = 0; i < sizeof(id->bytes); i++) {
		out[2 * i] = hex_digits[id->bytes[i] >> 4];
		out[2 * i + 1] = hex_digits[id->bytes[i] & 15];
	}
	out[LOG_ID_HEX_SIZE - 1] = '\0';
	return out;
}

/* 96 bits are 19.2 groups of five: the last character carries one bit and four zero bits.
 */
const char *log_id_to_base32(const struct log_id *id, char out[LOG_ID_BASE32_SIZE])
{
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(id->bytes); i++) {
		bits = bits << 8 | id->bytes[i];
		for (held += 8; held >= 5; held -= 5)
			out[n++] = base32_digits[bits >> (held - 5) & 31];
	}
	out[n++] = base32_digits[bits << (5 - held) & 31];
	out[n] = '\0';
	return out;
}

static int digit_value(char c, const char *digits)
{
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool decode(const char *text, const char *digits, unsigned bits_each,
                   struct log_id *out)
{
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (; *text; text++) {
		int value = digit_value(*text, digits);

		if (value < 0)
			return false;
		bits = bits << bits_each | (unsigned)value;
		held += bits_each;
		if (held >= 8 && n < sizeof(out->bytes)) {
			held -= 8;
			out->bytes[n++] = (uint8_t)(bits >> held);
		}
	}
	return n == sizeof(out->bytes) && (bits & ((1U << held) - 1)) == 0;
}

bool log_id_parse(const char *text, struct log_id *out)
{
	switch (strlen(text)) {
	case LOG_ID_HEX_SIZE - 1:
		return decode(text, hex_digits, 4, out);
	case LOG_ID_BASE32_SIZE - 1:
		return decode(text, base32_digits, 5, out);
	default:
		return false;
	}
}
