/* Billing: 1, 2, 3, 4, 5, 17, 18 and the JSON of 49. Keys as partners know them. */
#include "payload/definitions.h"

static const struct payload_field lab_id[] = {
	COPY("labId", "lab.lab_id"),
	COPY("labName", "lab.lab_name"),
	END,
};

static const struct payload_field head[] = {
	MAKE("webhookId", payload_make_webhook_id),
	NEST("labId", lab_id),
	MAKE("status", payload_make_status),
	COPY("labName", "lab.lab_name"),
	END,
};

static const struct payload_field referral[] = {
	MAKE("billReferral", payload_make_bill_referral),
	COPY("ReferralName", "referral.full_name"),
	COPY("referralId", "referral.referral_id"),
	COPY("Referral Type", "referral.referral_type"),
	COPY("Referral Contact", "referral.contact_no"),
	COPY("Referral Email", "referral.email"),
	COPY("Referral Address", "referral.address"),
	COPY("Referral City", "referral.city"),
	COPY("Referral pincode", "referral.pincode"),
	COPY("Referral RegNo", "referral.registration_no"),
	COPY("Referral comments", "referral.comments"),
	END,
};

static const struct payload_field bill[] = {
	GROUP(payload_bill_identity),
	TIME("billTime", "bill.bill_time"),
	COPY("billTotalAmount", "bill.total_amount"),
	COPY("dueAmount", "bill.due_amount"),
	COPY("billAdvance", "bill.advance"),
	COPY("billConcession", "bill.concession"),
	COPY("totalBillPaidAmount", "bill.paid_amount"),
	COPY("vat_amount", "bill.tax_amount"),
	COPY("currency", "bill.currency"),
	COPY("payment_mode", "bill.payment_mode"),
	COPY("billPaymentMode", "bill.payment_mode"),
	COPY("billPaymentStatus", "bill.payment_status"),
	MAKE("isBillDue", payload_make_is_bill_due),
	COPY("billComments", "bill.comments"),
	END,
};

static const struct payload_field department[] = {
	COPY("id", "test.department_id"),
	COPY("name", "test.department_name"),
	END,
};

static const struct payload_field sample[] = {
	COPY("id", "sample_id"),
	COPY("accessionNo", "accession_no"),
	TIME("collectionTime", "collected_at"),
	COPY("type", "sample_type"),
	COPY("name", "sample_name"),
	FLAG("toBatchProcessing", "to_batch_processing"),
	END,
};

static const struct payload_field test[] = {
	COPY("labReportId", "report.lab_report_id"),
	MAKE("labReportIndex", payload_make_index),
	COPY("testID", "test_id"),
	COPY("testCode", "test_code"),
	COPY("testName", "test_name"),
	COPY("testCategory", "test.department_name"),
	COPY("testAmount", "price"),
	COPY("dictionaryId", "test.dictionary_id"),
	NEST("departmentId", department),
	OBJECT("sampleId", "sample", sample),
	OBJECT("collectedSampleId", "sample", sample),
	TIME("sampleDate", "sample.collected_at"),
	TIME("reportDate", "report.report_at"),
	FLAG("isRadiology", "test.is_radiology"),
	FLAG("isOutsourced", "test.is_outsourced"),
	END,
};

static const struct payload_field test_details[] = {
	COPY("TestName", "test_name"),
	COPY("TestCode", "test_code"),
	END,
};

static const struct payload_field bill_info[] = {
	NEST("TestDetails", test_details),
	END,
};

static const struct payload_field whole_bill[] = {
	GROUP(head),
	GROUP(payload_organisation),
	GROUP(payload_patient),
	GROUP(referral),
	GROUP(bill),
	LIST("billInfoDetails", "active_items", bill_info),
	LIST("labReportDetails", "active_items", test),
	END,
};

static const struct payload_field bill_update[] = {
	GROUP(whole_bill),
	MAKE("updatedFields", payload_make_updated_fields),
	COPY("billVersion", "bill.version"),
	END,
};

static const struct payload_field report_id[] = {
	COPY("labReportId", "report.lab_report_id"),
	END,
};

static const struct payload_field bill_cancel[] = {
	GROUP(head),
	GROUP(payload_bill_identity),
	COPY("billComment", "bill.cancel_reason"),
	COPY("apiUser", "bill.cancelled_by_name"),
	TIME("cancelledAt", "bill.cancelled_at"),
	LIST("labReportDetails", "items", report_id),
	END,
};

static const struct payload_field bill_reset[] = {
	GROUP(whole_bill),
	COPY("resetReason", "bill.reset_reason"),
	COPY("resetBy", "bill.reset_by_name"),
	TIME("resetAt", "bill.reset_at"),
	END,
};

static const struct payload_field refund[] = {
	COPY("refundId", "payment_id"), COPY("amount", "amount"),
	COPY("mode", "mode"),           COPY("referenceNo", "reference_no"),
	COPY("reason", "reason"),       COPY("refundedBy", "received_by_name"),
	TIME("refundedAt", "paid_at"),  END,
};

static const struct payload_field refund_test[] = {
	COPY("labReportId", "report.lab_report_id"),
	COPY("testID", "test_id"),
	COPY("testCode", "test_code"),
	COPY("testName", "test_name"),
	COPY("testAmount", "price"),
	END,
};

static const struct payload_field bill_refund[] = {
	GROUP(head),
	GROUP(payload_organisation),
	GROUP(payload_patient_identity),
	GROUP(bill),
	OBJECT("refund", "payment", refund),
	LIST("refundTests", "paid_items", refund_test),
	END,
};

static const struct payload_field settlement[] = {
	COPY("settlementId", "payment_id"),
	COPY("amount", "amount"),
	COPY("mode", "mode"),
	COPY("referenceNo", "reference_no"),
	COPY("chequeNo", "cheque_no"),
	COPY("issueBank", "issue_bank"),
	COPY("settledBy", "received_by_name"),
	TIME("settledAt", "paid_at"),
	END,
};

static const struct payload_field payment[] = {
	COPY("paymentType", "mode"),
	COPY("paymentAmount", "amount"),
	COPY("chequeNo", "cheque_no"),
	COPY("issueBank", "issue_bank"),
	END,
};

static const struct payload_field bill_settlement[] = {
	GROUP(head),
	GROUP(payload_organisation),
	GROUP(payload_patient_identity),
	GROUP(bill),
	OBJECT("settlement", "payment", settlement),
	LIST("paymentList", "received_payments", payment),
	END,
};

/* The delta: who and which bill, then what came to it. */
static const struct payload_field added_tests[] = {
	GROUP(head),
	GROUP(payload_organisation),
	GROUP(payload_patient_identity),
	GROUP(payload_bill_identity),
	LIST("addedTests", "added_items", test),
	MAKE("previousTotal", payload_make_previous_total),
	COPY("billTotalAmount", "bill.total_amount"),
	COPY("dueAmount", "bill.due_amount"),
	END,
};

const struct payload_definition payload_billing[] = {
	{ .action_id = 1, .fields = whole_bill },
	{ .action_id = 2, .fields = bill_update },
	{ .action_id = 3, .fields = bill_cancel },
	{ .action_id = 4, .fields = bill_reset },
	{ .action_id = 5, .fields = bill_refund },
	{ .action_id = 17, .fields = bill_settlement },
	{ .action_id = 18, .fields = added_tests },
	{ .action_id = 49, .fields = whole_bill },
};
const size_t payload_billing_count = ARRAY_SIZE(payload_billing);
