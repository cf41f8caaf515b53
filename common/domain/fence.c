#include "domain/fence.h"

#define RULE(id, op, what, states, said, since)                                            \
	{                                                                                  \
		.action_id = (id), .operation = (op), what,                                \
		.holds = states, /* NOLINT(bugprone-macro-parentheses) */                  \
			.undone = (said), .when_path = (since)                             \
	}
#define STATES(...)                                                                        \
	{                                                                                  \
		__VA_ARGS__                                                                \
	}
/* After an entity: states that come before the fact, and what shows that it was true. */
#define BEFORE(...) , .before = { __VA_ARGS__ }
#define TRACES(...) , .traces = { __VA_ARGS__ }
#define BILL        .noun = "bill", .id_path = "bill.bill_id", .state_path = "bill.status"
#define PAYMENT                                                                            \
	.noun = "payment", .id_path = "payment.payment_id", .state_path = "payment.kind"
#define SAMPLE                                                                             \
	.noun = "sample", .id_path = "sample.sample_id", .state_path = "sample.status"
/* payload/select.c finds its state */
#define REDRAW .noun = "sample", .id_path = "sample.sample_id", .state_path = "redraw.state"
#define REPORT                                                                             \
	.noun = "report", .id_path = "report.lab_report_id", .state_path = "report.status"
#define PATIENT                                                                            \
	.noun = "patient", .id_path = "patient.patient_id",                                \
	.state_path = "patient.is_active"
#define APPOINTMENT                                                                        \
	.noun = "appointment", .id_path = "appointment.appointment_id",                    \
	.state_path = "appointment.status"
#define COLLECTION                                                                         \
	.noun = "home collection", .id_path = "home_collection.home_collection_id",        \
	.state_path = "home_collection.status"
#define CLAIM .noun = "claim", .id_path = "claim.claim_id", .state_path = "claim.status"
#define INVOICE                                                                            \
	.noun = "invoice", .id_path = "invoice.invoice_id", .state_path = "invoice.status"

/* What went out tells of a report that was submitted. */
#define SUBMITTED(id)                                                                      \
	{                                                                                  \
		.action_id = (id), REPORT BEFORE("PENDING") TRACES("report.approval_at"),  \
		.holds = { "SUBMITTED", "SIGNED", "AMENDED" },                             \
		.undone = "is no longer submitted", .when_path = "report.updated_at"       \
	}

/* A row with an operation precedes its action's row without one: the first match wins. */
static const struct fence_rule rules[] = {
	RULE(1, NULL, BILL, STATES("ACTIVE"), "was cancelled", "bill.cancelled_at"),
	RULE(2, NULL, BILL, STATES("ACTIVE"), "was cancelled", "bill.cancelled_at"),
	RULE(3, NULL, BILL BEFORE("ACTIVE") TRACES("bill.cancelled_at", "bill.reset_at"),
	     STATES("CANCELLED"), "is active again", "bill.reset_at"),
	RULE(4, NULL, BILL, STATES("ACTIVE"), "was cancelled", "bill.cancelled_at"),
	RULE(5, NULL, PAYMENT, STATES("REFUND"), "is no refund", NULL),
	RULE(17, NULL, PAYMENT, STATES("SETTLEMENT", "PAYMENT", "ADVANCE"),
	     "is no settlement", NULL),
	RULE(18, NULL, BILL, STATES("ACTIVE"), "was cancelled", "bill.cancelled_at"),
	RULE(49, NULL, BILL, STATES("ACTIVE"), "was cancelled", "bill.cancelled_at"),

	RULE(6, NULL,
	     SAMPLE BEFORE("PENDING", "COLLECTED")
	             TRACES("sample.received_at", "sample.uncollected_at"),
	     STATES("RECEIVED", "REJECTED", "REDRAW"), "is no longer received",
	     "sample.updated_at"),
	RULE(7, NULL,
	     SAMPLE BEFORE("PENDING", "COLLECTED", "RECEIVED") TRACES("sample.rejected_at"),
	     STATES("REJECTED", "REDRAW"), "is no longer rejected", "sample.updated_at"),
	RULE(9, "dismiss", SAMPLE BEFORE("PENDING"), STATES("DISMISSED"),
	     "is no longer dismissed", "sample.updated_at"),
	RULE(9, NULL, REDRAW BEFORE("PENDING", "COLLECTED", "RECEIVED", "REJECTED"),
	     STATES("REDRAW"), "needs no redraw any more", "sample.updated_at"),
	RULE(30, NULL,
	     SAMPLE BEFORE("PENDING")
	             TRACES("sample.collected_at", "sample.uncollected_at"),
	     STATES("COLLECTED", "RECEIVED", "REJECTED", "REDRAW"),
	     "is no longer collected", "sample.uncollected_at"),
	RULE(31, NULL,
	     SAMPLE BEFORE("COLLECTED", "RECEIVED") TRACES("sample.uncollected_at"),
	     STATES("PENDING", "DISMISSED"), "was collected again", "sample.collected_at"),

	RULE(10, NULL, REPORT BEFORE("PENDING") TRACES("report.approval_at"),
	     STATES("SAVED", "SUBMITTED", "SIGNED", "AMENDED"), "is no longer saved",
	     "report.updated_at"),
	RULE(12, NULL, REPORT BEFORE("PENDING", "SUBMITTED") TRACES("report.approval_at"),
	     STATES("SIGNED", "AMENDED"), "is no longer signed", "report.updated_at"),
	SUBMITTED(15),
	SUBMITTED(19),
	SUBMITTED(28),
	SUBMITTED(50),
	SUBMITTED(35), /* each of the event's reports */
	SUBMITTED(56),

	RULE(57, NULL, PATIENT, STATES("true"), "is no longer active",
	     "patient.updated_at"),
	RULE(58, NULL, PATIENT, STATES("true"), "is no longer active",
	     "patient.updated_at"),

	RULE(32, "dismissed", APPOINTMENT BEFORE("REQUESTED", "CONFIRMED", "RESCHEDULED"),
	     STATES("DISMISSED", "NO_SHOW"), "is no longer dismissed",
	     "appointment.updated_at"),
	RULE(32, "checked_in", APPOINTMENT BEFORE("REQUESTED", "CONFIRMED", "RESCHEDULED"),
	     STATES("CHECKED_IN", "COMPLETED"), "is no longer checked in",
	     "appointment.updated_at"),
	RULE(32, "confirmed", APPOINTMENT BEFORE("REQUESTED"),
	     STATES("CONFIRMED", "RESCHEDULED", "CHECKED_IN", "COMPLETED"),
	     "is no longer confirmed", "appointment.updated_at"),
	RULE(32, NULL, APPOINTMENT,
	     STATES("REQUESTED", "CONFIRMED", "RESCHEDULED", "CHECKED_IN", "COMPLETED"),
	     "was dismissed", "appointment.updated_at"),
	RULE(37, NULL, COLLECTION BEFORE("INITIATED") TRACES("home_collection.assigned_at"),
	     STATES("ASSIGNED", "REASSIGNED", "EN_ROUTE", "COLLECTED"),
	     "is no longer assigned", "home_collection.updated_at"),
	RULE(43, NULL, COLLECTION,
	     STATES("INITIATED", "ASSIGNED", "REASSIGNED", "EN_ROUTE", "COLLECTED"),
	     "was cancelled", "home_collection.updated_at"),

	RULE(60, NULL, CLAIM BEFORE("DRAFT") TRACES("claim.submitted_at"),
	     STATES("SUBMITTED", "ACCEPTED", "REJECTED", "PAID", "PARTIAL", "DENIED"),
	     "is no longer submitted", "claim.updated_at"),
	RULE(62, "delete", INVOICE BEFORE("DRAFT", "ISSUED", "PARTIAL", "PAID"),
	     STATES("DELETED"), "is no longer deleted", "invoice.updated_at"),
	RULE(62, NULL, INVOICE, STATES("DRAFT", "ISSUED", "PARTIAL", "PAID"), "was deleted",
	     "invoice.deleted_at"),
};

const struct fence_rule *fence_find(int action_id, const char *operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct fence_rule *rule = &rules[i];

		if (rule->action_id != action_id)
			continue;
		if (!rule->operation || (operation && !strcmp(rule->operation, operation)))
			return rule;
	}
	return NULL;
}

static bool is_among(const char *const states[FENCE_STATES], const char *state)
{
	for (size_t i = 0; i < FENCE_STATES && states[i]; i++)
		if (strcmp(states[i], state) == 0)
			return true;
	return false;
}

bool fence_holds(const struct fence_rule *rule, const char *state)
{
	return !state || is_among(rule->holds, state);
}

bool fence_precedes(const struct fence_rule *rule, const char *state)
{
	return state && is_among(rule->before, state);
}

void fence_say(const struct fence_rule *rule, const char *id, const char *when,
               struct err_text *why)
{
	(void)err_say(why, 0, "%s %s %s%s%s", rule->noun, id, rule->undone,
	              when ? " on " : "", when ? when : "");
}
