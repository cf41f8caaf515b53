#include "unit.h"

#include "phi/names.h"
#include "phi/phi.h"
#include "json/jdoc.h"

#include <string.h>

#define M PHI_MASK

static const struct {
	const char *text;
	enum phi_body kind;
	const char *shown; /* NULL: nothing */
} bodies[] = {
	{ "{\"webhookId\":1,\"billId\":9,\"Patient Name\":\"Asha Rao\"}", PHI_REQUEST,
	  "{\"webhookId\":1,\"billId\":9,\"Patient Name\":\"" M "\"}" },
	{ "{\"labId\":{\"labId\":7,\"labName\":\"L\"},\"Mobile Number\":9822000000}",
	  PHI_REQUEST,
	  "{\"labId\":{\"labId\":7,\"labName\":\"L\"},\"Mobile Number\":\"" M "\"}" },
	{ "[{\"testCode\":\"CBC\",\"value\":9.5},{\"isSigned\":true}]", PHI_REQUEST,
	  "[{\"testCode\":\"CBC\",\"value\":\"" M "\"},{\"isSigned\":true}]" },
	{ "{\"updatedFields\":[\"mobile\"],\"age\":null}", PHI_REQUEST,
	  "{\"updatedFields\":[\"mobile\"],\"age\":null}" },
	/* a name may be a patient's itself */
	{ "{\"Asha\":{\"billId\":1},\"Rao\":2}", PHI_REQUEST,
	  "{\"" M "1\":{\"billId\":1},\"" M "2\":\"" M "\"}" },
	/* a partner's own words, whatever they stand under */
	{ "{\"status\":\"Asha\",\"code\":422,\"billId\":9,\"ok\":false}", PHI_ANSWER,
	  "{\"status\":\"" M "\",\"code\":422,\"billId\":\"" M "\",\"ok\":false}" },
	{ "{\"code\":9822000000}", PHI_ANSWER, "{\"code\":\"" M "\"}" },
	{ "\"Asha\"", PHI_REQUEST, NULL },
	{ "Asha Rao", PHI_REQUEST, NULL },
	{ "{\"billId\":1", PHI_REQUEST, NULL }, /* cut */
	{ "<name>Asha</name>", PHI_ANSWER, NULL },
	{ "", PHI_ANSWER, NULL },
	{ "MSH|^~\\&|A|B|C|17|20261121||ADT^A04|ID|P|2.5.1\rPID|1|x|77^^^L||Rao^Asha||"
	  "19840229"
	  "|F\rOBX|1|NM|HGB^Hb||9.5|g/dL|||||F\r",
	  PHI_REQUEST,
	  "MSH|^~\\&|A|B|C|17|20261121||ADT^A04|ID|P|2.5.1\rPID|1|" M "|" M "||" M "||" M
	  "|" M "\rOBX|1|NM|HGB^Hb||" M "|g/dL|||||F\r" },
	{ "MSH#^~\\&#A\nNK1#1#Rao\nZZZ#Asha\nno segment", PHI_REQUEST,
	  "MSH#^~\\&#A\nNK1#" M "#" M "\nZZZ#" M "\n" M },
	{ "MSH|^~\\&|P\rMSA|AE|ID|Asha Rao is unknown\rERR|Asha|PID^1|207^Asha|E|Rao",
	  PHI_ANSWER, "MSH|^~\\&|P\rMSA|AE|ID|" M "\rERR|" M "|PID^1|" M "|E|" M },
	{ "MSH|^~\\&|A\rPID|1|\"\"", PHI_REQUEST, "MSH|^~\\&|A\rPID|1|" M },
};

static void bodies_are_shown_as_far_as_they_are_known(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		CLEANUP(freep)
		char *shown = phi_mask_body(bodies[i].text, strlen(bodies[i].text),
		                            bodies[i].kind);

		if (!shown != !bodies[i].shown ||
		    (shown && strcmp(shown, bodies[i].shown) != 0))
			fail_msg("%s: %s", bodies[i].text, shown ? shown : "nothing");
	}
}

static void headers_keep_their_names(void **state)
{
	CLEANUP_JSON json_t *headers = json_pack("{s:s,s:s}", "Content-Type",
	                                         "application/json", "X-Patient", "Asha");
	CLEANUP_JSON json_t *shown = phi_mask_headers(headers);

	assert_string_equal(jdoc_text_or(shown, "Content-Type", ""), "application/json");
	assert_string_equal(jdoc_text_or(shown, "X-Patient", ""), M);
}

static void paths_keep_words(void **state)
{
	static const char *const cases[][2] = {
		{ "/LHRegisterBillAPI/****1234/", "/LHRegisterBillAPI/" M "/" },
		{ "/hl7/2_3/createOrder?name=Asha", "/hl7/2_3/createOrder?" M },
		{ "/patients/9822000000/visits", "/patients/" M "/visits" },
		{ "/p/Asha%20Rao", "/p/" M },
		{ "/find/Zubaida/reports", "/find/" M "/reports" },
		{ "/find/7", "/find/" M },
		{ "/api/v2/getReportPDF/X1", "/api/v2/getReportPDF/" M },
		{ "//a/sample-status_v2", "//a/" M },
		{ "/a/2.5.1/lab_samples", "/a/2.5.1/lab_samples" },
		{ "/a/v/12/1_/_1", "/a/" M "/" M "/" M "/" M },
		{ "LHRegisterBillAPI", "LHRegisterBillAPI" },
		{ "", "" },
		{ "?a=b", "?" M },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *shown = phi_mask_path(cases[i][0]);

		assert_string_equal(shown, cases[i][1]);
	}
}

static void names_are_found(void **state)
{
	/* the first and the last of each list: they are searched by halves */
	assert_int_equal(phi_name_find("Accession Date"), PHI_NAME_PLAIN);
	assert_int_equal(phi_name_find("webhookId"), PHI_NAME_PLAIN);
	assert_int_equal(phi_name_find("Age"), PHI_NAME_KNOWN);
	assert_int_equal(phi_name_find("zip_code"), PHI_NAME_KNOWN);
	assert_int_equal(phi_name_find("Asha"), PHI_NAME_UNKNOWN);
	assert_int_equal(phi_name_find(""), PHI_NAME_UNKNOWN);
	assert_true(phi_names_are_sorted());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_shown_as_far_as_they_are_known),
		cmocka_unit_test(headers_keep_their_names),
		cmocka_unit_test(paths_keep_words),
		cmocka_unit_test(names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
