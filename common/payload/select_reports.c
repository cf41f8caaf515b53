/* Reports and their documents: which of them an event means, and whether they may go out.
 */
#include "payload/select.h"

#include "json/jdoc.h"

#include <ctype.h>
#include <stdio.h>

enum { NUMBER_SIZE = 24 };

/* The newest PDF; NULL: there is none. Borrowed. */
static json_t *newest_pdf(const json_t *context)
{
	const json_t *list = json_object_get(context, "documents");
	json_t *document;
	size_t i;

	json_array_foreach (list, i, document)
		if (strcmp(jdoc_text_or(document, "content_type", ""), "application/pdf") ==
		    0)
			return document;
	return NULL;
}

static int64_t report_id_of(const json_t *context)
{
	return jdoc_int_or(json_object_get(context, "report"), "lab_report_id", 0);
}

/* Puts `document`, with a file's name, into a report's context of our own. */
static void put_document(json_t *context)
{
	const json_t *found = newest_pdf(context);
	json_t *document = found ? json_copy((json_t *)(uintptr_t)found) : json_null();

	if (found) {
		CLEANUP(freep)
		char *name = xasprintf("report-%lld.pdf", (long long)report_id_of(context));

		(void)json_object_set_new(document, "name", json_string(name));
	}
	(void)json_object_set_new(context, "document", document);
}

int payload_select_report(const struct payload_source *source, json_t *scope,
                          struct err_text *why)
{
	put_document(scope);
	return 0;
}

static int need_document(const json_t *context, struct err_text *why)
{
	if (json_is_object(json_object_get(context, "document")))
		return 0;
	return err_say(why, PAYLOAD_E_BUILD, "report %lld has no PDF",
	               (long long)report_id_of(context));
}

int payload_select_pdf(const struct payload_source *source, json_t *scope,
                       struct err_text *why)
{
	/* a report that was retracted has perhaps no PDF any more: the fence says more */
	int r = payload_check_fence(source->action, source->event, scope, why);

	put_document(scope);
	return r ? r : need_document(scope, why);
}

/*
 * Those of the reports that still are what the event says, each in a context of our own.
 * Undone ones are left out; when none is left, `why` tells of the last.
 */
static int take_true_reports(const struct payload_source *source, json_t **out,
                             struct err_text *why)
{
	CLEANUP_JSON json_t *reports = json_array();
	json_t *report;
	size_t i;
	int r = 0;

	json_array_foreach ((json_t *)(uintptr_t)source->reports, i, report) {
		r = payload_check_fence(source->action, source->event, report, why);
		if (r)
			continue;
		json_t *own = json_copy(report);

		put_document(own);
		(void)json_array_append_new(reports, own);
	}
	if (json_array_size(reports) == 0)
		return r;
	*out = STEAL(reports);
	return 0;
}

/* All of one bill, or of one patient: a body names one. */
static int check_owner(const json_t *reports, const char *noun, int64_t id,
                       struct err_text *why)
{
	char key[32];
	const json_t *report;
	size_t i;

	(void)snprintf(key, sizeof(key), "%s_id", noun);
	json_array_foreach (reports, i, report)
		if (jdoc_int_or(json_object_get(report, "report"), key, 0) != id)
			return err_say(why, PAYLOAD_E_BUILD,
			               "lab_report_ids: report %lld is not of %s %lld",
			               (long long)report_id_of(report), noun,
			               (long long)id);
	return 0;
}

static int64_t id_in(const json_t *scope, const char *object, const char *key)
{
	return jdoc_int_or(json_object_get(scope, object), key, 0);
}

int payload_select_reports(const struct payload_source *source, json_t *scope,
                           struct err_text *why)
{
	json_t *reports = NULL;

	if (json_array_size(source->reports) == 0)
		return err_say(why, PAYLOAD_E_BUILD, "lab_report_ids is missing");
	int r = check_owner(source->reports, "bill", id_in(scope, "bill", "bill_id"), why);
	if (r == 0)
		r = take_true_reports(source, &reports, why);
	if (r)
		return r;
	(void)json_object_set_new(scope, "reports", reports);
	/* where the fence looks */
	(void)json_object_set(scope, "report",
	                      json_object_get(json_array_get(reports, 0), "report"));
	return 0;
}

/* ---- 56 ---- */

/* As +<country><number>: a number of ten digits is of North America. False: no number. */
static bool normalise(const char *text, size_t len, char out[NUMBER_SIZE])
{
	char digits[NUMBER_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			continue;
		if (n + 1 == sizeof(digits))
			return false;
		digits[n++] = text[i];
	}
	digits[n] = '\0';
	const char *number = strncmp(digits, "00", 2) == 0 ? digits + 2 : digits;
	size_t digits_left = strlen(number);

	if (digits_left < 8 || digits_left > 15)
		return false;
	(void)snprintf(out, NUMBER_SIZE, "+%s%s", digits_left == 10 ? "1" : "", number);
	return true;
}

/* A list of numbers is a text with commas, semicolons or line breaks between them. */
static void add_numbers(json_t *to, const char *text)
{
	char number[NUMBER_SIZE];

	while (*text) {
		size_t len = strcspn(text, ",;\n");

		if (normalise(text, len, number))
			(void)json_array_append_new(to, json_string(number));
		text += len;
		text += strspn(text, ",;\n");
	}
}

static bool has_number(const json_t *list, const char *number)
{
	const json_t *known;
	size_t i;

	json_array_foreach (list, i, known)
		if (strcmp(json_string_value(known), number) == 0)
			return true;
	return false;
}

/* The event's numbers, each on the list; the whole list where it names none. */
static int choose_numbers(const json_t *event, const json_t *list, json_t *out,
                          struct err_text *why)
{
	const json_t *wanted = json_object_get(event, "to"), *text;
	char number[NUMBER_SIZE];
	size_t i;

	if (json_array_size(wanted) == 0)
		(void)json_array_extend(out, (json_t *)(uintptr_t)list);
	json_array_foreach (wanted, i, text) {
		if (!normalise(json_string_value(text), json_string_length(text), number))
			return err_say(why, PAYLOAD_E_BUILD,
			               "to: number %zu is no fax number", i + 1);
		if (!has_number(list, number))
			return err_say(why, PAYLOAD_E_BUILD,
			               "to: number %zu is not on the organisation's list "
			               "(fax_no of the organisation, or of the referral)",
			               i + 1);
		if (!has_number(out, number))
			(void)json_array_append_new(out, json_string(number));
	}
	if (json_array_size(out) == 0)
		return err_say(why, PAYLOAD_E_BUILD,
		               "to is missing, and the organisation has no fax_no");
	return 0;
}

/* What stands on the cover is read by whoever passes the machine: nothing of the patient.
 */
static void put_cover(json_t *fax, const json_t *scope, size_t n)
{
	const char *lab = jdoc_text_or(json_object_get(scope, "lab"), "lab_name", "");
	CLEANUP(freep) char *subject = xasprintf("Laboratory reports: %zu", n);
	CLEANUP(freep)
	char *message =
		xasprintf("%zu report%s from %s. Confidential.", n, n == 1 ? "" : "s", lab);

	jdoc_set_text(fax, "subject", subject);
	jdoc_set_text(fax, "message", message);
}

static int put_fax(json_t *scope, const json_t *event, size_t n, struct err_text *why)
{
	const json_t *organisation = json_object_get(scope, "organisation");
	const json_t *referral = json_object_get(scope, "referral");
	CLEANUP_JSON json_t *list = json_array();
	json_t *fax = json_object(), *to = json_array();

	add_numbers(list, jdoc_text_or(organisation, "fax_no", ""));
	(void)json_object_set_new(fax, "to", to);
	put_cover(fax, scope, n);
	jdoc_set_text(fax, "to_name",
	              jdoc_text_or(organisation, "org_full_name",
	                           jdoc_text_or(referral, "full_name", NULL)));
	(void)json_object_set_new(scope, "fax", fax);
	if (json_array_size(json_object_get(event, "to")) > 0 || json_array_size(list) == 0)
		add_numbers(list, jdoc_text_or(referral, "fax_no", ""));
	return choose_numbers(event, list, to, why);
}

int payload_select_fax(const struct payload_source *source, json_t *scope,
                       struct err_text *why)
{
	CLEANUP_JSON json_t *alone =
		source->reports ? json_incref((json_t *)(uintptr_t)source->reports)
				: json_pack("[O]", (json_t *)(uintptr_t)source->context);
	struct payload_source of = *source;
	json_t *reports = NULL, *report;
	size_t i;

	of.reports = alone;
	int r = check_owner(alone, "patient", id_in(scope, "patient", "patient_id"), why);
	if (r == 0)
		r = take_true_reports(&of, &reports, why);
	if (r)
		return r;
	(void)json_object_set_new(scope, "reports", reports);
	(void)json_object_set(scope, "report",
	                      json_object_get(json_array_get(reports, 0), "report"));
	json_array_foreach (reports, i, report) {
		r = need_document(report, why);
		if (r)
			return r;
	}
	return put_fax(scope, source->event, json_array_size(reports), why);
}
