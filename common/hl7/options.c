/* What a row says about its messages, and which message an action makes. */
#include "hl7/hl7.h"

#include "json/jdoc.h"

#include <strings.h>

static unsigned read_injection(const json_t *words)
{
	static const struct {
		const char *word;
		unsigned bit;
	} bits[] = {
		{ "msh", HL7_INJECT_MSH },
		{ "zid", HL7_INJECT_ZID },
		{ "nte", HL7_INJECT_NTE },
	};
	unsigned inject = 0;
	size_t i;
	const json_t *word;

	if (!json_is_array(words))
		return HL7_INJECT_MSH | HL7_INJECT_ZID;
	json_array_foreach (words, i, word)
		for (size_t b = 0; b < ARRAY_SIZE(bits); b++)
			if (json_is_string(word) &&
			    strcmp(json_string_value(word), bits[b].word) == 0)
				inject |= bits[b].bit;
	return inject;
}

void hl7_options_read(const json_t *details, struct hl7_options *out)
{
	const json_t *hl7 = json_object_get(details, "hl7");
	const char *mode = jdoc_text_or(json_object_get(details, "ack"), "mode", "");

	*out = (struct hl7_options){
		.version = strcmp(jdoc_text_or(hl7, "version", ""), "2.3") == 0 ? HL7_2_3
		                                                                : HL7_2_5_1,
		.inject = read_injection(json_object_get(hl7, "id_injection")),
		.receiving_application = jdoc_text_or(hl7, "receiving_application", NULL),
		.receiving_facility = jdoc_text_or(hl7, "receiving_facility", NULL),
		.enhanced_ack = strcmp(mode, "enhanced") == 0,
	};
}

/* ---- which message ---- */

#define BIT(family) (1U << FAMILY_##family)

/* What a context of these families can fill. */
#define ORDERS   (BIT(BILL) | BIT(SAMPLE) | BIT(REPORT))
#define PATIENTS (ORDERS | BIT(PATIENT) | BIT(APPOINTMENT) | BIT(HOME_COLLECTION))
#define RESULTS  (BIT(SAMPLE) | BIT(REPORT))

static const struct {
	const char *payload_type;
	enum hl7_message message;
	unsigned families;
} types[] = {
	{ .payload_type = "ORM", .message = HL7_ORM_O01, .families = ORDERS },
	{ .payload_type = "ORMO01", .message = HL7_ORM_O01, .families = ORDERS },
	{ .payload_type = "ADT", .message = HL7_ADT_A08, .families = PATIENTS },
	{ .payload_type = "ADTA04", .message = HL7_ADT_A04, .families = PATIENTS },
	{ .payload_type = "ADTA08", .message = HL7_ADT_A08, .families = PATIENTS },
	{ .payload_type = "ORU", .message = HL7_ORU_R01, .families = RESULTS },
	{ .payload_type = "ORUR01", .message = HL7_ORU_R01, .families = RESULTS },
	/* the field's other types: templates make them */
	{ .payload_type = "OUL" },
	{ .payload_type = "DFT" },
	{ .payload_type = "SIU" },
	{ .payload_type = "MFN" },
};

/* "ORU_R01" and "oru^r01" are ORUR01 to those who write rows. */
static bool spells(const char *asked, const char *name)
{
	char plain[16];
	size_t n = 0;

	for (; *asked; asked++) {
		if (strchr("^_- ", *asked))
			continue;
		if (n == sizeof(plain) - 1)
			return false;
		plain[n++] = *asked;
	}
	plain[n] = '\0';
	return strcasecmp(plain, name) == 0;
}

bool hl7_is_type(const char *payload_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (spells(payload_type, types[i].payload_type))
			return true;
	return spells(payload_type, "HL7");
}

static enum hl7_message own_message(const struct action *action)
{
	static const struct {
		int action_id;
		enum hl7_message message;
	} exceptions[] = {
		{ .action_id = 57, .message = HL7_ADT_A04 }, /* registered */
		{ .action_id = 9, .message = HL7_ORM_O01 },  /* a redraw is a new order */
		{ .action_id = 35, .message = HL7_ORU_R01 }, /* a bill's reports */
	};

	for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++)
		if (exceptions[i].action_id == action->id)
			return exceptions[i].message;
	switch (action->family) {
	case FAMILY_BILL:
		return HL7_ORM_O01;
	case FAMILY_PATIENT:
		return HL7_ADT_A08;
	case FAMILY_SAMPLE:
	case FAMILY_REPORT:
		return HL7_ORU_R01;
	case FAMILY_ORGANISATION:
	case FAMILY_APPOINTMENT:
	case FAMILY_HOME_COLLECTION:
	case FAMILY_CLAIM:
	case FAMILY_REMITTANCE:
	case FAMILY_INVOICE:
	case FAMILY_COUNT:
		break;
	}
	return HL7_NONE;
}

int hl7_message_of(const struct action *action, const char *payload_type,
                   enum hl7_message *out, struct err_text *why)
{
	enum hl7_message own = own_message(action);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!spells(payload_type, types[i].payload_type))
			continue;
		if (!(types[i].families & (1U << action->family)) &&
		    types[i].message != own)
			return err_say(why, HL7_E_UNSUITABLE,
			               "payload_type %s: there is no such message of %s; "
			               "write a template_text",
			               types[i].payload_type, action->name);
		/* a registration stays one */
		*out = types[i].message == HL7_ADT_A08 && own == HL7_ADT_A04
		               ? own
		               : types[i].message;
		return 0;
	}
	*out = own;
	return 0;
}
