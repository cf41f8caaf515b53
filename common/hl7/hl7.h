#pragma once
/*
 * HL7 v2 messages that a partner gets (HL7 2.3 and 2.5.1, chapters 2 to 4 and 7): which
 * message an action makes, the message out of the action's scope (the entity's context, the
 * event, what was selected), and the ids that travel in it. Segments end in CR. Text is
 * UTF-8, escaped; a control character in data is a blank. Times are the lab's, with offset.
 * Any thread; the only I/O is the first look at a time zone's file.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/log_id.h"
#include "domain/action.h"

#include <jansson.h>

/* The stage that a log of such a message has, as the field's own chain calls it. */
#define HL7_STAGE "LIVEHEALTHAPI"

enum hl7_version { HL7_2_3, HL7_2_5_1 };

enum {                     /* id_injection */
       HL7_INJECT_MSH = 1, /* MSH-4 = LABID, MSH-10 = LOGID in base32hex */
       HL7_INJECT_ZID = 2, /* ZID|LABID|LOGID|attempt|action id, after MSH */
       HL7_INJECT_NTE = 4, /* NTE|1|L|LABID=…;LOGID=…, after PID */
};

struct hl7_options {
	enum hl7_version version;
	unsigned inject;
	const char *receiving_application, *receiving_facility; /* NULL, borrowed */
	bool enhanced_ack; /* asks for a commit acknowledgement: MSH-15, MSH-16 */
};

/* Of integration_extra_details that were checked; defaults: 2.5.1, msh and zid. */
void hl7_options_read(const json_t *details, struct hl7_options *out);

/* Whether a row's payload_type is HL7's: ORM, ADT, ORU, ORUR01, HL7 … */
bool hl7_is_type(const char *payload_type);

enum hl7_message { HL7_NONE, HL7_ORM_O01, HL7_ADT_A04, HL7_ADT_A08, HL7_ORU_R01 };

enum {
	HL7_E_UNSUITABLE = 1, /* this action has no such message; `why` says the remedy */
	HL7_E_NO_MSH,         /* the text does not begin with a usable MSH segment */
};

/*
 * payload_type ORM, ADT, ORU or ORUR01 (any case, also ORU_R01) asks for one; any other
 * (HL7, JSON, "") means the action's own. HL7_NONE: it has none of its own.
 */
int hl7_message_of(const struct action *action, const char *payload_type,
                   enum hl7_message *out, struct err_text *why) MUST_CHECK;

/* What the message carries of its log; LABID and LOGID. */
struct hl7_ids {
	struct log_id log_id;
	int64_t lab_id;
	int attempt;
	int action_id;
};

#define HL7_DOCUMENT_MARKER_SIZE 80

struct hl7_source {
	const struct action *action;
	const json_t *scope;
	const struct hl7_options *options;
	struct hl7_ids ids;
	int64_t now_ms; /* wall clock: MSH-7, EVN-2 */
	/* What stands for a document's base64 until dispatch. NULL: documents are left out.
	 */
	const char *(*document_marker)(int64_t document_id,
	                               char out[HL7_DOCUMENT_MARKER_SIZE]);
};

/* Appends the message, ids included. Whatever the scope lacks is left empty. */
void hl7_build(const struct hl7_source *source, enum hl7_message message, struct buf *out);

/*
 * The field's update_message_with_ids: appends `message` with the ids that `inject` asks
 * for, and with CR after each segment, whatever line ends it had. HL7_E_NO_MSH: nothing was
 * appended.
 */
int hl7_update_message_with_ids(const char *message, size_t len, const struct hl7_ids *ids,
                                unsigned inject, struct buf *out) MUST_CHECK;

/*
 * Appends what makes this message say something else than another: all but its own time and
 * id (MSH-7, MSH-10, EVN, ZID).
 */
void hl7_substance(const char *message, size_t len, struct buf *out);
