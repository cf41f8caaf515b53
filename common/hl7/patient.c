/* Who sends what, and about whom: MSH, EVN, PID, PV1. */
#include "hl7/segments.h"

#include "hl7/escape.h"
#include "hl7/time.h"

/* ---- MSH, EVN ---- */

static void make_now(const struct hl7_place *place, struct buf *out)
{
	hl7_time_append(out, place->source->now_ms, place->zone);
}

static void make_receiving_application(const struct hl7_place *place, struct buf *out)
{
	const char *name = place->source->options->receiving_application;

	if (name)
		hl7_escape_append(out, name, strlen(name), HL7_BREAK_BLANK);
}

static void make_receiving_facility(const struct hl7_place *place, struct buf *out)
{
	const char *name = place->source->options->receiving_facility;

	if (name)
		hl7_escape_append(out, name, strlen(name), HL7_BREAK_BLANK);
}

static const struct {
	const char *event;
	const char *types[2]; /* by version */
} messages[] = {
	[HL7_NONE] = { "", { "", "" } },
	[HL7_ORM_O01] = { "O01", { "ORM^O01", "ORM^O01^ORM_O01" } },
	[HL7_ADT_A04] = { "A04", { "ADT^A04", "ADT^A04^ADT_A01" } },
	[HL7_ADT_A08] = { "A08", { "ADT^A08", "ADT^A08^ADT_A01" } },
	[HL7_ORU_R01] = { "R01", { "ORU^R01", "ORU^R01^ORU_R01" } },
};

static void make_type(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out,
	               messages[place->message].types[place->source->options->version]);
}

static void make_event(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, messages[place->message].event);
}

static void make_control_id(const struct hl7_place *place, struct buf *out)
{
	char id[LOG_ID_BASE32_SIZE];

	buf_append_str(out, log_id_to_base32(&place->source->ids.log_id, id));
}

static void make_version(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, place->source->options->version == HL7_2_3 ? "2.3" : "2.5.1");
}

static void make_accept_ack(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, place->source->options->enhanced_ack ? "AL" : "");
}

static void make_application_ack(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, place->source->options->enhanced_ack ? "NE" : "");
}

/* MSH-4 and MSH-10 are those of id_injection's `none`. */
const struct hl7_field hl7_msh[] = {
	HL7_TEXT(3, HL7_OURSELVES),
	HL7_PATH(4, "/lab.hl7_facility|/lab.lab_id"),
	HL7_MAKE(5, make_receiving_application),
	HL7_MAKE(6, make_receiving_facility),
	HL7_MAKE(7, make_now),
	HL7_MAKE(9, make_type),
	HL7_MAKE(10, make_control_id),
	HL7_TEXT(11, "P"),
	HL7_MAKE(12, make_version),
	HL7_MAKE(15, make_accept_ack),
	HL7_MAKE(16, make_application_ack),
	HL7_END,
};

const struct hl7_field hl7_evn[] = {
	HL7_MAKE(1, make_event),
	HL7_MAKE(2, make_now),
	HL7_TIME(6, "/event.activity_date"),
	HL7_END,
};

/* ---- PID, PV1 ---- */

static void append_identifier(const struct hl7_place *place, const char *path,
                              const char *type, struct buf *out)
{
	if (!hl7_has(place, path))
		return;
	if (out->len)
		buf_append_char(out, '~');
	hl7_leaf_append(place, path, HL7_AS_TEXT, out);
	buf_append_str(out, "^^^LAB");
	hl7_leaf_append(place, "/lab.lab_id", HL7_AS_TEXT, out);
	buf_printf(out, "^%s", type);
}

static void make_patient_ids(const struct hl7_place *place, struct buf *out)
{
	append_identifier(place, "/patient.patient_id", "PI", out);
	append_identifier(place, "/patient.lab_patient_id", "MR", out);
}

/* full_name only where there is neither of the two names. */
static void make_family_name(const struct hl7_place *place, struct buf *out)
{
	bool named = hl7_has(place, "/patient.last_name") ||
	             hl7_has(place, "/patient.first_name");

	hl7_leaf_append(place, named ? "/patient.last_name" : "/patient.full_name",
	                HL7_AS_TEXT, out);
}

static const struct hl7_field patient_name[] = {
	HL7_MAKE(1, make_family_name),
	HL7_PATH(2, "/patient.first_name"),
	HL7_PATH(3, "/patient.middle_name"),
	HL7_PATH(5, "/patient.designation"),
	HL7_END,
};

static const struct hl7_field patient_address[] = {
	HL7_PATH(1, "/patient.address"),
	HL7_PATH(2, "/patient.area|/patient.landmark"),
	HL7_PATH(3, "/patient.city"),
	HL7_PATH(4, "/patient.state"),
	HL7_PATH(5, "/patient.pincode"),
	HL7_PATH(6, "/patient.country"),
	HL7_END,
};

/* 2.3 has only US numbers in the first component: there the text stands in the last. */
static const struct hl7_field patient_phone[] = {
	{ .at = 1, .path = "/patient.mobile", .in = HL7_IN_2_5_1 },
	HL7_TEXT(2, "PRN"),
	HL7_TEXT(3, "CP"),
	HL7_DIGITS(5, "/patient.country_code"),
	HL7_DIGITS(7, "/patient.mobile"),
	{ .at = 9, .path = "/patient.mobile", .in = HL7_IN_2_3 },
	HL7_END,
};

static const struct hl7_field patient_email[] = {
	HL7_TEXT(2, "NET"),
	HL7_TEXT(3, "Internet"),
	HL7_PATH(4, "/patient.email"),
	HL7_END,
};

static void make_contacts(const struct hl7_place *place, struct buf *out)
{
	if (hl7_has(place, "/patient.mobile"))
		hl7_parts_append(place, patient_phone, out);
	if (out->len && hl7_has(place, "/patient.email"))
		buf_append_char(out, '~');
	hl7_parts_append(place, patient_email, out);
}

const struct hl7_field hl7_pid[] = {
	HL7_TEXT(1, "1"),
	HL7_MAKE(3, make_patient_ids),
	HL7_PARTS(5, patient_name),
	HL7_DATE(7, "/patient.dob"),
	HL7_PATH(8, "/patient.gender"),
	HL7_PATH(10, "/patient.race"),
	HL7_PARTS(11, patient_address),
	HL7_MAKE(13, make_contacts),
	HL7_PATH(18, "/bill.bill_id"),
	HL7_PATH(22, "/patient.ethnicity"),
	HL7_END,
};

static const struct hl7_field location[] = {
	HL7_PATH(1, "/organisation.org_code|/organisation.org_id"),
	HL7_PATH(9, "/organisation.org_full_name"), /* the facility's has 20 characters */
	HL7_END,
};

const struct hl7_field hl7_referring_doctor[] = {
	HL7_PATH(1, "/referral.npi|/referral.registration_no|/referral.referral_id"),
	HL7_PATH(2, "/referral.full_name"),
	HL7_END,
};

const struct hl7_field hl7_pv1[] = {
	HL7_TEXT(1, "1"),
	HL7_TEXT(2, "O"),
	HL7_PARTS(3, location),
	HL7_PARTS(8, hl7_referring_doctor),
	HL7_PATH(19, "/bill.bill_id"),
	HL7_END,
};
