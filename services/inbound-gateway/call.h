#pragma once
/*
 * One call: a caller's request, the LIS's answer, and the record of both. The client brings
 * the request, the link the answer; a call ends by freeing itself and telling its client.
 *
 * The record is written before the last bytes of the answer leave: whoever has a complete
 * answer finds it in the logs, whatever becomes of this process.
 */
#include "client.h"
#include "upstream.h"

#define RECORD_ID_SIZE   33
#define TRACEPARENT_SIZE 56
#define REPLAY_LIMIT     65536

enum upstream_failure {
	UPSTREAM_BROKE,      /* closed before its answer was complete */
	UPSTREAM_UNREADABLE, /* what came is no HTTP */
	UPSTREAM_REFUSED,    /* no connection */
	UPSTREAM_UNKNOWN,    /* no address */
};

/* What is kept of a body. */
struct kept {
	struct buf text;
	uint64_t whole; /* bytes that passed */
	bool cut;
};

struct post;
struct call {
	struct gateway *gw;
	struct client *client;      /* NULL: gone */
	struct link *link;          /* NULL: none (yet, any more) */
	struct post *post;          /* POST /inbound-calls, else NULL */
	TAILQ_ENTRY(call) waiting;  /* for the configuration (people.h) */
	TAILQ_ENTRY(call) complete; /* for the end of the loop's turn (gateway.h) */
	bool is_waiting, is_complete;

	const struct http1_head *request; /* the client's reader has it */
	struct target target;
	struct directory *directory;
	const struct inbound_route *route;
	struct presented_key key;
	char record_id[RECORD_ID_SIZE];
	char traceparent[TRACEPARENT_SIZE];
	struct sockaddr_storage caller; /* behind the hops that are trusted */
	char ip[IP_SIZE];
	int64_t started_us, started_wall_ms;
	struct kept sent, got;
	struct buf replay; /* what the LIS was sent, while it may be sent once more */
	bool replayable;
	bool request_done, head_only;
	bool body_paused; /* the LIS takes it more slowly than it comes */

	const struct http1_head *answer; /* the link's reader has it, until the end */
	int status;                      /* 0: no answer yet */
	bool answered;                   /* its head is out */
	bool chunked_out, to_end_out, keep;
	bool caller_left, recorded;
};

/* ---- the client's side ---- */
enum http1_next call_new(struct client *client, const struct http1_head *head);
/* A head that could not be read: answered, recorded as far as it goes, and closed. */
void call_unread(struct client *client, int code, const char *why);
void call_malformed(struct call *call, int code, const char *why); /* its body */
bool call_has_request(const struct call *call);
bool call_takes_body(const struct call *call); /* NULL: true */
void call_take_body(struct call *call, const char *data, size_t len);
void call_request_ended(struct call *call);
void call_flush(struct call *call); /* what the client's reader brought is sent */
void call_caller_drained(struct call *call);
void call_caller_ended(struct call *call, enum wire_end how);
void call_expired(struct call *call);
/* The configuration was asked: about the key of a call that waits. */
void call_decide(struct call *call, struct directory *now);

/* ---- the link's side ---- */
void call_connected(struct call *call);
void call_connect_failed(struct call *call);
void call_answer_begins(struct call *call); /* a piece of it was read */
enum http1_next call_answer_head(struct call *call, const struct http1_head *head);
void call_answer_body(struct call *call, const char *data, size_t len);
bool call_answer_ended(struct call *call); /* false: that was an interim one */
void call_answer_paused(struct call *call);
void call_answer_complete(struct call *call, bool clean); /* `clean`: nothing behind it */
void call_upstream_drained(struct call *call);
void call_upstream_failed(struct call *call, enum upstream_failure how, const char *why);

/* ---- within: call.c, call_request.c, call_answer.c, record.c ---- */
void call_forward(struct call *call);
void call_append_head(const struct call *call, struct buf *out);
void call_keep(struct call *call, struct kept *kept, const char *data, size_t len);
/* An answer of our own: {"error": why}. Ends the call. */
void call_answer_own(struct call *call, int code, const char *why, const char *header);
void call_answer_json(struct call *call, int code, const char *json, const char *header);
/* The LIS's failure as our answer. */
void call_answer_failure(struct call *call, int code, const char *error, int error_kind);
bool call_is_trusted(const struct gateway *gw, const struct sockaddr_storage *address);
void call_print_ip(const struct sockaddr_storage *peer, char out[IP_SIZE]);
void call_break_off(struct call *call); /* the caller sees that the answer is not whole */
void call_end(struct call *call, bool keep);
/* Both sides are done with; the last bytes leave. */
void call_leave(struct call *call);
/*
 * `error` NULL: the answer speaks for itself. Once a call. It is kept when record_commit
 * returns, which is called at the end of the loop's turn: one write for many calls.
 */
void record_call(struct call *call, const char *error, int error_kind);
void record_commit(struct gateway *gw);
