#pragma once
/* Ports on loopback that behave in ways of their own. Included once; all is static. */
#include "unit.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static int port;        /* of the server */
static int full_port;   /* nobody accepts there, and the backlog is full */
static int silent_port; /* connects, and says nothing */
static int closed_port; /* nobody listens there */

static int listen_on_loopback(int backlog, int *out_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(s, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(s, backlog), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&in, &len), 0);
	*out_port = ntohs(in.sin_port);
	return s;
}

static void fill_backlog(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	(void)listen_on_loopback(0, &full_port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)full_port);
	for (int i = 0; i < 4; i++) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		(void)connect(s, (struct sockaddr *)&in, sizeof(in));
	}
}

/* The server: a thread that is given its listening socket. */
static int open_ports(void *(*accept_all)(void *listener))
{
	pthread_t thread;
	int listener = listen_on_loopback(64, &port);

	(void)close(listen_on_loopback(1, &closed_port));
	(void)listen_on_loopback(8, &silent_port);
	fill_backlog();
	return pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener);
}
