#pragma once
/*
 * A round of work: builds, each one request to one partner. Events ask for them, and so do
 * releases of parked tasks and retries. Builds of one record share its subject (context and
 * payload).
 */
#include "context/context.h"
#include "event/labevent.h"
#include "message/task.h"
#include "payload/payload.h"
#include "trigger.h"

/* Who asked: an event, the dispatcher with a parked task, or a request for a retry. */
enum origin_kind { ORIGIN_EVENT, ORIGIN_RELEASE, ORIGIN_RETRY };

/* What an attempt's record keeps of its request and of the attempt before. */
struct retry {
	json_t *request; /* owned; the texts below point into it */
	json_t *log;     /* owned; logstore/retry.h */
	const char *kind, *requested_by;
	int64_t requested_at_ms;
};

struct origin {
	enum origin_kind kind;
	struct labevent event; /* empty but for an event */
	struct task task;      /* of a retry what it shares with the first attempt's */
	struct retry retry;    /* empty but for a retry */
	struct event_position position;
	int64_t event_at_ms; /* Kafka's timestamp */
};
struct origin *origin_free(struct origin *origin);

/* Whom and what the entity is about; 0 and NULL where it does not say. */
struct references {
	int64_t org_id, bill_id, patient_id, lrr_id, report_id;
	char *accession_no;
};

struct subject {
	const struct origin *origin;
	const struct action *action;
	int64_t lab_id, org_id;
	json_t *ids;         /* labevent_context's object, or the retry_context it became */
	int64_t entity_id;   /* 0: missing, and `why` says which */
	const char *context; /* JSON text of the work's contexts; NULL: not there */
	size_t first_build, n_builds;
	struct references references; /* of the context, once built */
	int result;                   /* 0 or PAYLOAD_E_... */
	struct err_text why;
};

struct build {
	size_t subject;                /* its place in the work */
	const struct integration *row; /* of the round's settings; NULL: gone */
	struct log_id log_id;
	int attempt;
	const char *retry_id;   /* NULL for attempt 0 */
	enum log_status status; /* QUEUED: to be sent; FAIL, SUPERSEDED */
	enum error_kind error_kind;
	struct err_text why;
	struct payload_body body; /* of a batch the record's part */
	bool is_batched;          /* it goes in an array, with the event's other records */
	json_t *retry_context;
	enum insert_result insert;
};

struct work {
	struct origin **origins;
	struct subject *subjects;
	struct build *builds;
	size_t n_origins, n_subjects, n_builds;
	size_t cap_origins, cap_subjects, cap_builds;
	size_t bytes; /* of the origins' messages */
	struct contexts *contexts;
	int64_t settings_version;
};

void work_clear(struct work *w); /* keeps the memory of the lists */
void work_deinit(struct work *w);
void work_adopt(struct work *w, struct origin *origin, size_t bytes);
struct subject *work_add_subject(struct work *w); /* zeroed; valid until the next add */
struct build *work_add_build(struct work *w);     /* of the last subject */
static inline struct subject *build_subject(const struct work *w, const struct build *b)
{
	return &w->subjects[b->subject];
}

/* ---- the steps, in order; TRIGGER_E_AGAIN or 0 ---- */
int work_fetch_contexts(struct trigger *t, struct work *w) MUST_CHECK;
void builds_make(struct work *w);
int emit_round(struct trigger *t, struct work *w) MUST_CHECK;

/* Attempts are known before they are sent: reports, acknowledged. attempts.c */
int attempts_send(struct trigger *t, const struct work *w) MUST_CHECK;

/* Its task was acknowledged: a batch that is given again needs no other one. */
void logs_mark_tasked(struct trigger *t, const struct log_id *id);
/* The log first: inserted, or acknowledged by integration.callbacks. Sets build.insert. */
int logs_write(struct trigger *t, const struct log_entry *entries,
               struct build *const *builds, size_t n) MUST_CHECK;
