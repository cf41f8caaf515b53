/* Registration and set-up: 52, 57 and 58; the names are those of the field's registration
 * API. */
#include "payload/definitions.h"

static const struct payload_field new_patient[] = {
	MAKE("webhookId", payload_make_webhook_id),
	COPY("labId", "lab.lab_id"),
	MAKE("status", payload_make_status),
	COPY("patientId", "patient.patient_id"),
	COPY("labPatientId", "patient.lab_patient_id"),
	COPY("designation", "patient.designation"),
	COPY("fullName", "patient.full_name"),
	COPY("firstName", "patient.first_name"),
	COPY("lastName", "patient.last_name"),
	COPY("mobile", "patient.mobile"),
	COPY("email", "patient.email"),
	COPY("age", "patient.age_text"),
	COPY("gender", "patient.gender"),
	COPY("dob", "patient.dob"),
	COPY("area", "patient.area"),
	COPY("city", "patient.city"),
	COPY("state", "patient.state"),
	COPY("pincode", "patient.pincode"),
	COPY("address", "patient.address"),
	COPY("patientType", "patient.patient_type"),
	COPY("nationality", "patient.nationality"),
	COPY("ethnicity", "patient.ethnicity"),
	COPY("race", "patient.race"),
	COPY("passportNo", "patient.passport_no"),
	COPY("nationalIdentityNumber", "patient.national_id"),
	COPY("insuranceNo", "patient.insurance_no"),
	COPY("workerCode", "patient.worker_code"),
	COPY("doctorCode", "patient.doctor_code"),
	END,
};

static const struct payload_field patient_update[] = {
	GROUP(new_patient),
	MAKE("updatedFields", payload_make_updated_fields),
	END,
};

static const struct payload_field organisation_update[] = {
	GROUP(payload_head),
	GROUP(payload_organisation),
	FLAG("isActive", "organisation.is_active"),
	COPY("email", "organisation.email"),
	COPY("contact", "organisation.contact_no"),
	COPY("address", "organisation.address"),
	COPY("area", "organisation.area"),
	COPY("city", "organisation.city"),
	COPY("state", "organisation.state"),
	COPY("pincode", "organisation.pincode"),
	COPY("npi", "organisation.npi"),
	COPY("faxNo", "organisation.fax_no"),
	MAKE("updatedFields", payload_make_updated_fields),
	END,
};

const struct payload_definition payload_registration[] = {
	{ .action_id = 52, .fields = organisation_update },
	{ .action_id = 57, .fields = new_patient },
	{ .action_id = 58, .fields = patient_update },
};
const size_t payload_registration_count = ARRAY_SIZE(payload_registration);
