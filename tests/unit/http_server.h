#pragma once
/*
 * A server for test-http-transport.c: a thread a connection, and the path says how to
 * misbehave. Included once; every function is static.
 */
#include "loopback.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static char seen[16384];    /* the last request */
static unsigned n_requests; /* of all connections */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void say(int s, const char *text)
{
	(void)send(s, text, strlen(text), MSG_NOSIGNAL);
}

static void reset(int s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void say_big(int s)
{
	static char block[65536];

	memset(block, 'x', sizeof(block));
	say(s, "HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n");
	for (int i = 0; i < 1600; i++)
		if (send(s, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
}

static void say_stored_gzip(int s, size_t blocks)
{
	/* Stored blocks are gzip too, and need no compressor here. */
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	static unsigned char block[5 + 65535];

	say(s, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n");
	(void)send(s, head, sizeof(head), MSG_NOSIGNAL);
	block[1] = block[2] = 0xff; /* length; then its complement, 0 */
	for (size_t i = 0; i < blocks; i++)
		if (send(s, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
}

static void say_forever(int s, const char *head, const char *line)
{
	say(s, head);
	for (int i = 0; i < 2000000; i++)
		if (send(s, line, strlen(line), MSG_NOSIGNAL) < 0)
			return;
}

/* False: the connection ends. */
static bool answer(int s, const char *path)
{
	static const struct {
		const char *path, *text;
		bool keep;
	} fixed[] = {
		{ "/ok", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true },
		{ "/empty", "HTTP/1.1 204 No Content\r\n\r\n", true },
		{ "/error", "HTTP/1.1 500 X\r\ncontent-length: 4\r\n\r\noops", true },
		{ "/moved",
		  "HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-length: 0\r\n\r\n",
		  true },
		{ "/wait",
		  "HTTP/1.1 429 X\r\nretry-after: 7\r\nset-cookie: a=b\r\nx-a: 1\r\n"
		  "x-a: 2\r\ncontent-length: 0\r\n\r\n",
		  true },
		{ "/interim",
		  "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n"
		  "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
		  true },
		{ "/half", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", false },
		{ "/half-head", "HTTP/1.1 200 OK\r\ncontent-", false },
		{ "/chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
		  false },
		{ "/garbage", "\x01\x02\x03 what is this\r\n\r\n", false },
		{ "/bad-gzip",
		  "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n"
		  "nope",
		  false },
		{ "/nothing", "", false },
		{ "/latin",
		  "HTTP/1.1 200 OK\r\nx-name: J\xfcrgen\r\ncontent-length: 0\r\n\r\n",
		  true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (strcmp(fixed[i].path, path) == 0) {
			say(s, fixed[i].text);
			return fixed[i].keep;
		}
	}
	if (strcmp(path, "/hang") == 0)
		sleep(2);
	else if (strcmp(path, "/half-hang") == 0) {
		say(s, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
		sleep(2);
	} else if (strcmp(path, "/reset") == 0)
		reset(s);
	else if (strcmp(path, "/big") == 0)
		say_big(s);
	else if (strcmp(path, "/bomb") == 0)
		say_stored_gzip(s, 1600);
	else if (strcmp(path, "/long-head") == 0)
		say_forever(s, "HTTP/1.1 200 OK\r\n", "x-more: and more and more\r\n");
	return false;
}

static bool serve_one(int s)
{
	char head[16384], path[256] = "";
	size_t len = 0, want = 0;
	ssize_t n;
	char *end = NULL;

	while (!end || len < want) {
		if (len == sizeof(head) - 1 ||
		    (n = recv(s, head + len, sizeof(head) - 1 - len, 0)) <= 0)
			return false;
		len += (size_t)n;
		if (head[0] == 0x16) /* TLS, which this server does not speak */
			return false;
		head[len] = '\0';
		end = strstr(head, "\r\n\r\n");
		const char *length = strcasestr(head, "content-length: ");
		if (end)
			want = (size_t)(end + 4 - head) +
			       (length && length < end ? strtoul(length + 16, NULL, 10)
			                               : 0);
	}
	pthread_mutex_lock(&lock);
	memcpy(seen, head, len + 1);
	n_requests++;
	pthread_mutex_unlock(&lock);
	(void)sscanf(head, "%*s %255[^ ?]", path);
	return answer(s, path);
}

static void *serve(void *arg)
{
	int s = (int)(intptr_t)arg;

	while (serve_one(s))
		;
	(void)close(s);
	return NULL;
}

static void *accept_all(void *arg)
{
	int listener = (int)(intptr_t)arg, s;
	pthread_t thread;

	while ((s = accept(listener, NULL, NULL)) >= 0) {
		(void)pthread_create(&thread, NULL, serve, (void *)(intptr_t)s);
		(void)pthread_detach(thread);
	}
	return NULL;
}

static int start_server(void **state)
{
	return open_ports(accept_all);
}
