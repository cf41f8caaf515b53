/* Acknowledgements as peers write them (domain: "ACK codes"), one row each. */
#include "unit.h"

#include "base/utf8.h"
#include "hl7/ack.h"

#define MSH "MSH|^~\\&|LAB|X|LISFLEET|17|20261121||ACK^O01|1|P|2.5.1\r"

static const struct {
	const char *what, *message;
	int result;
	enum hl7_ack_code code;
	const char *id, *text;
} cases[] = {
	{ "plain", MSH "MSA|AA|id1\r", 0, HL7_ACK_AA, "id1", "" },
	{ "no CR at the end", MSH "MSA|AA|id1", 0, HL7_ACK_AA, "id1", "" },
	{ "LF for CR", "MSH|^~\\&|A\nMSA|CA|id1\n", 0, HL7_ACK_CA, "id1", "" },
	{ "CR LF", "MSH|^~\\&|A\r\nMSA|AR|id1|no\r\n", 0, HL7_ACK_AR, "id1", "no" },
	{ "empty lines before", "\r\n" MSH "\rMSA|CE|id1\r", 0, HL7_ACK_CE, "id1", "" },
	{ "blanks around", MSH "MSA| CR | id1 | why \r", 0, HL7_ACK_CR, "id1", "why" },
	{ "other delimiters", "MSH#!~\\&#A\rMSA#AE#id1#a|b\r", 0, HL7_ACK_AE, "id1",
	  "a|b" },
	{ "MSA-3 before ERR", MSH "MSA|AE|i|own\rERR|||207^err\r", 0, HL7_ACK_AE, "i",
	  "own" },
	{ "ERR-8", MSH "MSA|AE|i\rERR||PID^1|207^Internal^HL70357|E|||diag|shown\r", 0,
	  HL7_ACK_AE, "i", "shown" },
	{ "ERR-7", MSH "MSA|AE|i\rERR|||207^Internal^HL70357|E|||diag\r", 0, HL7_ACK_AE,
	  "i", "diag" },
	{ "ERR-3, as HAPI",
	  MSH "MSA|AE|i\rERR|||207^Application internal error^HL70357|E\r", 0, HL7_ACK_AE,
	  "i", "Application internal error" },
	{ "ERR-3.9, as HAPI",
	  MSH "MSA|AE|i\rERR|||207^Internal^HL70357^^^^^^the ward is closed|E\r", 0,
	  HL7_ACK_AE, "i", "the ward is closed" },
	{ "ERR-3, code alone", MSH "MSA|AE|i\rERR|||207|E\r", 0, HL7_ACK_AE, "i", "207" },
	{ "ERR-1 of 2.3", MSH "MSA|AE|i\rERR|PID^1^5^102&Data type error&HL70357\r", 0,
	  HL7_ACK_AE, "i", "Data type error" },
	{ "the second ERR speaks", MSH "MSA|AE|i\rERR\rERR||||||||two\r", 0, HL7_ACK_AE,
	  "i", "two" },
	{ "ERR first", MSH "ERR||||||||one\rMSA|AE|i|two\r", 0, HL7_ACK_AE, "i", "one" },
	{ "escapes", MSH "MSA|AE|i|a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\X41\\g\\.br\\h\r", 0,
	  HL7_ACK_AE, "i", "a|b^c&d~e\\fAg h" },
	{ "an escape without its pair", MSH "MSA|AE|i|C:\\temp\r", 0, HL7_ACK_AE, "i",
	  "C:\\temp" },
	{ "not UTF-8", MSH "MSA|AE|i|caf\xe9\r", 0, HL7_ACK_AE, "i", "caf\xef\xbf\xbd" },
	{ "control characters",
	  MSH "MSA|AE|i|a\tb\x01"
	      "c\r",
	  0, HL7_ACK_AE, "i", "a b c" },
	{ "no MSA-2", MSH "MSA|AR\r", 0, HL7_ACK_AR, "", "" },
	{ "an unknown code", MSH "MSA|OK|id1\r", 0, HL7_ACK_UNKNOWN, "id1", "" },
	{ "a code in small letters", MSH "MSA|aa|id1\r", 0, HL7_ACK_UNKNOWN, "id1", "" },
	{ "the first MSA counts", MSH "MSA|AA|a\rMSA|AE|b\r", 0, HL7_ACK_AA, "a", "" },
	{ "MSH alone", "MSH|\rMSA|AA|a\r", 0, HL7_ACK_AA, "a", "" },
	{ "no MSA", MSH "PID|1\r", HL7_ACK_E_NO_MSA, HL7_ACK_UNKNOWN, "", "" },
	{ "MSA as a prefix", MSH "MSAX|AA|a\r", HL7_ACK_E_NO_MSA, HL7_ACK_UNKNOWN, "", "" },
	{ "empty", "", HL7_ACK_E_NOT_HL7, HL7_ACK_UNKNOWN, "", "" },
	{ "MSA before MSH", "MSA|AA|a\r" MSH, HL7_ACK_E_NOT_HL7, HL7_ACK_UNKNOWN, "", "" },
	{ "no delimiter", "MSHA\r", HL7_ACK_E_NOT_HL7, HL7_ACK_UNKNOWN, "", "" },
	{ "not HL7", "HTTP/1.1 400 Bad Request\r\n", HL7_ACK_E_NOT_HL7, HL7_ACK_UNKNOWN, "",
	  "" },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
		struct hl7_ack ack;
		int r = hl7_ack_parse(cases[i].message, strlen(cases[i].message), &ack,
		                      &text);
		CLEANUP(freep) char *id = xstrndup(ack.control_id, ack.control_id_len);

		if (r != cases[i].result || ack.code != cases[i].code ||
		    strcmp(id, cases[i].id) != 0 ||
		    strcmp(buf_str(&text), cases[i].text) != 0)
			fail_msg("%s: result %d, code \"%s\", id \"%s\", text \"%s\"",
			         cases[i].what, r, hl7_ack_code_word(ack.code), id,
			         buf_str(&text));
	}
}

static void test_long_words_are_cut(void **state)
{
	CLEANUP(buf_deinit) struct buf message = BUF_INIT(0);
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	struct hl7_ack ack;

	buf_append_str(&message, MSH "MSA|AE|i|");
	for (int i = 0; i < 100000; i++)
		buf_append_str(&message, "\xc3\xa9");
	assert_int_equal(hl7_ack_parse(message.data, message.len, &ack, &text), 0);
	assert_in_range(text.len, 1, HL7_ACK_TEXT_MAX);
	assert_true(utf8_valid(text.data, text.len));
}

static void test_control_id(void **state)
{
	static const struct {
		const char *message, *id; /* NULL: none */
	} ids[] = {
		{ "MSH|^~\\&|A|B|C|D|20261121||ADT^A04|cs0v1gl1mb1t9pfm0sd0|P|2.5.1\rPID|"
		  "1\r",
		  "cs0v1gl1mb1t9pfm0sd0" },
		{ "MSH|^~\\&|A|B|C|D|20261121||ADT^A04| x |P\r", "x" },
		{ "MSH|^~\\&|A|B|C|D|20261121||ADT^A04||P\r", NULL },
		{ "MSH|^~\\&|A\rPID|1|2|3|4|5|6|7|8|9|10\r", NULL },
		{ "{\"webhookId\": 1}", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const char *at;
		size_t len;
		bool found =
			hl7_control_id(ids[i].message, strlen(ids[i].message), &at, &len);

		const char *wanted = ids[i].id ? ids[i].id : "";

		assert_int_equal(found, *wanted != '\0');
		if (found)
			assert_true(len == strlen(wanted) && memcmp(at, wanted, len) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_words_are_cut),
		cmocka_unit_test(test_control_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
