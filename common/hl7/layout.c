/* The interpreter of the layouts. */
#include "hl7/layout.h"

#include "base/clock.h"
#include "hl7/escape.h"
#include "hl7/time.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <stdio.h>

#define PATH_SIZE 64

static bool is_nothing(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

const json_t *hl7_find(const struct hl7_place *place, const char *path)
{
	while (path) {
		const char *bar = strchr(path, '|');
		char one[PATH_SIZE];

		(void)snprintf(one, sizeof(one), "%.*s",
		               bar ? (int)(bar - path) : (int)strlen(path), path);
		const json_t *value = one[0] == '/'
		                              ? jdoc_path(place->source->scope, one + 1)
		                              : jdoc_path(place->here, one);
		if (!is_nothing(value))
			return value;
		path = bar ? bar + 1 : NULL;
	}
	return NULL;
}

const char *hl7_text_of(const json_t *value, char room[HL7_NUMBER_SIZE])
{
	if (json_is_string(value))
		return json_string_value(value);
	room[0] = '\0';
	if (json_is_integer(value))
		(void)snprintf(room, HL7_NUMBER_SIZE, "%lld",
		               (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(room, HL7_NUMBER_SIZE, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		return json_is_true(value) ? "Y" : "N";
	return room;
}

bool hl7_has(const struct hl7_place *place, const char *path)
{
	return hl7_find(place, path) != NULL;
}

bool hl7_is(const struct hl7_place *place, const char *path, const char *text)
{
	char room[HL7_NUMBER_SIZE];
	const json_t *value = hl7_find(place, path);

	return value && strcmp(hl7_text_of(value, room), text) == 0;
}

static void append_digits(const char *text, struct buf *out)
{
	for (; *text; text++)
		if (isdigit((unsigned char)*text))
			buf_append_char(out, *text);
}

static void append_time(const char *text, enum hl7_as as, const char *zone, struct buf *out)
{
	int64_t ms;

	if (!clock_parse_iso(text, &ms))
		return;
	/* a day without a time is the same day everywhere */
	if (strlen(text) == strlen("2026-11-21"))
		append_digits(text, out);
	else if (as == HL7_AS_DATE)
		hl7_date_append(out, ms, zone);
	else
		hl7_time_append(out, ms, zone);
}

void hl7_leaf_append(const struct hl7_place *place, const char *path, enum hl7_as as,
                     struct buf *out)
{
	char room[HL7_NUMBER_SIZE];
	const char *text = hl7_text_of(hl7_find(place, path), room);

	switch (as) {
	case HL7_AS_TEXT:
		hl7_escape_append(out, text, strlen(text), HL7_BREAK_BLANK);
		break;
	case HL7_AS_LINES:
		hl7_escape_append(out, text, strlen(text), HL7_BREAK_LINE);
		break;
	case HL7_AS_DIGITS:
		append_digits(text, out);
		break;
	case HL7_AS_TIME:
	case HL7_AS_DATE:
		append_time(text, as, place->zone, out);
		break;
	}
}

static bool is_written(const struct hl7_field *field, const struct hl7_place *place)
{
	const unsigned versions = HL7_IN_2_3 | HL7_IN_2_5_1,
		       messages = HL7_IN_ORM | HL7_IN_ORU;
	unsigned version =
		place->source->options->version == HL7_2_3 ? HL7_IN_2_3 : HL7_IN_2_5_1;
	unsigned message = place->message == HL7_ORM_O01   ? HL7_IN_ORM
	                   : place->message == HL7_ORU_R01 ? HL7_IN_ORU
	                                                   : 0;

	return (!(field->in & versions) || (field->in & version)) &&
	       (!(field->in & messages) || (field->in & message));
}

static void append_value(const struct hl7_place *place, const struct hl7_field *field,
                         struct buf *out)
{
	if (!is_written(field, place))
		return;
	if (field->parts)
		hl7_parts_append(place, field->parts, out);
	else if (field->make)
		field->make(place, out);
	else if (field->path)
		hl7_leaf_append(place, field->path, field->as, out);
	else
		buf_append_str(out, field->text);
}

/*
 * Values at their numbers, divided; recursion is one deep, from fields to parts. Returns
 * how many of them were more than the table's own text.
 */
static int append_row(const struct hl7_place *place, const struct hl7_field *fields, int at,
                      char separator, struct buf *out)
{
	CLEANUP(buf_deinit) struct buf value = BUF_INIT(out->limit);
	int said = 0;

	for (; fields->at; fields++) {
		buf_clear(&value);
		append_value(place, fields, &value);
		if (value.len == 0)
			continue;
		for (; at < fields->at; at++)
			buf_append_char(out, separator);
		buf_append(out, value.data, value.len);
		said += fields->text == NULL;
	}
	return said;
}

void hl7_parts_append(const struct hl7_place *place, const struct hl7_field *parts,
                      struct buf *out)
{
	CLEANUP(buf_deinit) struct buf row = BUF_INIT(out->limit);

	if (append_row(place, parts, 1, '^', &row) > 0)
		buf_append(out, buf_str(&row), row.len);
}

void hl7_segment_append(const struct hl7_place *place, const char *name,
                        const struct hl7_field *fields, struct buf *out)
{
	/* MSH-1 is the separator itself: what MSH holds already counts up to MSH-2 */
	int at = strncmp(name, "MSH", 3) == 0 ? 2 : 0;

	buf_append_str(out, name);
	(void)append_row(place, fields, at, '|', out);
	buf_append_char(out, '\r');
}
