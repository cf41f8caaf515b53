#pragma once
/*
 * What a partner gets: from an entity's context (lis_api.<family>_context) and the event's
 * ids to the payload as the field knows it, and from that to the body that a row wants.
 * Definitions are data (definitions.h): per action a table of partner key, kind and context
 * path. Keys that partners expect are always there, null where nothing is known. Pure.
 */
#include "base/err.h"
#include "base/log_id.h"
#include "domain/action.h"
#include "settings/settings.h"

#include <jansson.h>

#define PAYLOAD_SHA256_SIZE 65 /* hex, with the terminator */
#define PAYLOAD_STATE_SIZE  32 /* of a state that is no text */

enum {
	PAYLOAD_E_SUPERSEDED = 1, /* the announced fact was undone; `why` is the reason */
	PAYLOAD_E_BUILD,          /* an id is missing, or what it names is not there */
	PAYLOAD_E_CONFIG,         /* the row asks for what cannot be made */
};

/* Borrowed. `event` is labevent_context's object, or the retry_context it became. */
struct payload_source {
	const struct action *action;
	const json_t *context;
	const json_t *event;
	const json_t
		*reports; /* the contexts of payload_report_ids, in their order; or NULL */
};

/* One payload for all rows of an event: made once, rendered for each row. */
struct payload {
	json_t *object; /* the keys that partners know, in order */
	char *text;     /* the same as JSON text */
	size_t len;
	json_t *scope;                    /* the context, `event` and what was selected */
	char sha256[PAYLOAD_SHA256_SIZE]; /* of the object less volatile fields */
};

/* Behind the fence. Fills `out` in any case; release it. */
int payload_make(const struct payload_source *source, struct payload *out,
                 struct err_text *why) MUST_CHECK;
void payload_release(struct payload *p);
/*
 * The state of the entity that the fence looked at, which the retry_context keeps as
 * `entity_state`; NULL: unknown, or nothing can undo the fact. Borrowed from `p` or `room`.
 */
const char *payload_entity_state(const struct payload *p, const struct action *action,
                                 const json_t *event, char room[PAYLOAD_STATE_SIZE]);

/* The id of the entity whose context an action needs. PAYLOAD_E_BUILD names a missing id.
 */
int payload_entity_id(const struct action *action, const json_t *event, int64_t *out,
                      struct err_text *why) MUST_CHECK;

/*
 * Ids of the reports whose contexts (family report) an action needs besides its entity's:
 * of 35, and of 56 where it names several. NULL: none. Borrowed from the event.
 */
const json_t *payload_report_ids(const struct action *action, const json_t *event);

/* What differs between the attempts at one log; HL7 messages carry it. */
struct payload_attempt {
	struct log_id log_id;
	int number;     /* 0 = the first */
	int64_t now_ms; /* wall clock: the message's own time */
};

struct payload_body {
	char *data; /* the request's body; of a GET the query string without `?` */
	size_t len;
	/* Documents are no part of `data`: where they belong, as a task's header says it,
	   and the body as a log shows it. Both NULL without documents. */
	json_t *documents;
	char *shown;
	const char *method;       /* GET | POST | PUT | DELETE */
	const char *content_type; /* "" for GET */
	bool is_hl7;
	char sha256[PAYLOAD_SHA256_SIZE];
};

/* As this row wants it: query string, JSON, or its template. Release it in any case. */
int payload_render(const struct payload *p, const struct action *action,
                   const struct integration *row, const struct payload_attempt *attempt,
                   struct payload_body *out, struct err_text *why) MUST_CHECK;
void payload_body_release(struct payload_body *body);
/* For a log: each document as its name, size and SHA-256. Borrowed. */
const char *payload_body_shown(const struct payload_body *body);

/*
 * Whether a bulk event's record goes to this row in an array, with the other records: the
 * row has is_batch, and an array of its bodies makes sense (JSON in a body, over http).
 * True of a retry too, whose array has one.
 */
bool payload_is_batched(const struct integration *row, const json_t *event,
                        const struct payload_body *body);
/* The array of these bodies, n > 0. Release it. */
void payload_join(const struct payload_body *const *parts, size_t n,
                  struct payload_body *out);
