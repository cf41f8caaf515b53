#pragma once
/*
 * The logs in MongoDB (contract, "Logs"): database `integration`, collections
 * integration_directory and integration_retry_log. Blocking; one `struct logstore` a
 * thread. Every call is bounded by MONGO_TIMEOUT_MS (mongo/mongo.h) whatever its deadline,
 * and a deadline that has passed is LOGSTORE_E_AWAY at once. trigger inserts, callback
 * alone updates, everyone else reads. Only features that MongoDB, Amazon DocumentDB and the
 * local stand-ins share.
 */
#include "base/err.h"
#include "base/log_id.h"
#include "config/config.h"
#include "domain/outcome.h"

#include <jansson.h>
#include <stdbool.h>

struct logstore_config {
	char *url;          /* MONGODB_URL */
	int64_t body_limit; /* LOG_BODY_LIMIT, bytes */
};
extern const struct config_key logstore_config_keys[];

enum {
	LOGSTORE_E_AWAY = 1, /* not reachable or too slow: repeat the same call later */
};

/* Where the event came from: tells a repeated event from a redelivered message. */
struct event_position {
	const char *topic; /* without the prefix */
	int partition;
	int64_t offset;
};

/* A new log. Ids of 0 and NULL strings become null. Borrowed pointers. */
struct log_entry {
	struct log_id id;
	const char *integration_type; /* WEBHOOK | API */
	const char *operation;
	const char *action_category;
	int action_id;
	int64_t integration_id, auth_id;
	const char *transport, *vendor, *developer_name;
	int64_t lab_id, org_id, bill_id, patient_id, lrr_id, report_id;
	enum log_status status;
	const char *end_point;
	int request_type;
	const json_t *request_headers; /* NULL */
	const char *request_body;      /* cut here to body_limit */
	enum error_kind error_kind;
	const char *error_message;
	const char *stage;
	const json_t *retry_context;
	const char *payload_sha256; /* hex */
	bool triggered_by_py3;
	const char *event_id, *traceparent;
	int64_t inserted_at_ms, activity_date_ms;
	struct event_position position;
	/* of a log that is complete from its beginning (API); 0 and NULL else */
	const json_t *response_headers;
	const char *response_body;
	int response_status_code;
	double response_time_ms;
};

enum insert_result {
	INSERT_NEW,        /* written now */
	INSERT_SAME_EVENT, /* was there, from the same topic, partition and offset, still
	                      QUEUED: the task may never have been made; make it again */
	INSERT_DONE, /* was there from the same position and has moved on: nothing to do */
	INSERT_REPEATED, /* was there, from another position: a repeated event */
	INSERT_REJECTED, /* the store refuses this document for good */
};

struct logstore;
/* Never blocks; the first call connects. */
int logstore_open(const struct logstore_config *config, struct logstore **out,
                  struct err_text *why) MUST_CHECK;
struct logstore *logstore_close(struct logstore *s);
/* Why the last call said LOGSTORE_E_AWAY, for a person, without data. */
const char *logstore_error(const struct logstore *s);
int logstore_ping(struct logstore *s, int64_t deadline_ms) MUST_CHECK;
/*
 * Creates missing indexes, and drops those of earlier versions (integration-admin migrate,
 * and callback beside its work). On a large collection a server takes longer than any call
 * of ours may, and goes on when nobody waits: so what is not answered is asked for again
 * until it is there. `wait` is called in between, and sleeps; its false ends it.
 * LOGSTORE_E_AWAY: something is missing.
 */
int logstore_ensure_indexes(struct logstore *s, bool (*wait)(void *arg),
                            void *arg) MUST_CHECK;

/* One unordered bulk insert; results[i] for entries[i]. LOGSTORE_E_AWAY: nothing is known.
 */
int logstore_insert(struct logstore *s, const struct log_entry *entries, size_t n,
                    enum insert_result *results, int64_t deadline_ms) MUST_CHECK;
/* The document as MongoDB extended JSON, for a report of kind `log`. New reference. */
json_t *log_entry_to_json(const struct log_entry *entry, int64_t body_limit);
/*
 * The JSON value of integration.status-updates for a new log, and its Kafka key (lab id) is
 * the caller's. Caller frees. (docs/schemas/status-update.json)
 */
char *log_entry_status_update(const struct log_entry *entry);
