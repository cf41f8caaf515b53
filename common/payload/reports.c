/*
 * Reports: 10, 12, 15, 19, 28, 50, 56, and the consolidated 35. A report's context is the
 * root, or an element of `reports`; the fields of both begin there.
 */
#include "payload/definitions.h"

#include "payload/documents.h"
#include "json/jdoc.h"

#include <stdio.h>

static const struct payload_field patient[] = {
	GROUP(payload_patient_identity),
	COPY("userDetailsId", "patient.user_details_id"),
	COPY("Gender", "patient.gender"),
	COPY("Age", "patient.age_text"),
	COPY("Patient dob", "patient.dob"),
	COPY("Contact No", "patient.mobile"),
	COPY("countryCodeOfPatient", "patient.country_code"),
	COPY("patientEmail", "patient.email"),
	COPY("alternateEmail", "patient.alternate_email"),
	COPY("alternateContact", "patient.alternate_contact"),
	COPY("patientAddress", "patient.address"),
	END,
};

static const struct payload_field organisation[] = {
	COPY("organisationName", "organisation.org_full_name"),
	COPY("organisationId", "organisation.org_id"),
	COPY("organizationAddress", "organisation.address"),
	COPY("organizationPincode", "organisation.pincode"),
	END,
};

/* [{"Signing Doctor 1": "…"}, {"Signing Doctor 2": "…"}] */
static json_t *make_signing_doctors(const struct payload_scope *scope)
{
	const json_t *list = jdoc_path(scope->here, "signatories"), *doctor;
	json_t *out = json_array();
	size_t i;

	json_array_foreach (list, i, doctor) {
		char key[40];
		json_t *named = json_object();

		(void)snprintf(key, sizeof(key), "Signing Doctor %zu", i + 1);
		(void)json_object_set(named, key, json_object_get(doctor, "full_name"));
		(void)json_array_append_new(out, named);
	}
	return out;
}

json_t *payload_make_document(const struct payload_scope *scope)
{
	const json_t *document = json_object_get(scope->here, "document");
	char marker[PAYLOAD_DOCUMENT_MARKER_SIZE];
	int64_t id = jdoc_int_or(document, "document_id", 0);

	if (id <= 0)
		return json_null();
	scope->view->differs = true;
	if (scope->view->for_hash)
		return json_string(jdoc_text_or(document, "sha256", ""));
	return json_string(payload_document_marker(id, marker));
}

/* A profile's parts are items of their own and know it. */
static const struct payload_field identity[] = {
	COPY("CentreReportId", "report.centre_report_id"),
	COPY("labReportId", "report.lab_report_id"),
	COPY("Report Id", "report.centre_report_id"),
	COPY("testID", "report.test_id"),
	COPY("testCode", "test.test_code"),
	COPY("Test Name", "test.test_name"),
	COPY("dictionaryId", "test.dictionary_id"),
	COPY("integrationCode", "test.integration_code"),
	END,
};

static const struct payload_field report[] = {
	GROUP(identity),
	COPY("profileID", "item.profile_test_id"),
	FLAG("isProfile", "test.is_profile"),
	TIME("Order Date", "report.order_at"),
	TIME("Sample Date", "sample.collected_at"),
	TIME("Accession Date", "report.accession_at"),
	TIME("Report Date", "report.report_at"),
	TIME("reportDate", "report.report_at"),
	TIME("Approval Date", "report.approval_at"),
	RECENT("lastUpdated", "report.updated_at"),
	FLAG("isSigned", "report.is_signed"),
	FLAG("is_amended", "report.is_amended"),
	FLAG("fileInputReport", "report.file_input"),
	MAKE("fileAttachments", payload_make_empty_list),
	COPY("bill_attachment", "bill.attachment"),
	MAKE("Signing Doctor", make_signing_doctors),
	END,
};

/* Bounds are texts. */
static const struct payload_field format[] = {
	COPY("testName", "name"),
	COPY("testUnit", "unit"),
	COPY("dictionaryTestUnit", "parameter.unit"),
	COPY("method", "method"),
	COPY("integrationCode", "parameter.integration_code"),
	COPY("dictionaryId", "dictionary_id"),
	STRING("lowerBoundMale", "parameter.lower_male"),
	STRING("upperBoundMale", "parameter.upper_male"),
	STRING("lowerBoundFemale", "parameter.lower_female"),
	STRING("upperBoundFemale", "parameter.upper_female"),
	STRING("criticalLowerMale", "parameter.critical_lower_male"),
	STRING("criticalUpperMale", "parameter.critical_upper_male"),
	STRING("criticalLowerFemale", "parameter.critical_lower_female"),
	STRING("criticalUpperFemale", "parameter.critical_upper_female"),
	STRING("otherMale", "parameter.other_male"),
	STRING("otherFemale", "parameter.other_female"),
	FLAG("otherFlag", "parameter.other_flag"),
	FLAG("descriptionFlag", "is_description"),
	FLAG("highlightFlag", "highlight"),
	COPY("listField", "parameter.list_field"),
	FLAG("isImage", "parameter.is_image"),
	FLAG("fileInput", "parameter.is_file"),
	COPY("order", "seq"),
	MAKE("index", payload_make_index),
	COPY("id", "dictionary_id"),
	FLAG("emailFlag", "parameter.email_flag"),
	END,
};

/* What was entered; a number where only that is known. */
static json_t *make_result(const struct payload_scope *scope)
{
	static const struct payload_field text[] = { STRING("value", "value_text"), END };
	static const struct payload_field number[] = { STRING("value", "value_num"), END };
	bool has_text = json_is_string(json_object_get(scope->here, "value_text"));
	CLEANUP_JSON json_t *made = payload_fields_make(has_text ? text : number, scope);

	return json_incref(json_object_get(made, "value"));
}

static const struct payload_field value[] = {
	MAKE("value", make_result),
	FLAG("highlight", "highlight"),
	NEST("reportFormat", format),
	END,
};

static const struct payload_field values[] = {
	LIST("reportFormatAndValues", "values", value),
	END,
};

static const struct payload_field whole_report[] = {
	GROUP(payload_head),
	GROUP(organisation),
	GROUP(patient),
	GROUP(payload_bill_identity),
	MAKE("billReferral", payload_make_bill_referral),
	COPY("referralId", "referral.referral_id"),
	GROUP(report),
	COPY("sampleId", "sample.sample_id"),
	COPY("accessionNo", "sample.accession_no"),
	GROUP(values),
	END,
};

static const struct payload_field report_with_document[] = {
	GROUP(whole_report),
	MAKE("reportBase64", payload_make_document),
	END,
};

static const struct payload_field report_pdf[] = {
	GROUP(payload_head),
	GROUP(identity),
	GROUP(payload_patient_identity),
	GROUP(payload_bill_identity),
	TIME("reportDate", "report.report_at"),
	COPY("Contact No", "patient.mobile"),
	MAKE("reportBase64", payload_make_document),
	END,
};

static const struct payload_field tube[] = {
	COPY("sampleId", "sample.sample_id"),
	COPY("accessionNo", "sample.accession_no"),
	COPY("sample Type", "sample.sample_type"),
	COPY("sample Name", "sample.sample_name"),
	TIME("collectionTime", "sample.collected_at"),
	END,
};

static const struct payload_field consolidated_report[] = {
	GROUP(report),
	COPY("status", "report.status"),
	GROUP(tube),
	COPY("billPaymentStatus", "bill.payment_status"),
	COPY("billPaymentMode", "bill.payment_mode"),
	GROUP(values),
	MAKE("reportBase64", payload_make_document),
	END,
};

static const struct payload_field consolidated[] = {
	GROUP(payload_head),
	GROUP(organisation),
	COPY("orgId", "organisation.org_id"),
	GROUP(patient),
	GROUP(payload_bill_identity),
	MAKE("billReferral", payload_make_bill_referral),
	COPY("referralId", "referral.referral_id"),
	LIST("reportDetails", "reports", consolidated_report),
	END,
};

static const struct payload_field cover_sheet[] = {
	COPY("subject", "fax.subject"),
	COPY("message", "fax.message"),
	END,
};

static const struct payload_field fax_document[] = {
	COPY("name", "document.name"),
	COPY("sha256", "document.sha256"),
	COPY("pages", "document.pages"),
	MAKE("reportBase64", payload_make_document),
	END,
};

static const struct payload_field fax[] = {
	GROUP(payload_head),
	EACH("CentreReportId", "reports", "report.centre_report_id"),
	EACH("labReportId", "reports", "report.lab_report_id"),
	GROUP(payload_bill_identity),
	GROUP(payload_patient_identity),
	COPY("toFax", "fax.to"),
	COPY("toName", "fax.to_name"),
	COPY("fromNumber", "lab.contact_no"),
	NEST("coverSheet", cover_sheet),
	LIST("documents", "reports", fax_document),
	END,
};

const struct payload_definition payload_reports[] = {
	{ .action_id = 10, .fields = whole_report },
	{ .action_id = 12, .fields = whole_report },
	{ .action_id = 15, .fields = whole_report },
	{ .action_id = 19, .fields = report_pdf },
	{ .action_id = 28, .fields = report_with_document },
	{ .action_id = 35, .fields = consolidated },
	{ .action_id = 50, .fields = report_with_document },
	{ .action_id = 56, .fields = fax },
};
const size_t payload_reports_count = ARRAY_SIZE(payload_reports);
