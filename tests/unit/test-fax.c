/* Fax vendors: numbers, requests and answers, one row a case. Nothing is sent. */
#include "unit.h"

#include "domain/fax.h"
#include "transport/fax_vendor.h"
#include "json/jdoc.h"

#define LOG "6701f0c2a1b2c3d4e5f6071a"

/* JSON is written with single quotes here. */
static char *with_quotes(const char *text)
{
	char *out = xstrdup(text);

	for (char *p = out; *p; p++)
		if (*p == '\'')
			*p = '"';
	return out;
}

static json_t *json_of(const char *text)
{
	CLEANUP(freep) char *json = with_quotes(text);

	return jdoc_parse(json, strlen(json), NULL);
}

static void a_number_has_the_vendors_form(void **state)
{
	static const struct {
		const char *vendor, *text, *number; /* NULL: none */
	} cases[] = {
		{ "humblefax", "+12025550123", "12025550123" },
		{ "humblefax", "2025550123", "12025550123" },
		{ "humblefax", "(202) 555-0123", "12025550123" },
		{ "humblefax", "0012025550123", "12025550123" },
		{ "humblefax", "1 202 555 0123", "12025550123" },
		{ "humblefax", "11025550123", NULL }, /* N is 2 to 9 */
		{ "humblefax", "12021550123", NULL },
		{ "humblefax", "22025550123", NULL },
		{ "humblefax", "+442079460000", NULL },
		{ "humblefax", "202555012", NULL },
		{ "humblefax", "1202555012a", NULL },
		{ "humblefax", "", NULL },
		{ "documo", "+44 20 7946 0000", "442079460000" },
		{ "documo", "2025550123", "12025550123" },
		{ "documo", "1234567", NULL },
		{ "documo", "1234567890123456", NULL },
		{ "documo", "12345678901234567890", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char number[FAX_NUMBER_SIZE];
		bool is =
			fax_number(fax_vendor_find(cases[i].vendor), cases[i].text, number);

		if (is != (cases[i].number != NULL) ||
		    (is && strcmp(number, cases[i].number) != 0))
			fail_msg("%s: %s", cases[i].text, is ? number : "no number");
	}
	assert_null(fax_vendor_find("carrier-pigeon"));
	assert_null(fax_vendor_find(NULL));
}

static void a_vendor_is_asked_less_and_less_often(void **state)
{
	static const struct {
		int64_t age_s;
		uint32_t due;
	} cases[] = {
		{ -5, 0 },  { 0, 0 },   { 59, 0 },  { 60, 1 },  { 119, 1 },
		{ 120, 2 }, { 240, 4 }, { 300, 5 }, { 374, 5 }, { 375, 6 },
	};
	const int64_t day = 24 * 3600;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(fax_checks_due(cases[i].age_s * 1000, 60000),
		                 cases[i].due);
	/* every quarter of an hour, until a week is over */
	assert_int_equal(fax_checks_due(2 * day * 1000, 60000) + 4 * 24,
	                 fax_checks_due(3 * day * 1000, 60000));
	assert_int_equal(fax_checks_due(7 * day * 1000, 60000),
	                 fax_checks_due(8 * day * 1000, 60000));
}

static void a_payload_becomes_a_fax(void **state)
{
	static const struct {
		const char *vendor, *from, *body, *fault; /* NULL: fine */
	} cases[] = {
		{ "humblefax", NULL, "{'toFax':['+12025550123'],'documents':[{}]}", NULL },
		{ "humblefax", "12025550100",
		  "{'toFax':['+12025550123','+12025550124'],'documents':[{}]}", NULL },
		{ "humblefax", NULL, "<html>", "the payload of action 56 as JSON" },
		{ "humblefax", NULL, "{'Contact No':'1'}", "toFax is missing" },
		{ "humblefax", NULL, "{'toFax':['+442079460000'],'documents':[{}]}",
		  "toFax: number 1 is none that humblefax sends to" },
		{ "humblefax", NULL, "{'toFax':['+12025550123',7],'documents':[{}]}",
		  "toFax: number 2" },
		{ "humblefax", "+442079460000",
		  "{'toFax':['+12025550123'],'documents':[{}]}", "fax.from" },
		{ "humblefax", NULL, "{'toFax':['+12025550123'],'documents':[]}",
		  "documents is empty" },
		{ "documo", NULL,
		  "{'toFax':['+12025550123','+12025550124'],'documents':[{}]}",
		  "toFax has 2 numbers, and documo sends a fax to 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *body = with_quotes(cases[i].body);
		struct err_text why = { "" };
		struct fax_message m;
		int r = fax_message_read(body, strlen(body),
		                         fax_vendor_find(cases[i].vendor), cases[i].from,
		                         &m, &why);

		if ((r != 0) != (cases[i].fault != NULL) ||
		    (r && !strstr(why.text, cases[i].fault)))
			fail_msg("%s: %s", cases[i].body, why.text);
		assert_null(strstr(why.text, "7946"));
		fax_message_release(&m);
	}
}

static struct fax_message message_of(const char *text, const char *vendor)
{
	CLEANUP(freep) char *body = with_quotes(text);
	struct fax_message m;

	assert_int_equal(fax_message_read(body, strlen(body), fax_vendor_find(vendor), NULL,
	                                  &m, NULL),
	                 0);
	m.log_id = LOG;
	m.boundary = "fax-b";
	return m;
}

#define PAYLOAD                                                                            \
	"{'labName':'Lab','toFax':['+12025550123'],'toName':'Clinic','fromNumber':'0123'," \
	"'coverSheet':{'subject':'Reports: 2','message':'2 reports'},'documents':[{},{}]}"

static void the_steps_are_the_documented_requests(void **state)
{
	static const struct {
		const char *vendor;
		size_t step, round;
		const char *path, *type, *body; /* body: contained */
		size_t places;
	} cases[] = {
		{ "humblefax", 0, 0, "/tmpFax", "application/json",
		  "\"recipients\":[12025550123]", 0 },
		{ "humblefax", 0, 0, "/tmpFax", "application/json", "\"uuid\":\"" LOG "\"",
		  0 },
		{ "humblefax", 0, 0, "/tmpFax", "application/json",
		  "\"includeCoversheet\":true", 0 },
		{ "humblefax", 1, 1, "/attachment/9", "multipart/form-data; boundary=fax-b",
		  "filename=\"document-2.pdf\"", 1 },
		{ "humblefax", 2, 0, "/tmpFax/9/send", "application/json", "{}", 0 },
		{ "documo", 0, 0, "/v1/faxes", "multipart/form-data; boundary=fax-b",
		  "name=\"faxNumber\"\r\n\r\n12025550123\r\n", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fax_protocol *p =
			fax_protocol_find(fax_vendor_find(cases[i].vendor));
		struct fax_message m = message_of(PAYLOAD, cases[i].vendor);
		struct fax_request rq = { .method = "GET" };

		p->steps[cases[i].step].make(&m, "9", cases[i].round, &rq);
		assert_string_equal(rq.method, "POST");
		assert_string_equal(buf_str(&rq.path), cases[i].path);
		assert_string_equal(buf_str(&rq.content_type), cases[i].type);
		assert_non_null(strstr(buf_str(&rq.body), cases[i].body));
		assert_int_equal(rq.n_places, cases[i].places);
		for (size_t k = 0; k < rq.n_places; k++) /* each after its part's head */
			assert_memory_equal(rq.body.data + rq.places[k].at - 4, "\r\n\r\n",
			                    4);
		/* the lab's number is none of North America: the account's own is taken */
		assert_null(strstr(buf_str(&rq.body), "fromNumber"));
		fax_request_clear(&rq);
		fax_message_release(&m);
	}
}

static const struct {
	const char *vendor, *answer;
	enum fax_state state;
	int pages, sent;
	const char *id, *reason;
} answers[] = {
	{ "humblefax",
	  "{'data':{'sentFax':{'id':'12','uuid':'u','status':'in progress',"
	  "'numPages':'3'}}}",
	  FAX_RUNNING, 3, 0, "12", "" },
	{ "humblefax", "{'data':{'sentFax':{'id':12,'status':'Scheduled'}}}", FAX_RUNNING,
	  0, 0, "12", "" },
	{ "humblefax", "{'data':{'id':12,'status':'success','numPages':2}}", FAX_SENT, 2, 2,
	  "12", "" },
	{ "humblefax",
	  "{'data':{'sentFax':{'id':12,'status':'failure','numPages':3,'recipients'"
	  ":[{"
	  "'attempts':[{'numPagesSent':1,'calls':[{'failureReason':'Busy'},"
	  "{'pagesSent':'2','failureReason':'No answer'}]}]}]}}}",
	  FAX_FAILED, 3, 2, "12", "No answer (failure)" },
	{ "humblefax",
	  "{'data':{'sentFax':{'status':'partial_success','numPages':3,"
	  "'numSuccesses':1,'numFailures':2}}}",
	  FAX_FAILED, 3, 3, "", "partial_success, 1 of 3 recipients have it" },
	{ "humblefax", "{'data':{'sentFax':{'status':'image failure'}}}", FAX_FAILED, 0, 0,
	  "", "image failure" },
	{ "humblefax", "{'data':{'sentFax':{'status':'cancelled'}}}", FAX_FAILED, 0, 0, "",
	  "cancelled" },
	{ "humblefax", "{'data':{'sentFax':{'id':'../x','status':'paused'}}}", FAX_UNKNOWN,
	  0, 0, "", "" },
	{ "humblefax", "{'data':[]}", FAX_UNKNOWN, 0, 0, "", "" },
	{ "humblefax", "[]", FAX_UNKNOWN, 0, 0, "", "" },
	{ "humblefax",
	  "{'data':{'sentFax':{'status':'failure','numPages':-4,'recipients':[7,{"
	  "'attempts':{}}]}}}",
	  FAX_FAILED, 0, 0, "", "failure" },
	{ "documo", "{'messageId':'a-1','status':'processing','pagesCount':3}", FAX_RUNNING,
	  3, 0, "a-1", "" },
	{ "documo", "{'messageId':'a-1','status':'success','pagesCount':3}", FAX_SENT, 3, 3,
	  "a-1", "" },
	{ "documo",
	  "{'messageId':'a-1','status':'failed','pagesComplete':1,'pagesCount':3,"
	  "'resultInfo':'Busy'}",
	  FAX_FAILED, 3, 1, "a-1", "Busy (failed)" },
	{ "documo", "{'data':{'messageId':'a-1','status':'cancelled'}}", FAX_FAILED, 0, 0,
	  "a-1", "cancelled" },
	{ "documo", "{'status':7}", FAX_UNKNOWN, 0, 0, "", "" },
};

static void an_answer_has_a_status(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		CLEANUP_JSON json_t *answer = json_of(answers[i].answer);
		struct fax_status s;

		fax_protocol_find(fax_vendor_find(answers[i].vendor))
			->read_status(answer, &s);
		if (s.state != answers[i].state || s.pages != answers[i].pages ||
		    s.pages_sent != answers[i].sent || strcmp(s.id, answers[i].id) != 0 ||
		    strcmp(s.reason, answers[i].reason) != 0)
			fail_msg("%s: state %d, %d of %d pages, id %s, %s",
			         answers[i].answer, (int)s.state, s.pages_sent, s.pages,
			         s.id, s.reason);
	}
}

static void an_answer_may_refuse_whatever_its_code(void **state)
{
	static const struct {
		const char *answer, *words; /* NULL: it does not */
	} cases[] = {
		{ "{'result':'success','data':{}}", NULL },
		{ "{'data':{'result':'Fax sent to queue'}}", NULL },
		{ "{'result':'failure','error':'loginFailure'}", "loginFailure" },
		{ "{'result':'error'}", "error" },
		{ "{'error':'x'}", "x" },
		{ "{'error':null}", NULL },
		{ "[]", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *answer = json_of(cases[i].answer);
		CLEANUP(buf_deinit) struct buf words = BUF_INIT(0);

		assert_int_equal(fax_answer_refuses(answer, &words),
		                 cases[i].words != NULL);
		assert_string_equal(buf_str(&words), cases[i].words ? cases[i].words : "");
	}
}

static void a_webhook_names_its_fax(void **state)
{
	static const struct {
		const char *vendor, *body, *fault; /* NULL: fine */
		bool sent;
		const char *id, *uuid;
	} cases[] = {
		{ "humblefax",
		  "{'type':'SentFax.SendComplete','webhookMsgId':'w','data':{'SentFax':{'"
		  "id':"
		  "'12','uuid':'" LOG "','status':'success'}}}",
		  NULL, true, "12", LOG },
		{ "humblefax",
		  "{'type':'SentFax.SendComplete','data':{'id':12,'uuid':'" LOG "'}}", NULL,
		  true, "12", LOG },
		{ "humblefax", "{'type':'IncomingFax.SendComplete','data':{'id':7}}", NULL,
		  false, "", "" },
		{ "humblefax", "{'type':'SentFax.SendComplete','data':{'id':'../7'}}",
		  "data has no id", false, "", "" },
		{ "humblefax", "{'data':{}}", "type is missing", false, "", "" },
		{ "humblefax", "[]", "must be a JSON object", false, "", "" },
		{ "humblefax", "status=success", "line 1", false, "", "" },
		{ "documo",
		  "{'id':'n','event':'fax.v1.outbound.complete','data':{'id':'a-1',"
		  "'messageId':'b-2'}}",
		  NULL, true, "b-2", "" },
		{ "documo", "{'event':'fax.v1.outbound.failed','data':{'id':'a-1'}}", NULL,
		  true, "a-1", "" },
		{ "documo", "{'event':'fax.v1.inbound.succeed','data':{'id':'a-1'}}", NULL,
		  false, "", "" },
		{ "documo", "{'type':'x'}", "event is missing", false, "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *body = with_quotes(cases[i].body);
		struct err_text why = { "" };
		struct vendor_notice n;
		int r = vendor_notice_read(fax_vendor_find(cases[i].vendor), body,
		                           strlen(body), &n, &why);

		if ((r != 0) != (cases[i].fault != NULL) ||
		    (r && !strstr(why.text, cases[i].fault)) ||
		    n.of_sent_fax != cases[i].sent || strcmp(n.fax_id, cases[i].id) != 0 ||
		    strcmp(n.uuid, cases[i].uuid) != 0)
			fail_msg("%s: %s, %s, %s", body, why.text, n.fax_id, n.uuid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_has_the_vendors_form),
		cmocka_unit_test(a_vendor_is_asked_less_and_less_often),
		cmocka_unit_test(a_payload_becomes_a_fax),
		cmocka_unit_test(the_steps_are_the_documented_requests),
		cmocka_unit_test(an_answer_has_a_status),
		cmocka_unit_test(an_answer_may_refuse_whatever_its_code),
		cmocka_unit_test(a_webhook_names_its_fax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
