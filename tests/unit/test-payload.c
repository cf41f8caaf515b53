#include "unit.h"

#include "payload/documents.h"
#include "payload/payload.h"
#include "json/jdoc.h"

#include <stdio.h>
#include <string.h>

static const char bill_context[] =
	"{\"id\":9001,\"references\":{\"lab_id\":17,\"org_id\":3,\"bill_id\":9001,"
	"\"patient_id\":77,\"lrr_id\":null,\"report_id\":null},\"version\":3,"
	"\"lab\":{\"lab_id\":17,\"lab_name\":\"North\"},"
	"\"organisation\":{\"org_id\":3,\"org_full_name\":\"Clinic\",\"org_code\":\"C3\"},"
	"\"patient\":{\"patient_id\":77,\"lab_patient_id\":\"P-77\",\"full_name\":\"आशा "
	"राव\","
	"\"dob\":\"1990-01-02\",\"area\":\"Hill\"},\"referral\":null,"
	"\"bill\":{\"bill_id\":9001,\"order_number\":\"O-1\",\"status\":\"ACTIVE\","
	"\"bill_time\":\"2026-11-21T15:00:00.5+05:30\",\"total_amount\":1050.50,"
	"\"due_amount\":50.50,\"version\":3,\"cancelled_at\":null},"
	"\"items\":["
	"{\"bill_item_id\":1,\"test_id\":4,\"test_code\":\"CBC\",\"test_name\":\"Blood\","
	"\"price\":800,\"concession\":0,\"quantity\":1,\"status\":\"ACTIVE\","
	"\"test\":{\"department_id\":2,\"department_name\":\"Haematology\",\"is_"
	"radiology\":true},"
	"\"report\":{\"lab_report_id\":44},\"sample\":null},"
	"{\"bill_item_id\":2,\"test_id\":5,\"test_code\":\"GLU\",\"test_name\":\"Glucose\","
	"\"price\":300.50,\"concession\":50,\"quantity\":1,\"status\":\"ACTIVE\","
	"\"test\":{},\"report\":null,\"sample\":{\"sample_id\":31,\"accession_no\":\"A1\"}}"
	","
	"{\"bill_item_id\":3,\"test_id\":6,\"test_code\":\"X\",\"test_name\":\"Gone\","
	"\"price\":1,\"status\":\"CANCELLED\",\"test\":{},\"report\":null,\"sample\":null}]"
	","
	"\"payments\":["
	"{\"payment_id\":5,\"kind\":\"REFUND\",\"mode\":\"CASH\",\"amount\":10,"
	"\"paid_at\":\"2026-11-21T09:30:00+00:00\",\"bill_item_ids\":[2]},"
	"{\"payment_id\":6,\"kind\":\"SETTLEMENT\",\"mode\":\"CARD\",\"amount\":20,"
	"\"bill_item_ids\":[]}]}";

static const char patient_context[] =
	"{\"id\":77,\"references\":{},\"lab\":{\"lab_id\":17,\"lab_name\":\"North\"},"
	"\"patient\":{\"patient_id\":77,\"full_name\":\"A & B\",\"mobile\":\"+91 1\","
	"\"is_active\":true}}";

/* A row owns its texts; these rows only borrow. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static json_t *parse(const char *text)
{
	json_t *doc = jdoc_parse(text, strlen(text), NULL);

	assert_non_null(doc);
	return doc;
}

/* `change` is merged into the context, which is how a test makes another state. */
static int make(int action, const char *context, const char *event, const char *change,
                struct payload *out, struct err_text *why)
{
	CLEANUP_JSON json_t *doc = parse(context), *ids = parse(event),
			    *more = parse(change);
	const struct payload_source source = { .action = action_find(action),
		                               .context = doc,
		                               .event = ids };

	(void)json_object_update_recursive(doc, more);
	return payload_make(&source, out, why);
}

static const struct {
	int action;
	const char *context, *event, *path, *expected;
} members[] = {
	{ 1, bill_context, "{}", "webhookId", "1" },
	{ 1, bill_context, "{}", "labId", "{\"labId\":17,\"labName\":\"North\"}" },
	{ 1, bill_context, "{}", "status", "\"Bill Generation\"" },
	{ 1, bill_context, "{}", "orgId", "{\"orgId\":3,\"orgFullName\":\"Clinic\"}" },
	{ 1, bill_context, "{}", "Org Code", "\"C3\"" },
	{ 1, bill_context, "{}", "org Type", "null" },
	{ 1, bill_context, "{}", "Patient Name", "\"आशा राव\"" },
	{ 1, bill_context, "{}", "areaOfResidance", "\"Hill\"" },
	{ 1, bill_context, "{}", "billReferral", "\"SELF\"" },
	{ 1, bill_context, "{}", "bill_id", "9001" },
	{ 1, bill_context, "{}", "billTime", "\"2026-11-21T09:30:00Z\"" },
	{ 1, bill_context, "{}", "billTotalAmount", "1050.5" },
	{ 1, bill_context, "{}", "isBillDue", "1" },
	{ 1, bill_context, "{}", "billInfoDetails",
	  "[{\"TestDetails\":{\"TestName\":\"Blood\",\"TestCode\":\"CBC\"}},"
	  "{\"TestDetails\":{\"TestName\":\"Glucose\",\"TestCode\":\"GLU\"}}]" },
	{ 1, bill_context, "{}", "labReportDetails.0.labReportId", "44" },
	{ 1, bill_context, "{}", "labReportDetails.0.isRadiology", "1" },
	{ 1, bill_context, "{}", "labReportDetails.0.departmentId",
	  "{\"id\":2,\"name\":\"Haematology\"}" },
	{ 1, bill_context, "{}", "labReportDetails.1.labReportIndex", "2" },
	{ 1, bill_context, "{}", "labReportDetails.1.sampleId.accessionNo", "\"A1\"" },
	{ 2, bill_context, "{\"updated_fields\":[\"mobile\"]}", "updatedFields",
	  "[\"mobile\"]" },
	{ 2, bill_context, "{}", "billVersion", "3" },
	{ 5, bill_context, "{\"payment_id\":5}", "refund.refundId", "5" },
	{ 5, bill_context, "{\"payment_id\":5}", "refundTests.0.testCode", "\"GLU\"" },
	{ 17, bill_context, "{\"payment_id\":6}", "settlement.settlementId", "6" },
	{ 17, bill_context, "{\"payment_id\":6}", "paymentList",
	  "[{\"paymentType\":\"CARD\",\"paymentAmount\":20,\"chequeNo\":null,"
	  "\"issueBank\":null}]" },
	{ 18, bill_context, "{\"bill_item_ids\":[2,3]}", "previousTotal", "800.0" },
	{ 18, bill_context, "{\"bill_item_ids\":[2,3]}", "addedTests.0.testCode",
	  "\"GLU\"" },
	{ 18, bill_context, "{\"bill_item_ids\":[2,3]}", "addedTests.1", NULL },
	{ 57, patient_context, "{}", "labId", "17" },
	{ 57, patient_context, "{}", "fullName", "\"A & B\"" },
	{ 58, patient_context, "{}", "updatedFields", "[]" },
	/* a LIS that says little */
	{ 57, "{\"patient\":{\"full_name\":\"A\"}}", "{\"lab_id\":18}", "labId", "18" },
	{ 1, "{\"items\":[{\"test_name\":\"B\"}]}", "{\"lab_id\":18}",
	  "billInfoDetails.0.TestDetails.TestName", "\"B\"" },
};

static void keys_and_values_are_as_partners_know_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct payload p;

		assert_int_equal(make(members[i].action, members[i].context,
		                      members[i].event, "{}", &p, NULL),
		                 0);
		const json_t *found = jdoc_path(p.object, members[i].path);
		CLEANUP(freep) char *text = found ? jdoc_dump(found, NULL) : NULL;
		if (!members[i].expected ? text != NULL
		                         : !text || strcmp(text, members[i].expected) != 0)
			fail_msg("%d %s: %s", members[i].action, members[i].path, text);
		payload_release(&p);
	}
}

static void bodies_begin_with_webhook_and_lab(void **state)
{
	static const int with_bill[] = { 1, 2, 4, 49 };

	for (size_t i = 0; i < ARRAY_SIZE(with_bill); i++) {
		struct payload p;
		char start[64];

		assert_int_equal(make(with_bill[i], bill_context, "{}", "{}", &p, NULL), 0);
		(void)snprintf(start, sizeof(start), "{\"webhookId\":%d,\"labId\":{",
		               with_bill[i]);
		assert_memory_equal(p.text, start, strlen(start));
		payload_release(&p);
	}
}

static void what_was_undone_or_is_not_there_is_not_built(void **state)
{
	static const struct {
		int action;
		const char *event, *change;
		int expected;
		const char *said;
	} cases[] = {
		{ 1, "{}",
		  "{\"bill\":{\"status\":\"CANCELLED\",\"cancelled_at\":\"2026-11-21T10:00:"
		  "00Z\"}}",
		  PAYLOAD_E_SUPERSEDED, "bill 9001 was cancelled on 2026-11-21T10:00:00Z" },
		{ 3, "{\"entity_state\":\"CANCELLED\"}", "{}", PAYLOAD_E_SUPERSEDED,
		  "bill 9001 is active again" },
		{ 3, "{}", "{\"bill\":{\"reset_at\":\"2026-11-21T10:00:00Z\"}}",
		  PAYLOAD_E_SUPERSEDED,
		  "bill 9001 is active again on 2026-11-21T10:00:00Z" },
		{ 3, "{}", "{}", 0, "" }, /* nothing says that it ever was cancelled */
		{ 3, "{\"entity_state\":\"ACTIVE\"}", "{}", 0, "" },
		{ 3, "{}", "{\"bill\":{\"status\":\"CANCELLED\"}}", 0, "" },
		{ 5, "{}", "{}", PAYLOAD_E_BUILD, "payment_id is missing" },
		{ 5, "{\"payment_id\":99}", "{}", PAYLOAD_E_BUILD,
		  "payment 99 is not in this bill" },
		{ 5, "{\"payment_id\":6}", "{}", PAYLOAD_E_SUPERSEDED,
		  "payment 6 is no refund" },
		{ 17, "{\"payment_id\":5}", "{}", PAYLOAD_E_SUPERSEDED,
		  "payment 5 is no settlement" },
		{ 18, "{}", "{}", PAYLOAD_E_BUILD, "bill_item_ids is missing" },
		{ 18, "{\"bill_item_ids\":[1,9]}", "{}", PAYLOAD_E_BUILD,
		  "bill item 9 is not in this bill" },
		{ 18, "{\"bill_item_ids\":[3]}", "{}", PAYLOAD_E_SUPERSEDED,
		  "the tests added to bill 9001 were cancelled" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err_text why = { "" };
		struct payload p;
		int r = make(cases[i].action, bill_context, cases[i].event, cases[i].change,
		             &p, &why);

		if (r != cases[i].expected || strcmp(why.text, cases[i].said) != 0)
			fail_msg("%d %s: %d %s", cases[i].action, cases[i].event, r,
			         why.text);
		payload_release(&p);
	}
}

static const struct {
	const char *name;
	struct integration row;
	int expected;
	const char *method, *contains;
} bodies[] = {
	{ "json",
	  { .request_type = REQUEST_POST },
	  0,
	  "POST",
	  "{\"webhookId\":57,\"labId\":17" },
	{ "put", { .request_type = REQUEST_PUT }, 0, "PUT", "\"fullName\":\"A & B\"" },
	{ "query",
	  { .request_type = REQUEST_GET },
	  0,
	  "GET",
	  "webhookId=57&labId=17&status=New%20Patient%20Registered" },
	{ "query escapes",
	  { .request_type = REQUEST_GET },
	  0,
	  "GET",
	  "fullName=A%20%26%20B&mobile=%2B91%201" },
	{ "template",
	  { .request_type = REQUEST_POST,
	    .template_text = TEXT("{\"n\":\"{{patient.full_name}}\"}") },
	  0,
	  "POST",
	  "{\"n\":\"A & B\"}" },
	{ "bad template",
	  { .request_type = REQUEST_POST, .template_text = TEXT("{{#x}}") },
	  PAYLOAD_E_CONFIG,
	  "POST",
	  "template_text, line 1" },
	{ "bad row",
	  { .request_type = REQUEST_POST, .config_error = TEXT("url is missing") },
	  PAYLOAD_E_CONFIG,
	  "POST",
	  "url is missing" },
	{ "bad row, GET",
	  { .request_type = REQUEST_GET, .config_error = TEXT("url is missing") },
	  PAYLOAD_E_CONFIG,
	  "GET",
	  "url is missing" },
	{ "hl7",
	  { .request_type = REQUEST_POST, .payload_type = TEXT("orm") },
	  PAYLOAD_E_CONFIG,
	  "POST",
	  "template_text" },
};

static void a_body_is_as_the_row_wants_it(void **state)
{
	const struct payload_attempt attempt = { .number = 0 };
	struct payload p;

	assert_int_equal(make(57, patient_context, "{}", "{}", &p, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct integration row = bodies[i].row;
		struct payload_body body;
		struct err_text why = { "" };

		if (!row.payload_type)
			row.payload_type = TEXT("JSON");
		int r = payload_render(&p, action_find(57), &row, &attempt, &body, &why);
		const char *text = r ? why.text : body.data;
		if (r != bodies[i].expected || strcmp(body.method, bodies[i].method) != 0 ||
		    !strstr(text, bodies[i].contains))
			fail_msg("%s: %d %s", bodies[i].name, r, text);
		payload_body_release(&body);
	}
	payload_release(&p);
}

static void the_hash_tells_whether_the_payload_changed(void **state)
{
	struct payload first, same, other;

	assert_int_equal(make(1, bill_context, "{}", "{}", &first, NULL), 0);
	assert_int_equal(make(1, bill_context, "{}", "{\"updated_at\":\"x\"}", &same, NULL),
	                 0);
	assert_int_equal(
		make(1, bill_context, "{}", "{\"bill\":{\"due_amount\":1}}", &other, NULL),
		0);
	assert_string_equal(first.sha256, same.sha256);
	assert_string_not_equal(first.sha256, other.sha256);
	payload_release(&first);
	payload_release(&same);
	payload_release(&other);
}

static void documents_leave_the_body_and_keep_their_place(void **state)
{
	static const struct {
		const char *text;  /* @ and # stand for markers of documents 5 and 6 */
		const char *taken; /* what is left; offsets are checked by putting @ back */
		const char *shown, *hashed;
	} cases[] = {
		{ "{}", "{}", "{}", "{}" },
		{ "{\"a\":\"@\"}", "{\"a\":\"\"}",
		  "{\"a\":\"[report-44.pdf, 10 bytes, sha256 0a1b]\"}",
		  "{\"a\":\"0a1b\"}" },
		{ "@#", "",
		  "[report-44.pdf, 10 bytes, sha256 0a1b][document-6.pdf, 0 bytes, sha256 "
		  "]",
		  "0a1bdocument-6" },
		{ "#tail", "tail", "[document-6.pdf, 0 bytes, sha256 ]tail",
		  "document-6tail" },
	};
	CLEANUP_JSON json_t *scope = parse(
		"{\"documents\":[{\"document_id\":5,\"sha256\":\"xx\"}],\"reports\":[{"
		"\"document\":{\"document_id\":5,\"name\":\"report-44.pdf\","
		"\"byte_size\":10,\"sha256\":\"0a1b\"}}]}");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char marker[PAYLOAD_DOCUMENT_MARKER_SIZE];
		struct buf body = BUF_INIT(0), shown = BUF_INIT(0), hashed = BUF_INIT(0);

		for (const char *p = cases[i].text; *p; p++) {
			if (*p == '@' || *p == '#')
				buf_append_str(&body, payload_document_marker(
							      *p == '@' ? 5 : 6, marker));
			else
				buf_append_char(&body, *p);
		}
		payload_documents_replace(buf_str(&body), body.len, scope,
		                          PAYLOAD_DOCUMENT_SHOWN, &shown);
		payload_documents_replace(buf_str(&body), body.len, scope,
		                          PAYLOAD_DOCUMENT_HASHED, &hashed);
		CLEANUP_JSON json_t *list = payload_documents_take(&body, scope);

		assert_string_equal(buf_str(&shown), cases[i].shown);
		assert_string_equal(buf_str(&hashed), cases[i].hashed);
		assert_string_equal(buf_str(&body), cases[i].taken);
		/* put back from the end on, they give the text again */
		for (size_t k = json_array_size(list); k-- > 0;) {
			const json_t *d = json_array_get(list, k);
			size_t at = (size_t)jdoc_int_or(d, "offset", -1);
			struct buf whole = BUF_INIT(0);

			buf_append(&whole, buf_str(&body), at);
			buf_append_char(&whole,
			                jdoc_int_or(d, "document_id", 0) == 5 ? '@' : '#');
			buf_append_str(&whole, buf_str(&body) + at);
			buf_deinit(&body);
			body = whole;
		}
		assert_string_equal(buf_str(&body), cases[i].text);
		buf_deinit(&body);
		buf_deinit(&shown);
		buf_deinit(&hashed);
	}
}

static void a_template_may_name_a_document_and_a_query_drops_it(void **state)
{
	const struct payload_attempt attempt = { .number = 0 };
	char marker[PAYLOAD_DOCUMENT_MARKER_SIZE];
	struct integration row = { .payload_type = TEXT("JSON"),
		                   .template_text = TEXT("{\"pdf\":\"{{pdf}}\"}"),
		                   .request_type = REQUEST_POST };
	struct payload p;
	struct payload_body body;
	struct err_text why;

	assert_int_equal(make(57, patient_context, "{}", "{}", &p, NULL), 0);
	(void)json_object_set_new(p.scope, "pdf",
	                          json_string(payload_document_marker(5, marker)));
	assert_int_equal(payload_render(&p, action_find(57), &row, &attempt, &body, &why),
	                 0);
	assert_string_equal(body.data, "{\"pdf\":\"\"}");
	assert_string_equal(payload_body_shown(&body),
	                    "{\"pdf\":\"[document-5.pdf, 0 bytes, sha256 ]\"}");
	assert_int_equal(jdoc_int_or(json_array_get(body.documents, 0), "offset", -1), 8);
	payload_body_release(&body);
	row.request_type = REQUEST_GET;
	assert_int_equal(payload_render(&p, action_find(57), &row, &attempt, &body, &why),
	                 0);
	assert_null(body.documents);
	assert_null(strstr(body.data, "document"));
	payload_body_release(&body);
	payload_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_values_are_as_partners_know_them),
		cmocka_unit_test(bodies_begin_with_webhook_and_lab),
		cmocka_unit_test(what_was_undone_or_is_not_there_is_not_built),
		cmocka_unit_test(a_body_is_as_the_row_wants_it),
		cmocka_unit_test(the_hash_tells_whether_the_payload_changed),
		cmocka_unit_test(documents_leave_the_body_and_keep_their_place),
		cmocka_unit_test(a_template_may_name_a_document_and_a_query_drops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
