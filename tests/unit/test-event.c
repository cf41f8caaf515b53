#include "unit.h"

#include "event/labevent.h"

#include "base/clock.h"
#include "json/jdoc.h"

#include <string.h>

#define STRUCTURED "application/cloudevents+json; charset=UTF-8"

static struct labevent_header header(const char *name, const char *value)
{
	return (struct labevent_header){ .name = name,
		                         .value = value,
		                         .len = strlen(value) };
}

/* In binary mode, with id, source and this data. */
static int parse_data(const char *data, struct labevent *out, struct err_text *why)
{
	const struct labevent_header headers[] = {
		header("ce_specversion", "1.0"),
		header("ce_id", "e-1"),
		header("ce_source", "/labs/17"),
		header("ce_type", "lis.bill.generated"),
		header("content-type", "application/json"),
	};
	const struct labevent_message m = { .value = data,
		                            .len = strlen(data),
		                            .headers = headers,
		                            .n_headers = ARRAY_SIZE(headers),
		                            .timestamp_ms = 1000 };

	return labevent_parse(&m, out, why);
}

static void binary_mode_is_read(void **state)
{
	struct labevent e;

	assert_int_equal(parse_data("{\"action_id\":1,\"lab_id\":17,\"org_id\":3,"
	                            "\"activity_date\":\"2026-11-21T09:30:00Z\","
	                            "\"bill_id\":9001,\"whatever\":{}}",
	                            &e, NULL),
	                 0);
	assert_string_equal(e.id, "e-1");
	assert_string_equal(e.source, "/labs/17");
	assert_int_equal(e.action->id, 1);
	assert_int_equal(e.lab_id, 17);
	assert_int_equal(e.n_records, 1);
	assert_int_equal(e.records[0].org_id, 3);
	assert_int_equal(e.activity_date_ms, 1795253400000);
	assert_false(e.triggered_by_py3);
	labevent_release(&e);
}

static void structured_mode_is_read_whatever_the_case_of_its_type(void **state)
{
	static const char *const types[] = { "application/cloudevents+json", STRUCTURED,
		                             "Application/CloudEvents+JSON" };
	static const char value[] =
		"{\"specversion\":\"1.0\",\"id\":\"e-2\",\"source\":\"/labs/17\","
		"\"type\":\"x\",\"time\":\"2026-11-21T09:30:00Z\",\"traceparent\":"
		"\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\","
		"\"data\":{\"action_id\":60,\"lab_id\":17,\"claim_id\":2}}";

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const struct labevent_header h = header("Content-Type", types[i]);
		const struct labevent_message m = {
			.value = value, .len = strlen(value), .headers = &h, .n_headers = 1
		};
		struct labevent e;

		assert_int_equal(labevent_parse(&m, &e, NULL), 0);
		assert_string_equal(e.id, "e-2");
		assert_string_equal(
			e.traceparent,
			"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
		assert_int_equal(e.activity_date_ms, 1795253400000);
		assert_true(e.triggered_by_py3);
		labevent_release(&e);
	}
}

static void an_envelope_is_known_by_its_looks(void **state)
{
	static const struct {
		const char *value;
		int expected;
	} cases[] = {
		{ "{\"specversion\":\"1.0\",\"id\":\"e-3\",\"source\":\"s\",\"data\":{"
		  "\"action_id\":1,\"lab_id\":17}}",
		  0 },
		{ "{\"specversion\":\"1.0\",\"id\":\"e-3\",\"source\":\"s\","
		  "\"data_base64\":\"eyJhY3Rpb25faWQiOjEsImxhYl9pZCI6MTd9\"}",
		  0 },
		{ "{\"specversion\":\"1.0\",\"id\":\"e-3\",\"source\":\"s\","
		  "\"data_base64\":\"?\"}",
		  LABEVENT_E_UNDECODABLE },
		{ "{\"id\":\"e-3\",\"source\":\"s\",\"data\":{\"action_id\":1,\"lab_id\":"
		  "17}}",
		  LABEVENT_E_UNDECODABLE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct labevent_message m = { .value = cases[i].value,
			                            .len = strlen(cases[i].value) };
		struct labevent e;

		assert_int_equal(labevent_parse(&m, &e, NULL), cases[i].expected);
		if (cases[i].expected == 0) {
			assert_string_equal(e.id, "e-3");
			assert_int_equal(e.lab_id, 17);
		}
		labevent_release(&e);
	}
}

static void what_cannot_be_used_is_named(void **state)
{
	static const struct {
		const char *data;
		int expected;
		const char *said;
	} cases[] = {
		{ "", LABEVENT_E_UNDECODABLE, "not valid JSON" },
		{ "{\"action_id\":1", LABEVENT_E_UNDECODABLE, "not valid JSON" },
		{ "\"\xff\"", LABEVENT_E_UNDECODABLE, "not valid JSON" },
		{ "[]", LABEVENT_E_UNDECODABLE, "data must be an object" },
		{ "{\"lab_id\":17}", LABEVENT_E_WRONG_TYPE, "action_id is missing" },
		{ "{\"action_id\":1}", LABEVENT_E_WRONG_TYPE, "lab_id is missing" },
		{ "{\"action_id\":\"1\",\"lab_id\":17}", LABEVENT_E_WRONG_TYPE,
		  "action_id must be an integer" },
		{ "{\"action_id\":8,\"lab_id\":17}", LABEVENT_E_UNKNOWN_ACTION,
		  "action_id 8 is not in the inventory" },
		{ "{\"action_id\":4294967297,\"lab_id\":17}", LABEVENT_E_UNKNOWN_ACTION,
		  "not in the inventory" },
		{ "{\"action_id\":1,\"lab_id\":\"17\"}", LABEVENT_E_WRONG_TYPE,
		  "lab_id must be an integer" },
		{ "{\"action_id\":1,\"lab_id\":true}", LABEVENT_E_WRONG_TYPE, "lab_id" },
		{ "{\"action_id\":1,\"lab_id\":17,\"bill_id\":\"9001\"}",
		  LABEVENT_E_WRONG_TYPE, "bill_id must be an integer" },
		{ "{\"action_id\":1,\"lab_id\":17,\"bill_id\":9001.5}",
		  LABEVENT_E_WRONG_TYPE, "bill_id" },
		{ "{\"action_id\":1,\"lab_id\":17,\"bill_id\":-1}", 0, "" },
		{ "{\"action_id\":18,\"lab_id\":17,\"bill_item_ids\":[1,\"2\"]}",
		  LABEVENT_E_WRONG_TYPE, "bill_item_ids must be an array of integers" },
		{ "{\"action_id\":1,\"lab_id\":17,\"org_id\":[]}", LABEVENT_E_WRONG_TYPE,
		  "org_id" },
		{ "{\"action_id\":35,\"lab_id\":17,\"records\":{}}", LABEVENT_E_WRONG_TYPE,
		  "records must be an array" },
		{ "{\"action_id\":1,\"lab_id\":17,\"org_id\":null,\"bill_id\":null}", 0,
		  "" },
		/* only ids make an event unusable */
		{ "{\"action_id\":1,\"lab_id\":17,\"activity_date\":\"soon\","
		  "\"updated_fields\":5,\"triggered_by_py3\":\"no\",\"operation\":[]}",
		  0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err_text why = { "" };
		struct labevent e;
		int r = parse_data(cases[i].data, &e, &why);

		if (r != cases[i].expected || !strstr(why.text, cases[i].said))
			fail_msg("%s: %d %s", cases[i].data, r, why.text);
		labevent_release(&e);
	}
}

static void a_message_that_is_no_event_is_refused(void **state)
{
	static const char data[] = "{\"action_id\":1,\"lab_id\":17}";
	static char big[LABEVENT_MAX_BYTES + 1];
	const struct labevent_header id = header("ce_id", "e"),
				     source = header("ce_source", "s");
	const struct labevent_header bad = header("ce_source", "\xc3\x28");
	const struct labevent_header odd = header("ce_specversion", "2.0");
	const struct labevent_header both[] = { id, source }, wrong[] = { id, bad },
				     version[] = { id, source, odd };
	const struct {
		struct labevent_message m;
		int expected;
	} cases[] = {
		{ { .value = NULL, .headers = both, .n_headers = 2 },
		  LABEVENT_E_TOMBSTONE },
		{ { .value = big, .len = sizeof(big), .headers = both, .n_headers = 2 },
		  LABEVENT_E_TOO_LARGE },
		{ { .value = data, .len = strlen(data) }, LABEVENT_E_UNDECODABLE },
		{ { .value = data, .len = strlen(data), .headers = both, .n_headers = 1 },
		  LABEVENT_E_UNDECODABLE },
		{ { .value = data, .len = strlen(data), .headers = wrong, .n_headers = 2 },
		  LABEVENT_E_UNDECODABLE },
		{ { .value = data,
		    .len = strlen(data),
		    .headers = version,
		    .n_headers = 3 },
		  LABEVENT_E_UNDECODABLE },
		{ { .value = data, .len = strlen(data), .headers = both, .n_headers = 2 },
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct labevent e;

		assert_int_equal(labevent_parse(&cases[i].m, &e, NULL), cases[i].expected);
		labevent_release(&e);
	}
}

static void a_bad_record_fails_alone(void **state)
{
	struct labevent e;

	assert_int_equal(
		parse_data("{\"action_id\":35,\"lab_id\":17,\"org_id\":3,\"records\":["
	                   "{\"bill_id\":1,\"lab_report_ids\":[4]},"
	                   "{\"bill_id\":\"2\"},7,{\"bill_id\":3,\"org_id\":5}]}",
	                   &e, NULL),
		0);
	assert_int_equal(e.n_records, 4);
	assert_null(e.records[0].fault);
	assert_string_equal(e.records[1].fault, "records[1].bill_id must be an integer");
	assert_string_equal(e.records[2].fault, "records[2] must be an object");
	assert_null(e.records[3].fault);
	assert_int_equal(e.records[0].org_id, 3);
	assert_int_equal(e.records[3].org_id, 5);
	labevent_release(&e);
}

static void the_context_keeps_ids_and_primitives_alone(void **state)
{
	struct labevent e;

	assert_int_equal(
		parse_data("{\"action_id\":35,\"lab_id\":17,\"operation\":\"x\",\"name\":"
	                   "\"Asha\","
	                   "\"records\":[{\"bill_id\":1},{\"bill_id\":2,\"org_id\":9}]}",
	                   &e, NULL),
		0);
	CLEANUP_JSON json_t *context = labevent_context(&e, 1);
	CLEANUP(freep) char *text = jdoc_dump(context, NULL);
	assert_string_equal(text, "{\"action_id\":35,\"lab_id\":17,\"org_id\":9,"
	                          "\"activity_date\":\"1970-01-01T00:00:01.000Z\","
	                          "\"triggered_by_py3\":false,\"record_index\":1,"
	                          "\"bill_id\":2,\"operation\":\"x\"}");
	labevent_release(&e);
}

static void a_malformed_traceparent_is_none(void **state)
{
	static const struct {
		const char *text;
		bool expected;
	} cases[] = {
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true },
		{ "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
		{ "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
		{ "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false },
		{ "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(labevent_is_traceparent(cases[i].text), cases[i].expected);
}

static void the_log_id_depends_on_each_part_and_nothing_else(void **state)
{
	struct log_id first, again, others[4];
	char hex[LOG_ID_HEX_SIZE];

	labevent_log_id("/labs/17", "e-1", 4, 0, &first);
	labevent_log_id("/labs/17", "e-1", 4, 0, &again);
	labevent_log_id("/labs/18", "e-1", 4, 0, &others[0]);
	labevent_log_id("/labs/1", "7e-1", 4, 0, &others[1]);
	labevent_log_id("/labs/17", "e-1", 40, 0, &others[2]);
	labevent_log_id("/labs/17", "e-1", 4, 1, &others[3]);
	assert_true(log_id_equal(&first, &again));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(log_id_equal(&first, &others[i]));
	/* an event seen before an upgrade must find its log after it */
	assert_string_equal(log_id_to_hex(&first, hex), "178d5816a3a787046ab1188d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_mode_is_read),
		cmocka_unit_test(structured_mode_is_read_whatever_the_case_of_its_type),
		cmocka_unit_test(an_envelope_is_known_by_its_looks),
		cmocka_unit_test(what_cannot_be_used_is_named),
		cmocka_unit_test(a_message_that_is_no_event_is_refused),
		cmocka_unit_test(a_bad_record_fails_alone),
		cmocka_unit_test(the_context_keeps_ids_and_primitives_alone),
		cmocka_unit_test(a_malformed_traceparent_is_none),
		cmocka_unit_test(the_log_id_depends_on_each_part_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
