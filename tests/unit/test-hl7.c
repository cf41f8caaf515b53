#include "unit.h"

#include "hl7/escape.h"
#include "hl7/hl7.h"
#include "hl7/time.h"
#include "json/jdoc.h"

#include <stdio.h>

#define NOW 1795253400000 /* 2026-11-21T09:30:00Z */

static const struct log_id log_id = { { 0x67, 0x01, 0xf0, 0xc2, 0xa1, 0xb2, 0xc3, 0xd4,
	                                0xe5, 0xf6, 0x07, 0x1a } };

/* JSON with ' for ", which reads better in C. */
static json_t *parse(const char *text)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	struct err_text why = { "" };

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *doc = jdoc_parse(copy, strlen(copy), &why);
	if (!doc)
		fail_msg("%s: %s", why.text, text);
	return doc;
}

/* The message of an action over a scope; `options` are integration_extra_details. */
static void build(int action_id, const char *scope, const char *options, struct buf *out)
{
	CLEANUP_JSON json_t *doc = parse(scope), *details = parse(options);
	const struct action *action = action_find(action_id);
	struct hl7_options read;
	enum hl7_message message;

	hl7_options_read(details, &read);
	assert_int_equal(hl7_message_of(action, "HL7", &message, NULL), 0);
	const struct hl7_source source = {
		.action = action,
		.scope = doc,
		.options = &read,
		.ids = { .log_id = log_id,
		         .lab_id = 17,
		         .attempt = 2,
		         .action_id = action_id },
		.now_ms = NOW,
	};
	hl7_build(&source, message, out);
}

/* A segment's text up to its CR; "" when the message has none. */
static const char *segment(const struct buf *message, const char *name, char room[2048])
{
	char needle[8];
	const char *at = buf_str(message);

	(void)snprintf(needle, sizeof(needle), "\r%s|", name);
	if (strncmp(at, name, strlen(name)) != 0)
		at = strstr(at, needle);
	room[0] = '\0';
	if (at && *at == '\r')
		at++;
	if (at)
		(void)snprintf(room, 2048, "%.*s", (int)strcspn(at, "\r"), at);
	return room;
}

/* The n-th field as it stands; of MSH as the standard counts. */
static const char *field(const struct buf *message, const char *name, int n,
                         char room[2048])
{
	const char *at = segment(message, name, room);

	for (n -= strcmp(name, "MSH") == 0; at && n > 0; n--)
		at = (at = strchr(at, '|')) ? at + 1 : NULL;
	if (!at)
		return "";
	size_t len = strcspn(at, "|");
	memmove(room, at, len);
	room[len] = '\0';
	return room;
}

static void a_leaf_is_escaped(void **state)
{
	static const struct {
		const char *text, *line, *lines;
	} cases[] = {
		{ "plain", "plain", "plain" },
		{ "a|b^c~d\\e&f", "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f",
		  "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f" },
		{ "\\E\\", "\\E\\E\\E\\", "\\E\\E\\E\\" },
		{ "a\rb", "a b", "a\\.br\\b" },
		{ "a\r\nb\nc", "a  b c", "a\\.br\\b\\.br\\c" },
		{ "tab\tvt\vfs\x1c"
		  "del\x7f",
		  "tab vt fs del ", "tab vt fs del " },
		{ "next\xC2\x85line", "next line", "next line" },
		{ "\xC2\xA0\xC3\x85", "\xC2\xA0\xC3\x85", "\xC2\xA0\xC3\x85" },
		{ "अनीता 李 😀 \"quoted\"", "अनीता 李 😀 \"quoted\"",
		  "अनीता 李 😀 \"quoted\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf line = BUF_INIT(0), lines = BUF_INIT(0);

		hl7_escape_append(&line, cases[i].text, strlen(cases[i].text),
		                  HL7_BREAK_BLANK);
		hl7_escape_append(&lines, cases[i].text, strlen(cases[i].text),
		                  HL7_BREAK_LINE);
		assert_string_equal(buf_str(&line), cases[i].line);
		assert_string_equal(buf_str(&lines), cases[i].lines);
	}
}

static void an_instant_is_the_labs(void **state)
{
	static const struct {
		const char *zone;
		int64_t ms;
		const char *expected;
	} cases[] = {
		{ "Asia/Kolkata", NOW, "20261121150000+0530" },
		{ "UTC", NOW, "20261121093000+0000" },
		{ "America/New_York", NOW, "20261121043000-0500" },
		{ "America/New_York", NOW - 150LL * 86400000, "20260624053000-0400" },
		/* the hour that comes twice: 05:59:59Z is still summer, 06:00:00Z no more
		 */
		{ "America/New_York", 1793512799999, "20261101015959-0400" },
		{ "America/New_York", 1793512800000, "20261101010000-0500" },
		{ "Australia/Lord_Howe", NOW, "20261121203000+1100" },
		{ "Asia/Kathmandu", NOW, "20261121151500+0545" },
		{ "Pacific/Marquesas", NOW, "20261121000000-0930" },
		{ "+05:30", NOW, "20261121150000+0530" },
		{ "Asia/Kolkata", -1, "19700101052959+0530" },
		{ "Europe/Berlin", 4118054400000, "21000630180000+0200" },
		{ "Nowhere/Land", NOW, "20261121093000+0000" },
		{ "../../etc/passwd", NOW, "20261121093000+0000" },
		{ "", NOW, "20261121093000+0000" },
		{ NULL, NOW, "20261121093000+0000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

		hl7_time_append(&out, cases[i].ms, cases[i].zone);
		if (strcmp(buf_str(&out), cases[i].expected) != 0)
			fail_msg("%s: %s", cases[i].zone, buf_str(&out));
	}
}

static void a_name_is_where_partners_look_for_it(void **state)
{
	static const struct {
		const char *patient, *expected;
	} cases[] = {
		{ "{'last_name':'Rao','first_name':'Asha','middle_name':'K',"
		  "'designation':'Ms.','full_name':'Asha K Rao'}",
		  "Rao^Asha^K^^Ms." },
		{ "{'last_name':'Rao','first_name':'Asha','full_name':'x'}", "Rao^Asha" },
		{ "{'last_name':'Rao','full_name':'x'}", "Rao" },
		{ "{'first_name':'Asha','full_name':'x'}", "^Asha" },
		{ "{'first_name':null,'last_name':null,'full_name':'Asha Rao'}",
		  "Asha Rao" },
		{ "{'first_name':'','last_name':'','full_name':'Asha "
		  "Rao','designation':'Ms'}",
		  "Asha Rao^^^^Ms" },
		{ "{'last_name':'D~Souza & Sons','first_name':'Jean^Luc|x','full_name':''}",
		  "D\\R\\Souza \\T\\ Sons^Jean\\S\\Luc\\F\\x" },
		{ "{'last_name':'New\\nline','first_name':'Tab\\there','full_name':''}",
		  "New line^Tab here" },
		{ "{'full_name':'अनीता देशपांडे'}", "अनीता देशपांडे" },
		{ "{'full_name':'Back\\\\slash'}", "Back\\E\\slash" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf message = BUF_INIT(0);
		CLEANUP(freep)
		char *scope =
			xasprintf("{'lab':{'lab_id':17},'patient':%s}", cases[i].patient);
		char room[2048];

		build(57, scope, "{}", &message);
		assert_string_equal(field(&message, "PID", 5, room), cases[i].expected);
	}
}

static void a_value_has_the_type_that_it_is(void **state)
{
	static const struct {
		const char *value, *version, *type, *text;
	} cases[] = {
		{ "'value_type':'NM','value_text':'13.5'", "2.5.1", "NM", "13.5" },
		{ "'value_type':'NM','value_text':' 13.5 '", "2.5.1", "NM", "13.5" },
		{ "'value_type':'NM','value_text':'-2'", "2.5.1", "NM", "-2" },
		{ "'value_type':'NM','value_text':null,'value_num':7.25", "2.5.1", "NM",
		  "7.25" },
		{ "'value_type':'NM','value_text':'<20'", "2.5.1", "SN", "<^20" },
		{ "'value_type':'NM','value_text':'> 130'", "2.3", "SN", ">^130" },
		{ "'value_type':'NM','value_text':'>=1.5'", "2.5.1", "SN", ">=^1.5" },
		{ "'value_type':'SN','value_text':'1:128'", "2.5.1", "SN", "^1^:^128" },
		{ "'value_type':'SN','value_text':'10-15'", "2.5.1", "SN", "^10^-^15" },
		{ "'value_type':'SN','value_text':'2+'", "2.5.1", "SN", "^2^+" },
		{ "'value_type':'SN','value_text':'20'", "2.5.1", "SN", "^20" },
		{ "'value_type':'NM','value_text':'10-15'", "2.5.1", "ST", "10-15" },
		{ "'value_type':'NM','value_text':'Normal'", "2.5.1", "ST", "Normal" },
		{ "'value_type':'NM','value_text':'1e5'", "2.5.1", "ST", "1e5" },
		{ "'value_type':'NM','value_text':'1,200'", "2.5.1", "ST", "1,200" },
		{ "'value_type':'NM','value_text':'<'", "2.5.1", "ST", "<" },
		{ "'value_type':'NM','value_text':'.'", "2.5.1", "ST", "." },
		{ "'value_type':'ST','value_text':'12'", "2.5.1", "ST", "12" },
		{ "'value_type':'ST','value_text':'a|b'", "2.5.1", "ST", "a\\F\\b" },
		{ "'value_type':'ST','value_text':'a\\nb'", "2.5.1", "FT", "a\\.br\\b" },
		{ "'value_type':'TX','value_text':'some words'", "2.5.1", "TX",
		  "some words" },
		{ "'value_type':'FT','value_text':'a\\r\\nb'", "2.5.1", "FT", "a\\.br\\b" },
		{ "'value_type':'NM','is_description':true,'value_text':'12'", "2.5.1",
		  "TX", "12" },
		{ "'value_type':'CE','value_text':'O & A'", "2.3", "CE",
		  "O \\T\\ A^O \\T\\ A^L" },
		{ "'value_type':'CE','value_text':'Rh'", "2.5.1", "CWE", "Rh^Rh^L" },
		{ "'value_type':'CWE','value_text':'Rh'", "2.3", "CE", "Rh^Rh^L" },
		{ "'value_type':'DT','value_text':'2026-11-21'", "2.5.1", "DT",
		  "20261121" },
		{ "'value_type':'TS','value_text':'2026-11-21T09:30:00Z'", "2.5.1", "TS",
		  "20261121150000+0530" },
		{ "'value_type':'DT','value_text':'soon'", "2.5.1", "ST", "soon" },
		{ "'value_type':'NM','value_text':''", "2.5.1", "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf message = BUF_INIT(0);
		CLEANUP(freep)
		char *scope = xasprintf(
			"{'lab':{'lab_id':17,'timezone':'Asia/Kolkata'},'patient':{},"
			"'report':{'status':'SIGNED'},'values':[{'name':'x',%s}]}",
			cases[i].value);
		CLEANUP(freep)
		char *options = xasprintf("{'hl7':{'version':'%s'}}", cases[i].version);
		char type[2048], text[2048];

		build(15, scope, options, &message);
		field(&message, "OBX", 2, type);
		if (strcmp(field(&message, "OBX", 2, type), cases[i].type) != 0 ||
		    strcmp(field(&message, "OBX", 5, text), cases[i].text) != 0)
			fail_msg("%s: %s %s", cases[i].value, buf_str(&message),
			         cases[i].type);
	}
}

#define BILL                                                                               \
	"{'lab':{'lab_id':17,'timezone':'Asia/Kolkata'},'patient':{'patient_id':77,"       \
	"'lab_patient_id':'P-77','dob':'1990-01-02','gender':'F','mobile':'98-220','race'" \
	":'x'},"                                                                           \
	"'organisation':{'org_id':3,'org_full_name':'City'},"                              \
	"'referral':{'referral_id':5,'full_name':'Dr A','npi':'180'},"                     \
	"'bill':{'bill_id':9001,'order_number':'O-1','status':'ACTIVE','emergency':true,"  \
	"'bill_time':'2026-11-21T09:30:00+00:00','cancelled_at':'2026-11-21T10:00:00Z',"   \
	"'cancel_reason':'twice','comments':'first\\nvisit'},"                             \
	"'items':[{'icd10_codes':['Z00.00'],'test':{'test_code':'CBC','test_name':'Blood'" \
	","                                                                                \
	"'loinc_code':'58410-2','department_name':'Haematology'},"                         \
	"'report':{'lab_report_id':44,'status':'PENDING'},'sample':{'sample_id':31,"       \
	"'accession_no':'A1','sample_snomed':'119','sample_type':'Serum','status':'"       \
	"RECEIVED'}}]}"

#define REPORT                                                                             \
	"{'lab':{'lab_id':17,'timezone':'Asia/Kolkata'},'patient':{'gender':'M'},"         \
	"'bill':{'bill_id':9001},'test':{'test_code':'GLU','test_name':'Glucose'},"        \
	"'report':{'lab_report_id':44,'status':'SIGNED','report_at':'2026-11-21T09:30:"    \
	"00Z'},"                                                                           \
	"'sample':{'sample_id':31,'accession_no':'A1','sample_type':'Serum',"              \
	"'received_at':'2026-11-21T09:30:00Z'},"                                           \
	"'signatories':[{'user_id':1,'full_name':'A'},{'user_id':2,'full_name':'B'}],"     \
	"'values':[{'name':'Glucose','loinc_code':'2345-7','value_type':'NM','value_text'" \
	":'5',"                                                                            \
	"'unit':'mg/dL','unit_ucum':'mg/"                                                  \
	"dL','abnormal_flag':'H','result_status':'F','note':'see',"                        \
	"'parameter':{'integration_code':'G1','lower_male':4,'upper_male':6.5,'method':'"  \
	"HK'}}]}"

static const struct {
	int action;
	const char *scope, *options, *segment;
	int field;
	const char *expected;
} places[] = {
	{ 1, BILL, "{}", "MSH", 3, "LISFLEET" },
	{ 1, BILL, "{}", "MSH", 4, "17" },
	{ 1, BILL, "{'hl7':{'receiving_application':'A|B'}}", "MSH", 5, "A\\F\\B" },
	{ 1, BILL, "{}", "MSH", 7, "20261121150000+0530" },
	{ 1, BILL, "{}", "MSH", 9, "ORM^O01^ORM_O01" },
	{ 1, BILL, "{'hl7':{'version':'2.3'}}", "MSH", 9, "ORM^O01" },
	{ 1, BILL, "{}", "MSH", 10, "cs0v1gl1mb1t9pfm0sd0" },
	{ 1, BILL, "{'hl7':{'version':'2.3'}}", "MSH", 12, "2.3" },
	{ 1, BILL, "{}", "MSH", 15, "" },
	{ 1, BILL, "{'ack':{'mode':'enhanced'}}", "MSH", 15, "AL" },
	{ 1, BILL, "{'ack':{'mode':'enhanced'}}", "MSH", 16, "NE" },
	{ 1, BILL, "{}", "MSH", 18, "" },
	{ 57, "{'patient':{'full_name':'अ'}}", "{}", "MSH", 18, "UNICODE UTF-8" },
	{ 57, "{'patient':{'full_name':'अ'}}", "{'ack':{'mode':'enhanced'}}", "MSH", 18,
	  "UNICODE UTF-8" },
	{ 57, "{'patient':{}}", "{}", "MSH", 9, "ADT^A04^ADT_A01" },
	{ 58, "{'patient':{}}", "{}", "MSH", 9, "ADT^A08^ADT_A01" },
	{ 58, "{'patient':{}}", "{'hl7':{'version':'2.3'}}", "EVN", 1, "A08" },
	{ 28, REPORT, "{}", "MSH", 9, "ORU^R01^ORU_R01" },
	{ 1, BILL, "{}", "PID", 3, "77^^^LAB17^PI~P-77^^^LAB17^MR" },
	{ 1, BILL, "{}", "PID", 7, "19900102" },
	{ 1, BILL, "{}", "PID", 13, "98-220^PRN^CP^^^^98220" },
	{ 1, BILL, "{'hl7':{'version':'2.3'}}", "PID", 13, "^PRN^CP^^^^98220^^98-220" },
	{ 1, BILL, "{}", "PID", 18, "9001" },
	{ 1, BILL, "{}", "PV1", 3, "3^^^^^^^^City" },
	{ 1, BILL, "{}", "PV1", 8, "180^Dr A" },
	{ 1, BILL, "{}", "NTE", 3, "first\\.br\\visit" },
	{ 3, BILL, "{}", "NTE", 3, "twice" },
	{ 1, BILL, "{}", "ORC", 1, "NW" },
	{ 2, BILL, "{}", "ORC", 1, "XO" },
	{ 3, BILL, "{}", "ORC", 1, "CA" },
	{ 4, BILL, "{}", "ORC", 1, "NW" },
	{ 18, BILL, "{}", "ORC", 1, "NW" },
	{ 17, BILL, "{}", "ORC", 1, "SC" },
	{ 49, BILL, "{}", "ORC", 1, "NW" },
	{ 28, REPORT, "{}", "ORC", 1, "RE" },
	{ 1, BILL, "{}", "ORC", 2, "O-1" },
	{ 1, BILL, "{}", "ORC", 3, "44^LISFLEET" },
	{ 1, BILL, "{}", "ORC", 5, "IP" },
	{ 1, BILL, "{}", "ORC", 7, "1^^^20261121150000+0530^^S" },
	{ 3, BILL, "{}", "ORC", 9, "20261121153000+0530" },
	{ 1, BILL, "{}", "OBR", 4, "58410-2^Blood^LN^CBC^Blood^L" },
	{ 1, BILL, "{'hl7':{'version':'2.3'}}", "OBR", 5, "S" },
	{ 1, BILL, "{}", "OBR", 15, "119&Serum&SCT" },
	{ 1, BILL, "{}", "OBR", 20, "A1" },
	{ 1, BILL, "{}", "OBR", 24, "HM" },
	{ 1, BILL, "{}", "OBR", 25, "" },
	{ 1, BILL, "{}", "DG1", 3, "Z00.00^^I10" },
	{ 1, BILL, "{}", "SPM", 1, "" },
	{ 28, REPORT, "{}", "OBR", 4, "GLU^Glucose^L" },
	{ 28, REPORT, "{}", "OBR", 22, "20261121150000+0530" },
	{ 28, REPORT, "{}", "OBR", 25, "F" },
	{ 28, REPORT, "{}", "OBR", 32, "2&B" },
	{ 28, REPORT, "{}", "OBR", 15, "" },
	{ 28, REPORT, "{'hl7':{'version':'2.3'}}", "OBR", 15, "&Serum" },
	{ 28, REPORT, "{}", "OBX", 3, "2345-7^Glucose^LN^G1^Glucose^L" },
	{ 28, REPORT, "{}", "OBX", 6, "mg/dL^mg/dL^UCUM" },
	{ 28, REPORT, "{}", "OBX", 7, "4-6.5" },
	{ 28, REPORT, "{}", "OBX", 8, "H" },
	{ 28, REPORT, "{}", "OBX", 11, "F" },
	{ 28, REPORT, "{}", "OBX", 17, "^HK" },
	{ 28, REPORT, "{}", "NTE", 3, "see" },
	{ 28, REPORT, "{}", "SPM", 2, "A1^31" },
	{ 28, REPORT, "{}", "SPM", 4, "^Serum" },
	{ 28, REPORT, "{}", "SPM", 18, "20261121150000+0530" },
	{ 28, REPORT, "{'hl7':{'version':'2.3'}}", "SPM", 1, "" },
	{ 1, "{'patient':{}}", "{}", "ORC", 1, "NW" },
};

static void fields_stand_where_the_standard_has_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP(buf_deinit) struct buf message = BUF_INIT(0);
		char room[2048];

		build(places[i].action, places[i].scope, places[i].options, &message);
		const char *found =
			field(&message, places[i].segment, places[i].field, room);
		if (strcmp(found, places[i].expected) != 0)
			fail_msg("%d %s %s-%d: %s", places[i].action, places[i].options,
			         places[i].segment, places[i].field, found);
	}
}

static void the_ids_are_where_the_row_wants_them(void **state)
{
	static const char plain[] =
		"MSH|^~\\&|A|F|||T||ORM^O01|X|P|2.3\nZID|old\r\n\nPID|1\n";
	static const struct {
		const char *message;
		unsigned inject;
		const char *expected;
	} cases[] = {
		{ plain, 0, "MSH|^~\\&|A|F|||T||ORM^O01|X|P|2.3\rZID|old\rPID|1\r" },
		{ plain, HL7_INJECT_MSH,
		  "MSH|^~\\&|A|17|||T||ORM^O01|cs0v1gl1mb1t9pfm0sd0|P|2.3\rZID|old\rPID|"
		  "1\r" },
		{ plain, HL7_INJECT_ZID,
		  "MSH|^~\\&|A|F|||T||ORM^O01|X|P|2.3\r"
		  "ZID|17|6701f0c2a1b2c3d4e5f6071a|2|1\rPID|1\r" },
		{ plain, HL7_INJECT_NTE,
		  "MSH|^~\\&|A|F|||T||ORM^O01|X|P|2.3\rZID|old\rPID|1\r"
		  "NTE|1|L|LABID=17;LOGID=6701f0c2a1b2c3d4e5f6071a\r" },
		{ "MSH|^~\\&|A", HL7_INJECT_MSH | HL7_INJECT_NTE,
		  "MSH|^~\\&|A|17||||||cs0v1gl1mb1t9pfm0sd0\r"
		  "NTE|1|L|LABID=17;LOGID=6701f0c2a1b2c3d4e5f6071a\r" },
		{ "MSH#^~\\&#A#F\r", HL7_INJECT_MSH | HL7_INJECT_ZID,
		  "MSH#^~\\&#A#17######cs0v1gl1mb1t9pfm0sd0\r"
		  "ZID#17#6701f0c2a1b2c3d4e5f6071a#2#1\r" },
		{ "PID|1\r", HL7_INJECT_MSH, NULL },
		{ "", HL7_INJECT_MSH, NULL },
		{ "MSH", HL7_INJECT_MSH, NULL },
		{ "MSH7^~7&7A7F", HL7_INJECT_MSH, NULL },
	};
	const struct hl7_ids ids = {
		.log_id = log_id, .lab_id = 17, .attempt = 2, .action_id = 1
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
		int r = hl7_update_message_with_ids(cases[i].message,
		                                    strlen(cases[i].message), &ids,
		                                    cases[i].inject, &out);

		assert_int_equal(r, cases[i].expected ? 0 : HL7_E_NO_MSH);
		assert_string_equal(buf_str(&out),
		                    cases[i].expected ? cases[i].expected : "");
	}
}

static void a_row_says_what_to_inject(void **state)
{
	static const struct {
		const char *details;
		unsigned expected;
	} cases[] = {
		{ "{}", HL7_INJECT_MSH | HL7_INJECT_ZID },
		{ "{'hl7':{'id_injection':['nte','msh']}}",
		  HL7_INJECT_MSH | HL7_INJECT_NTE },
		{ "{'hl7':{'id_injection':['none']}}", 0 },
		{ "{'hl7':{'id_injection':[]}}", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *details = parse(cases[i].details);
		struct hl7_options options;

		hl7_options_read(details, &options);
		assert_int_equal(options.inject, cases[i].expected);
		assert_int_equal(options.version, HL7_2_5_1);
	}
}

static void an_action_has_its_message_or_none(void **state)
{
	static const struct {
		int action;
		const char *payload_type;
		int expected;
		enum hl7_message message;
	} cases[] = {
		{ 1, "JSON", 0, HL7_ORM_O01 },
		{ 1, "orm", 0, HL7_ORM_O01 },
		{ 1, "ADT", 0, HL7_ADT_A08 },
		{ 1, "ORU", HL7_E_UNSUITABLE, HL7_NONE },
		{ 35, "JSON", 0, HL7_ORU_R01 },
		{ 35, "ORUR01", 0, HL7_ORU_R01 },
		{ 6, "oru_r01", 0, HL7_ORU_R01 },
		{ 6, "ORM^O01", 0, HL7_ORM_O01 },
		{ 58, "ADT_A04", 0, HL7_ADT_A04 },
		{ 6, "HL7", 0, HL7_ORU_R01 },
		{ 6, "ORM", 0, HL7_ORM_O01 },
		{ 9, "", 0, HL7_ORM_O01 },
		{ 15, "orur01", 0, HL7_ORU_R01 },
		{ 15, "ORM", 0, HL7_ORM_O01 },
		{ 57, "ADT", 0, HL7_ADT_A04 },
		{ 57, "ORU", HL7_E_UNSUITABLE, HL7_NONE },
		{ 58, "HL7", 0, HL7_ADT_A08 },
		{ 32, "HL7", 0, HL7_NONE },
		{ 32, "ADT", 0, HL7_ADT_A08 },
		{ 62, "HL7", 0, HL7_NONE },
		{ 62, "ORM", HL7_E_UNSUITABLE, HL7_NONE },
		{ 1, "DFT", HL7_E_UNSUITABLE, HL7_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum hl7_message message = HL7_NONE;
		struct err_text why = { "" };
		int r = hl7_message_of(action_find(cases[i].action), cases[i].payload_type,
		                       &message, &why);

		if (r != cases[i].expected || message != cases[i].message)
			fail_msg("%d %s: %d %d", cases[i].action, cases[i].payload_type, r,
			         (int)message);
	}
}

static void substance(const char *scope, const char *options, struct buf *out)
{
	CLEANUP(buf_deinit) struct buf message = BUF_INIT(0);

	build(57, scope, options, &message);
	hl7_substance(buf_str(&message), message.len, out);
}

static void the_substance_leaves_out_what_every_sending_changes(void **state)
{
	CLEANUP(buf_deinit)
	struct buf one = BUF_INIT(0), other = BUF_INIT(0), first = BUF_INIT(0),
		   second = BUF_INIT(0);
	static const char early[] = "MSH|^~\\&|A|17|||20260101||ADT^A04|1|P|2.3\r"
				    "ZID|17|a|0|57\rEVN|A04|20260101\rPID|1|x\r";
	static const char late[] = "MSH|^~\\&|A|17|||20260102||ADT^A04|2|P|2.3\r"
				   "ZID|17|a|1|57\rEVN|A04|20260102\rPID|1|x\r";

	hl7_substance(early, strlen(early), &one);
	hl7_substance(late, strlen(late), &other);
	assert_string_equal(buf_str(&one), buf_str(&other));
	assert_non_null(strstr(buf_str(&one), "PID|1|x\r"));
	substance("{'patient':{'full_name':'A'}}", "{}", &first);
	substance("{'patient':{'full_name':'B'}}", "{}", &second);
	assert_string_not_equal(buf_str(&first), buf_str(&second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_is_escaped),
		cmocka_unit_test(an_instant_is_the_labs),
		cmocka_unit_test(a_name_is_where_partners_look_for_it),
		cmocka_unit_test(a_value_has_the_type_that_it_is),
		cmocka_unit_test(fields_stand_where_the_standard_has_them),
		cmocka_unit_test(the_ids_are_where_the_row_wants_them),
		cmocka_unit_test(a_row_says_what_to_inject),
		cmocka_unit_test(an_action_has_its_message_or_none),
		cmocka_unit_test(the_substance_leaves_out_what_every_sending_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
