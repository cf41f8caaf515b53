/* Orders and their specimens: ORC, OBR, SPM, and notes. */
#include "hl7/segments.h"

#include <strings.h>

static const struct hl7_control controls[] = {
	{ .action_id = 1, .code = "NW", .time = "/bill.bill_time" },
	{ .action_id = 2, .code = "XO", .time = "/bill.bill_time" },
	{ .action_id = 3, .code = "CA", .time = "/bill.cancelled_at|/bill.bill_time" },
	{ .action_id = 4, .code = "NW", .time = "/bill.reset_at|/bill.bill_time" },
	{ .action_id = 5, .code = "SC", .time = "/payment.paid_at|/bill.bill_time" },
	{ .action_id = 9,
	  .operation = "dismiss",
	  .code = "CA",
	  .time = "/sample.updated_at|/bill.bill_time" },
	{ .action_id = 9, .code = "RP", .time = "/sample.rejected_at|/bill.bill_time" },
	{ .action_id = 17, .code = "SC", .time = "/payment.paid_at|/bill.bill_time" },
	{ .action_id = 18, .code = "NW", .time = "item.added_at|/bill.bill_time" },
	{ .action_id = 49, .code = "NW", .time = "/bill.bill_time" },
	{ .action_id = 6, .code = "SC", .time = "sample.received_at|/bill.bill_time" },
	{ .action_id = 7, .code = "SC", .time = "sample.rejected_at|/bill.bill_time" },
	{ .action_id = 30, .code = "SC", .time = "sample.collected_at|/bill.bill_time" },
	{ .action_id = 31, .code = "SC", .time = "sample.uncollected_at|/bill.bill_time" },
	{ .action_id = 63, .code = "SC", .time = "/bill.bill_time" },
};
static const struct hl7_control result = { .code = "RE", .time = "/bill.bill_time" };
static const struct hl7_control status = { .code = "SC", .time = "/bill.bill_time" };

const struct hl7_control *hl7_control_of(const struct hl7_place *place)
{
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct hl7_control *control = &controls[i];

		if (control->action_id == place->source->action->id &&
		    (!control->operation ||
		     hl7_is(place, "/event.operation", control->operation)))
			return control;
	}
	return place->message == HL7_ORU_R01 ? &result : &status;
}

static void make_control(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, hl7_control_of(place)->code);
}

static void make_control_time(const struct hl7_place *place, struct buf *out)
{
	hl7_leaf_append(place, hl7_control_of(place)->time, HL7_AS_TIME, out);
}

struct word {
	const char *path, *word, *code;
};

static const char *code_of(const struct hl7_place *place, const struct word *words,
                           size_t n, const char *otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (hl7_is(place, words[i].path, words[i].word))
			return words[i].code;
	return otherwise;
}

/* Table 0038; the first that is true counts. */
static void make_order_status(const struct hl7_place *place, struct buf *out)
{
	static const struct word words[] = {
		{ "/bill.status", "CANCELLED", "CA" },
		{ "item.status", "CANCELLED", "CA" },
		{ "item.status", "DISMISSED", "CA" },
		{ "report.status", "CANCELLED", "CA" },
		{ "report.status", "SAVED", "A" },
		{ "report.status", "SUBMITTED", "CM" },
		{ "report.status", "SIGNED", "CM" },
		{ "report.status", "AMENDED", "CM" },
		{ "sample.status", "DISMISSED", "CA" },
		{ "sample.status", "RECEIVED", "IP" },
		{ "sample.status", "COLLECTED", "IP" },
	};

	buf_append_str(out, code_of(place, words, ARRAY_SIZE(words), "SC"));
}

const char *hl7_result_status(const struct hl7_place *place)
{
	static const struct word words[] = {
		{ "report.status", "CANCELLED", "X" },
		{ "report.status", "AMENDED", "C" },
		{ "report.is_amended", "Y", "C" },
		{ "report.status", "SAVED", "P" },
		{ "report.status", "SUBMITTED", "F" },
		{ "report.status", "SIGNED", "F" },
		{ "sample.status", "REJECTED", "X" },
		{ "sample.status", "DISMISSED", "X" },
		{ "sample.status", "RECEIVED", "I" },
	};

	return code_of(place, words, ARRAY_SIZE(words), "O");
}

static void make_result_status(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, hl7_result_status(place));
}

/* Table 0027. */
static void make_priority(const struct hl7_place *place, struct buf *out)
{
	bool urgent = hl7_is(place, "/bill.emergency", "Y") ||
	              hl7_is(place, "sample.is_urgent", "Y");

	buf_append_char(out, urgent ? 'S' : 'R');
}

static const struct hl7_field quantity_timing[] = {
	HL7_TEXT(1, "1"),
	HL7_TIME(4, "/bill.bill_time"),
	HL7_MAKE(6, make_priority),
	HL7_END,
};

static const struct hl7_field filler_number[] = {
	HL7_PATH(1, "report.lab_report_id"),
	HL7_TEXT(2, HL7_OURSELVES),
	HL7_END,
};

static const struct hl7_field entered_by[] = {
	HL7_PATH(1, "/bill.created_by"),
	HL7_PATH(2, "/bill.created_by_name"),
	HL7_END,
};

const struct hl7_field hl7_orc[] = {
	HL7_MAKE(1, make_control),
	HL7_PATH(2, "/bill.order_number|/bill.bill_id"),
	HL7_PARTS(3, filler_number),
	HL7_PATH(4, "/bill.bill_id"),
	HL7_MAKE(5, make_order_status),
	HL7_PARTS(7, quantity_timing),
	HL7_MAKE(9, make_control_time),
	HL7_PARTS(10, entered_by),
	HL7_PARTS(12, hl7_referring_doctor),
	HL7_END,
};

static const struct hl7_field by_loinc[] = {
	HL7_PATH(1, "test.loinc_code"),
	HL7_PATH(2, "test.test_name|item.test_name"),
	HL7_TEXT(3, "LN"),
	HL7_PATH(4, "test.test_code|item.test_code"),
	HL7_PATH(5, "test.test_name|item.test_name"),
	HL7_TEXT(6, "L"),
	HL7_END,
};

static const struct hl7_field by_local_code[] = {
	HL7_PATH(1, "test.test_code|item.test_code|sample.sample_type"),
	HL7_PATH(2, "test.test_name|item.test_name|sample.sample_name"),
	HL7_TEXT(3, "L"),
	HL7_END,
};

static void make_service(const struct hl7_place *place, struct buf *out)
{
	hl7_parts_append(place,
	                 hl7_has(place, "test.loinc_code") ? by_loinc : by_local_code, out);
}

/* The specimen where there is no SPM: its code is one component, of subcomponents. */
static void make_specimen(const struct hl7_place *place, struct buf *out)
{
	if (place->source->options->version == HL7_2_5_1 && place->message == HL7_ORU_R01)
		return;
	if (!hl7_has(place, "sample.sample_snomed|sample.sample_type"))
		return;
	hl7_leaf_append(place, "sample.sample_snomed", HL7_AS_TEXT, out);
	buf_append_char(out, '&');
	hl7_leaf_append(place, "sample.sample_type", HL7_AS_TEXT, out);
	if (hl7_has(place, "sample.sample_snomed"))
		buf_append_str(out, "&SCT");
}

/* Table 0074 by how a laboratory calls its departments. */
static void make_section(const struct hl7_place *place, struct buf *out)
{
	static const struct {
		const char *name, *code;
	} sections[] = {
		{ "haem", "HM" },   { "hem", "HM" },   { "bioch", "CH" }, { "chem", "CH" },
		{ "immun", "IMM" }, { "micro", "MB" }, { "sero", "SR" },  { "viro", "VR" },
		{ "radio", "RAD" }, { "cyto", "CP" },  { "histo", "SP" }, { "genet", "GE" },
		{ "toxi", "TX" },
	};
	const char *name = json_string_value(hl7_find(place, "test.department_name"));

	if (!name)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (strncasecmp(name, sections[i].name, strlen(sections[i].name)) == 0) {
			buf_append_str(out, sections[i].code);
			return;
		}
	buf_append_str(out, "LAB");
}

/* The last one who signed: one component, of subcomponents. */
static void make_interpreter(const struct hl7_place *place, struct buf *out)
{
	const json_t *all = hl7_find(place, "signatories");
	struct hl7_place signer = *place;

	if (json_array_size(all) == 0)
		return;
	signer.here = json_array_get(all, json_array_size(all) - 1);
	hl7_leaf_append(&signer, "npi|registration_no|user_id", HL7_AS_TEXT, out);
	buf_append_char(out, '&');
	hl7_leaf_append(&signer, "full_name", HL7_AS_TEXT, out);
}

static void make_index(const struct hl7_place *place, struct buf *out)
{
	buf_printf(out, "%d", place->index);
}

const struct hl7_field hl7_obr[] = {
	HL7_MAKE(1, make_index),
	HL7_PATH(2, "/bill.order_number|/bill.bill_id"),
	HL7_PARTS(3, filler_number),
	HL7_MAKE(4, make_service),
	{ .at = 5, .make = make_priority, .in = HL7_IN_2_3 },
	HL7_TIME(7, "sample.collected_at"),
	HL7_TIME(14, "sample.received_at"),
	HL7_MAKE(15, make_specimen),
	HL7_PARTS(16, hl7_referring_doctor),
	HL7_PATH(20, "sample.accession_no"),
	{ .at = 22,
	  .path = "report.report_at|report.approval_at",
	  .as = HL7_AS_TIME,
	  .in = HL7_IN_ORU },
	HL7_MAKE(24, make_section),
	{ .at = 25, .make = make_result_status, .in = HL7_IN_ORU },
	HL7_PARTS(27, quantity_timing),
	{ .at = 32, .make = make_interpreter, .in = HL7_IN_ORU },
	HL7_END,
};

/* ---- SPM (2.5.1) ---- */

static const struct hl7_field specimen_id[] = {
	HL7_PATH(1, "sample.accession_no"),
	HL7_PATH(2, "sample.sample_id"),
	HL7_END,
};

static const struct hl7_field parent_id[] = {
	HL7_PATH(1, "parent_sample.accession_no"),
	HL7_PATH(2, "parent_sample.sample_id"),
	HL7_END,
};

static void make_specimen_system(const struct hl7_place *place, struct buf *out)
{
	if (hl7_has(place, "sample.sample_snomed"))
		buf_append_str(out, "SCT");
}

static const struct hl7_field specimen_type[] = {
	HL7_PATH(1, "sample.sample_snomed"),
	HL7_PATH(2, "sample.sample_type|sample.sample_name"),
	HL7_MAKE(3, make_specimen_system),
	HL7_END,
};

/* SPM-4 must be there. */
static void make_specimen_type(const struct hl7_place *place, struct buf *out)
{
	hl7_parts_append(place, specimen_type, out);
	if (out->len == 0)
		buf_append_str(out, "^Unknown");
}

static const struct hl7_field reject_reason[] = {
	HL7_PATH(1, "sample.reject_reason_code"),
	HL7_PATH(2, "sample.reject_reason"),
	HL7_END,
};

static const struct hl7_field container[] = {
	HL7_PATH(2, "sample.container"),
	HL7_END,
};

const struct hl7_field hl7_spm[] = {
	HL7_MAKE(1, make_index),
	HL7_PARTS(2, specimen_id),
	HL7_PARTS(3, parent_id),
	HL7_MAKE(4, make_specimen_type),
	HL7_PATH(14, "sample.comments"),
	HL7_TIME(17, "sample.collected_at"),
	HL7_TIME(18, "sample.received_at"),
	HL7_PARTS(21, reject_reason),
	HL7_PARTS(27, container),
	HL7_END,
};

/* ---- NTE ---- */

void hl7_note_append(const struct hl7_place *place, const char *lead, const char *path,
                     struct buf *out)
{
	if (!hl7_has(place, path))
		return;
	buf_printf(out, "NTE|%d|L|%s", place->index, lead);
	hl7_leaf_append(place, path, HL7_AS_LINES, out);
	buf_append_char(out, '\r');
}
