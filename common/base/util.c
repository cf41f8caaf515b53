#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>

static void *or_die(void *p)
{
	if (!p) {
		static const char message[] =
			"{\"level\":\"fatal\",\"event\":\"process.out_of_memory\"}\n";
		(void)fwrite(message, 1, sizeof(message) - 1, stdout);
		abort();
	}
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return or_die(realloc(old, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return or_die(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	/* not strndup: `text` may be bytes without an end, which strict checkers refuse
	 * there */
	size_t n = strnlen(text, length);
	char *copy = xcalloc(1, n + 1);

	memcpy(copy, text, n);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return or_die(n < 0 ? NULL : text);
}
