/* Appointments and home collections: 32, 37 and 43. */
#include "payload/definitions.h"

#include "json/jdoc.h"

#include <stdio.h>

static const struct payload_field appointment[] = {
	GROUP(payload_head),
	COPY("appointmentId", "appointment.appointment_id"),
	COPY("billId", "appointment.bill_id"),
	GROUP(payload_patient_identity),
	TIME("startDate", "appointment.start_at"),
	TIME("endDate", "appointment.end_at"),
	COPY("previousStatus", "event.previous_status"),
	COPY("comments", "appointment.comments"),
	LIST("testList", "tests", payload_requested_tests),
	END,
};

/* "lat,long" */
static json_t *make_location(const struct payload_scope *scope)
{
	const json_t *visit = json_object_get(scope->root, "home_collection");
	const json_t *latitude = json_object_get(visit, "latitude");
	const json_t *longitude = json_object_get(visit, "longitude");
	char text[64];

	if (!json_is_number(latitude) || !json_is_number(longitude))
		return json_null();
	(void)snprintf(text, sizeof(text), "%.6f,%.6f", json_number_value(latitude),
	               json_number_value(longitude));
	return json_string(text);
}

static const struct payload_field visit[] = {
	GROUP(payload_head),
	COPY("homeCollectionId", "home_collection.home_collection_id"),
	COPY("appointmentId", "home_collection.appointment_id"),
	COPY("billId", "home_collection.bill_id"),
	GROUP(payload_patient),
	MAKE("isHomecollection", payload_make_one),
	TIME("homeCollectionDateTime", "home_collection.slot_from"),
	TIME("slotFrom", "home_collection.slot_from"),
	TIME("slotTo", "home_collection.slot_to"),
	COPY("address", "home_collection.address"), /* the visit's, not the patient's */
	MAKE("location", make_location),
	COPY("landmark", "home_collection.landmark"),
	COPY("city", "home_collection.city"),
	COPY("pincode", "home_collection.pincode"),
	LIST("testList", "tests", payload_requested_tests),
	COPY("totalAmount", "home_collection.amount"),
	COPY("comments", "home_collection.comments"),
	END,
};

static const struct payload_field phlebotomist[] = {
	COPY("userId", "user_id"),
	COPY("name", "full_name"),
	COPY("contactNo", "mobile"),
	END,
};

static const struct payload_field assignment[] = {
	GROUP(visit),
	OBJECT("phlebotomist", "phlebotomist", phlebotomist),
	OBJECT("previousPhlebotomist", "previous_phlebotomist", phlebotomist),
	TIME("assignedAt", "home_collection.assigned_at"),
	END,
};

const struct payload_definition payload_visits[] = {
	{ .action_id = 32, .fields = appointment },
	{ .action_id = 37, .fields = assignment },
	{ .action_id = 43, .fields = visit },
};
const size_t payload_visits_count = ARRAY_SIZE(payload_visits);
