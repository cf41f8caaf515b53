#include "domain/action.h"

#define ACTION(i, n, c, f)                                                                 \
	{                                                                                  \
		.id = (i), .name = (n), .category = CATEGORY_##c, .family = FAMILY_##f     \
	}
#define ACTION_PY3(i, n, c, f)                                                             \
	{                                                                                  \
		.id = (i), .name = (n), .category = CATEGORY_##c, .family = FAMILY_##f,    \
		.py3 = true                                                                \
	}

const struct action actions[] = {
	ACTION(1, "Bill Generation", BILLING, BILL),
	ACTION(2, "Bill Update", BILLING, BILL),
	ACTION(3, "Bill Cancel", BILLING, BILL),
	ACTION(4, "Bill Reset", BILLING, BILL),
	ACTION(5, "Bill Refund", BILLING, BILL),
	ACTION(6, "Sample Receive", SAMPLE, SAMPLE),
	ACTION(7, "Sample Reject", SAMPLE, SAMPLE),
	ACTION(9, "Sample Redraw", SAMPLE, SAMPLE),
	ACTION(10, "Report Save (With Values)", REPORTING, REPORT),
	ACTION(12, "Report Signed", REPORTING, REPORT),
	ACTION(15, "Report Submit (With Values)", REPORTING, REPORT),
	ACTION(17, "Bill Settlement", BILLING, BILL),
	ACTION(18, "Add Test to Bill", BILLING, BILL),
	ACTION(19, "Report PDF (Webhook)", REPORTING, REPORT),
	ACTION(28, "HL7 Integration", REPORTING, REPORT),
	ACTION(30, "Sample Collect", SAMPLE, SAMPLE),
	ACTION(31, "Sample Uncollect", SAMPLE, SAMPLE),
	ACTION(32, "Appointment Status", APPOINTMENT, APPOINTMENT),
	ACTION(35, "Report Submit — Consolidated Structured Format", BILLING, BILL),
	ACTION(37, "Home Collection Assigned / Reassigned", APPOINTMENT, HOME_COLLECTION),
	ACTION(43, "Home Collection Initiated", APPOINTMENT, HOME_COLLECTION),
	ACTION(49, "Bill Generation HL7 for SFTP (Outbound)", BILLING, BILL),
	ACTION(50, "Report Submit with SFTP", REPORTING, REPORT),
	ACTION(52, "Organisation Update", REGISTRATION, ORGANISATION),
	ACTION(56, "Send Reports via Fax", REPORTING, REPORT),
	ACTION(57, "New Patient Registered", REGISTRATION, PATIENT),
	ACTION(58, "Update Patient Info", REGISTRATION, PATIENT),
	ACTION_PY3(60, "Claim Submission Webhook", BILLING, CLAIM),
	ACTION_PY3(61, "Claim Approval Webhook (Remittance)", BILLING, REMITTANCE),
	ACTION(62, "Create/Update/Delete Invoice", BILLING, INVOICE),
	ACTION(63, "Sample ID Update", SAMPLE, SAMPLE),
};
const size_t actions_count = ARRAY_SIZE(actions);

const struct action *action_find(int id)
{
	for (size_t i = 0; i < actions_count; i++)
		if (actions[i].id == id)
			return &actions[i];
	return NULL;
}

const char *action_category_name(enum action_category category)
{
	switch (category) {
#define X(symbol, id, name)                                                                \
	case CATEGORY_##symbol:                                                            \
		return name;
		CATEGORY_LIST(X)
#undef X
	}
	return "";
}

const char *action_family_name(enum action_family family)
{
	static const char *const names[] = {
#define X(symbol, name, key) [FAMILY_##symbol] = (name),
		FAMILY_LIST(X)
#undef X
	};
	return names[family];
}

const char *action_family_key(enum action_family family)
{
	static const char *const keys[] = {
#define X(symbol, name, key) [FAMILY_##symbol] = (key),
		FAMILY_LIST(X)
#undef X
	};
	return keys[family];
}
