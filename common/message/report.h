#pragma once
/*
 * Reports (topic integration.callbacks, key log_id): whatever changes a log travels here,
 * and the callback service alone writes it. The value is JSON of docs/schemas/report.json;
 * `kind` says which:
 *
 *   outcome     an attempt ended (dispatcher; POST /integration-callback of other workers)
 *   log         a whole log that trigger could not insert (MongoDB extended JSON in `log`)
 *   attempt     trigger built a retry: its request, kind and `resend` (plain JSON), which
 *               the log and the document in integration_retry_log take
 *   downstream  Mirth's or a vendor's later confirmation
 *
 * Bodies are cut to LOG_BODY_LIMIT before they are produced.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/log_id.h"
#include "domain/outcome.h"

#include <jansson.h>
#include <stdbool.h>

#define REPORT_KIND_LIST(X)                                                                \
	X(OUTCOME, "outcome")                                                              \
	X(LOG, "log")                                                                      \
	X(ATTEMPT, "attempt")                                                              \
	X(DOWNSTREAM, "downstream")

/* A fax that may be at its vendor: the request was sent, and its answer did not come. */
#define FAX_ID_UNSURE "?"

enum report_kind {
#define X(symbol, word) REPORT_##symbol,
	REPORT_KIND_LIST(X)
#undef X
};

/*
 * An outcome. NULL or 0 where nothing is known; a NULL never overwrites what the log has.
 * `status` is derived by whoever makes the report (2xx SUCCESS, 209 and #NOTFORDASHBOARD
 * suppressed, else FAIL) and is one of SUCCESS, FAIL, SUPERSEDED, SUPPRESSED, or QUEUED
 * when an asynchronous vendor has accepted.
 */
struct report {
	enum report_kind kind;
	struct log_id log_id;
	int64_t lab_id; /* 0 = not said */
	int attempt;    /* 0 = the first; without retry_id always 0 */
	const char *retry_id;
	enum log_status status;
	enum error_kind error_kind;
	const char *error_message;
	const char *end_point;
	const json_t *request_headers; /* object, masked already */
	const char *request_body;      /* NULL: as the log already has it */
	bool request_body_truncated;
	const json_t *response_headers; /* object */
	const char *response_body;
	bool response_body_truncated;
	int response_status_code; /* 0 = none came */
	double response_time_ms;  /* < 0 = none */
	int64_t activity_date_ms; /* 0 = not said */
	int64_t occurred_at_ms;   /* when the attempt ended */
	const char *fusion_log;
	const char *stage;
	int sent_to_mirth; /* -1 = not said, 0, 1 */
	/* Of a fax; NULL and 0 = not said. */
	const char *vendor_fax_id; /* FAX_ID_UNSURE: it was sent, and no answer came */
	int pages, pages_sent;
	const json_t *timing; /* {"wait_ms","dns_ms","connect_ms","tls_ms","exchange_ms"} or
	                         NULL */
	const json_t
		*payload; /* kind log: the document; kind attempt: the request; else NULL */
	json_t *owner;    /* decoded reports: what the pointers above point into */
};

char *report_encode(const struct report *r); /* caller frees */
int report_decode(const char *json, size_t len, struct report *out,
                  struct err_text *why) MUST_CHECK; /* MESSAGE_E_INVALID */
void report_release(struct report *r);

/*
 * True when a partner's answer asks not to be shown: a JSON object whose top-level
 * `message` is exactly #NOTFORDASHBOARD. A mere mention elsewhere is none.
 */
bool report_body_suppresses(const char *body, size_t len);
/*
 * The partner's own words out of an answer (contract, "Logs"): of a JSON answer the first
 * text under error, message, detail, error_description, errors; else the body; up to 1,000
 * characters, valid UTF-8. Appends to `out`.
 */
void report_error_text(const char *body, size_t len, struct buf *out);
