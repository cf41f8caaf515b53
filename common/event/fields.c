#include "event/fields.h"

#include "base/clock.h"

#include <stdbool.h>

enum field_type { FIELD_ID, FIELD_IDS, FIELD_TEXT, FIELD_TEXTS, FIELD_BOOL, FIELD_TIME };

static const struct {
	const char *name;
	enum field_type type;
	bool own_place; /* the context has it already, in its own way */
} fields[] = {
	{ .name = "lab_id", .type = FIELD_ID, .own_place = true },
	{ .name = "org_id", .type = FIELD_ID, .own_place = true },
	{ .name = "activity_date", .type = FIELD_TIME, .own_place = true },
	{ .name = "triggered_by_py3", .type = FIELD_BOOL, .own_place = true },
	{ .name = "bill_id", .type = FIELD_ID },
	{ .name = "patient_id", .type = FIELD_ID },
	{ .name = "bill_item_ids", .type = FIELD_IDS },
	{ .name = "payment_id", .type = FIELD_ID },
	{ .name = "sample_id", .type = FIELD_ID },
	{ .name = "lab_report_id", .type = FIELD_ID },
	{ .name = "lab_report_ids", .type = FIELD_IDS },
	{ .name = "organisation_id", .type = FIELD_ID },
	{ .name = "appointment_id", .type = FIELD_ID },
	{ .name = "home_collection_id", .type = FIELD_ID },
	{ .name = "claim_id", .type = FIELD_ID },
	{ .name = "remittance_id", .type = FIELD_ID },
	{ .name = "invoice_id", .type = FIELD_ID },
	{ .name = "operation", .type = FIELD_TEXT },
	{ .name = "updated_fields", .type = FIELD_TEXTS },
	{ .name = "previous_status", .type = FIELD_TEXT },
	{ .name = "to", .type = FIELD_TEXTS },
};

static bool is_id(const json_t *value)
{
	return json_is_integer(value);
}

static bool is_text(const json_t *value)
{
	return json_is_string(value);
}

static bool is_bool(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_time(const json_t *value)
{
	int64_t ms;

	return json_is_string(value) && clock_parse_iso(json_string_value(value), &ms);
}

static bool all(const json_t *array, bool (*is)(const json_t *))
{
	size_t i;
	const json_t *member;

	if (!json_is_array(array))
		return false;
	json_array_foreach (array, i, member)
		if (!is(member))
			return false;
	return true;
}

static bool are_ids(const json_t *value)
{
	return all(value, is_id);
}

static bool are_texts(const json_t *value)
{
	return all(value, is_text);
}

static const struct {
	bool (*is)(const json_t *);
	const char *wanted; /* NULL: one of another type counts as absent */
} types[] = {
	[FIELD_ID] = { .is = is_id, .wanted = "an integer" },
	[FIELD_IDS] = { .is = are_ids, .wanted = "an array of integers" },
	[FIELD_TEXT] = { .is = is_text },
	[FIELD_TEXTS] = { .is = are_texts },
	[FIELD_BOOL] = { .is = is_bool },
	[FIELD_TIME] = { .is = is_time },
};

int labevent_fields_check(const json_t *object, struct err_text *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const json_t *value = json_object_get(object, fields[i].name);
		const char *wanted = types[fields[i].type].wanted;

		if (wanted && value && !json_is_null(value) &&
		    !types[fields[i].type].is(value))
			return err_say(why, LABEVENT_FIELDS_E_TYPE, "%s must be %s",
			               fields[i].name, wanted);
	}
	return 0;
}

void labevent_fields_copy(json_t *to, const json_t *record, const json_t *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(record, fields[i].name);

		if (!value || json_is_null(value))
			value = json_object_get(data, fields[i].name);
		if (value && types[fields[i].type].is(value) && !fields[i].own_place)
			(void)json_object_set(to, fields[i].name, value);
	}
}
