#pragma once
/* What the files of common/httpd share. Only for common/httpd. */
#include "httpd/httpd.h"

#include "metrics/metrics.h"

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

/* A refused client may still be sending: its answer gets through. */
#define HTTPD_LINGER_MS 5000

extern struct metric httpd_metric_refused;

enum state {
	STATE_IDLE,     /* between requests */
	STATE_HEAD,     /* some of a head has come */
	STATE_BODY,     /* its body is coming */
	STATE_HANDLING, /* the handler has it */
	STATE_REPLYING, /* the answer is on its way */
	STATE_STREAMING,
	STATE_LINGERING, /* the last answer is out; what still comes is dropped */
};

struct connection {
	struct httpd_request request; /* first: the handler's pointer is ours */
	struct httpd *server;
	LIST_ENTRY(connection) link;
	struct bufferevent *io; /* NULL: the client has gone */
	struct event *deadline;
	struct http1_reader *reader;
	struct buf body;
	int fault; /* of the request that is being read: the code of its refusal */
	const char *why;
	enum state state;
	size_t stray;
	bool last;   /* close after this answer */
	bool ended;  /* the client sends no more; what it asked is answered */
	bool ending; /* a stream that was ended */
	const struct httpd_stream_events *events;
	char peer[INET6_ADDRSTRLEN];
};
LIST_HEAD(connection_list, connection);

struct httpd {
	struct event_base *loop;
	struct evconnlistener *listener;
	struct httpd_options options;
	httpd_request_fn on_request;
	void *arg;
	struct connection_list connections;
	size_t n_connections, body_bytes;
	bool draining;
};

/* ---- connection.c ---- */
void connection_open(struct httpd *h, evutil_socket_t fd, const struct sockaddr *address);
void connection_free(struct connection *c);
/* The client has gone, or has to. The handler may still hold the request: then only its
 * socket goes. */
void connection_lose(struct connection *c);
void connection_set_deadline(struct connection *c, int64_t ms);

/* ---- answer.c ---- */
/* What cannot even be handed over: a plain sentence, and the end. */
void connection_refuse(struct connection *c, int code, const char *why);

/* ---- httpd.c ---- */
void httpd_count(struct httpd *h, int change); /* of connections */
