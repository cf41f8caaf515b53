#include "phi/names.h"

#include "base/util.h"

/*
 * Names of members, in the order of their bytes. Under a plain one nothing of a patient
 * stands: ids of orders, codes, amounts, dates, states. Of the others the name alone is
 * shown; of what is not listed, not even that. A new field of a payload is listed here, or
 * masked whole.
 */
// clang-format off
static const char *const plain[] = {
	"Accession Date", "Approval Date", "CentreReportId", "Order Date", "Org Code",
	"Report Date", "Report Id", "Sample Date", "Status", "Test Name", "TestCode",
	"TestName", "accessionDate", "accessionNo", "adjustmentAmount1",
	"adjustmentReasonCode1", "allowedAmount", "amount", "appointmentId", "assignedAt",
	"balance", "billAdvance", "billConcession", "billId", "billPaymentMode",
	"billPaymentStatus", "billTime", "billTotalAmount", "billVersion", "bill_id",
	"cancelledAt", "claimAdjustmentGroupCode", "claimChargeAmount", "claimId",
	"claimPaymentAmount", "claimStatusCode", "collectedSampleId", "collectionTime",
	"criticalLowerFemale", "criticalLowerMale", "criticalUpperFemale",
	"criticalUpperMale", "currency", "date", "deletedAt", "departmentId",
	"descriptionFlag", "dictionaryId", "dictionaryTestUnit", "discount",
	"dismissedAt", "dueAmount", "dueDate", "emailFlag", "endDate", "fileInput",
	"fileInputReport", "highlight", "highlightFlag", "homeCollectionDateTime",
	"homeCollectionId", "index", "integrationCode", "invoiceId", "invoiceNo",
	"isActive", "isBillDue", "isHomecollection", "isImage", "isOutsourced",
	"isProfile", "isRadiology", "isSigned", "isUrgent", "is_amended", "issueDate",
	"labId", "labName", "labReportId", "labReportIndex", "lastUpdated",
	"lineItemChargeAmount", "lineItemProviderPaymentAmount", "lineNo",
	"lowerBoundFemale", "lowerBoundMale", "mode", "newCollectionTime", "operation",
	"order", "orderNumber", "org Type", "orgFullName", "orgId", "organisationId",
	"organisationName", "otherFlag", "outcome", "pages", "paidAmount",
	"patientResponsibilityAmount", "paymentAmount", "paymentType", "payment_mode",
	"periodFrom", "periodTo", "placeOfServiceCode", "previousAccessionNo",
	"previousSampleId", "previousStatus", "previousTotal", "procedureCode",
	"profileID", "quantity", "refund", "refundId", "refundedAt", "rejectedAt",
	"remittanceId", "reportDate", "resetAt", "sample Name", "sample Type",
	"sampleDate", "sampleId", "serviceDate", "serviceUnitCount", "settledAt",
	"settlementId", "sha256", "size", "slotFrom", "slotTo", "startDate", "status",
	"subTotal", "tax", "taxAmount", "testAmount", "testCategory", "testCode",
	"testID", "testName", "testUnit", "total", "totalAmount", "totalBillPaidAmount",
	"totalClaimChargeAmount", "uncollectedAt", "unitPrice", "updatedAt",
	"updatedFields", "upperBoundFemale", "upperBoundMale", "vat_amount", "webhookId",
};

static const char *const known[] = {
	"Age", "Contact No", "Gender", "Mobile Number", "Org Address", "Org Area",
	"Org City", "Org Contact", "Org email", "Patient Age",
	"Patient Alternate Contact", "Patient Contact", "Patient Designation",
	"Patient Dob", "Patient Id", "Patient Name", "Patient dob", "Patient gender",
	"Referral Address", "Referral City", "Referral Contact", "Referral Email",
	"Referral RegNo", "Referral Type", "Referral comments", "Referral pincode",
	"ReferralName", "Signing Doctor", "TestDetails", "addedTests", "address",
	"address1", "adjudicatedProcedureCode", "age", "alternateContact",
	"alternateEmail", "apiUser", "area", "areaOfResidance", "billComment",
	"billComments", "billInfoDetails", "billReferral", "bill_attachment", "billing",
	"checkOrEftNumber", "chequeNo", "city", "claimAdjustments", "claimFilingCode",
	"claimFrequencyCode", "claimInformation", "claimPaymentInfo",
	"claimSupplementalInformation", "cliaNumber", "code", "collectedBy", "comments",
	"compositeDiagnosisCodePointers", "contact", "contactInformation", "contactNo",
	"controlNumber", "countryCode", "countryCodeOfPatient", "country_code",
	"coverSheet", "data", "dateOfBirth", "description", "designation", "detail",
	"details", "diagnosisCode", "diagnosisCodePointers", "diagnosisTypeCode",
	"dismissReason", "dismissedBy", "dob", "doctorCode", "documents", "email",
	"employerId", "error", "error_description", "errors", "ethnicity", "event",
	"faxNo", "field", "fileAttachments", "firstName", "fromNumber", "fullName",
	"gender", "groupNumber", "healthCareCheckRemarkCodes",
	"healthCareCodeInformation", "id", "insuranceNo", "issueBank", "items",
	"labPatientId", "labReportDetails", "labUserId", "landmark", "lastName",
	"lineItemControlNumber", "listField", "location", "measurementUnit", "memberId",
	"message", "method", "mobile", "msg", "name", "nationalIdentityNumber",
	"nationality", "notes", "npi", "ok", "organizationAddress", "organizationName",
	"organizationPincode", "otherFemale", "otherMale", "passportNo", "passportNumber",
	"patient", "patientAddress", "patientAlternateEmail", "patientControlNumber",
	"patientEmail", "patientId", "patientMobile", "patientType", "patient_email",
	"patients", "payee", "payer", "payerClaimControlNumber", "payerId", "payload",
	"payment", "paymentList", "paymentResponsibilityLevelCode", "phlebotomist",
	"phoneNumber", "pincode", "postalCode", "previousPhlebotomist",
	"priorAuthorizationNumber", "procedureIdentifier", "procedureModifiers",
	"professionalService", "providerControlNumber", "race", "reason", "receivedBy",
	"receiver", "redrawReason", "referenceNo", "referralId", "referring",
	"refundTests", "refundedBy", "rejectedBy", "rejectionReason", "relationship",
	"releaseInformationCode", "remark", "remarkCode", "rendering", "reportBase64",
	"reportDetails", "reportFormat", "reportFormatAndValues", "request_id", "resetBy",
	"resetReason", "response", "result", "results", "serviceAdjustments",
	"serviceLines", "servicePaymentInformation", "settledBy", "settlement",
	"signatureIndicator", "ssnNumber", "state", "statusCode", "subject", "submitter",
	"subscriber", "success", "taxonomyCode", "testList", "time", "title", "toFax",
	"toName", "traceId", "tradingPartnerServiceId", "type", "uncollectReason",
	"uncollectedBy", "updatedBy", "userDetailsId", "userId", "value", "version",
	"workerCode", "zip_code",
};
// clang-format on

static int by_name(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

#define FIND(list, name)                                                                   \
	(bsearch(name, list, ARRAY_SIZE(list), sizeof((list)[0]), by_name) != NULL)

enum phi_name phi_name_find(const char *name)
{
	if (FIND(plain, name))
		return PHI_NAME_PLAIN;
	return FIND(known, name) ? PHI_NAME_KNOWN : PHI_NAME_UNKNOWN;
}

static bool is_sorted(const char *const *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1], list[i]) >= 0)
			return false;
	return true;
}

bool phi_names_are_sorted(void)
{
	return is_sorted(plain, ARRAY_SIZE(plain)) && is_sorted(known, ARRAY_SIZE(known));
}
