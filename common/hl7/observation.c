/*
 * OBX: which data type a value has is decided by what it is, the LIS's own word being only
 * a wish: "<20" is no number, and whoever reads NM must find one (2.5.1, 2.A).
 */
#include "hl7/segments.h"

#include "hl7/escape.h"
#include "json/jdoc.h"

#include <ctype.h>

/* ST has no line breaks and 199 characters. */
#define ST_MAX 199

/* What one OBX is about: the value's text without blanks around it, and what was decided.
 */
struct observation {
	const char *text;
	size_t len;
	const char *type; /* OBX-2; "" without a value */
	const char *status;
};

/* The length of a number at the text's start as NM has it: no exponent; 0: none. */
static size_t number_at(const char *text, size_t len)
{
	size_t at = len > 0 && (text[0] == '+' || text[0] == '-'), digits = 0;

	for (; at < len && isdigit((unsigned char)text[at]); at++)
		digits++;
	if (at < len && text[at] == '.')
		for (at++; at < len && isdigit((unsigned char)text[at]); at++)
			digits++;
	return digits > 0 ? at : 0;
}

static bool is_number(const char *text, size_t len)
{
	return len > 0 && number_at(text, len) == len;
}

/* A structured numeric: comparator, first number, separator, second. */
struct structured {
	const char *comparator, *first, *second;
	size_t comparator_len, first_len, second_len;
	char separator; /* '\0': none */
};

static size_t blanks_at(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && isspace((unsigned char)text[n]))
		n++;
	return n;
}

static size_t comparator_at(const char *text, size_t len)
{
	static const char *const words[] = { "<=", ">=", "<>", "<", ">", "=" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (len >= strlen(words[i]) &&
		    strncmp(text, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* "<20", "> 1.5", "10-15", "1:128", "2+". */
static bool read_structured(const char *text, size_t len, struct structured *out)
{
	size_t at;

	*out = (struct structured){ .comparator = text,
		                    .comparator_len = comparator_at(text, len) };
	at = out->comparator_len;
	at += blanks_at(text + at, len - at);
	out->first = text + at;
	out->first_len = number_at(text + at, len - at);
	at += out->first_len;
	if (out->first_len == 0 || at == len)
		return out->first_len > 0;
	at += blanks_at(text + at, len - at);
	if (at == len || !strchr("-+/.:", text[at]))
		return false;
	out->separator = text[at++];
	at += blanks_at(text + at, len - at);
	out->second = text + at;
	out->second_len = len - at;
	return out->second_len == 0 ? out->separator == '+'
	                            : is_number(out->second, out->second_len);
}

static bool has_break(const char *text, size_t len)
{
	return memchr(text, '\n', len) || memchr(text, '\r', len);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool is_description(const struct hl7_place *place)
{
	return hl7_is(place, "is_description", "Y");
}

static const char *type_of_text(const struct hl7_place *place, const struct observation *o)
{
	if (has_break(o->text, o->len))
		return "FT";
	return is_description(place) || o->len > ST_MAX ? "TX" : "ST";
}

/* A range or a ratio is SN only where the LIS says that it is one. NULL: no number. */
static const char *type_of_number(const struct observation *o, bool structured)
{
	struct structured sn;

	if (!structured && is_number(o->text, o->len))
		return "NM";
	if (!read_structured(o->text, o->len, &sn))
		return NULL;
	return structured || (sn.comparator_len && !sn.separator) ? "SN" : NULL;
}

/* A day or an instant that reads as one. */
static bool is_time(const struct hl7_place *place)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	hl7_leaf_append(place, "value_text", HL7_AS_TIME, &out);
	return out.len > 0;
}

static const char *type_of(const struct hl7_place *place, const struct observation *o)
{
	static const char *const numeric[] = { "NM", "SN", NULL };
	static const char *const coded[] = { "CE", "CWE", NULL };
	static const char *const times[] = { "DT", "TS", NULL };
	static const char *const free_text[] = { "FT", "TX", NULL };
	const char *wish = jdoc_text_or(place->here, "value_type", "NM");
	bool lines = has_break(o->text, o->len);
	const char *number = NULL;

	if (o->len == 0)
		return "";
	if (is_one_of(wish, numeric) && !is_description(place))
		number = type_of_number(o, strcmp(wish, "SN") == 0);
	if (number)
		return number;
	if (is_one_of(wish, coded) && !lines)
		return place->source->options->version == HL7_2_3 ? "CE" : "CWE";
	if (is_one_of(wish, times) && is_time(place))
		return wish;
	if (is_one_of(wish, free_text))
		return lines ? "FT" : wish;
	return type_of_text(place, o);
}

static void append_structured(const struct observation *o, struct buf *out)
{
	struct structured sn;

	if (!read_structured(o->text, o->len, &sn))
		return;
	buf_append(out, sn.comparator, sn.comparator_len);
	buf_append_char(out, '^');
	buf_append(out, sn.first, sn.first_len);
	if (!sn.separator)
		return;
	buf_printf(out, "^%c", sn.separator);
	if (sn.second_len) {
		buf_append_char(out, '^');
		buf_append(out, sn.second, sn.second_len);
	}
}

/* code^text^local: the LIS has the one text for both */
static void append_coded(const struct observation *o, struct buf *out)
{
	hl7_escape_append(out, o->text, o->len, HL7_BREAK_BLANK);
	buf_append_char(out, '^');
	hl7_escape_append(out, o->text, o->len, HL7_BREAK_BLANK);
	buf_append_str(out, "^L");
}

static void make_value(const struct hl7_place *place, struct buf *out)
{
	const struct observation *o = place->about;

	if (strcmp(o->type, "SN") == 0)
		append_structured(o, out);
	else if (strcmp(o->type, "DT") == 0)
		hl7_leaf_append(place, "value_text", HL7_AS_DATE, out);
	else if (strcmp(o->type, "TS") == 0)
		hl7_leaf_append(place, "value_text", HL7_AS_TIME, out);
	else if (o->type[0] == 'C')
		append_coded(o, out);
	else
		hl7_escape_append(out, o->text, o->len,
		                  o->type[0] == 'F' || o->type[0] == 'T' ? HL7_BREAK_LINE
		                                                         : HL7_BREAK_BLANK);
}

static void make_type(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, ((const struct observation *)place->about)->type);
}

static void make_status(const struct hl7_place *place, struct buf *out)
{
	buf_append_str(out, ((const struct observation *)place->about)->status);
}

static void make_index(const struct hl7_place *place, struct buf *out)
{
	buf_printf(out, "%d", place->index);
}

/* ---- the other fields ---- */

static const struct hl7_field by_loinc[] = {
	HL7_PATH(1, "loinc_code|parameter.loinc_code"),
	HL7_PATH(2, "name"),
	HL7_TEXT(3, "LN"),
	HL7_PATH(4, "parameter.integration_code|dictionary_id|name"),
	HL7_PATH(5, "name"),
	HL7_TEXT(6, "L"),
	HL7_END,
};

static const struct hl7_field by_local_code[] = {
	HL7_PATH(1, "parameter.integration_code|dictionary_id|name"),
	HL7_PATH(2, "name"),
	HL7_TEXT(3, "L"),
	HL7_END,
};

static void make_identifier(const struct hl7_place *place, struct buf *out)
{
	bool loinc = hl7_has(place, "loinc_code|parameter.loinc_code");

	hl7_parts_append(place, loinc ? by_loinc : by_local_code, out);
}

static const struct hl7_field by_ucum[] = {
	HL7_PATH(1, "unit_ucum|parameter.unit_ucum"),
	HL7_PATH(2, "unit|parameter.unit|unit_ucum|parameter.unit_ucum"),
	HL7_TEXT(3, "UCUM"),
	HL7_END,
};

static const struct hl7_field by_local_unit[] = {
	HL7_PATH(1, "unit|parameter.unit"),
	HL7_PATH(2, "unit|parameter.unit"),
	HL7_TEXT(3, "L"),
	HL7_END,
};

static void make_units(const struct hl7_place *place, struct buf *out)
{
	bool ucum = hl7_has(place, "unit_ucum|parameter.unit_ucum");

	hl7_parts_append(place, ucum ? by_ucum : by_local_unit, out);
}

static void append_range(const struct hl7_place *place, const char *low, const char *high,
                         struct buf *out)
{
	if (hl7_has(place, low) && hl7_has(place, high)) {
		hl7_leaf_append(place, low, HL7_AS_TEXT, out);
		buf_append_char(out, '-');
		hl7_leaf_append(place, high, HL7_AS_TEXT, out);
	} else if (hl7_has(place, low)) {
		buf_append_char(out, '>');
		hl7_leaf_append(place, low, HL7_AS_TEXT, out);
	} else if (hl7_has(place, high)) {
		buf_append_char(out, '<');
		hl7_leaf_append(place, high, HL7_AS_TEXT, out);
	}
}

/* What the value says of itself; else the parameter's bounds for this sex. */
static void make_range(const struct hl7_place *place, struct buf *out)
{
	bool female = hl7_is(place, "/patient.gender", "F");

	hl7_leaf_append(place, "reference_range", HL7_AS_TEXT, out);
	if (out->len == 0)
		append_range(place, "ref_low", "ref_high", out);
	if (out->len == 0 && female)
		append_range(place, "parameter.lower_female", "parameter.upper_female",
		             out);
	else if (out->len == 0)
		append_range(place, "parameter.lower_male", "parameter.upper_male", out);
}

static const struct hl7_field method[] = {
	HL7_PATH(2, "method|parameter.method"),
	HL7_END,
};

static const struct hl7_field obx[] = {
	HL7_MAKE(1, make_index),
	HL7_MAKE(2, make_type),
	HL7_MAKE(3, make_identifier),
	HL7_MAKE(5, make_value),
	HL7_MAKE(6, make_units),
	HL7_MAKE(7, make_range),
	HL7_PATH(8, "abnormal_flag"),
	HL7_MAKE(11, make_status),
	HL7_TIME(14, "observed_at"),
	HL7_PARTS(17, method),
	HL7_END,
};

/* A report that is only saved has no final value yet. */
static const char *status_of(const struct hl7_place *value, const char *whole)
{
	const char *own = jdoc_text_or(value->here, "result_status", "F");

	return own[0] == 'F' && strchr("PCX", whole[0]) ? whole : own;
}

static struct observation trimmed(const char *text)
{
	struct observation o = { .text = text + blanks_at(text, strlen(text)) };

	o.len = strlen(o.text);
	while (o.len > 0 && isspace((unsigned char)o.text[o.len - 1]))
		o.len--;
	return o;
}

static void append_observation(const struct hl7_place *value, const char *whole,
                               struct buf *out)
{
	char room[HL7_NUMBER_SIZE];
	struct hl7_place place = *value, note = *value;
	struct observation o =
		trimmed(hl7_text_of(hl7_find(value, "value_text|value_num"), room));

	o.type = type_of(value, &o);
	o.status = status_of(value, whole);
	place.about = &o;
	hl7_segment_append(&place, "OBX", obx, out);
	note.index = 1;
	hl7_note_append(&note, "", "note", out);
}

/* ---- the document ---- */

static void make_document(const struct hl7_place *place, struct buf *out)
{
	char marker[HL7_DOCUMENT_MARKER_SIZE];
	int64_t id = json_integer_value(hl7_find(place, "document.document_id"));

	buf_append_str(out, HL7_OURSELVES "^application^pdf^Base64^");
	buf_append_str(out, place->source->document_marker(id, marker));
}

static const struct hl7_field document[] = {
	HL7_MAKE(1, make_index),
	HL7_TEXT(2, "ED"),
	HL7_TEXT(3, "PDF^Report PDF^L"),
	HL7_MAKE(5, make_document),
	HL7_MAKE(11, make_status),
	HL7_TIME(14, "document.created_at"),
	HL7_END,
};

/* Those whose message is the whole report; 50 has the PDF in a file beside it. */
static bool is_with_document(const struct hl7_place *order)
{
	int id = order->source->action->id;

	return (id == 19 || id == 28 || id == 35) && order->source->document_marker &&
	       json_is_integer(hl7_find(order, "document.document_id"));
}

/* ---- what happened ---- */

static void make_action(const struct hl7_place *place, struct buf *out)
{
	const char *name = place->source->action->name;

	hl7_escape_append(out, name, strlen(name), HL7_BREAK_BLANK);
}

/* In 2.3 the group of observations must be there, and no SPM tells what happened. */
static const struct hl7_field status[] = {
	HL7_MAKE(1, make_index),  HL7_TEXT(2, "ST"), HL7_TEXT(3, "STATUS^Status^L"),
	HL7_MAKE(5, make_action), HL7_TEXT(11, "F"), HL7_END,
};

void hl7_observations_append(const struct hl7_place *order, struct buf *out)
{
	const json_t *values = hl7_find(order, "values");
	const char *whole = hl7_result_status(order);
	const struct observation of_document = { .status = whole };
	struct hl7_place place = *order;
	bool old = order->source->options->version == HL7_2_3;

	for (size_t i = 0; i < json_array_size(values); i++) {
		place.here = json_array_get(values, i);
		place.index = (int)i + 1;
		append_observation(&place, whole, out);
	}
	place.here = order->here;
	place.index = (int)json_array_size(values) + 1;
	place.about = &of_document;
	if (is_with_document(order))
		hl7_segment_append(&place, "OBX", document, out);
	else if (place.index == 1 && old)
		hl7_segment_append(&place, "OBX", status, out);
}
