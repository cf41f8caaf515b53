/* The life of a tube: 6, 7, 9, 30, 31 and 63. One tube serves many tests: their ids are
 * lists. */
#include "payload/definitions.h"

static const struct payload_field head[] = {
	MAKE("webhookId", payload_make_webhook_id),
	COPY("labId", "lab.lab_id"),
	MAKE("Status", payload_make_status), /* with a capital, as partners know it */
	COPY("labName", "lab.lab_name"),
	END,
};

static const struct payload_field tube[] = {
	GROUP(head),
	GROUP(payload_bill_identity),
	GROUP(payload_patient_identity),
	COPY("sampleId", "sample.sample_id"),
	COPY("accessionNo", "sample.accession_no"),
	COPY("sample Type", "sample.sample_type"),
	COPY("sample Name", "sample.sample_name"),
	TIME("collectionTime", "sample.collected_at"),
	TIME("accessionDate", "sample.received_at"),
	EACH("testID", "reports", "test_id"),
	EACH("testCode", "reports", "test.test_code"),
	EACH("CentreReportId", "reports", "centre_report_id"),
	COPY("labReportId", "reports.0.lab_report_id"),
	COPY("dictionaryId", "reports.0.test.dictionary_id"),
	COPY("integrationCode", "reports.0.test.integration_code"),
	COPY("patientEmail", "patient.email"),
	COPY("patientMobile", "patient.mobile"),
	COPY("patientAlternateEmail", "patient.alternate_email"),
	END,
};

static const struct payload_field receive[] = {
	GROUP(tube),
	COPY("labUserId", "sample.received_by"),
	COPY("receivedBy", "sample.received_by_name"),
	END,
};

static const struct payload_field reject[] = {
	GROUP(tube),
	COPY("labUserId", "sample.rejected_by"),
	COPY("rejectionReason", "sample.reject_reason"),
	COPY("reason", "sample.reject_reason"),
	COPY("rejectedBy", "sample.rejected_by_name"),
	TIME("rejectedAt", "sample.rejected_at"),
	END,
};

/* Of the tube that is to be drawn again, or of the one that was drawn in its place. */
static const struct payload_field redraw[] = {
	GROUP(tube),
	COPY("labUserId", "sample.updated_by"),
	COPY("redrawReason", "redraw.reason"),
	TIME("newCollectionTime", "redraw.collected_at"),
	FLAG("isUrgent", "sample.is_urgent"),
	COPY("previousSampleId", "redraw.previous_sample_id"),
	END,
};

static const struct payload_field dismiss[] = {
	GROUP(tube),
	COPY("labUserId", "sample.updated_by"),
	COPY("dismissReason", "sample.comments"),
	COPY("dismissedBy", "sample.updated_by_name"),
	TIME("dismissedAt", "sample.updated_at"),
	END,
};

static const struct payload_field collect[] = {
	GROUP(tube),
	COPY("labUserId", "sample.collected_by"),
	COPY("collectedBy", "sample.collected_by_name"),
	END,
};

static const struct payload_field uncollect[] = {
	GROUP(tube),
	COPY("labUserId", "sample.uncollected_by"),
	COPY("uncollectReason", "sample.uncollect_reason"),
	COPY("uncollectedBy", "sample.uncollected_by_name"),
	TIME("uncollectedAt", "sample.uncollected_at"),
	END,
};

static const struct payload_field id_update[] = {
	GROUP(tube),
	COPY("labUserId", "sample.updated_by"),
	COPY("previousSampleId", "redraw.previous_sample_id"),
	COPY("previousAccessionNo", "sample.previous_accession_no"),
	COPY("updatedBy", "sample.updated_by_name"),
	RECENT("updatedAt", "sample.updated_at"),
	END,
};

const struct payload_definition payload_samples[] = {
	{ .action_id = 6, .fields = receive },
	{ .action_id = 7, .fields = reject },
	{ .action_id = 9, .operation = "dismiss", .fields = dismiss },
	{ .action_id = 9, .fields = redraw },
	{ .action_id = 30, .fields = collect },
	{ .action_id = 31, .fields = uncollect },
	{ .action_id = 63, .fields = id_update },
};
const size_t payload_samples_count = ARRAY_SIZE(payload_samples);
