#include "domain/fax.h"

#include <ctype.h>
#include <stdio.h>

static const struct fax_vendor vendors[] = {
	{
		.name = "humblefax",
		.url = "https://api.humblefax.com",
		/* per address; who exceeds it is blocked for a minute */
		.rate_per_second = 5,
		.north_america = true,
		.needs = { "access_key", "secret_key" },
	},
	{
		.name = "documo",
		.url = "https://api.documo.com",
		.root = "/v1",
		.numbers_max = 1,
		.needs = { "access_key" },
	},
};

const struct fax_vendor *fax_vendor_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(vendors); i++)
		if (strcmp(vendors[i].name, name) == 0)
			return &vendors[i];
	return NULL;
}

const char *fax_vendor_names(char out[FAX_VENDOR_NAMES_SIZE])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(vendors) && len < FAX_VENDOR_NAMES_SIZE; i++)
		len += (size_t)snprintf(out + len, FAX_VENDOR_NAMES_SIZE - len, "%s%s",
		                        i > 0 ? ", " : "", vendors[i].name);
	return out;
}

/* 1NXXNXXXXXX, N from 2 to 9. */
static bool is_north_american(const char *digits)
{
	return strlen(digits) == 11 && digits[0] == '1' && digits[1] >= '2' &&
	       digits[4] >= '2';
}

bool fax_number(const struct fax_vendor *vendor, const char *text,
                char out[FAX_NUMBER_SIZE])
{
	char digits[FAX_NUMBER_SIZE];
	size_t n = 0;

	for (; *text; text++) {
		if (isalpha((unsigned char)*text))
			return false;
		if (!isdigit((unsigned char)*text))
			continue;
		if (n == sizeof(digits) - 1)
			return false;
		digits[n++] = *text;
	}
	digits[n] = '\0';
	const char *number = strncmp(digits, "00", 2) == 0 ? digits + 2 : digits;
	size_t len = strlen(number);

	if (len < 8 || len > 15)
		return false;
	(void)snprintf(out, FAX_NUMBER_SIZE, "%s%s", len == 10 ? "1" : "", number);
	return !vendor->north_america || is_north_american(out);
}

#define LONGEST_GAP_MS (15LL * 60 * 1000)

uint32_t fax_checks_due(int64_t age_ms, int64_t first_ms)
{
	uint32_t n = 0;

	if (age_ms > FAX_CHECKS_FOR_MS)
		age_ms = FAX_CHECKS_FOR_MS;
	for (int64_t at = first_ms; at <= age_ms; n++) {
		int64_t gap = at / 4;

		if (gap > LONGEST_GAP_MS)
			gap = LONGEST_GAP_MS;
		at += gap > first_ms ? gap : first_ms;
	}
	return n;
}
