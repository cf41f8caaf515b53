/* HL7 as a body: which rows get it, and how a template's text becomes a message. */
#include "payload/body.h"

#include "hl7/hl7.h"
#include "payload/documents.h"
#include "payload/hash.h"
#include "json/jdoc.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

static_assert(PAYLOAD_DOCUMENT_MARKER_SIZE <= HL7_DOCUMENT_MARKER_SIZE,
              "room for a marker");

bool payload_is_hl7(const struct action *action, const struct integration *row)
{
	enum hl7_message message;

	if (row->transport == TRANSPORT_MLLP)
		return true;
	if (row->transport != TRANSPORT_SFTP)
		return false;
	/* a file may be anything: HL7 where the row does not say otherwise */
	if (row->template_text)
		return strncmp(row->template_text, "MSH", 3) == 0;
	return (!*row->payload_type || strcasecmp(row->payload_type, "JSON") == 0) &&
	       hl7_message_of(action, "", &message, NULL) == 0 && message != HL7_NONE;
}

static struct hl7_ids ids_of(const struct payload *p, const struct action *action,
                             const struct payload_attempt *attempt)
{
	return (struct hl7_ids){
		.log_id = attempt->log_id,
		.lab_id = jdoc_int_or(
			json_object_get(p->scope, "event"), "lab_id",
			jdoc_int_or(json_object_get(p->scope, "lab"), "lab_id", 0)),
		.attempt = attempt->number,
		.action_id = action->id,
	};
}

static int build(const struct payload *p, const struct action *action,
                 const struct integration *row, const struct hl7_source *source,
                 struct buf *out, struct err_text *why)
{
	enum hl7_message message = HL7_NONE;

	if (hl7_message_of(action, row->payload_type, &message, why) != 0)
		return PAYLOAD_E_CONFIG;
	if (message == HL7_NONE)
		return err_say(
			why, PAYLOAD_E_CONFIG,
			"there is no HL7 message of %s: write a template_text, or use "
			"the transport http with payload_type JSON",
			action->name);
	hl7_build(source, message, out);
	return 0;
}

/* $LABID and $LOGID in the template itself, never in the data that it shows. */
static void write_ids(const char *text, const struct hl7_ids *ids, struct buf *out)
{
	char labid[24], logid[LOG_ID_HEX_SIZE];
	const struct {
		const char *name, *value;
	} names[] = {
		{ "$LABID", labid },
		{ "$LOGID", log_id_to_hex(&ids->log_id, logid) },
	};

	(void)snprintf(labid, sizeof(labid), "%lld", (long long)ids->lab_id);
	while (*text) {
		size_t n;

		for (n = 0; n < ARRAY_SIZE(names); n++)
			if (strncmp(text, names[n].name, strlen(names[n].name)) == 0)
				break;
		if (n == ARRAY_SIZE(names)) {
			buf_append_char(out, *text++);
		} else {
			buf_append_str(out, names[n].value);
			text += strlen(names[n].name);
		}
	}
}

static int render_template(const struct payload *p, const struct integration *row,
                           const struct hl7_source *source, struct buf *out,
                           struct err_text *why)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0), message = BUF_INIT(out->limit);

	write_ids(row->template_text, &source->ids, &text);
	int r = payload_template_body(buf_str(&text), TEMPLATE_ESCAPE_HL7, p, &message,
	                              why);
	if (r)
		return r;
	if (hl7_update_message_with_ids(buf_str(&message), message.len, &source->ids,
	                                source->options->inject, out) == 0)
		return 0;
	if (row->transport == TRANSPORT_MLLP)
		return err_say(
			why, PAYLOAD_E_CONFIG,
			"template_text must begin with an MSH segment, MSH|^~\\&|...");
	buf_append(out, buf_str(&message), message.len);
	return 0;
}

int payload_hl7_body(const struct payload *p, const struct action *action,
                     const struct integration *row, const struct payload_attempt *attempt,
                     struct buf *out, struct err_text *why)
{
	struct hl7_options options;

	hl7_options_read(row->extra, &options);
	const struct hl7_source source = {
		.action = action,
		.scope = p->scope,
		.options = &options,
		.ids = ids_of(p, action, attempt),
		.now_ms = attempt->now_ms,
		.document_marker = payload_document_marker,
	};
	return row->template_text ? render_template(p, row, &source, out, why)
	                          : build(p, action, row, &source, out, why);
}

void payload_hl7_hash(const struct buf *message, char out[PAYLOAD_SHA256_SIZE])
{
	CLEANUP(buf_deinit) struct buf substance = BUF_INIT(0);

	hl7_substance(buf_str(message), message->len, &substance);
	payload_hash(buf_str(&substance), substance.len, out);
}
