#include "unit.h"

#include "message/report.h"
#include "message/task.h"
#include "json/jdoc.h"

#define LOG   "6701f0c2a1b2c3d4e5f6071a"
#define OTHER "6701f0c2a1b2c3d4e5f6071b"

static void tasks_read_back(void **state)
{
	CLEANUP_JSON json_t *context = json_pack("{s:i}", "bill_id", 9001);
	const struct task task = {
		.log_id.bytes = { 1, 2, 3 },
		.integration_id = 4,
		.lab_id = 17,
		.action_id = 1,
		.settings_version = 12,
		.attempt = 2,
		.retry_id = "r-2",
		.method = "POST",
		.content_type = "application/json",
		.payload_type = "JSON",
		.event_at_ms = 1795253400123,
		.triggered_by_py3 = true,
		.context = context,
	};
	CLEANUP(freep) char *json = task_encode(&task);
	struct task again;

	assert_int_equal(task_decode(json, strlen(json), &again, NULL), 0);
	assert_true(log_id_equal(&again.log_id, &task.log_id));
	assert_int_equal(again.integration_id, 4);
	assert_int_equal(again.settings_version, 12);
	assert_int_equal(again.attempt, 2);
	assert_string_equal(again.retry_id, "r-2");
	assert_string_equal(again.method, "POST");
	assert_int_equal(again.event_at_ms, 1795253400123);
	assert_true(again.triggered_by_py3);
	assert_null(again.traceparent);
	assert_int_equal(jdoc_int_or(again.context, "bill_id", 0), 9001);
	task_release(&again);
}

#define TASK_REST ",\"integration_id\":4,\"lab_id\":17,\"action_id\":1,\"method\":\"GET\""

static void a_bad_task_is_refused_by_its_field(void **state)
{
	static const struct {
		const char *json;
		const char *why; /* NULL: accepted */
	} cases[] = {
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST "}" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"newer\":1}" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"retry_id\":null}" },
		{ .json = "{\"log_id\":\"x\"" TASK_REST "}",
		  .why = "log_id must be a log_id: 24 hex digits" },
		{ .json = "{\"x\":1" TASK_REST "}", .why = "log_id is missing" },
		{ .json = "{\"log_id\":\"" LOG "\"}", .why = "integration_id is missing" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"attempt\":1}",
		  .why = "retry_id is missing, which every later attempt has" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"attempt\":-1}",
		  .why = "attempt must not be negative" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"attempt\":9999999999}",
		  .why = "attempt is out of range" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"context\":[]}",
		  .why = "context must be an object" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"records\":{}}",
		  .why = "records must be an array" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST ",\"records\":[]}",
		  .why = "records must begin with the task's own, of attempt 0" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST
		          ",\"records\":[{\"log_id\":\"" OTHER "\",\"context\":{}}]}",
		  .why = "records must begin with the task's own, of attempt 0" },
		{ .json = "{\"log_id\":\"" LOG "\"" TASK_REST
		          ",\"records\":[{\"log_id\":\"" LOG "\"}]}",
		  .why = "records[0] must have a log_id and a context" },
		{ .json = "[]", .why = "must be a JSON object" },
		{ .json = "{", .why = "not valid JSON at line 1, column 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct task task;
		struct err_text why = { "" };
		int result = task_decode(cases[i].json, strlen(cases[i].json), &task, &why);

		assert_int_equal(result, cases[i].why ? MESSAGE_E_INVALID : 0);
		assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
		task_release(&task);
	}
}

static void the_logs_of_a_task_are_its_own_or_its_records(void **state)
{
	static const char alone[] = "{\"log_id\":\"" LOG "\"" TASK_REST "}";
	static const char both[] =
		"{\"log_id\":\"" LOG "\"" TASK_REST ",\"records\":[{\"log_id\":\"" LOG
		"\",\"context\":{\"bill_id\":1}},{\"log_id\":\"" OTHER
		"\",\"context\":{\"bill_id\":2}}]}";
	struct log_id own, other;
	struct task task;

	assert_true(log_id_parse(LOG, &own) && log_id_parse(OTHER, &other));
	assert_int_equal(task_decode(alone, strlen(alone), &task, NULL), 0);
	assert_int_equal(task_logs(&task), 1);
	assert_true(task_has_log(&task, &own) && !task_has_log(&task, &other));
	task_release(&task);

	assert_int_equal(task_decode(both, strlen(both), &task, NULL), 0);
	assert_int_equal(task_logs(&task), 2);
	assert_true(task_has_log(&task, &own) && task_has_log(&task, &other));
	assert_true(log_id_equal(task_log(&task, 1), &other));
	CLEANUP(freep) char *again = task_encode(&task);
	assert_non_null(strstr(again, "\"bill_id\":2"));
	task_release(&task);
}

static void reports_read_back(void **state)
{
	const struct report report = {
		.kind = REPORT_OUTCOME,
		.log_id.bytes = { 9 },
		.lab_id = 17,
		.status = LOG_STATUS_FAIL,
		.error_kind = ERROR_KIND_TIMEOUT,
		.error_message = "No response",
		.response_body = "broken \xff bytes",
		.response_body_truncated = true,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.occurred_at_ms = 5,
	};
	CLEANUP(freep) char *json = report_encode(&report);
	struct report again;

	assert_int_equal(report_decode(json, strlen(json), &again, NULL), 0);
	assert_int_equal(again.kind, REPORT_OUTCOME);
	assert_int_equal(again.status, LOG_STATUS_FAIL);
	assert_int_equal(again.error_kind, ERROR_KIND_TIMEOUT);
	assert_string_equal(again.error_message, "No response");
	assert_string_equal(again.response_body, "broken \xEF\xBF\xBD bytes");
	assert_true(again.response_body_truncated);
	assert_true(again.response_time_ms < 0);
	assert_int_equal(again.sent_to_mirth, -1);
	assert_int_equal(again.response_status_code, 0);
	assert_null(again.request_body);
	report_release(&again);
}

static void a_bad_report_is_refused_by_its_field(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {
		{ .json = "{\"kind\":\"outcome\",\"log_id\":\"" LOG "\",\"status\":\"\"}" },
		{ .json = "{\"kind\":\"outcome\",\"log_id\":\"" LOG "\"}",
		  .why = "status is missing" },
		{ .json = "{\"kind\":\"outcome\",\"log_id\":\"" LOG
		          "\",\"status\":\"DONE\"}",
		  .why = "status is not one of its words" },
		{ .json = "{\"kind\":\"other\",\"log_id\":\"" LOG "\"}",
		  .why = "kind is not one of its words" },
		{ .json = "{\"kind\":\"log\",\"log_id\":\"" LOG "\"}",
		  .why = "payload is missing" },
		{ .json = "{\"kind\":\"outcome\",\"log_id\":\"" LOG
		          "\",\"status\":\"FAIL\",\"response_body\":{}}",
		  .why = "response_body must be a text" },
		{ .json = "{\"log_id\":\"" LOG "\"}", .why = "kind is missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report report;
		struct err_text why = { "" };
		int result =
			report_decode(cases[i].json, strlen(cases[i].json), &report, &why);

		assert_int_equal(result, cases[i].why ? MESSAGE_E_INVALID : 0);
		assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
		report_release(&report);
	}
}

static void only_a_top_level_message_suppresses(void **state)
{
	static const struct {
		const char *body;
		bool suppresses;
	} cases[] = {
		{ "{\"message\":\"#NOTFORDASHBOARD\"}", true },
		{ " {\"a\":1, \"message\" : \"\\u0023NOTFORDASHBOARD\"}\n", true },
		{ "{\"message\":\"x #NOTFORDASHBOARD\"}", false },
		{ "{\"message\":\"#notfordashboard\"}", false },
		{ "{\"data\":{\"message\":\"#NOTFORDASHBOARD\"}}", false },
		{ "[{\"message\":\"#NOTFORDASHBOARD\"}]", false },
		{ "\"#NOTFORDASHBOARD\"", false },
		{ "#NOTFORDASHBOARD", false },
		{ "{\"message\":[\"#NOTFORDASHBOARD\"]}", false },
		{ "{\"message\":\"#NOTFORDASHBOARD\"", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			report_body_suppresses(cases[i].body, strlen(cases[i].body)),
			cases[i].suppresses);
}

static void the_partners_own_words_are_found(void **state)
{
	static const struct {
		const char *body;
		const char *text;
	} cases[] = {
		{ "{\"error\":\"no such bill\"}", "no such bill" },
		{ "{\"message\":\"later\",\"error\":\"first\"}", "first" },
		{ "{\"error\":true,\"message\":\"said here\"}", "said here" },
		{ "{\"error\":{\"code\":5,\"text\":\"deep\"}}", "deep" },
		{ "{\"errors\":[{\"detail\":\"in a list\"}]}", "in a list" },
		{ "{\"detail\":\"d\",\"error_description\":\"e\"}", "d" },
		{ "{\"code\":5}", "{\"code\":5}" },
		{ "{\"error\":\"\"}", "{\"error\":\"\"}" },
		{ "<html>Bad gateway</html>", "<html>Bad gateway</html>" },
		{ "bad \xc3", "bad \xEF\xBF\xBD" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

		report_error_text(cases[i].body, strlen(cases[i].body), &out);
		assert_string_equal(buf_str(&out), cases[i].text);
	}
}

static void a_long_answer_gives_a_thousand_characters(void **state)
{
	CLEANUP(buf_deinit) struct buf body = BUF_INIT(0);
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	for (int i = 0; i < 2000; i++)
		buf_append_str(&body, "\xE0\xAE\xB5");
	report_error_text(buf_str(&body), body.len, &out);
	assert_int_equal(out.len, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_read_back),
		cmocka_unit_test(a_bad_task_is_refused_by_its_field),
		cmocka_unit_test(the_logs_of_a_task_are_its_own_or_its_records),
		cmocka_unit_test(reports_read_back),
		cmocka_unit_test(a_bad_report_is_refused_by_its_field),
		cmocka_unit_test(only_a_top_level_message_suppresses),
		cmocka_unit_test(the_partners_own_words_are_found),
		cmocka_unit_test(a_long_answer_gives_a_thousand_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
