#include "base/random.h"

#include <unistd.h>

#define GETENTROPY_MAX 256 /* the most that one call gives */

void random_bytes(void *out, size_t len)
{
	uint8_t *at = out;

	while (len > 0) {
		size_t part = len < GETENTROPY_MAX ? len : GETENTROPY_MAX;

		if (getentropy(at, part) < 0)
			abort();
		at += part;
		len -= part;
	}
}

uint32_t random_u32(void)
{
	uint32_t value;

	random_bytes(&value, sizeof(value));
	return value;
}

uint64_t random_u64(void)
{
	uint64_t value;

	random_bytes(&value, sizeof(value));
	return value;
}
