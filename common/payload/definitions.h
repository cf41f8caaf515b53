#pragma once
/*
 * How a payload is defined. A table of fields ends with a row without a kind (FIELD_END).
 * Paths are members of the scope (jdoc_path); inside a list or an object they start there,
 * and with a leading '/' at the scope's root.
 */
#include "domain/action.h"

#include <jansson.h>

/*
 * What of a body says nothing of the fact (when it changed last) or is named by its content
 * (a document) reads otherwise for payload_sha256 than for the partner.
 */
struct payload_view {
	bool for_hash; /* make it as the hash reads it */
	bool differs;  /* set: the two are not the same */
};

struct payload_scope {
	const struct action *action;
	const json_t *root;
	const json_t *here; /* the root, or the list's element */
	size_t index;       /* of that element */
	struct payload_view *view;
};

enum payload_kind {
	FIELD_END,
	FIELD_COPY,   /* text, number or flag as it is */
	FIELD_STRING, /* a text; a number as a text */
	FIELD_TIME,   /* an instant, as 2026-11-21T09:30:00Z */
	FIELD_RECENT, /* the same, of the last change: payload_sha256 does not see it */
	FIELD_FLAG,   /* true and false as 1 and 0 */
	FIELD_OBJECT, /* the nested table over the object at path; null where it is null */
	FIELD_NEST,   /* the nested table over the same place */
	FIELD_LIST,   /* the nested table over each element at path */
	FIELD_EACH,   /* of each element at path its member, where it has one */
	FIELD_GROUP,  /* the nested table's keys among these: no key of its own */
	FIELD_MAKE,   /* whatever the function says */
};

struct payload_field {
	enum payload_kind kind;
	const char *key;
	const char *path;
	const char *member; /* FIELD_EACH: path in the element */
	const struct payload_field *fields;
	json_t *(*make)(const struct payload_scope *scope); /* a new reference */
};

#define COPY(k, p)                                                                         \
	{                                                                                  \
		.kind = FIELD_COPY, .key = (k), .path = (p)                                \
	}
#define STRING(k, p)                                                                       \
	{                                                                                  \
		.kind = FIELD_STRING, .key = (k), .path = (p)                              \
	}
#define RECENT(k, p)                                                                       \
	{                                                                                  \
		.kind = FIELD_RECENT, .key = (k), .path = (p)                              \
	}
#define EACH(k, p, m)                                                                      \
	{                                                                                  \
		.kind = FIELD_EACH, .key = (k), .path = (p), .member = (m)                 \
	}
#define TIME(k, p)                                                                         \
	{                                                                                  \
		.kind = FIELD_TIME, .key = (k), .path = (p)                                \
	}
#define FLAG(k, p)                                                                         \
	{                                                                                  \
		.kind = FIELD_FLAG, .key = (k), .path = (p)                                \
	}
#define OBJECT(k, p, f)                                                                    \
	{                                                                                  \
		.kind = FIELD_OBJECT, .key = (k), .path = (p), .fields = (f)               \
	}
#define NEST(k, f)                                                                         \
	{                                                                                  \
		.kind = FIELD_NEST, .key = (k), .fields = (f)                              \
	}
#define LIST(k, p, f)                                                                      \
	{                                                                                  \
		.kind = FIELD_LIST, .key = (k), .path = (p), .fields = (f)                 \
	}
#define GROUP(f)                                                                           \
	{                                                                                  \
		.kind = FIELD_GROUP, .fields = (f)                                         \
	}
#define MAKE(k, m)                                                                         \
	{                                                                                  \
		.kind = FIELD_MAKE, .key = (k), .make = (m)                                \
	}
#define END                                                                                \
	{                                                                                  \
		.kind = FIELD_END                                                          \
	}

struct payload_definition {
	int action_id;
	const char *operation; /* NULL: any, and none */
	const struct payload_field *fields;
};

/* NULL: this action has none yet. */
const struct payload_field *payload_definition_find(int action_id, const char *operation);
/* Of each file its actions; a row with an operation precedes its action's row without one.
 */
extern const struct payload_definition payload_billing[], payload_registration[],
	payload_samples[], payload_reports[], payload_visits[], payload_claims[],
	payload_invoices[];
extern const size_t payload_billing_count, payload_registration_count,
	payload_samples_count, payload_reports_count, payload_visits_count,
	payload_claims_count, payload_invoices_count;

/* New reference. */
json_t *payload_fields_make(const struct payload_field *fields,
                            const struct payload_scope *scope);
/* The member at `path` of the place, "/..." of the root; NULL when absent. Borrowed. */
const json_t *payload_scope_get(const struct payload_scope *scope, const char *path);

/* ---- groups that several families use (groups.c) ---- */
extern const struct payload_field payload_head[];             /* webhookId, labId, status */
extern const struct payload_field payload_organisation[];     /* orgId, Org Code, ... */
extern const struct payload_field payload_patient_identity[]; /* Patient Id, name ... */
extern const struct payload_field payload_patient[];          /* as bills have it */
extern const struct payload_field payload_bill_identity[];
extern const struct payload_field payload_requested_tests[]; /* of testList */

/* ---- functions for FIELD_MAKE ---- */
json_t *payload_make_webhook_id(const struct payload_scope *scope);
json_t *payload_make_status(const struct payload_scope *scope); /* status.c */
json_t *payload_make_operation(const struct payload_scope *scope);
json_t *payload_make_updated_fields(const struct payload_scope *scope);
json_t *payload_make_bill_referral(const struct payload_scope *scope);
json_t *payload_make_is_bill_due(const struct payload_scope *scope);
json_t *payload_make_index(const struct payload_scope *scope);
json_t *payload_make_previous_total(const struct payload_scope *scope);
json_t *payload_make_empty_list(const struct payload_scope *scope);
json_t *payload_make_one(const struct payload_scope *scope);
/* The place's `document`: its marker, for the hash its SHA-256; null without one. */
json_t *payload_make_document(const struct payload_scope *scope);
