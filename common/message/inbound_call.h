#pragma once
/*
 * A call that a third party made to the LIS's API (topic integration.inbound-calls, key lab
 * id): JSON of docs/schemas/inbound-call.json. It becomes one log of type API; the record's
 * id decides which, so a record may come any number of times. Secrets are masked before.
 */
#include "base/err.h"
#include "domain/outcome.h"

#include <jansson.h>

/* NULL or 0 where nothing is known. */
struct inbound_call {
	const char *record_id;
	const char *operation; /* the API's name */
	const char *action_category;
	int64_t lab_id; /* 0: the key is unknown */
	int64_t org_id, auth_id;
	const char *developer_name;
	const char *token; /* masked but for its last four */
	const char *method;
	const char *path;      /* without its query */
	const char *end_point; /* with it */
	const char *ip, *origin;
	const json_t *request_headers;
	const char *request_body;
	bool request_body_truncated;
	const json_t *response_headers;
	const char *response_body;
	bool response_body_truncated;
	int response_status_code; /* 0 = no answer */
	double response_time;     /* ms; < 0 = not said */
	const char *error_message;
	enum error_kind error_kind;
	int64_t bill_id, patient_id, lrr_id, report_id, appointment_id;
	const char *traceparent;
	const char *occurred_at; /* RFC 3339 */
	json_t *owner;           /* decoded: what the pointers above point into */
};

#define INBOUND_RECORD_ID_MAX 200

/* Caller frees. */
char *inbound_call_encode(const struct inbound_call *call, size_t *len);
int inbound_call_decode(const char *json, size_t len, struct inbound_call *out,
                        struct err_text *why) MUST_CHECK; /* MESSAGE_E_INVALID */
/*
 * The same of a document that is parsed, which it may change and the struct points into. As
 * people write them: `id` for record_id, ids as texts, bodies as objects.
 */
int inbound_call_take(json_t *doc, struct inbound_call *out,
                      struct err_text *why) MUST_CHECK;
void inbound_call_release(struct inbound_call *call);
/* SUCCESS for 2xx and 304 without an error, else FAIL. */
enum log_status inbound_call_status(const struct inbound_call *call);
