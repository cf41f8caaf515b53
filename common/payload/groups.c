/* Groups of fields that the bodies of several families have. Keys as partners know them. */
#include "payload/definitions.h"

const struct payload_field payload_head[] = {
	MAKE("webhookId", payload_make_webhook_id),
	COPY("labId", "lab.lab_id"),
	MAKE("status", payload_make_status),
	COPY("labName", "lab.lab_name"),
	END,
};

static const struct payload_field org_id[] = {
	COPY("orgId", "org_id"),
	COPY("orgFullName", "org_full_name"),
	END,
};

const struct payload_field payload_organisation[] = {
	OBJECT("orgId", "organisation", org_id),
	COPY("Org Code", "organisation.org_code"),
	COPY("org Type", "organisation.org_type"),
	COPY("org email", "organisation.email"),
	COPY("Org Contact", "organisation.contact_no"),
	COPY("Org Address", "organisation.address"),
	COPY("Org City", "organisation.city"),
	COPY("Org Area", "organisation.area"),
	END,
};

const struct payload_field payload_patient_identity[] = {
	COPY("Patient Id", "patient.patient_id"),
	COPY("labPatientId", "patient.lab_patient_id"),
	COPY("Patient Name", "patient.full_name"),
	END,
};

const struct payload_field payload_patient[] = {
	GROUP(payload_patient_identity),
	COPY("Patient Designation", "patient.designation"),
	COPY("Patient Age", "patient.age_text"),
	COPY("Patient gender", "patient.gender"),
	COPY("Patient Dob", "patient.dob"),
	COPY("Mobile Number", "patient.mobile"),
	COPY("Patient Contact", "patient.mobile"),
	COPY("Patient Alternate Contact", "patient.alternate_contact"),
	COPY("patient_email", "patient.email"),
	COPY("country_code", "patient.country_code"),
	COPY("address", "patient.address"),
	COPY("state", "patient.state"),
	COPY("zip_code", "patient.pincode"),
	COPY("landmark", "patient.landmark"),
	COPY("areaOfResidance", "patient.area"), /* spelled as partners know it */
	COPY("passportNumber", "patient.passport_no"),
	COPY("ssnNumber", "patient.national_id"),
	COPY("ethnicity", "patient.ethnicity"),
	COPY("race", "patient.race"),
	END,
};

/* The reference LIS has no display number of its own: a bill's number is its id. */
const struct payload_field payload_bill_identity[] = {
	COPY("bill_id", "bill.bill_id"),
	COPY("billId", "bill.bill_id"),
	COPY("orderNumber", "bill.order_number"),
	END,
};

/* Of testList, over tests. */
const struct payload_field payload_requested_tests[] = {
	COPY("testID", "test_id"),
	COPY("testCode", "test_code"),
	COPY("integrationCode", "integration_code"),
	END,
};
