#pragma once
/*
 * One request to one partner, over any protocol. Each protocol is an instance of this
 * contract; the dispatcher finds it by the row's transport in the array transports[].
 * Everything happens on the loop thread and nothing blocks.
 */
#include "base/err.h"
#include "config/config.h"
#include "domain/outcome.h"
#include "message/task.h"
#include "settings/settings.h"
#include "transport/content.h"

#include <jansson.h>

struct event_base;

struct transport_config {
	int64_t connect_timeout; /* CONNECT_TIMEOUT, ms */
	int64_t response_limit;  /* RESPONSE_LIMIT, bytes */
	char *allow_private;     /* ALLOW_PRIVATE_DESTINATIONS */
	char *egress_proxy;      /* EGRESS_PROXY */
	int64_t sftp_connections;
};
extern const struct config_key transport_config_keys[];

/* Borrowed until the request's end. */
struct transport_request {
	const struct integration *row;
	const struct task *task;
	const char *body; /* the task's text; on the wire with documents: content.h */
	size_t body_len;
	const char *access_token; /* http, OAuth 2: the transport's own, NULL else */
	bool bare;                /* http: no webhook-... and traceparent headers */
	const struct content_document *documents; /* NULL: none */
	size_t n_documents;
	/* Standard Webhooks, made beforehand where the body has documents; else NULL. */
	const char *signature;
	int64_t signed_at_ms; /* the wall clock's time in it */
	/* fax: the same request may have been sent since then (wall ms); 0: it was not */
	int64_t unsure_since_ms;
};

/* Durations in microseconds; 0 where a phase did not happen. */
struct transport_timing {
	int64_t dns_us, connect_us, tls_us;
	int64_t exchange_us; /* from the first byte sent to the last received */
	int64_t total_us;
};

/* What an answer means, where the protocol says it and no status code does. */
enum transport_verdict {
	TRANSPORT_BY_CODE,   /* HTTP: the code and the body decide */
	TRANSPORT_DELIVERED, /* SUCCESS */
	TRANSPORT_ACCEPTED,  /* taken; a later confirmation decides: the log stays QUEUED */
};

/* What the log says of a message on its way through Mirth (domain: "Mirth"). */
struct transport_mirth {
	bool sent; /* sent_to_mirth */
	const char *fusion_log;
	const char *stage;
};

/* Of a message that ends before its acknowledgement, whoever ends it. Static. */
const struct transport_mirth *transport_mirth_failed(bool triggered_by_py3);

/* Borrowed by done() for its duration. Secrets are masked already. */
struct transport_result {
	enum error_kind kind; /* NONE: an answer came (perhaps cut); look at `verdict` */
	enum transport_verdict verdict;      /* counts with kind NONE */
	const struct transport_mirth *mirth; /* NULL: not Mirth */
	const char *error;                   /* for a person; "" with NONE */
	int status_code;                     /* 0: none */
	const char *end_point;
	const json_t *request_headers;
	const json_t *response_headers; /* NULL: none came */
	const char *body;               /* of the answer; not terminated; NULL: none came */
	size_t body_len;
	bool body_cut;           /* there was more than RESPONSE_LIMIT */
	const char *retry_after; /* the header's text; NULL */
	/* Of a fax, NULL and 0 where nothing is known: the vendor's name for it
	   (FAX_ID_UNSURE of message/report.h: it may be there), and its pages. */
	const char *vendor_fax_id;
	int pages, pages_sent;
	struct transport_timing timing;
};

enum {
	TRANSPORT_E_CONFIG = 1, /* the row cannot be used: `why` names field and remedy */
};

/* Called exactly once per accepted send, never from inside send(). */
typedef void (*transport_done_fn)(const struct transport_result *r, void *arg);

struct transport; /* an instance's own struct begins with `const struct transport_ops *` */

struct transport_ops {
	enum transport_kind kind;
	int (*open)(struct transport **out, const struct transport_config *config,
	            struct event_base *loop, struct err_text *why);
	/* 0: accepted, done() will follow. TRANSPORT_E_CONFIG: it will not. */
	int (*send)(struct transport *t, const struct transport_request *rq,
	            transport_done_fn done, void *arg, struct err_text *why);
	/* Drops what is in flight: their done() is not called. Not from inside done(). */
	struct transport *(*close)(struct transport *t); /* NULL in, NULL out */
};

extern const struct transport_ops transport_http;
extern const struct transport_ops transport_mllp;
extern const struct transport_ops transport_sftp;
/* A task with `check` asks for the verdict of a fax: TRANSPORT_ACCEPTED: none so far. */
extern const struct transport_ops transport_fax;

/* By enum transport_kind; NULL: this fleet has none for it. */
extern const struct transport_ops *const transports[TRANSPORT_FAX + 1];

struct metric;
extern struct metric *const transport_metrics[];
extern const size_t transport_n_metrics;
