/* The words that a body says of its event, as partners know them. */
#include "payload/definitions.h"

#include "json/jdoc.h"

/* Else the action's name. A row with an operation precedes its action's row without one. */
static const struct status_word {
	int action_id;
	const char *operation; /* NULL: any, and none */
	const char *state;     /* of the entity; NULL: any */
	const char *word;
} words[] = {
	{ .action_id = 49, .word = "Bill Generation" },
	{ .action_id = 6, .word = "Sample Received" },
	{ .action_id = 7, .word = "Sample Rejected" },
	{ .action_id = 9, .operation = "dismiss", .word = "Sample Dismissed" },
	{ .action_id = 9, .word = "Sample Redrawn" },
	{ .action_id = 30, .word = "Sample Collected!" },
	{ .action_id = 31, .word = "Sample Uncollected" },
	{ .action_id = 10, .word = "Report Saved (With Values)" },
	{ .action_id = 12, .word = "Report Signed" },
	{ .action_id = 15, .word = "Report Submit (With Values)" },
	{ .action_id = 19, .word = "Report Submit PDF" },

	{ .action_id = 32, .operation = "booked", .word = "Booked" },
	{ .action_id = 32, .operation = "confirmed", .word = "Confirmed" },
	{ .action_id = 32, .operation = "checked_in", .word = "Checked In" },
	{ .action_id = 32, .operation = "updated", .word = "Updated" },
	{ .action_id = 32, .operation = "dismissed", .word = "Dismissed" },
	{ .action_id = 32, .state = "REQUESTED", .word = "Booked" },
	{ .action_id = 32, .state = "CONFIRMED", .word = "Confirmed" },
	{ .action_id = 32, .state = "CHECKED_IN", .word = "Checked In" },
	{ .action_id = 32, .state = "DISMISSED", .word = "Dismissed" },
	{ .action_id = 32, .word = "Updated" },
	{ .action_id = 37, .operation = "assigned", .word = "Assigned" },
	{ .action_id = 37, .operation = "reassigned", .word = "Reassigned" },
	{ .action_id = 37, .state = "ASSIGNED", .word = "Assigned" },
	{ .action_id = 37, .state = "REASSIGNED", .word = "Reassigned" },
	{ .action_id = 37, .word = "Assigned" },
	{ .action_id = 43, .word = "Initiated" },
};

static bool same(const char *wanted, const char *found)
{
	return !wanted || strcmp(wanted, found) == 0;
}

json_t *payload_make_status(const struct payload_scope *scope)
{
	const json_t *root = scope->root;
	const char *family = action_family_name(scope->action->family);
	const char *operation =
		jdoc_text_or(json_object_get(root, "event"), "operation", "");
	const char *state = jdoc_text_or(json_object_get(root, family), "status", "");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].action_id == scope->action->id &&
		    same(words[i].operation, operation) && same(words[i].state, state))
			return json_string(words[i].word);
	return json_string(scope->action->name);
}
