/*
 * HL7 bodies for contexts, without a fleet around: a line of JSON in, {"action", "version",
 * "context", "event", "injection"?}, gives a line of JSON out, {"message"} or {"error"}.
 * What the tests hand to HAPI.
 */
#include "payload/payload.h"
#include "json/jdoc.h"

#include <stdio.h>

/* A row owns its texts; this one only borrows. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static json_t *details_of(const json_t *line)
{
	json_t *hl7 = json_object(), *details = json_object();
	json_t *injection = json_object_get(line, "injection");

	jdoc_set_text(hl7, "version", jdoc_text_or(line, "version", NULL));
	if (injection)
		(void)json_object_set(hl7, "id_injection", injection);
	(void)json_object_set_new(details, "hl7", hl7);
	return details;
}

static int render(const json_t *line, const struct payload *p, const struct action *action,
                  struct payload_body *body, struct err_text *why)
{
	CLEANUP_JSON json_t *details = details_of(line);
	const struct integration row = {
		.payload_type = TEXT(jdoc_text_or(line, "payload_type", "HL7")),
		.request_type = REQUEST_POST,
		.extra = details,
	};
	const struct payload_attempt attempt = { .log_id = { { 1, 2, 3 } },
		                                 .now_ms = 1795255200123 };

	return payload_render(p, action, &row, &attempt, body, why);
}

static json_t *answer(const json_t *line)
{
	const struct action *action = action_find((int)jdoc_int_or(line, "action", 0));
	const struct payload_source source = { .action = action,
		                               .context = json_object_get(line, "context"),
		                               .event = json_object_get(line, "event"),
		                               .reports =
		                                       json_object_get(line, "reports") };
	struct err_text why = { "no such action" };
	struct payload_body body = { 0 };
	struct payload payload = { 0 };
	json_t *out = json_object();
	int r = action ? payload_make(&source, &payload, &why) : PAYLOAD_E_BUILD;

	if (r == 0)
		r = render(line, &payload, action, &body, &why);
	if (r == 0)
		(void)json_object_set_new(out, "message",
		                          json_stringn(body.data, body.len));
	jdoc_set_text(out, "error", r ? why.text : NULL);
	payload_body_release(&body);
	payload_release(&payload);
	return out;
}

int main(void)
{
	CLEANUP(freep) char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		CLEANUP_JSON json_t *in = jdoc_parse(line, (size_t)n, NULL);
		CLEANUP_JSON json_t *out = answer(in);
		CLEANUP(freep) char *text = jdoc_dump(out, NULL);

		(void)puts(text);
		(void)fflush(stdout);
	}
	return 0;
}
