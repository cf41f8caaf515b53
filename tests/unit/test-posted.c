#include "unit.h"

#include "base/utf8.h"
#include "message/posted.h"
#include "message/task.h"
#include "json/jdoc.h"

#define LOG   "6701f0c2a1b2c3d4e5f6071a"
#define HEAD  "{\"log_id\":\"" LOG "\""
#define LIMIT 64

static int read_text(const char *json, struct report *out, struct err_text *why)
{
	return posted_read(json, strlen(json), LIMIT, out, why);
}

static void the_status_is_derived(void **state)
{
	static const struct {
		const char *json;
		enum log_status status;
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{ HEAD ",\"response_status_code\":200}", LOG_STATUS_SUCCESS },
		{ HEAD ",\"response_status_code\":\"204\"}", LOG_STATUS_SUCCESS },
		{ HEAD ",\"response_status_code\":200,\"status\":\"FAIL\"}",
		  LOG_STATUS_SUCCESS },
		{ HEAD ",\"response_status_code\":209}", LOG_STATUS_SUPPRESSED },
		{ HEAD ",\"response_status_code\":500,\"response_body\":"
		       "\"{\\\"message\\\":\\\"#NOTFORDASHBOARD\\\"}\"}",
		  LOG_STATUS_SUPPRESSED },
		{ HEAD ",\"response_body\":{\"message\":\"#NOTFORDASHBOARD\"}}",
		  LOG_STATUS_SUPPRESSED },
		{ HEAD ",\"response_status_code\":500,\"response_body\":\"kaputt\"}",
		  LOG_STATUS_FAIL, ERROR_KIND_HTTP_STATUS, "kaputt" },
		{ HEAD ",\"response_status_code\":503}", LOG_STATUS_FAIL,
		  ERROR_KIND_HTTP_STATUS, "HTTP 503" },
		{ HEAD ",\"error_message\":\"No response\"}", LOG_STATUS_FAIL,
		  ERROR_KIND_TIMEOUT, "No response" },
		{ HEAD ",\"error_message\":\"Session.connect: SocketTimeoutException\"}",
		  LOG_STATUS_FAIL, ERROR_KIND_TIMEOUT,
		  "Session.connect: SocketTimeoutException" },
		{ HEAD "}", LOG_STATUS_FAIL, ERROR_KIND_TIMEOUT, "No response" },
		{ HEAD ",\"sent_to_mirth\":true,\"fusion_log\":\"Sent to Mirth\"}",
		  LOG_STATUS_QUEUED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report report;

		assert_int_equal(read_text(cases[i].json, &report, NULL), 0);
		assert_int_equal(report.status, cases[i].status);
		assert_int_equal(report.error_kind, cases[i].kind);
		assert_string_equal(report.error_message ? report.error_message : "",
		                    cases[i].message ? cases[i].message : "");
		report_release(&report);
	}
}

static void three_places_are_united(void **state)
{
	struct report report;

	assert_int_equal(
		read_text("{\"response_time\":\"12.5\",\"lab_id\":\"17\",\"stage\":null,"
	                  "\"args\":{\"integration_payload\":{\"log_id\":\"" LOG "\","
	                  "\"lab_id\":18,\"end_point\":\"http://x\"},"
	                  "\"payload\":{\"integration_payload\":{\"stage\":\"S\","
	                  "\"request_headers\":{\"a\":1},\"response_status_code\":201,"
	                  "\"end_point\":\"http://y\"}}}}",
	                  &report, NULL),
		0);
	assert_true(report.response_time_ms > 12.4 && report.response_time_ms < 12.6);
	assert_int_equal(report.lab_id, 17);
	assert_string_equal(report.end_point, "http://x");
	assert_string_equal(report.stage, "S");
	assert_int_equal(report.response_status_code, 201);
	assert_string_equal(jdoc_text_or(report.request_headers, "a", ""), "1");
	report_release(&report);
}

static void a_bad_payload_is_refused_by_its_field(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {
		{ "{}", "log_id is missing" },
		{ "{\"log_id\":5}", "log_id must be a log's id: a text of 24 hex digits" },
		{ "{\"log_id\":\"67\"}",
		  "log_id must be a log's id: a text of 24 hex digits" },
		{ "[]", "the body must be a JSON object" },
		{ "", "the body is not valid JSON at line 1, column 0" },
		{ HEAD ",\"lab_id\":\"x\"}", "lab_id must be an integer" },
		{ HEAD ",\"retry_id\":\"\"}",
		  "retry_id must be a text of 1 to 64 characters" },
		{ HEAD ",\"retry_id\":5}",
		  "retry_id must be a text of 1 to 64 characters" },
		{ HEAD ",\"response_status_code\":-1}",
		  "response_status_code must be an HTTP status code" },
		{ HEAD ",\"response_time\":\"soon\"}",
		  "response_time must be a number of milliseconds" },
		{ HEAD ",\"response_time\":-5}",
		  "response_time must be a number of milliseconds" },
		{ HEAD ",\"request_headers\":[]}",
		  "request_headers must be an object of header names and values" },
		{ HEAD ",\"activity_date\":\"yesterday\"}",
		  "activity_date must be a time such as 2026-11-21T09:30:00Z" },
		{ HEAD ",\"sent_to_mirth\":\"perhaps\"}",
		  "sent_to_mirth must be true or false" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report report;
		struct err_text why = { "" };

		assert_int_equal(read_text(cases[i].json, &report, &why),
		                 MESSAGE_E_INVALID);
		assert_string_equal(why.text, cases[i].why);
	}
}

static void bodies_are_cut_between_characters(void **state)
{
	CLEANUP(buf_deinit) struct buf json = BUF_INIT(0);
	struct report report;

	buf_append_str(&json, HEAD ",\"response_body\":\"x");
	for (int i = 0; i < LIMIT; i++)
		buf_append_str(&json, "\xC3\xA9");
	buf_append_str(&json, "\",\"request_body\":\"a\\u0000b\"}");
	assert_int_equal(read_text(buf_str(&json), &report, NULL), 0);
	assert_int_equal(strlen(report.response_body), LIMIT - 1);
	assert_true(utf8_valid(report.response_body, LIMIT - 1));
	assert_true(report.response_body_truncated);
	assert_string_equal(report.request_body, "a\xEF\xBF\xBD"
	                                         "b");
	assert_false(report.request_body_truncated);
	report_release(&report);
}

static void mirth_confirms_or_refuses(void **state)
{
	static const struct {
		const char *json;
		const char *why; /* NULL: accepted */
		enum log_status status;
		const char *message;
		enum error_kind kind;
	} cases[] = {
		{ "{\"LOGID\":\"" LOG "\",\"status\":\"SUCCESS\"}", NULL,
		  LOG_STATUS_SUCCESS, "" },
		{ "{\"LOGID\":\"cs0v1gl1mb1t9pfm0sd0\",\"LABID\":\"17\",\"status\":"
		  "\"FAIL\","
		  "\"ack_code\":\"AE\",\"destination\":\"LIS\"}",
		  NULL, LOG_STATUS_FAIL, "AE from LIS", ERROR_KIND_NACK },
		{ "{\"LOGID\":\"" LOG
		  "\",\"status\":\"FAIL\",\"error_message\":\"no bed\"}",
		  NULL, LOG_STATUS_FAIL, "no bed", ERROR_KIND_NACK },
		{ "{\"LOGID\":\"" LOG "\",\"status\":\"FAIL\",\"ack_code\":\"AE\","
		  "\"response_body\":\"table full\"}",
		  NULL, LOG_STATUS_FAIL, "table full", ERROR_KIND_NACK },
		{ "{\"LOGID\":\"" LOG "\",\"status\":\"FAIL\",\"error_message\":"
		  "\"Session.connect: java.net.SocketTimeoutException\"}",
		  NULL, LOG_STATUS_FAIL, "Session.connect: java.net.SocketTimeoutException",
		  ERROR_KIND_TIMEOUT },
		{ "{\"LOGID\":\"" LOG "\",\"status\":\"QUEUED\"}",
		  "status must be SUCCESS or FAIL" },
		{ "{\"LOGID\":\"" LOG "\"}", "status must be SUCCESS or FAIL" },
		{ "{\"status\":\"FAIL\"}",
		  "LOGID must be 24 hex digits, or the 20 characters of MSH-10" },
		{ "{\"LOGID\":\"" LOG "\",\"LABID\":true,\"status\":\"FAIL\"}",
		  "LABID must be an integer" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report report;
		struct err_text why = { "" };
		int result = posted_read_mirth(cases[i].json, strlen(cases[i].json), LIMIT,
		                               &report, &why);

		assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
		assert_int_equal(result, cases[i].why ? MESSAGE_E_INVALID : 0);
		if (cases[i].why)
			continue;
		assert_int_equal(report.kind, REPORT_DOWNSTREAM);
		assert_int_equal(report.status, cases[i].status);
		assert_string_equal(report.error_message ? report.error_message : "",
		                    cases[i].message);
		assert_int_equal(report.error_kind, cases[i].kind);
		report_release(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_is_derived),
		cmocka_unit_test(three_places_are_united),
		cmocka_unit_test(a_bad_payload_is_refused_by_its_field),
		cmocka_unit_test(bodies_are_cut_between_characters),
		cmocka_unit_test(mirth_confirms_or_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
