#pragma once
/*
 * An event of the LIS: CloudEvents 1.0 over Kafka, binary mode (`ce_*` headers) or
 * structured (content-type application/cloudevents+json), decoded and checked (contract,
 * "Events"). Pure functions over bytes; unknown keys and attributes are ignored.
 */
#include "base/err.h"
#include "base/log_id.h"
#include "domain/action.h"

#include <jansson.h>
#include <stdbool.h>

#define LABEVENT_MAX_BYTES (1024 * 1024)

enum labevent_error {
	LABEVENT_E_TOMBSTONE = 1,
	LABEVENT_E_TOO_LARGE,
	LABEVENT_E_UNDECODABLE, /* no JSON, no UTF-8, no id or source */
	LABEVENT_E_UNKNOWN_ACTION,
	LABEVENT_E_WRONG_TYPE, /* `why` names the field */
};
/* The stable word for failed-tasks: "tombstone", "too_large", ... */
const char *labevent_reason(enum labevent_error error);

/* The message as it came; borrowed. */
struct labevent_header {
	const char *name;
	const void *value; /* not terminated */
	size_t len;
};
struct labevent_message {
	const char *value; /* NULL = tombstone */
	size_t len;
	const struct labevent_header *headers;
	size_t n_headers;
	int64_t timestamp_ms; /* the last fallback for activity_date */
};

struct labevent_record {
	const json_t *object; /* of `records`; NULL for an event without them */
	char *fault;          /* NULL, or which field is wrong: this record alone fails */
	int64_t org_id;       /* its own, else the event's; 0 = none */
};

struct labevent {
	const char *id, *source;
	const char *type;        /* "" when not said */
	const char *traceparent; /* NULL when absent or malformed */
	const struct action *action;
	int64_t lab_id;
	int64_t activity_date_ms; /* else the event's time, else Kafka's timestamp */
	bool triggered_by_py3;
	bool is_bulk; /* it has `records`, perhaps none */
	struct labevent_record *records;
	size_t n_records;   /* 1 when not bulk */
	const json_t *data; /* the whole object */
	json_t *envelope;   /* owns what is borrowed above */
};

/* Fills `out`, also on failure; always to be released. 0 or an enum labevent_error. */
int labevent_parse(const struct labevent_message *message, struct labevent *out,
                   struct err_text *why) MUST_CHECK;
void labevent_release(struct labevent *event);

/*
 * The ids and primitives of one record (the event's own where the record has none), as the
 * retry_context keeps them: action_id, lab_id, org_id, activity_date, triggered_by_py3,
 * record_index, and what is known of bill_id, lab_report_ids, operation ... New reference.
 */
json_t *labevent_context(const struct labevent *event, size_t record);

/* The same event, integration and record always have the same log. */
void labevent_log_id(const char *source, const char *id, int64_t integration_id,
                     size_t record, struct log_id *out);

/* True for a W3C traceparent with ids that are not zero. */
bool labevent_is_traceparent(const char *text);
