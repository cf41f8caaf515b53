#pragma once
/*
 * One fax on its way to its vendor, or one question about it: requests over the HTTP
 * transport, one after the other, at the vendor's pace. Private to transport/fax*.c.
 *
 *   ASK    what became of the fax that the log is known to have: one that is under way is
 *          not sent again
 *   LIST   the vendor's faxes of a time, when one may have been sent and nobody knows
 *   LOOK   each of them, until one has our uuid
 *   STEP   the requests that send it (fax_vendor.h)
 */
#include "base/log_id.h"
#include "transport/fax_pace.h"
#include "transport/fax_vendor.h"
#include "transport/transport.h"

/* What all calls share. */
struct fax_line {
	struct transport *http;
	struct fax_paces *paces;
	TAILQ_HEAD(fax_call_list, fax_call) calls;
};

enum fax_stage { FAX_STAGE_ASK, FAX_STAGE_LIST, FAX_STAGE_LOOK, FAX_STAGE_STEP };

struct fax_call {
	TAILQ_ENTRY(fax_call) link;
	struct fax_line *line;
	struct transport_request rq;
	transport_done_fn done;
	void *arg;
	const struct fax_protocol *protocol;
	struct fax_message message; /* of a question: without numbers and documents */
	char log_id[LOG_ID_HEX_SIZE], boundary[2 * LOG_ID_HEX_SIZE];

	/* the request under way */
	enum fax_stage stage;
	struct fax_turn turn;
	struct fax_request request;
	struct integration row; /* the call's own, with what that request needs */
	struct task task;
	struct content_document documents[FAX_DOCUMENTS_MAX];

	/* how far it came */
	size_t step, round;
	char draft[FAX_ID_SIZE], fax_id[FAX_ID_SIZE];
	json_t *listed; /* ids, of LIST */
	size_t n_looked;
	/* The step that sends it was not answered: what that failure was. */
	bool unanswered;
	enum error_kind kind;
	int status_code;
	struct err_text error;
	struct transport_timing timing;
	int64_t began_us;
};

/* As transport_ops.send. */
int fax_call_start(struct fax_line *line, const struct transport_request *rq,
                   transport_done_fn done, void *arg, struct err_text *why) MUST_CHECK;
/* done() is not called any more. */
struct fax_call *fax_call_free(struct fax_call *c);

/* ---- between fax_call.c and fax_answer.c ---- */

/* The vendor's clock and ours may differ by so much. */
#define FAX_CLOCKS_MS 30000

/* This stage's request, when its turn has come. */
void fax_call_go(struct fax_call *c, enum fax_stage stage);
/* done(), and the call is over. */
void fax_call_end(struct fax_call *c, struct transport_result *result);
/* A request failed, and its own answer says how. */
void fax_call_failed(struct fax_call *c, const struct transport_result *r);
/* A transport_done_fn. */
void fax_call_answer(const struct transport_result *r, void *arg);
/* host:port of the vendor, which its rows share a pace by, whatever their paths. The caller
 * frees. */
char *fax_call_where(const struct fax_call *c);
