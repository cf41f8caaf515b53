/* Values that are no plain member of the context. */
#include "payload/definitions.h"

#include "json/jdoc.h"

#include <math.h>

json_t *payload_make_webhook_id(const struct payload_scope *scope)
{
	return json_integer(scope->action->id);
}

/* An invoice's event that does not say is about a new one. */
json_t *payload_make_operation(const struct payload_scope *scope)
{
	return json_string(
		jdoc_text_or(json_object_get(scope->root, "event"), "operation", "create"));
}

json_t *payload_make_updated_fields(const struct payload_scope *scope)
{
	const json_t *fields = jdoc_path(scope->root, "event.updated_fields");

	return json_is_array(fields) ? json_incref((json_t *)(uintptr_t)fields)
	                             : json_array();
}

json_t *payload_make_bill_referral(const struct payload_scope *scope)
{
	const json_t *name = jdoc_path(scope->root, "referral.full_name");

	return json_string(json_is_string(name) ? json_string_value(name) : "SELF");
}

json_t *payload_make_is_bill_due(const struct payload_scope *scope)
{
	const json_t *due = jdoc_path(scope->root, "bill.due_amount");

	return json_integer(json_number_value(due) > 0);
}

json_t *payload_make_index(const struct payload_scope *scope)
{
	return json_integer((json_int_t)scope->index + 1);
}

json_t *payload_make_empty_list(const struct payload_scope *scope)
{
	return json_array();
}

json_t *payload_make_one(const struct payload_scope *scope)
{
	return json_integer(1);
}

static double item_total(const json_t *item)
{
	return jdoc_real_or(item, "price", 0) * jdoc_real_or(item, "quantity", 1) -
	       jdoc_real_or(item, "concession", 0);
}

/* The bill's total before the added tests, to the cent. */
json_t *payload_make_previous_total(const struct payload_scope *scope)
{
	double total = json_number_value(jdoc_path(scope->root, "bill.total_amount"));
	const json_t *items = json_object_get(scope->root, "added_items");
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item)
		total -= item_total(item);
	return json_real(round(total * 100) / 100);
}
