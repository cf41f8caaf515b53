#pragma once
/*
 * What a row would send for a real entity now, made by the code that sends: the entity's
 * context, the payload behind its fence, the body that the row wants, the headers of the
 * request with secrets masked. Nothing is sent and no log is made. Blocking; one thread.
 */
#include "context/context.h"
#include "payload/payload.h"

struct preview_request {
	/* A row of the settings, or a copy of one with another template_text. Whether it is
	 * switched off makes no difference. */
	const struct integration *row;
	const struct action *action;
	const json_t *event;  /* of preview_event, or a log's retry_context */
	struct log_id log_id; /* zeros: no log */
	int attempt;          /* 0 = the first */
};

struct preview {
	struct payload_body body;
	const char *method;               /* "" for a row that is not http */
	char *end_point;                  /* masked; of a GET with its query; NULL */
	json_t *headers;                  /* masked; NULL unless http */
	char sha256[PAYLOAD_SHA256_SIZE]; /* of the body, as logs have it */
};

enum {
	PREVIEW_E_AWAY = 16, /* PostgreSQL does not answer: pg_error() */
	PREVIEW_E_EVENT,     /* the event cannot be one: `why` names the field */
	/* and PAYLOAD_E_SUPERSEDED, PAYLOAD_E_BUILD, PAYLOAD_E_CONFIG: what the log would
	 * say */
};

/*
 * An event about this entity as trigger takes it in. `more` (may be NULL) has what else the
 * action needs ({"payment_id": 5}) and goes before; of `records` the first counts. *out is
 * the caller's.
 */
int preview_event(const struct action *action, int64_t lab_id, int64_t entity_id,
                  const char *operation, const json_t *more, json_t **out,
                  struct err_text *why) MUST_CHECK;

/* Fills `out` in any case; release it. */
int preview_make(const struct context_source *source, const struct preview_request *rq,
                 struct preview *out, struct err_text *why) MUST_CHECK;
void preview_release(struct preview *p);
