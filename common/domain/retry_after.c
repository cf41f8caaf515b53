#include "domain/retry_after.h"

#include <ctype.h>
#include <stdbool.h>
#include <time.h>

static bool parse_seconds(const char *text, int64_t most, int64_t *out)
{
	int64_t value = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (value <= most)
			value = value * 10 + (*text - '0');
	*out = value;
	return *text == '\0' || isspace((unsigned char)*text);
}

static bool parse_date(const char *text, int64_t *out_s)
{
	static const char *const formats[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* today's */
		"%a, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %d %H:%M:%S %Y",      /* asctime() */
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct tm tm = { .tm_sec = 0 };

		if (strptime(text, formats[i], &tm)) {
			*out_s = (int64_t)timegm(&tm);
			return true;
		}
	}
	return false;
}

int64_t retry_after_ms(const char *text, int64_t now_wall_ms, int64_t longest_ms)
{
	int64_t seconds, wait_ms;

	if (!text)
		return -1;
	while (isspace((unsigned char)*text))
		text++;
	if (parse_seconds(text, longest_ms / 1000, &seconds))
		wait_ms = seconds * 1000;
	else if (parse_date(text, &seconds))
		wait_ms = seconds * 1000 - now_wall_ms;
	else
		return -1;
	if (wait_ms < 0)
		return 0;
	return wait_ms < longest_ms ? wait_ms : longest_ms;
}
