/*
 * HL7 out of any data: the input is an action's scope. Whatever it holds, segments begin
 * with their names, and nothing in them ends a message.
 */
#include "hl7/hl7.h"
#include "json/jdoc.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *marker(int64_t document_id, char out[HL7_DOCUMENT_MARKER_SIZE])
{
	return memcpy(out, "document", sizeof("document"));
}

static const char *check_segment(const char *at)
{
	static const char *const names[] = { "MSH", "ZID", "NTE", "EVN", "PID", "PV1",
		                             "ORC", "OBR", "DG1", "OBX", "SPM" };
	size_t known = 0, n = strcspn(at, "\r");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		known += strncmp(at, names[i], 3) == 0;
	assert(known == 1 && (n == 3 || at[3] == '|') && at[n] == '\r');
	for (size_t i = 0; i < n; i++)
		assert((unsigned char)at[i] >= ' ' && at[i] != 0x7F);
	return at + n + 1;
}

static void check_message(const struct hl7_source *source, enum hl7_message message)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(1 << 22), again = BUF_INIT(1 << 22);

	hl7_build(source, message, &out);
	if (out.truncated)
		return;
	for (const char *at = buf_str(&out); *at;)
		at = check_segment(at);
	/* the ids stand where they would be put */
	int r = hl7_update_message_with_ids(buf_str(&out), out.len, &source->ids,
	                                    source->options->inject, &again);
	assert(r == 0 && strcmp(buf_str(&again), buf_str(&out)) == 0);
}

static void check_text(const char *text, size_t len, const struct hl7_ids *ids)
{
	CLEANUP(buf_deinit)
	struct buf once = BUF_INIT(0), twice = BUF_INIT(0), said = BUF_INIT(0);
	unsigned inject = HL7_INJECT_MSH | HL7_INJECT_ZID;

	hl7_substance(text, len, &said);
	if (hl7_update_message_with_ids(text, len, ids, inject, &once))
		return;
	int r = hl7_update_message_with_ids(buf_str(&once), once.len, ids, inject, &twice);
	assert(r == 0 && once.len == twice.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP_JSON json_t *scope = jdoc_parse((const char *)bytes, len, NULL);
	struct hl7_options options = { .inject = HL7_INJECT_MSH | HL7_INJECT_ZID };
	struct hl7_source source = { .scope = scope,
		                     .options = &options,
		                     .ids = { .lab_id = 17 },
		                     .document_marker = marker };

	check_text((const char *)bytes, len, &source.ids);
	for (size_t i = 0; i < actions_count && json_is_object(scope); i++) {
		enum hl7_message message = HL7_NONE;

		source.action = &actions[i];
		source.ids.action_id = actions[i].id;
		options.version = i % 2 ? HL7_2_3 : HL7_2_5_1;
		if (hl7_message_of(&actions[i], "", &message, NULL) == 0 &&
		    message != HL7_NONE)
			check_message(&source, message);
	}
	return 0;
}
