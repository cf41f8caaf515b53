#include "unit.h"

#include "logstore/logstore.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

/* A log's fields and the extended JSON of their types, as the contract has them. */
static const struct {
	const char *name;
	const char *json;
} fields[] = {
	{ "_id", "{\"$oid\":\"010203000000000000000000\"}" },
	{ "integration_type", "\"WEBHOOK\"" },
	{ "operation", "\"Bill Generation\"" },
	{ "action_category", "\"Billing\"" },
	{ "action_category_list_id", "{\"$numberLong\":\"1\"}" },
	{ "lab_integration_id", "{\"$numberLong\":\"4\"}" },
	{ "transport", "\"http\"" },
	{ "vendor", "null" },
	{ "auth_id", "{\"$numberLong\":\"3\"}" },
	{ "developer_name", "\"ACME\"" },
	{ "lab_id", "{\"$numberLong\":\"0\"}" },
	{ "org_id", "null" },
	{ "bill_id", "{\"$numberLong\":\"9001\"}" },
	{ "patient_id", "null" },
	{ "lrr_id", "null" },
	{ "report_id", "null" },
	{ "status", "\"QUEUED\"" },
	{ "end_point", "\"http://x\"" },
	{ "request_type", "{\"$numberInt\":\"1\"}" },
	{ "request_headers", "{\"\xEF\xBC\x84"
	                     "a\xEF\xBC\x8E"
	                     "b\":\"c\"}" },
	{ "request_body", "\"ab\"" },
	{ "request_body_truncated", "true" },
	{ "response_headers", "null" },
	{ "response_body", "null" },
	{ "response_status_code", "null" },
	{ "response_time", "null" },
	{ "error_message", "null" },
	{ "error_kind", "null" },
	{ "fusion_log", "null" },
	{ "stage", "null" },
	{ "sent_to_mirth", "false" },
	{ "retry_count", "{\"$numberInt\":\"0\"}" },
	{ "auto_retry_count", "{\"$numberInt\":\"0\"}" },
	{ "next_auto_retry_at", "null" },
	{ "retry_context", "{\"bill_id\":{\"$numberLong\":\"9001\"}}" },
	{ "payload_sha256", "\"00ff\"" },
	{ "triggered_by_py3", "true" },
	{ "event_id", "\"e-1\"" },
	{ "traceparent", "null" },
	{ "inserted_at", "{\"$date\":{\"$numberLong\":\"1795253400123\"}}" },
	{ "activity_date", "null" },
	{ "updated_at", "{\"$date\":{\"$numberLong\":\"1795253400123\"}}" },
	{ "attempt", "{\"$numberInt\":\"0\"}" },
	{ "event_position", "{\"topic\":\"lis.events\",\"partition\":{\"$numberInt\":"
	                    "\"2\"},\"offset\":{\"$numberLong\":\"7\"}}" },
};

static void a_new_log_has_every_field_in_its_type(void **state)
{
	CLEANUP_JSON json_t *headers = json_pack("{s:s}", "$a.b", "c");
	CLEANUP_JSON json_t *context = json_pack("{s:i}", "bill_id", 9001);
	const struct log_entry entry = {
		.id.bytes = { 1, 2, 3 },
		.integration_type = "WEBHOOK",
		.operation = "Bill Generation",
		.action_category = "Billing",
		.action_id = 1,
		.integration_id = 4,
		.auth_id = 3,
		.transport = "http",
		.developer_name = "ACME",
		.bill_id = 9001,
		.end_point = "http://x",
		.request_type = 1,
		.request_headers = headers,
		.request_body = "ab\xC3\xA9",
		.retry_context = context,
		.payload_sha256 = "00ff",
		.triggered_by_py3 = true,
		.event_id = "e-1",
		.inserted_at_ms = 1795253400123,
		.position = { .topic = "lis.events", .partition = 2, .offset = 7 },
	};
	CLEANUP_JSON json_t *doc = log_entry_to_json(&entry, 3);

	assert_int_equal(json_object_size(doc), ARRAY_SIZE(fields));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const json_t *value = json_object_get(doc, fields[i].name);
		CLEANUP(freep)
		char *text = value ? jdoc_dump(value, NULL) : xstrdup("absent");

		if (strcmp(text, fields[i].json) != 0)
			fail_msg("%s is %s", fields[i].name, text);
	}
}

static void a_row_tells_no_body_and_no_patient(void **state)
{
	const struct log_entry entry = {
		.integration_type = "WEBHOOK",
		.operation = "Bill Generation",
		.lab_id = 17,
		.patient_id = 77,
		.status = LOG_STATUS_QUEUED,
		.request_body = "{\"name\":\"secret\"}",
		.inserted_at_ms = 1795253400123,
	};
	CLEANUP(freep) char *text = log_entry_status_update(&entry);
	CLEANUP_JSON json_t *row = jdoc_parse(text, strlen(text), NULL);

	assert_string_equal(jdoc_text_or(row, "log_id", ""), "000000000000000000000000");
	assert_string_equal(jdoc_text_or(row, "status", ""), "QUEUED");
	assert_string_equal(jdoc_text_or(row, "updated_at", ""),
	                    "2026-11-21T09:30:00.123Z");
	assert_int_equal(jdoc_int_or(row, "lab_id", 0), 17);
	assert_int_equal(jdoc_int_or(row, "retry_count", -1), 0);
	assert_non_null(json_object_get(row, "retry_id"));
	assert_null(json_object_get(row, "patient_id"));
	assert_null(strstr(text, "secret"));
}

static void documents_survive_the_way_over_kafka(void **state)
{
	CLEANUP_JSON json_t *nested =
		json_pack("{s:[i,f,b,n,s]}", "list", 1, 2.5, 1, "text");
	bson_t *doc = bson_new();

	convert_append_json(doc, "value", nested);
	convert_append_text(doc, "broken", "\xff");
	(void)BSON_APPEND_DATE_TIME(doc, "at", 1795253400123);
	CLEANUP_JSON json_t *json = convert_to_json(doc);
	bson_t *again = convert_from_json(json);
	assert_non_null(again);
	assert_true(bson_equal(doc, again));
	bson_destroy(again);
	CLEANUP_JSON json_t *plain = convert_to_plain_json(doc);
	assert_string_equal(jdoc_text_or(plain, "at", ""), "2026-11-21T09:30:00.123Z");
	assert_string_equal(jdoc_text_or(plain, "broken", ""), "\xEF\xBF\xBD");
	bson_destroy(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_log_has_every_field_in_its_type),
		cmocka_unit_test(a_row_tells_no_body_and_no_patient),
		cmocka_unit_test(documents_survive_the_way_over_kafka),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
