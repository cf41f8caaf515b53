#include "payload/select.h"

#include "json/jdoc.h"

static bool has_text(const json_t *object, const char *key, const char *text)
{
	return strcmp(jdoc_text_or(object, key, ""), text) == 0;
}

static json_t *find_by_id(const json_t *list, const char *key, int64_t id)
{
	size_t i;
	json_t *member;

	json_array_foreach (list, i, member)
		if (jdoc_int_or(member, key, 0) == id)
			return member;
	return NULL;
}

/* Those members of a list whose text at `key` differs. */
static json_t *without(const json_t *list, const char *key, const char *text)
{
	json_t *out = json_array(), *member;
	size_t i;

	json_array_foreach (list, i, member)
		if (!has_text(member, key, text))
			(void)json_array_append(out, member);
	return out;
}

static void put(json_t *scope, const char *key, json_t *value)
{
	(void)json_object_set_new_nocheck(scope, key, value);
}

/* An item of a LIS that knows no states is active. */
static bool is_active(const json_t *item)
{
	return strcmp(jdoc_text_or(item, "status", "ACTIVE"), "ACTIVE") == 0;
}

static int select_active_items(const struct payload_source *source, json_t *scope,
                               struct err_text *why)
{
	const json_t *items = json_object_get(scope, "items");
	json_t *active = json_array(), *item;
	size_t i;

	json_array_foreach (items, i, item)
		if (is_active(item))
			(void)json_array_append(active, item);
	put(scope, "active_items", active);
	return 0;
}

/* The payment the event names, the items it is for, and the payments that came in. */
static int select_payment(const struct payload_source *source, json_t *scope,
                          struct err_text *why)
{
	const json_t *items = json_object_get(scope, "items");
	const json_t *payments = json_object_get(scope, "payments");
	const json_t *ids;
	int64_t id = 0;
	size_t i;

	if (jdoc_int(json_object_get(scope, "event"), "payment_id", &id, why))
		return PAYLOAD_E_BUILD;
	json_t *payment = find_by_id(payments, "payment_id", id);
	if (!payment)
		return err_say(why, PAYLOAD_E_BUILD, "payment %lld is not in this bill",
		               (long long)id);
	json_t *paid = json_array(), *member;
	ids = json_object_get(payment, "bill_item_ids");
	json_array_foreach (ids, i, member) {
		json_t *item =
			find_by_id(items, "bill_item_id", json_integer_value(member));

		if (item)
			(void)json_array_append(paid, item);
	}
	(void)json_object_set(scope, "payment", payment);
	put(scope, "paid_items", paid);
	put(scope, "received_payments", without(payments, "kind", "REFUND"));
	return 0;
}

/* Of the items that the event added, those that are still on the bill. */
static int select_added_items(const struct payload_source *source, json_t *scope,
                              struct err_text *why)
{
	const json_t *ids = jdoc_path(scope, "event.bill_item_ids");
	const json_t *items = json_object_get(scope, "items"), *id;
	CLEANUP_JSON json_t *added = json_array();
	size_t i;

	if (json_array_size(ids) == 0)
		return err_say(why, PAYLOAD_E_BUILD, "bill_item_ids is missing");
	json_array_foreach (ids, i, id) {
		json_t *item = find_by_id(items, "bill_item_id", json_integer_value(id));

		if (!item)
			return err_say(why, PAYLOAD_E_BUILD,
			               "bill item %lld is not in this bill",
			               (long long)json_integer_value(id));
		if (is_active(item))
			(void)json_array_append(added, item);
	}
	if (json_array_size(added) == 0)
		return err_say(why, PAYLOAD_E_SUPERSEDED,
		               "the tests added to bill %lld were cancelled",
		               (long long)jdoc_int_or(json_object_get(scope, "bill"),
		                                      "bill_id", 0));
	put(scope, "added_items", STEAL(added));
	return 0;
}

/*
 * A redraw is about the tube that is to be drawn again, or about the one that was drawn in
 * its place; `state` is what the fence looks at.
 */
static int select_redraw(const struct payload_source *source, json_t *scope,
                         struct err_text *why)
{
	const json_t *sample = json_object_get(scope, "sample");
	const json_t *parent = json_object_get(scope, "parent_sample");
	const json_t *next = json_object_get(scope, "redrawn_sample");
	bool replaces = json_is_object(parent);
	const json_t *drawn = replaces ? sample : next;
	bool dismissed = has_text(sample, "status", "DISMISSED");
	json_t *redraw = json_object();

	jdoc_set_text(redraw, "state",
	              replaces && !dismissed ? "REDRAW"
	                                     : jdoc_text_or(sample, "status", NULL));
	jdoc_set_text(redraw, "reason", jdoc_text_or(sample, "redraw_reason", NULL));
	jdoc_set_text(redraw, "collected_at", jdoc_text_or(drawn, "collected_at", NULL));
	jdoc_set_int(redraw, "previous_sample_id",
	             jdoc_int_or(replaces ? parent : sample, "sample_id", 0));
	put(scope, "redraw", redraw);
	return 0;
}

int payload_select(const struct payload_source *source, json_t *scope, struct err_text *why)
{
	static const struct {
		int action_id;
		int (*select)(const struct payload_source *source, json_t *scope,
		              struct err_text *why);
	} selections[] = {
		{ .action_id = 1, .select = select_active_items },
		{ .action_id = 2, .select = select_active_items },
		{ .action_id = 4, .select = select_active_items },
		{ .action_id = 49, .select = select_active_items },
		{ .action_id = 5, .select = select_payment },
		{ .action_id = 17, .select = select_payment },
		{ .action_id = 18, .select = select_added_items },
		{ .action_id = 9, .select = select_redraw },
		{ .action_id = 63, .select = select_redraw },
		{ .action_id = 19, .select = payload_select_pdf },
		{ .action_id = 28, .select = payload_select_report },
		{ .action_id = 50, .select = payload_select_report },
		{ .action_id = 35, .select = payload_select_reports },
		{ .action_id = 56, .select = payload_select_fax },
		{ .action_id = 60, .select = payload_check_claim },
		{ .action_id = 61, .select = payload_select_remittance },
	};

	for (size_t i = 0; i < ARRAY_SIZE(selections); i++)
		if (selections[i].action_id == source->action->id)
			return selections[i].select(source, scope, why);
	return 0;
}
