/* Messages out of segments: the patient, then an order for each test. */
#include "hl7/escape.h"
#include "hl7/segments.h"
#include "json/jdoc.h"

#include <assert.h>

/* ---- orders: whatever the family, an object with test, report, sample … ---- */

static void share(json_t *to, const char *key, const json_t *value)
{
	if (value)
		(void)json_object_set_nocheck(to, key, (json_t *)(uintptr_t)value);
}

/* Of the bill's items those that the event means. */
static const json_t *items_of(const json_t *scope)
{
	static const char *const selected[] = { "added_items", "active_items", "items" };

	for (size_t i = 0; i < ARRAY_SIZE(selected); i++)
		if (json_object_get(scope, selected[i]))
			return json_object_get(scope, selected[i]);
	return NULL;
}

static json_t *order_of_item(const json_t *item)
{
	json_t *order = json_object();

	share(order, "item", item);
	share(order, "test", json_object_get(item, "test"));
	share(order, "report", json_object_get(item, "report"));
	share(order, "sample", json_object_get(item, "sample"));
	return order;
}

static json_t *order_of_report(const json_t *report, const json_t *scope)
{
	json_t *order = json_object();

	share(order, "report", report);
	share(order, "test", json_object_get(report, "test"));
	share(order, "sample", json_object_get(scope, "sample"));
	share(order, "parent_sample", json_object_get(scope, "parent_sample"));
	return order;
}

static json_t *orders_of_sample(const json_t *scope)
{
	const json_t *reports = json_object_get(scope, "reports");
	json_t *orders = json_array();

	for (size_t i = 0; i < json_array_size(reports); i++)
		(void)json_array_append_new(
			orders, order_of_report(json_array_get(reports, i), scope));
	/* a tube without a test is an order of its own */
	if (json_array_size(reports) == 0)
		(void)json_array_append_new(orders, order_of_report(NULL, scope));
	return orders;
}

static json_t *orders_of_bill(const json_t *scope)
{
	const json_t *items = items_of(scope);
	json_t *orders = json_array();

	for (size_t i = 0; i < json_array_size(items); i++)
		(void)json_array_append_new(orders,
		                            order_of_item(json_array_get(items, i)));
	return orders;
}

/* New reference: an array of orders. Reports' contexts are orders as they are. */
static json_t *orders_of(const struct hl7_source *source)
{
	json_t *scope = (json_t *)(uintptr_t)source->scope;

	if (source->action->family == FAMILY_SAMPLE)
		return orders_of_sample(scope);
	if (json_is_array(json_object_get(scope, "reports")))
		return json_incref(json_object_get(scope, "reports"));
	if (source->action->family == FAMILY_REPORT)
		return json_pack("[O]", scope);
	return orders_of_bill(scope);
}

/* ---- messages ---- */

static void append_diagnoses(const struct hl7_place *order, struct buf *out)
{
	const json_t *codes = jdoc_path(order->here, "item.icd10_codes");

	for (size_t i = 0; i < json_array_size(codes); i++) {
		const json_t *code = json_array_get(codes, i);

		if (!json_is_string(code))
			continue;
		buf_printf(out, "DG1|%zu||", i + 1);
		hl7_escape_append(out, json_string_value(code), json_string_length(code),
		                  HL7_BREAK_BLANK);
		buf_append_str(out, "^^I10|||W\r");
	}
}

/* What is said of the bill as a whole. */
static void append_header_notes(const struct hl7_place *place, struct buf *out)
{
	static const struct {
		int action_id;
		const char *path;
	} notes[] = {
		{ .action_id = 3, .path = "/bill.cancel_reason" },
		{ .action_id = 4, .path = "/bill.reset_reason" },
		{ .action_id = 5, .path = "/payment.reason" },
	};
	struct hl7_place note = *place;

	note.index = 1;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		if (notes[i].action_id != place->source->action->id ||
		    !hl7_has(place, notes[i].path))
			continue;
		hl7_note_append(&note, "", notes[i].path, out);
		note.index++;
	}
	hl7_note_append(&note, "", "/bill.comments", out);
}

/* The reason that an event of a sample has; in 2.3 there is no SPM to say it. */
static void append_sample_notes(const struct hl7_place *place, struct buf *out)
{
	static const struct {
		int action_id;
		const char *lead, *path;
	} notes[] = {
		{ 7, "", "/sample.reject_reason" },
		{ 9, "", "/redraw.reason|/sample.redraw_reason" },
		{ 31, "", "/sample.uncollect_reason" },
		{ 63, "Previous accession number: ", "/sample.previous_accession_no" },
	};
	struct hl7_place note = *place;

	note.index = 1;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (notes[i].action_id == place->source->action->id)
			hl7_note_append(&note, notes[i].lead, notes[i].path, out);
}

static void append_order(const struct hl7_place *order, struct buf *out)
{
	hl7_segment_append(order, "ORC", hl7_orc, out);
	hl7_segment_append(order, "OBR", hl7_obr, out);
	append_sample_notes(order, out);
	append_diagnoses(order, out);
}

static void append_result(const struct hl7_place *order, struct buf *out)
{
	struct hl7_place first = *order;

	first.index = 1;
	hl7_segment_append(order, "ORC", hl7_orc, out);
	hl7_segment_append(order, "OBR", hl7_obr, out);
	append_sample_notes(order, out);
	hl7_note_append(&first, "", "report.comments", out);
	hl7_observations_append(order, out);
	if (order->source->options->version == HL7_2_5_1 &&
	    hl7_has(order, "sample.sample_id"))
		hl7_segment_append(&first, "SPM", hl7_spm, out);
}

static void append_body(const struct hl7_place *place, struct buf *out)
{
	CLEANUP_JSON json_t *orders = orders_of(place->source);
	struct hl7_place order = *place;
	bool is_order = place->message == HL7_ORM_O01;

	if (is_order)
		append_header_notes(place, out);
	else if (place->message != HL7_ORU_R01)
		hl7_segment_append(place, "EVN", hl7_evn, out);
	hl7_segment_append(place, "PID", hl7_pid, out);
	hl7_segment_append(place, "PV1", hl7_pv1, out);
	if (!is_order && place->message != HL7_ORU_R01)
		return;
	for (size_t i = 0; i < json_array_size(orders); i++) {
		order.here = json_array_get(orders, i);
		order.index = (int)i + 1;
		if (is_order)
			append_order(&order, out);
		else
			append_result(&order, out);
	}
	/* a bill without tests: the order group must be there */
	if (json_array_size(orders) == 0)
		hl7_segment_append(&order, "ORC", hl7_orc, out);
}

static bool is_ascii(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->data[i] >= 0x80)
			return false;
	return true;
}

/* MSH-18 after MSH-12, -15 or -16: whichever stands last. */
static void append_charset(const struct hl7_place *place, struct buf *header)
{
	static const struct hl7_field rest[] = { HL7_TEXT(18, "UNICODE UTF-8"), HL7_END };
	int at = place->source->options->enhanced_ack ? 16 : 12;

	header->len--; /* its CR */
	for (; at < rest[0].at; at++)
		buf_append_char(header, '|');
	buf_append_str(header, rest[0].text);
	buf_append_char(header, '\r');
}

void hl7_build(const struct hl7_source *source, enum hl7_message message, struct buf *out)
{
	CLEANUP(buf_deinit)
	struct buf plain = BUF_INIT(out->limit), body = BUF_INIT(out->limit);
	struct hl7_place place = { .source = source, .message = message, .index = 1 };
	char room[HL7_NUMBER_SIZE];

	place.zone = hl7_text_of(hl7_find(&place, "/lab.timezone"), room);
	append_body(&place, &body);
	hl7_segment_append(&place, "MSH|^~\\&", hl7_msh, &plain);
	if (!is_ascii(&plain) || !is_ascii(&body))
		append_charset(&place, &plain);
	buf_append(&plain, buf_str(&body), body.len);
	out->truncated = out->truncated || plain.truncated || body.truncated;
	/* what was built does begin with MSH */
	int r = hl7_update_message_with_ids(buf_str(&plain), plain.len, &source->ids,
	                                    source->options->inject, out);
	assert(r == 0);
}
