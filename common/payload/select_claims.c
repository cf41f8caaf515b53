/* What a payer's gateway would turn back: better said here, with the row to correct. */
#include "payload/select.h"

#include "json/jdoc.h"

#include <math.h>

static int64_t claim_id_of(const json_t *scope)
{
	return jdoc_int_or(json_object_get(scope, "claim"), "claim_id", 0);
}

static int64_t cents(double amount)
{
	return (int64_t)llround(amount * 100);
}

static bool has_diagnosis(const json_t *diagnoses, int64_t seq)
{
	const json_t *diagnosis;
	size_t i;

	json_array_foreach (diagnoses, i, diagnosis)
		if (jdoc_int_or(diagnosis, "seq", (int64_t)i + 1) == seq)
			return true;
	return false;
}

static int check_diagnoses(const json_t *scope, struct err_text *why)
{
	const json_t *list = json_object_get(scope, "diagnoses");
	const long long id = (long long)claim_id_of(scope);

	if (json_array_size(list) == 0)
		return err_say(why, PAYLOAD_E_BUILD, "claim %lld has no diagnosis", id);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *code = jdoc_text_or(json_array_get(list, i), "icd10", "");

		if (!*code)
			return err_say(why, PAYLOAD_E_BUILD,
			               "claim %lld: diagnosis %zu has no code", id, i + 1);
		for (size_t j = 0; j < i; j++)
			if (strcmp(jdoc_text_or(json_array_get(list, j), "icd10", ""),
			           code) == 0)
				return err_say(why, PAYLOAD_E_BUILD,
				               "claim %lld: diagnoses %zu and %zu have the "
				               "same code",
				               id, j + 1, i + 1);
	}
	return 0;
}

static int check_line(const json_t *scope, const json_t *line, struct err_text *why)
{
	const json_t *pointers = json_object_get(line, "diagnosis_pointers"), *pointer;
	const long long id = (long long)claim_id_of(scope);
	const long long number = (long long)jdoc_int_or(line, "line_no", 0);
	size_t i;

	if (json_array_size(pointers) == 0)
		return err_say(why, PAYLOAD_E_BUILD,
		               "claim %lld: line %lld points at no diagnosis", id, number);
	json_array_foreach (pointers, i, pointer)
		if (!has_diagnosis(json_object_get(scope, "diagnoses"),
		                   json_integer_value(pointer)))
			return err_say(why, PAYLOAD_E_BUILD,
			               "claim %lld: line %lld points at diagnosis %lld, "
			               "which is not there",
			               id, number, (long long)json_integer_value(pointer));
	return 0;
}

static int check_lines(const json_t *scope, struct err_text *why)
{
	const json_t *lines = json_object_get(scope, "lines"), *line;
	const long long id = (long long)claim_id_of(scope);
	double charge = jdoc_real_or(json_object_get(scope, "claim"), "total_charge", 0);
	int64_t sum = 0;
	size_t i;

	if (json_array_size(lines) == 0)
		return err_say(why, PAYLOAD_E_BUILD, "claim %lld has no service lines", id);
	json_array_foreach (lines, i, line) {
		int r = check_line(scope, line, why);

		if (r)
			return r;
		sum += cents(jdoc_real_or(line, "charge", 0));
	}
	if (sum != cents(charge))
		return err_say(why, PAYLOAD_E_BUILD,
		               "claim %lld: the lines charge %.2f, the claim %.2f", id,
		               (double)sum / 100, charge);
	return 0;
}

int payload_check_claim(const struct payload_source *source, json_t *scope,
                        struct err_text *why)
{
	/* a claim that was taken back is no longer whole: the fence says more */
	int r = payload_check_fence(source->action, source->event, scope, why);

	if (r == 0)
		r = check_diagnoses(scope, why);
	return r ? r : check_lines(scope, why);
}

/* ---- 61 ---- */

/* The adjustments of one line; of the whole claim with line_no 0. New reference. */
static json_t *adjustments_of(const json_t *scope, int64_t line_no)
{
	const json_t *list = json_object_get(scope, "adjustments");
	json_t *out = json_array(), *adjustment;
	size_t i;

	json_array_foreach (list, i, adjustment)
		if (jdoc_int_or(adjustment, "line_no", 0) == line_no)
			(void)json_array_append(out, adjustment);
	return out;
}

static int check_adjustments(const json_t *scope, struct err_text *why)
{
	const json_t *list = json_object_get(scope, "adjustments"), *adjustment;
	size_t i;

	json_array_foreach (list, i, adjustment)
		if (!*jdoc_text_or(adjustment, "reason_code", "") ||
		    !*jdoc_text_or(adjustment, "group_code", "") ||
		    !json_is_number(json_object_get(adjustment, "amount")))
			return err_say(why, PAYLOAD_E_BUILD,
			               "remittance %lld: adjustment %zu needs a group, a "
			               "reason and an amount",
			               (long long)jdoc_int_or(scope, "id", 0), i + 1);
	return 0;
}

int payload_select_remittance(const struct payload_source *source, json_t *scope,
                              struct err_text *why)
{
	json_t *lines = json_array(), *line;
	size_t i;

	json_array_foreach (json_object_get(scope, "lines"), i, line) {
		json_t *own = json_copy(line);

		(void)json_object_set_new(
			own, "adjustments",
			adjustments_of(scope, jdoc_int_or(line, "line_no", -1)));
		(void)json_array_append_new(lines, own);
	}
	(void)json_object_set_new(scope, "paid_lines", lines);
	(void)json_object_set_new(scope, "claim_adjustments", adjustments_of(scope, 0));
	return check_adjustments(scope, why);
}
