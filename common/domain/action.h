#pragma once
/*
 * The action inventory (spec.md, "Action inventory"): the one source of the 31 Action IDs,
 * for C, for SQL (`integration-admin migrate` writes these rows) and for docs. A new action
 * is a row of action_list.h, a payload definition (payload/), a fence row (domain/fence.c),
 * a context function (lis_api) and a test.
 */
#include "base/util.h"

#include <stdbool.h>

/* The family names the context function lis_api.<family>_context and the entity's id key.
 */
#define FAMILY_LIST(X)                                                                     \
	X(BILL, "bill", "bill_id")                                                         \
	X(SAMPLE, "sample", "sample_id")                                                   \
	X(REPORT, "report", "lab_report_id")                                               \
	X(PATIENT, "patient", "patient_id")                                                \
	X(ORGANISATION, "organisation", "organisation_id")                                 \
	X(APPOINTMENT, "appointment", "appointment_id")                                    \
	X(HOME_COLLECTION, "home_collection", "home_collection_id")                        \
	X(CLAIM, "claim", "claim_id")                                                      \
	X(REMITTANCE, "remittance", "remittance_id")                                       \
	X(INVOICE, "invoice", "invoice_id")

enum action_family {
#define X(symbol, name, key) FAMILY_##symbol,
	FAMILY_LIST(X)
#undef X
		FAMILY_COUNT,
};

#define CATEGORY_LIST(X)                                                                   \
	X(BILLING, 1, "Billing")                                                           \
	X(SAMPLE, 2, "Sample Lifecycle")                                                   \
	X(REPORTING, 3, "Reporting & Results")                                             \
	X(REGISTRATION, 4, "Registration & Setup")                                         \
	X(APPOINTMENT, 5, "Appointments & Home Collection")

enum action_category {
#define X(symbol, id, name) CATEGORY_##symbol = (id),
	CATEGORY_LIST(X)
#undef X
};

struct action {
	int id;           /* actionCategoryList id; partners know it as webhookId */
	const char *name; /* the log's operation, verbatim */
	enum action_category category;
	enum action_family family;
	bool py3; /* comes from the second application: triggered_by_py3 by default */
};

extern const struct action actions[];
extern const size_t actions_count; /* 31 */

const struct action *action_find(int id); /* NULL: unknown */
const char *action_category_name(enum action_category category);
const char *action_family_name(enum action_family family); /* "bill" */
const char *action_family_key(enum action_family family);  /* "bill_id" */
