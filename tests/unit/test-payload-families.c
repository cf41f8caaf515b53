#include "unit.h"

#include "payload/payload.h"
#include "json/jdoc.h"

#include <stdio.h>
#include <string.h>

/* What a context of each family needs of what is tried here; `'` stands for `"`. */
static const char report[] =
	"{'id':44,'lab':{'lab_id':17,'lab_name':'North','country_code':'1'},"
	"'organisation':{'org_id':3,'org_full_name':'Clinic','fax_no':'202 555 0123'},"
	"'patient':{'patient_id':77},'referral':{'fax_no':'+1-202-555-0188'},"
	"'bill':{'bill_id':9001},'test':{'test_code':'CBC'},"
	"'report':{'lab_report_id':44,'centre_report_id':544,'bill_id':9001,'patient_id':"
	"77,"
	"'status':'SIGNED','is_signed':true,'updated_at':'2026-11-21T12:00:00Z'},"
	"'signatories':[{'full_name':'Dr. A'},{'full_name':'Dr. B'}],"
	"'values':[{'value_text':'<20','parameter':{'lower_male':13,'upper_male':17.5}},"
	"{'value_text':null,'value_num':9.50}],"
	"'documents':[{'document_id':7,'content_type':'image/png','sha256':'p'},"
	"{'document_id':6,'content_type':'application/pdf','sha256':'aa','pages':2},"
	"{'document_id':5,'content_type':'application/pdf','sha256':'bb'}]}";

static const char sample[] =
	"{'id':31,'lab':{'lab_id':17},'patient':{},'bill':{'bill_id':9001},"
	"'sample':{'sample_id':31,'status':'COLLECTED','collected_at':'2026-11-21T09:00:"
	"00Z',"
	"'redraw_reason':'Clotted','accession_no':'A31','is_urgent':true},"
	"'parent_sample':{'sample_id':30},'redrawn_sample':null,"
	"'reports':[{'test_id':4,'centre_report_id':544,'lab_report_id':44,"
	"'test':{'test_code':'CBC'}},{'test_id':5,'centre_report_id':545,'test':{}}]}";

static const char claim[] =
	"{'id':2,'lab':{'lab_id':17,'lab_name':'North'},'bill':{'bill_id':9001},"
	"'patient':{'first_name':'Asha','last_name':'Rao'},"
	"'policy':{'rank':'P','subscriber_first_name':'Ravi'},"
	"'claim':{'claim_id':2,'status':'SUBMITTED','total_charge':0.30},"
	"'diagnoses':[{'seq':1,'icd10':'D64.9'},{'seq':2,'icd10':'E11.9'}],"
	"'lines':[{'line_no':1,'charge':0.10,'diagnosis_pointers':[1]},"
	"{'line_no':2,'charge':0.20,'diagnosis_pointers':[2,1]}]}";

static const char remittance[] =
	"{'id':6,'lab':{'lab_id':17},'bill':{},'claim':{'status':'PAID'},"
	"'remittance':{'remittance_id':6,'claim_status_code':'1','charge':100,'paid':0,"
	"'patient_responsibility':100},'lines':[{'line_no':1},{'line_no':2}],"
	"'adjustments':[{'line_no':2,'group_code':'PR','reason_code':'1','amount':100},"
	"{'line_no':null,'group_code':'CO','reason_code':'45','amount':1}]}";

static const char invoice[] = "{'id':5,'lab':{'lab_id':17},'organisation':{'org_id':3},"
			      "'invoice':{'invoice_id':5,'status':'ISSUED'},'lines':[]}";

static const char visit[] =
	"{'id':8,'lab':{'lab_id':17},'patient':{'address':'Home'},"
	"'home_collection':{'status':'REASSIGNED','address':'Work','latitude':18.5,"
	"'longitude':73.25},'phlebotomist':{'full_name':'R'},'previous_phlebotomist':null,"
	"'tests':[{'test_id':4}]}";

static json_t *parse(const char *text)
{
	CLEANUP(freep) char *json = xstrdup(text);

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *doc = jdoc_parse(json, strlen(json), NULL);
	assert_non_null(doc);
	return doc;
}

/* `change` is merged into the context; of 35 and 56 the report's context is each report's.
 */
static int make(int action, const char *context, const char *event, const char *change,
                struct payload *out, struct err_text *why)
{
	CLEANUP_JSON json_t *doc = parse(context), *ids = parse(event),
			    *more = parse(change);
	CLEANUP_JSON json_t *reports = NULL;

	(void)json_object_update_recursive(doc, more);
	if (payload_report_ids(action_find(action), ids))
		reports = json_pack("[O]", doc);
	const struct payload_source source = { .action = action_find(action),
		                               .context = doc,
		                               .event = ids,
		                               .reports = reports };
	return payload_make(&source, out, why);
}

static const struct {
	int action;
	const char *context, *event, *change, *path, *expected;
} values[] = {
	{ 6, sample, "{}", "{'sample':{'status':'RECEIVED'}}", "Status",
	  "'Sample Received'" },
	{ 6, sample, "{}", "{'sample':{'status':'RECEIVED'}}", "testID", "[4,5]" },
	{ 6, sample, "{}", "{'sample':{'status':'RECEIVED'}}", "testCode", "['CBC']" },
	{ 9, sample, "{}", "{}", "previousSampleId", "30" },
	{ 9, sample, "{}", "{}", "newCollectionTime", "'2026-11-21T09:00:00Z'" },
	{ 9, sample, "{}", "{}", "isUrgent", "1" },
	{ 9, sample, "{}",
	  "{'parent_sample':null,'sample':{'status':'REDRAW'},"
	  "'redrawn_sample':{'collected_at':'2026-11-21T10:00:00Z'}}",
	  "newCollectionTime", "'2026-11-21T10:00:00Z'" },
	{ 9, sample, "{}", "{'parent_sample':null,'sample':{'status':'REDRAW'}}",
	  "previousSampleId", "31" },
	{ 9, sample, "{'operation':'dismiss'}", "{'sample':{'status':'DISMISSED'}}",
	  "Status", "'Sample Dismissed'" },

	{ 15, report, "{}", "{}", "Signing Doctor",
	  "[{'Signing Doctor 1':'Dr. A'},{'Signing Doctor 2':'Dr. B'}]" },
	{ 15, report, "{}", "{}", "reportFormatAndValues.0.value", "'<20'" },
	{ 15, report, "{}", "{}", "reportFormatAndValues.1.value", "'9.5'" },
	{ 15, report, "{}", "{}", "reportFormatAndValues.0.reportFormat.upperBoundMale",
	  "'17.5'" },
	{ 15, report, "{}", "{}", "reportFormatAndValues.0.reportFormat.lowerBoundMale",
	  "'13'" },
	{ 35, report, "{'lab_report_ids':[44]}", "{}", "reportDetails.0.labReportId",
	  "44" },
	{ 56, report, "{}", "{}", "toFax", "['+12025550123']" },
	{ 56, report, "{}", "{'organisation':null}", "toFax", "['+12025550188']" },
	{ 56, report, "{'to':['001 202 555 0188']}", "{}", "toFax", "['+12025550188']" },
	{ 56, report, "{}", "{}", "documents.0.sha256", "'aa'" },
	{ 56, report, "{}", "{}", "documents.0.pages", "2" },

	{ 60, claim, "{}", "{}", "subscriber.firstName", "'Ravi'" },
	{ 60, claim, "{}", "{}", "subscriber.lastName", "'Rao'" },
	{ 60, claim, "{}", "{}", "controlNumber", "'000000002'" },
	{ 60, claim, "{}", "{}",
	  "claimInformation.serviceLines.1.professionalService."
	  "compositeDiagnosisCodePointers.diagnosisCodePointers",
	  "[2,1]" },
	{ 61, remittance, "{}", "{}", "outcome", "'approved'" },
	{ 61, remittance, "{}", "{'remittance':{'patient_responsibility':50}}", "outcome",
	  "'partial'" },
	{ 61, remittance, "{}", "{'remittance':{'claim_status_code':'4'}}", "outcome",
	  "'denied'" },
	{ 61, remittance, "{}", "{}", "claimAdjustments.0.adjustmentReasonCode1", "'45'" },
	{ 61, remittance, "{}", "{}", "serviceLines.0.serviceAdjustments", "[]" },
	{ 61, remittance, "{}", "{}",
	  "serviceLines.1.serviceAdjustments.0.claimAdjustmentGroupCode", "'PR'" },

	{ 62, invoice, "{}", "{}", "operation", "'create'" },
	{ 62, invoice, "{'operation':'update'}", "{}", "operation", "'update'" },
	{ 37, visit, "{}", "{}", "status", "'Reassigned'" },
	{ 37, visit, "{}", "{}", "address", "'Work'" },
	{ 37, visit, "{}", "{}", "location", "'18.500000,73.250000'" },
	{ 37, visit, "{}", "{}", "previousPhlebotomist", "null" },
};

static void values_are_as_partners_know_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct payload p;
		struct err_text why = { "" };
		int r = make(values[i].action, values[i].context, values[i].event,
		             values[i].change, &p, &why);
		const json_t *found = r ? NULL : jdoc_path(p.object, values[i].path);
		CLEANUP(freep) char *text = found ? jdoc_dump(found, NULL) : NULL;

		for (char *c = text; c && *c; c++)
			if (*c == '"')
				*c = '\'';
		if (!text || strcmp(text, values[i].expected) != 0)
			fail_msg("%d %s %s: %s %s", values[i].action, values[i].change,
			         values[i].path, text ? text : "(none)", why.text);
		payload_release(&p);
	}
}

static const struct {
	int action;
	const char *context, *event, *change;
	int expected;
	const char *said;
} refusals[] = {
	{ 9, sample, "{'entity_state':'REDRAW'}", "{'parent_sample':null}",
	  PAYLOAD_E_SUPERSEDED, "sample 31 needs no redraw any more" },
	{ 9, sample, "{}", "{'sample':{'status':'DISMISSED'}}", PAYLOAD_E_SUPERSEDED,
	  "sample 31 needs no redraw any more" },
	{ 19, report, "{}", "{'documents':[]}", PAYLOAD_E_BUILD, "report 44 has no PDF" },
	{ 19, report, "{}", "{'documents':[],'report':{'status':'SAVED'}}",
	  PAYLOAD_E_SUPERSEDED,
	  "report 44 is no longer submitted on 2026-11-21T12:00:00Z" },
	{ 35, report, "{'bill_id':9001}", "{}", PAYLOAD_E_BUILD,
	  "lab_report_ids is missing" },
	{ 35, report, "{'lab_report_ids':[44]}", "{'bill':{'bill_id':1}}", PAYLOAD_E_BUILD,
	  "lab_report_ids: report 44 is not of bill 1" },
	{ 35, report, "{'lab_report_ids':[44]}", "{'report':{'status':'SAVED'}}",
	  PAYLOAD_E_SUPERSEDED,
	  "report 44 is no longer submitted on 2026-11-21T12:00:00Z" },
	{ 56, report, "{}", "{'patient':{'patient_id':1}}", PAYLOAD_E_BUILD,
	  "lab_report_ids: report 44 is not of patient 1" },
	{ 56, report, "{'to':['202 555 0199']}", "{}", PAYLOAD_E_BUILD,
	  "to: number 1 is not on the organisation's list (fax_no of the "
	  "organisation, or of the referral)" },
	{ 56, report, "{'to':['12']}", "{}", PAYLOAD_E_BUILD,
	  "to: number 1 is no fax number" },
	{ 56, report, "{}", "{'organisation':null,'referral':null}", PAYLOAD_E_BUILD,
	  "to is missing, and the organisation has no fax_no" },
	{ 60, claim, "{}", "{'claim':{'total_charge':0.31}}", PAYLOAD_E_BUILD,
	  "claim 2: the lines charge 0.30, the claim 0.31" },
	{ 60, claim, "{}", "{'lines':[]}", PAYLOAD_E_BUILD,
	  "claim 2 has no service lines" },
	{ 60, claim, "{}", "{'diagnoses':[]}", PAYLOAD_E_BUILD,
	  "claim 2 has no diagnosis" },
	{ 60, claim, "{}", "{'diagnoses':[{'icd10':'A'},{'icd10':'A'}]}", PAYLOAD_E_BUILD,
	  "claim 2: diagnoses 1 and 2 have the same code" },
	{ 60, claim, "{}", "{'diagnoses':[{'seq':1,'icd10':'A'}]}", PAYLOAD_E_BUILD,
	  "claim 2: line 2 points at diagnosis 2, which is not there" },
	{ 60, claim, "{'entity_state':'SUBMITTED'}",
	  "{'claim':{'status':'DRAFT'},'lines':[]}", PAYLOAD_E_SUPERSEDED,
	  "claim 2 is no longer submitted" },
	{ 61, remittance, "{}", "{'adjustments':[{'group_code':'PR'}]}", PAYLOAD_E_BUILD,
	  "remittance 6: adjustment 1 needs a group, a reason and an amount" },
	{ 62, invoice, "{'operation':'delete','entity_state':'DELETED'}", "{}",
	  PAYLOAD_E_SUPERSEDED, "invoice 5 is no longer deleted" },
};

static void what_must_not_go_out_says_why(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct payload p;
		struct err_text why = { "" };
		int r = make(refusals[i].action, refusals[i].context, refusals[i].event,
		             refusals[i].change, &p, &why);

		if (r != refusals[i].expected || strcmp(why.text, refusals[i].said) != 0)
			fail_msg("%d %s: %d %s", refusals[i].action, refusals[i].change, r,
			         why.text);
		payload_release(&p);
	}
}

static void the_hash_sees_a_documents_content_and_no_time_of_change(void **state)
{
	static const struct {
		const char *change;
		bool same;
	} cases[] = {
		{ "{'report':{'updated_at':'2026-11-22T12:00:00Z'}}", true },
		{ "{'documents':[{'document_id':9,'content_type':'application/pdf',"
		  "'sha256':'aa'}]}",
		  true },
		{ "{'documents':[{'document_id':6,'content_type':'application/pdf',"
		  "'sha256':'cc'}]}",
		  false },
		{ "{'report':{'is_amended':true}}", false },
	};
	struct payload first;

	assert_int_equal(make(28, report, "{}", "{}", &first, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct payload p;

		assert_int_equal(make(28, report, "{}", cases[i].change, &p, NULL), 0);
		if ((strcmp(p.sha256, first.sha256) == 0) != cases[i].same)
			fail_msg("%s", cases[i].change);
		payload_release(&p);
	}
	payload_release(&first);
}

static void every_action_has_a_body_that_begins_alike(void **state)
{
	static const char *const contexts[FAMILY_COUNT] = {
		[FAMILY_SAMPLE] = sample,   [FAMILY_REPORT] = report,
		[FAMILY_CLAIM] = claim,     [FAMILY_REMITTANCE] = remittance,
		[FAMILY_INVOICE] = invoice, [FAMILY_HOME_COLLECTION] = visit,
	};
	/* states under which each is true */
	static const char *const states[] = {
		"{}",
		"{'sample':{'status':'RECEIVED'}}",
		"{'sample':{'status':'REJECTED'}}",
		"{'sample':{'status':'PENDING'}}",
	};
	size_t tried = 0;

	for (size_t i = 0; i < actions_count; i++) {
		const char *context = contexts[actions[i].family];
		int r = PAYLOAD_E_SUPERSEDED;

		for (size_t s = 0;
		     context && r == PAYLOAD_E_SUPERSEDED && s < ARRAY_SIZE(states); s++) {
			struct payload p;
			struct err_text why = { "" };
			char start[48];

			r = make(actions[i].id, context, "{}", states[s], &p, &why);
			(void)snprintf(start, sizeof(start),
			               "{\"webhookId\":%d,\"labId\":17,\"", actions[i].id);
			if (r != PAYLOAD_E_SUPERSEDED &&
			    (r != 0 || strncmp(p.text, start, strlen(start)) != 0))
				fail_msg("%d: %d %s", actions[i].id, r, why.text);
			tried += r == 0;
			payload_release(&p);
		}
	}
	assert_int_equal(tried, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_as_partners_know_them),
		cmocka_unit_test(what_must_not_go_out_says_why),
		cmocka_unit_test(the_hash_sees_a_documents_content_and_no_time_of_change),
		cmocka_unit_test(every_action_has_a_body_that_begins_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
