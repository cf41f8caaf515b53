#include "payload/documents.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_BYTES 16
#define PREFIX_LEN   (9 + 2 * PREFIX_BYTES + 1) /* "document-", hex, "-" */
#define ID_DIGITS    19

static char prefix[PREFIX_LEN + 1];

static void draw(void)
{
	unsigned char random[PREFIX_BYTES];
	char hex[2 * PREFIX_BYTES + 1];

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	(void)snprintf(prefix, sizeof(prefix), "document-%s-", hex);
}

static const char *marker_prefix(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, draw);
	return prefix;
}

const char *payload_document_marker(int64_t document_id,
                                    char out[PAYLOAD_DOCUMENT_MARKER_SIZE])
{
	(void)snprintf(out, PAYLOAD_DOCUMENT_MARKER_SIZE, "%s%0*lld", marker_prefix(),
	               ID_DIGITS, (long long)document_id);
	return out;
}

const char *payload_document_find(const char *text, size_t len, size_t *marker_len,
                                  int64_t *document_id)
{
	char digits[ID_DIGITS + 1] = "";
	const char *found = memmem(text, len, marker_prefix(), PREFIX_LEN);

	if (!found || (size_t)(text + len - found) < PREFIX_LEN + ID_DIGITS)
		return NULL;
	memcpy(digits, found + PREFIX_LEN, ID_DIGITS);
	*marker_len = PREFIX_LEN + ID_DIGITS;
	*document_id = strtoll(digits, NULL, 10);
	return found;
}
