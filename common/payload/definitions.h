#pragma once
/*
 * How a payload is defined. A table of fields ends with a row without a kind (FIELD_END).
 * Paths are members of the scope (jdoc_path); inside a list or an object they start there,
 * and with a leading '/' at the scope's root.
 */
#include "domain/action.h"

#include <jansson.h>

struct payload_scope {
	const struct action *action;
	const json_t *root;
	const json_t *here; /* the root, or the list's element */
	size_t index;       /* of that element */
};

enum payload_kind {
	FIELD_END,
	FIELD_COPY,   /* text, number or flag as it is */
	FIELD_TIME,   /* an instant, as 2026-11-21T09:30:00Z */
	FIELD_FLAG,   /* true and false as 1 and 0 */
	FIELD_OBJECT, /* the nested table over the object at path; null where it is null */
	FIELD_NEST,   /* the nested table over the same place */
	FIELD_LIST,   /* the nested table over each element at path */
	FIELD_GROUP,  /* the nested table's keys among these: no key of its own */
	FIELD_MAKE,   /* whatever the function says */
};

struct payload_field {
	enum payload_kind kind;
	const char *key;
	const char *path;
	const struct payload_field *fields;
	json_t *(*make)(const struct payload_scope *scope); /* a new reference */
};

#define COPY(k, p)                                                                         \
	{                                                                                  \
		.kind = FIELD_COPY, .key = (k), .path = (p)                                \
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
	const struct payload_field *fields;
};

/* NULL: this action has none yet. */
const struct payload_field *payload_definition_find(int action_id);
extern const struct payload_definition payload_billing[], payload_registration[];
extern const size_t payload_billing_count, payload_registration_count;

/* New reference. */
json_t *payload_fields_make(const struct payload_field *fields,
                            const struct payload_scope *scope);
/* The member at `path` of the place, "/..." of the root; NULL when absent. Borrowed. */
const json_t *payload_scope_get(const struct payload_scope *scope, const char *path);

/* ---- functions for FIELD_MAKE ---- */
json_t *payload_make_webhook_id(const struct payload_scope *scope);
json_t *payload_make_action_name(const struct payload_scope *scope);
json_t *payload_make_updated_fields(const struct payload_scope *scope);
json_t *payload_make_bill_referral(const struct payload_scope *scope);
json_t *payload_make_is_bill_due(const struct payload_scope *scope);
json_t *payload_make_index(const struct payload_scope *scope);
json_t *payload_make_previous_total(const struct payload_scope *scope);
