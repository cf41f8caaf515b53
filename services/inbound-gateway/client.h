#pragma once
/*
 * A connection of a caller: one request after another, each read as it comes (http1/
 * reader.h) and handed to a call. Requests that are sent ahead wait.
 */
#include "gateway.h"
#include "http1/reader.h"
#include "wire.h"

#define IP_SIZE 64

enum phase {
	PHASE_IDLE,    /* between requests */
	PHASE_HEAD,    /* a head has begun */
	PHASE_KEYS,    /* the configuration is asked about an unknown key */
	PHASE_BODY,    /* the caller is sending */
	PHASE_CONNECT, /* to the LIS */
	PHASE_ANSWER,  /* the LIS has the request */
	PHASE_STREAM,  /* its answer goes back */
	PHASE_WORK,    /* one of our own addresses is at work */
	PHASE_LINGER,  /* the answer is out; what the caller still sends is read over */
};

struct call;
struct client {
	TAILQ_ENTRY(client) link;
	struct gateway *gw;
	struct wire wire;
	struct http1_reader *reader;
	struct buf rest; /* read from the socket and not by the reader */
	struct call *call;
	struct sockaddr_storage peer;
	char ip[IP_SIZE]; /* of the peer */
	enum phase phase;
	int64_t deadline_ms;
	bool pumping, held, eof, closing, dead;
};

void client_accept(struct gateway *gw, int fd, const struct sockaddr *peer, socklen_t len);
void client_phase(struct client *c, enum phase phase); /* its deadline begins */
/* The reader goes on, with what was held and what was sent ahead. */
void client_go_on(struct client *c);
/* The call is over, its answer sent. Unless `keep`, the connection ends after it. */
void client_call_over(struct client *c, bool keep);
void client_abort(struct client *c, bool reset); /* at once */
void client_expired(struct client *c);           /* the deadline has passed */
void client_drain(struct client *c);
void client_shut(struct client *c); /* at the program's end, with its call */
void client_free(struct client *c); /* of the list `dead` */
