/* Claims and what payers answer: 60 as an 837P in JSON, 61 as an 835. */
#include "payload/definitions.h"

#include "json/jdoc.h"

static json_t *text(const char *value)
{
	return json_string(value);
}

static json_t *make_y(const struct payload_scope *scope)
{
	return text("Y");
}

static json_t *make_hc(const struct payload_scope *scope)
{
	return text("HC");
}

static json_t *make_un(const struct payload_scope *scope)
{
	return text("UN");
}

/* The interchange's own number: nine digits. */
static json_t *make_control_number(const struct payload_scope *scope)
{
	CLEANUP(freep)
	char *number = xasprintf(
		"%09lld", (long long)(jdoc_int_or(scope->root, "id", 0) % 1000000000));

	return text(number);
}

/* Who is insured: of the policy where another than the patient is. */
static json_t *make_subscriber_name(const struct payload_scope *scope, const char *own,
                                    const char *patients)
{
	const json_t *policy = json_object_get(scope->root, "policy");
	const json_t *of_policy = json_object_get(policy, own);
	const json_t *of_patient =
		json_object_get(json_object_get(scope->root, "patient"), patients);
	const json_t *value =
		of_policy && !json_is_null(of_policy) ? of_policy : of_patient;

	return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

static json_t *make_first_name(const struct payload_scope *scope)
{
	return make_subscriber_name(scope, "subscriber_first_name", "first_name");
}

static json_t *make_last_name(const struct payload_scope *scope)
{
	return make_subscriber_name(scope, "subscriber_last_name", "last_name");
}

static json_t *make_birth(const struct payload_scope *scope)
{
	return make_subscriber_name(scope, "subscriber_dob", "dob");
}

static json_t *make_gender(const struct payload_scope *scope)
{
	return make_subscriber_name(scope, "subscriber_gender", "gender");
}

static const struct payload_field address[] = {
	COPY("address1", "address"),
	COPY("city", "city"),
	COPY("state", "state"),
	COPY("postalCode", "pincode"),
	COPY("countryCode", "country_code"),
	END,
};

/* A patient's country_code is the telephone's. */
static const struct payload_field home[] = {
	COPY("address1", "address"),    COPY("city", "city"),
	COPY("state", "state"),         COPY("postalCode", "pincode"),
	COPY("countryCode", "country"), END,
};

static const struct payload_field contact[] = {
	COPY("name", "lab_name"),
	COPY("phoneNumber", "contact_no"),
	COPY("email", "email"),
	END,
};

static const struct payload_field submitter[] = {
	COPY("organizationName", "lab_name"),
	NEST("contactInformation", contact),
	END,
};

static const struct payload_field receiver[] = {
	COPY("organizationName", "payer_name"),
	COPY("payerId", "payer_id"),
	END,
};

static const struct payload_field billing[] = {
	COPY("npi", "/claim.billing_npi"),
	COPY("employerId", "tax_id"),
	COPY("organizationName", "lab_name"),
	COPY("taxonomyCode", "taxonomy_code"),
	NEST("address", address),
	END,
};

static const struct payload_field rendering[] = {
	COPY("npi", "/claim.rendering_npi"),
	COPY("organizationName", "lab_name"),
	END,
};

static const struct payload_field referring[] = {
	COPY("npi", "npi"),
	COPY("name", "full_name"),
	END,
};

static const struct payload_field subscriber[] = {
	COPY("memberId", "member_id"),
	COPY("groupNumber", "group_number"),
	MAKE("firstName", make_first_name),
	MAKE("lastName", make_last_name),
	MAKE("dateOfBirth", make_birth),
	MAKE("gender", make_gender),
	COPY("paymentResponsibilityLevelCode", "rank"),
	COPY("relationship", "relationship_code"),
	OBJECT("address", "/patient", home),
	END,
};

static const struct payload_field supplemental[] = {
	COPY("cliaNumber", "clia_number"),
	COPY("priorAuthorizationNumber", "prior_auth_number"),
	COPY("payerClaimControlNumber", "payer_claim_control_number"),
	END,
};

static const struct payload_field diagnosis[] = {
	COPY("diagnosisTypeCode", "qualifier"),
	COPY("diagnosisCode", "icd10"),
	END,
};

static const struct payload_field pointers[] = {
	COPY("diagnosisCodePointers", "diagnosis_pointers"),
	END,
};

static const struct payload_field procedure[] = {
	MAKE("procedureIdentifier", make_hc),
	COPY("procedureCode", "procedure_code"),
	COPY("procedureModifiers", "modifiers"),
	COPY("lineItemChargeAmount", "charge"),
	MAKE("measurementUnit", make_un),
	COPY("serviceUnitCount", "units"),
	NEST("compositeDiagnosisCodePointers", pointers),
	END,
};

static const struct payload_field service_line[] = {
	COPY("serviceDate", "service_date"),
	NEST("professionalService", procedure),
	COPY("providerControlNumber", "line_control_number"),
	END,
};

static const struct payload_field claim_information[] = {
	COPY("claimFilingCode", "/policy.claim_filing_code"),
	COPY("patientControlNumber", "patient_control_number"),
	COPY("claimChargeAmount", "total_charge"),
	COPY("placeOfServiceCode", "place_of_service"),
	COPY("claimFrequencyCode", "frequency_code"),
	MAKE("signatureIndicator", make_y),
	MAKE("releaseInformationCode", make_y),
	NEST("claimSupplementalInformation", supplemental),
	LIST("healthCareCodeInformation", "/diagnoses", diagnosis),
	LIST("serviceLines", "/lines", service_line),
	END,
};

static const struct payload_field claim[] = {
	GROUP(payload_head),
	COPY("bill_id", "bill.bill_id"),
	COPY("billId", "bill.bill_id"),
	COPY("claimId", "claim.claim_id"),
	COPY("patientControlNumber", "claim.patient_control_number"),
	COPY("claimFrequencyCode", "claim.frequency_code"),
	MAKE("controlNumber", make_control_number),
	COPY("tradingPartnerServiceId", "policy.payer_id"),
	COPY("currency", "claim.currency"),
	OBJECT("submitter", "lab", submitter),
	OBJECT("receiver", "policy", receiver),
	OBJECT("billing", "lab", billing),
	OBJECT("rendering", "lab", rendering),
	OBJECT("referring", "referral", referring),
	OBJECT("subscriber", "policy", subscriber),
	OBJECT("claimInformation", "claim", claim_information),
	END,
};

static const struct payload_field payer[] = {
	COPY("name", "payer_name"),
	COPY("id", "payer_id"),
	END,
};

static const struct payload_field payee[] = {
	COPY("npi", "claim.billing_npi"),
	COPY("name", "lab.lab_name"),
	END,
};

static const struct payload_field payment[] = {
	COPY("checkOrEftNumber", "check_or_eft_number"),
	COPY("method", "payment_method"),
	COPY("date", "payment_date"),
	COPY("totalAmount", "paid"),
	END,
};

static const struct payload_field payment_info[] = {
	COPY("claimStatusCode", "claim_status_code"),
	COPY("totalClaimChargeAmount", "charge"),
	COPY("claimPaymentAmount", "paid"),
	COPY("patientResponsibilityAmount", "patient_responsibility"),
	END,
};

static const struct payload_field adjustment[] = {
	COPY("claimAdjustmentGroupCode", "group_code"),
	COPY("adjustmentReasonCode1", "reason_code"),
	COPY("adjustmentAmount1", "amount"),
	COPY("adjustmentQuantity1", "quantity"),
	END,
};

static const struct payload_field line_payment[] = {
	COPY("adjudicatedProcedureCode", "procedure_code"),
	COPY("lineItemChargeAmount", "charge"),
	COPY("lineItemProviderPaymentAmount", "paid"),
	COPY("allowedAmount", "allowed"),
	END,
};

/* Codes alone, or code and text. */
static json_t *make_remarks(const struct payload_scope *scope)
{
	const json_t *codes = json_object_get(scope->here, "remark_codes"), *code;
	json_t *out = json_array();
	size_t i;

	json_array_foreach (codes, i, code) {
		json_t *remark = json_object();

		(void)json_object_set(remark, "remarkCode", (json_t *)(uintptr_t)code);
		(void)json_object_set_new(remark, "remark", json_null());
		(void)json_array_append_new(out, remark);
	}
	return out;
}

static const struct payload_field remittance_line[] = {
	COPY("serviceDate", "service_date"),
	COPY("lineItemControlNumber", "line_control_number"),
	NEST("servicePaymentInformation", line_payment),
	LIST("serviceAdjustments", "adjustments", adjustment),
	MAKE("healthCareCheckRemarkCodes", make_remarks),
	END,
};

/* By the status code: paid nothing is not denied (the patient may owe it all). */
static json_t *make_outcome(const struct payload_scope *scope)
{
	const json_t *of = json_object_get(scope->root, "remittance");
	const json_t *claim_of = json_object_get(scope->root, "claim");
	double settled =
		jdoc_real_or(of, "paid", 0) + jdoc_real_or(of, "patient_responsibility", 0);

	if (strcmp(jdoc_text_or(of, "claim_status_code", ""), "4") == 0)
		return text("denied");
	if (strcmp(jdoc_text_or(claim_of, "status", ""), "PARTIAL") == 0 ||
	    settled + 0.005 < jdoc_real_or(of, "charge", 0))
		return text("partial");
	return text("approved");
}

static const struct payload_field remittance[] = {
	GROUP(payload_head),
	COPY("bill_id", "bill.bill_id"),
	COPY("billId", "bill.bill_id"),
	COPY("remittanceId", "remittance.remittance_id"),
	COPY("claimId", "claim.claim_id"),
	COPY("patientControlNumber", "claim.patient_control_number"),
	COPY("payerClaimControlNumber", "remittance.payer_claim_control_number"),
	MAKE("outcome", make_outcome),
	OBJECT("payer", "remittance", payer),
	NEST("payee", payee),
	OBJECT("payment", "remittance", payment),
	OBJECT("claimPaymentInfo", "remittance", payment_info),
	LIST("claimAdjustments", "claim_adjustments", adjustment),
	LIST("serviceLines", "paid_lines", remittance_line),
	END,
};

const struct payload_definition payload_claims[] = {
	{ .action_id = 60, .fields = claim },
	{ .action_id = 61, .fields = remittance },
};
const size_t payload_claims_count = ARRAY_SIZE(payload_claims);
