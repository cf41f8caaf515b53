#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_say(struct err_text *why, int code, const char *fmt, ...)
{
	va_list ap;

	if (why) {
		va_start(ap, fmt);
		(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
		va_end(ap);
	}
	return code;
}
