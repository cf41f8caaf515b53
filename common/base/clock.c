#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
	return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

const char *clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
	int64_t ms = wall_ms % 1000;
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		s -= 1;
	}
	if (!gmtime_r(&s, &tm) ||
	    strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		out[0] = '\0';
		return out;
	}
	size_t n = strlen(out);
	(void)snprintf(out + n, CLOCK_ISO_SIZE - n, ".%03dZ", (int)ms);
	return out;
}

/* Exactly `digits` digits at *p; moves *p past them. */
static bool take_number(const char **p, int digits, int *out)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return false;
		value = value * 10 + ((*p)[i] - '0');
	}
	*p += digits;
	*out = value;
	return true;
}

static bool take_char(const char **p, const char *any_of)
{
	if (**p == '\0' || !strchr(any_of, **p))
		return false;
	(*p)++;
	return true;
}

static bool take_fraction_ms(const char **p, int *out)
{
	int scale = 100;

	*out = 0;
	if (!take_char(p, "."))
		return true;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++, scale /= 10)
		*out += (**p - '0') * scale;
	return true;
}

static bool take_offset_minutes(const char **p, int *out)
{
	int hours, minutes = 0, sign;

	*out = 0;
	if (**p == '\0' || take_char(p, "Zz"))
		return true;
	sign = **p == '-' ? -1 : 1;
	if (!take_char(p, "+-") || !take_number(p, 2, &hours))
		return false;
	(void)take_char(p, ":");
	if (**p != '\0' && !take_number(p, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*out = sign * (hours * 60 + minutes);
	return true;
}

static bool take_date(const char **p, struct tm *tm)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (!take_number(p, 4, &tm->tm_year) || !take_char(p, "-") ||
	    !take_number(p, 2, &tm->tm_mon) || !take_char(p, "-") ||
	    !take_number(p, 2, &tm->tm_mday))
		return false;
	if (tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
	    tm->tm_mday > days[tm->tm_mon - 1])
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

bool clock_parse_iso(const char *text, int64_t *out_wall_ms)
{
	struct tm tm = { 0 };
	int ms = 0, offset = 0;
	const char *p = text;

	if (!take_date(&p, &tm))
		return false;
	if (*p != '\0') {
		if (!take_char(&p, "Tt ") || !take_number(&p, 2, &tm.tm_hour) ||
		    !take_char(&p, ":") || !take_number(&p, 2, &tm.tm_min))
			return false;
		if (take_char(&p, ":") && !take_number(&p, 2, &tm.tm_sec))
			return false;
		if (!take_fraction_ms(&p, &ms) || !take_offset_minutes(&p, &offset) ||
		    *p != '\0')
			return false;
		if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
			return false;
	}
	*out_wall_ms = ((int64_t)timegm(&tm) - (int64_t)offset * 60) * 1000 + ms;
	return true;
}
