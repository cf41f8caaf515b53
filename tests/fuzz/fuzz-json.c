/* Bodies of requests: what JSON allows and documents cannot hold is repaired. */
#include "base/utf8.h"
#include "json/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	CLEANUP_JSON json_t *doc = jdoc_parse_any(text, size, NULL);
	CLEANUP_JSON json_t *strict = jdoc_parse(text, size, NULL);

	if (strict && !doc)
		__builtin_trap();
	if (!doc)
		return 0;
	size_t len;
	CLEANUP(freep) char *dump = jdoc_dump(doc, &len);
	CLEANUP_JSON json_t *again = jdoc_parse(dump, len, NULL);

	if (!utf8_valid(dump, len) || !again)
		__builtin_trap();
	return 0;
}
