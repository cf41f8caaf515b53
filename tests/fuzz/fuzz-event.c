/*
 * Strangers' events. The first byte says how the rest is to be read: '0' a structured
 * event, else binary mode with the text up to the first newline as ce_source.
 */
#include "event/labevent.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void walk(const struct labevent *e)
{
	for (size_t i = 0; i < e->n_records; i++) {
		struct log_id id;

		if (e->records[i].fault)
			continue;
		json_t *context = labevent_context(e, i);
		assert(json_is_integer(json_object_get(context, "lab_id")));
		json_decref(context);
		labevent_log_id(e->source, e->id, 1, i, &id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes + 1;
	struct labevent_header headers[2];
	struct labevent_message m = { .headers = headers, .n_headers = 1 };
	struct err_text why = { "" };
	struct labevent e;

	if (len == 0)
		return 0;
	len--;
	if (bytes[0] == '0') {
		headers[0] = (struct labevent_header){ "content-type",
			                               "application/cloudevents+json", 28 };
		m.value = text;
		m.len = len;
	} else {
		const char *line = memchr(text, '\n', len);
		size_t first = line ? (size_t)(line - text) : len;

		headers[0] = (struct labevent_header){ "ce_id", "1", 1 };
		headers[1] = (struct labevent_header){ "ce_source", text, first };
		m.n_headers = 2;
		m.value = line ? line + 1 : text + len;
		m.len = len - first - (line != NULL);
	}
	int r = labevent_parse(&m, &e, &why);
	if (r == 0)
		walk(&e);
	else
		assert(why.text[0] != '\0');
	labevent_release(&e);
	return 0;
}
