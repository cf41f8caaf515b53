/*
 * Templates that people write, over data that patients bring. The first byte chooses what
 * is escaped for; the template ends at the first NUL byte, the rest is the context.
 */
#include "template/template.h"

#include "base/utf8.h"
#include "json/jdoc.h"

#include <assert.h>

#define OUTPUT_LIMIT (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_hl7(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		assert((unsigned char)out->data[i] >= ' ' && out->data[i] != 0x7F &&
		       !strchr("|^~&", out->data[i]));
}

static void check_json(const struct buf *out, const char *text, size_t len)
{
	CLEANUP(freep) char *quoted = xasprintf("[\"%s\"]", buf_str(out));
	CLEANUP_JSON json_t *doc = jdoc_parse(quoted, strlen(quoted), NULL);
	const json_t *read = json_array_get(doc, 0);

	assert(json_is_string(read) && json_string_length(read) == len);
	assert(memcmp(json_string_value(read), text, len) == 0);
}

/* A value never ends what it stands in. */
static void check_escaping(const char *text, size_t len)
{
	CLEANUP(buf_deinit) struct buf hl7 = BUF_INIT(0), json = BUF_INIT(0);

	template_escape_append(&hl7, text, len, TEMPLATE_ESCAPE_HL7);
	check_hl7(&hl7);
	if (!utf8_valid(text, len))
		return;
	template_escape_append(&json, text, len, TEMPLATE_ESCAPE_JSON);
	check_json(&json, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(template_freep) struct template *parsed = NULL;
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(OUTPUT_LIMIT);
	struct err_text why = { "" };

	if (len == 0)
		return 0;
	const char *text = (const char *)bytes + 1, *end = memchr(text, '\0', len - 1);
	size_t first = end ? (size_t)(end - text) : len - 1;
	CLEANUP_JSON json_t *context =
		end ? jdoc_parse(end + 1, len - first - 2, NULL) : json_object();

	check_escaping(text, first);
	if (template_parse(text, first, (enum template_escape)(bytes[0] % 5), &parsed,
	                   &why)) {
		assert(why.text[0] != '\0');
		return 0;
	}
	int r = template_render(parsed, context, &out, &why);
	assert(r == 0 || why.text[0] != '\0');
	assert(out.len <= OUTPUT_LIMIT);
	return 0;
}
