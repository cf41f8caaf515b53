#pragma once
/*
 * Bulk retries (contract, "HTTP, dashboard": logs/retry, retry-runs), for whoever asks for
 * one: the dashboard, and integration-admin. Blocking; one thread.
 *
 * A preview freezes the set of logs, says what would become of them, and is valid for
 * RETRYRUN_PREVIEW_MS. A run begins from a preview, once: the same preview gives the same
 * run again. retry-scheduler then asks for its attempts at the run's rate (runner.h). The
 * retry_id of a log's attempt is made of the run's id and the log's, so nothing that is
 * done twice makes two attempts.
 *
 * What is returned is plain JSON, which the dashboard's OpenAPI document repeats: times as
 * texts, a run's id as text. New references, the caller's.
 */
#include "base/err.h"
#include "base/log_id.h"
#include "postgres/postgres.h"
#include "settings/settings.h"

#include <jansson.h>
#include <stdbool.h>

struct log_filter; /* logstore/search.h */
struct logstore;

#define RETRYRUN_PREVIEW_MS  (15LL * 60 * 1000)
#define RETRYRUN_LOGS_MAX    10000 /* of one preview; more match: "capped" */
#define RETRYRUN_REBUILT_MAX 2000  /* eligible logs that are built again to be counted */
#define RETRYRUN_SAMPLES     3
#define RETRYRUN_RATE        10.0 /* requests a second, when nothing is said */
#define RETRYRUN_RATE_MAX    500.0
#define RETRYRUN_STOP_WHEN   50.0 /* per cent of the last 50 attempts */

enum {
	RETRYRUN_E_AWAY = 1, /* PostgreSQL or the log store: `why`; ask again later */
	RETRYRUN_E_UNKNOWN,  /* no such preview or run, or it is of a lab of others */
	RETRYRUN_E_EXPIRED,  /* the preview: make another one */
	RETRYRUN_E_STATE,    /* the run's state does not allow it; `why` has the state */
	RETRYRUN_E_INVALID,  /* `why` names the field */
};

/* Borrowed, of the calling thread. */
struct retryrun_tools {
	struct pg *pg;
	struct logstore *store;    /* of previews alone */
	struct settings *settings; /* of previews alone: the rows as they are now */
};

/* Which labs a caller may see; none: all. Borrowed. */
struct retryrun_labs {
	const int64_t *ids;
	size_t n;
};

/* The logs: of a filter, or these. Borrowed. */
struct retryrun_scope {
	/* NULL: ids. Its `to_ms` is lowered to now: the cut-off time. Inbound calls (API)
	 * match too, and are refused. */
	const struct log_filter *filter;
	const struct log_id *ids;  /* in this order; repeated ones count once */
	size_t n_ids;              /* 1 to RETRYRUN_LOGS_MAX */
	struct retryrun_labs labs; /* logs of other labs do not match */
	bool resend;               /* SUCCESS, SUPERSEDED and suppressed ones too */
	const char *requested_by;  /* a login, or the program */
	const json_t *shown;       /* the filter in the caller's words, kept; NULL: none */
};

/*
 * Counts what would happen, and keeps the set:
 * {"preview_id", "expires_at", "cut_off_at", "matched", "capped", "eligible", "refused":
 * {reason: n}, "py3" (eligible ones that go to PY3_RETRY_URL), "rebuilt" (how many of the
 * eligible ones were built again; what follows counts these), "superseded", "body_changed",
 * "body_same", "body_unknown" (nothing to compare with), "unbuildable", "superseded_why":
 * [{"reason", "count"}], "partners": [{"auth_id", "developer_name", "integration_ids",
 * "matched", "eligible", "superseded", "rate"}], "samples": [{"log_id", "lab_id",
 * "integration_id", "operation", "outcome": changed | same | unknown | superseded |
 * unbuildable, "reason", "last_body", "body"}], "minutes" (about, at RETRYRUN_RATE and the
 * partners' own rates)}.
 * Reasons: success, superseded, suppressed, inbound_call, integration_gone,
 * integration_disabled, integration_changed, not_found. The samples have data of patients;
 * they are not kept.
 */
int retryrun_preview(const struct retryrun_tools *tools, const struct retryrun_scope *scope,
                     json_t **out, struct err_text *why) MUST_CHECK;

struct retryrun_order { /* borrowed */
	const char *preview_id;
	double rate;        /* requests a second; 0: RETRYRUN_RATE */
	const char *reason; /* for the record; needed for more than one log */
	const char *requested_by;
	bool start_paused;
	double stop_when_failing; /* per cent of the last 50; 0: never; < 0:
	                             RETRYRUN_STOP_WHEN */
	struct retryrun_labs labs;
};

/* *out: the run, as retryrun_get has it; the same again for the same preview. */
int retryrun_start(struct pg *pg, const struct retryrun_order *order, json_t **out,
                   struct err_text *why) MUST_CHECK;

/*
 * {"id", "preview_id", "lab_id" (null: several), "labs", "state": RUNNING | PAUSED | DONE |
 * CANCELLED | STOPPED, "why" (it stopped; else null), "reason", "rate",
 * "stop_when_failing", "resend", "created_by", "created_at", "updated_at", "ended_at",
 * "total", "filter", "counts": {"waiting", "asked", "success", "fail", "superseded",
 * "suppressed", "queued", "refused", "cancelled"}}.
 * `queued`: asked for, and still under way when the run ceased to watch it.
 */
int retryrun_get(struct pg *pg, int64_t id, const struct retryrun_labs *labs, json_t **out,
                 struct err_text *why) MUST_CHECK;

/* The newest first: an array. */
struct retryrun_list {
	struct retryrun_labs labs;
	int64_t lab_id;    /* runs that have a log of it; 0: any */
	bool active;       /* those alone that are not over */
	int64_t before_id; /* older than this one; 0: from the newest */
	int64_t since_ms;  /* changed at or after; 0: any */
	int limit;
};
int retryrun_list(struct pg *pg, const struct retryrun_list *query, json_t **out,
                  struct err_text *why) MUST_CHECK;

/*
 * In the preview's order, an array of {"n" (its place: give the last one back as `after`),
 * "log_id", "lab_id", "integration_id", "auth_id", "state": WAITING | ASKED | DONE |
 * REFUSED | CANCELLED, "status" (of its attempt: SUCCESS | FAIL | SUPERSEDED | QUEUED | "";
 * null before), "error_kind", "response_status_code", "error" (or why it was refused),
 * "payload_changed", "retry_id", "updated_at"}.
 */
struct retryrun_items {
	const char *state; /* or one of counts' words: "fail"; NULL: any */
	int64_t after;     /* 0: from the first */
	int limit;
};
int retryrun_items(struct pg *pg, int64_t id, const struct retryrun_items *query,
                   json_t **out, struct err_text *why) MUST_CHECK;

/* Counts at once; what was asked for already goes on. The same twice is harmless. */
enum retryrun_command {
	RETRYRUN_PAUSE,  /* of RUNNING */
	RETRYRUN_RESUME, /* of PAUSED and STOPPED */
	RETRYRUN_CANCEL, /* of all but DONE: what was not asked for never will be */
};
int retryrun_command(struct pg *pg, int64_t id, enum retryrun_command command,
                     const struct retryrun_labs *labs, json_t **out,
                     struct err_text *why) MUST_CHECK;

#define RETRYRUN_RETRY_ID_SIZE 64
/* "run-7-0123456789abcdef01234567" */
const char *retryrun_retry_id(int64_t run_id, const char *log_id_hex,
                              char out[RETRYRUN_RETRY_ID_SIZE]);
