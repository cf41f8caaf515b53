#pragma once
/*
 * A server for test-mllp-transport.c: a thread a connection, and the message's control id
 * says how to misbehave. Included once; every function is static.
 */
#include "loopback.h"

#include "hl7/ack.h"
#include "transport/mllp_frame.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BIG_ACK = 300000 };

static unsigned n_connections; /* to the server */
static char connect_request[4096];
static unsigned n_messages;
static unsigned n_at_once, most_at_once; /* messages that wait for their answer */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void say_bytes(int s, const char *data, size_t len)
{
	(void)send(s, data, len, MSG_NOSIGNAL);
}

static char *ack_text(const char *code, const char *id, const char *more)
{
	return xasprintf(
		"\x0bMSH|^~\\&|P|P|L|17|20261121||ACK|1|P|2.5.1\rMSA|%s|%s%s\r\x1c\r", code,
		id, more);
}

static void say_ack(int s, const char *code, const char *id, const char *more)
{
	CLEANUP(freep) char *text = ack_text(code, id, more);

	say_bytes(s, text, strlen(text));
}

static void say_split(int s, const char *id)
{
	CLEANUP(freep) char *text = ack_text("AA", id, "");

	for (const char *p = text; *p; p++) {
		say_bytes(s, p, 1);
		(void)usleep(1000);
	}
}

static void say_big(int s, const char *id)
{
	CLEANUP(freep) char *filler = xcalloc(BIG_ACK + 1, 1);
	CLEANUP(freep) char *more = NULL;

	memset(filler, 'x', BIG_ACK);
	more = xasprintf("||%s", filler);
	say_ack(s, "AA", id, more);
}

static void close_hard(int s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static bool is(const char *id, const char *prefix)
{
	return strncmp(id, prefix, strlen(prefix)) == 0;
}

/* True: the connection goes on. */
static bool misbehave(int s, const char *id)
{
	if (is(id, "silent"))
		return true;
	if (is(id, "split")) {
		say_split(s, id);
	} else if (is(id, "big")) {
		say_big(s, id);
	} else if (is(id, "other-then-ours")) {
		CLEANUP(freep) char *one = ack_text("AE", "other", "");
		CLEANUP(freep) char *two = ack_text("AA", id, "");
		CLEANUP(freep) char *both = xasprintf("junk%s%s", one, two);

		say_bytes(s, both, strlen(both));
	} else if (is(id, "other")) {
		say_ack(s, "AA", "another", "");
	} else if (is(id, "late")) {
		(void)usleep(500 * 1000);
		say_ack(s, "AA", id, "");
	} else if (is(id, "slow")) {
		(void)usleep(100 * 1000);
		say_ack(s, "AA", id, "");
	} else if (is(id, "event-then-ours")) {
		say_bytes(s, "\x0bMSH|^~\\&|P\rPID|1\r\x1c\r", 21);
		say_ack(s, "AA", id, "");
	} else if (is(id, "garbage")) {
		say_bytes(s, "\x0bHTTP/1.1 400 Bad\x1c\r", 19);
	} else if (is(id, "noise")) {
		say_bytes(s, "HTTP/1.1 400 Bad\r\n", 18);
	} else if (is(id, "nothing")) {
		return false;
	} else if (is(id, "reset")) {
		close_hard(s);
		return false;
	} else if (is(id, "half")) {
		say_bytes(s, "\x0bMSH|^~\\&|P\rMSA|AA|half", 24);
		return false;
	} else if (is(id, "last")) {
		say_ack(s, "AA", id, "");
		return false;
	} else if (is(id, "soon-gone")) {
		say_ack(s, "AA", id, "");
		(void)usleep(200 * 1000);
		return false;
	} else {
		say_ack(s, (char[]){ id[0], id[1], 0 }, id, "|said");
	}
	return true;
}

static bool answer(int s, const struct buf *message)
{
	char id[64] = "";
	const char *at;
	size_t len;

	if (hl7_control_id(buf_str(message), message->len, &at, &len))
		(void)snprintf(id, sizeof(id), "%.*s", (int)len, at);
	(void)pthread_mutex_lock(&lock);
	n_messages++;
	if (++n_at_once > most_at_once)
		most_at_once = n_at_once;
	(void)pthread_mutex_unlock(&lock);
	bool more = misbehave(s, id);
	(void)pthread_mutex_lock(&lock);
	n_at_once--;
	(void)pthread_mutex_unlock(&lock);
	return more;
}

/* As a proxy would, and then as the peer behind it. */
static bool answer_connect(int s, const char *request)
{
	static const char yes[] = "HTTP/1.1 200 Connected\r\nvia: test\r\n\r\n";
	static const char no[] = "HTTP/1.1 403 Forbidden\r\n\r\n";
	bool allowed = strstr(request, "CONNECT peer.invalid:6661 HTTP/1.1\r\n") != NULL;

	(void)pthread_mutex_lock(&lock);
	(void)snprintf(connect_request, sizeof(connect_request), "%s", request);
	(void)pthread_mutex_unlock(&lock);
	say_bytes(s, allowed ? yes : no, allowed ? sizeof(yes) - 1 : sizeof(no) - 1);
	return allowed;
}

static void *serve(void *arg)
{
	int s = (int)(intptr_t)arg;
	struct mllp_frame frame;
	bool open = true;
	char data[4096];
	ssize_t n;

	mllp_frame_init(&frame, 1 << 20);
	while (open && (n = recv(s, data, sizeof(data) - 1, 0)) > 0) {
		data[n] = '\0';
		if (strncmp(data, "CONNECT ", 8) == 0) {
			open = answer_connect(s, data);
			continue;
		}
		for (size_t used = 0; open && used < (size_t)n;) {
			bool whole;

			used += mllp_frame_take(&frame, data + used, (size_t)n - used,
			                        &whole);
			if (whole)
				open = answer(s, &frame.message);
		}
	}
	mllp_frame_deinit(&frame);
	(void)close(s);
	return NULL;
}

static void *accept_all(void *arg)
{
	int listener = (int)(intptr_t)arg, s;
	pthread_t thread;

	while ((s = accept(listener, NULL, NULL)) >= 0) {
		(void)pthread_mutex_lock(&lock);
		n_connections++;
		(void)pthread_mutex_unlock(&lock);
		(void)pthread_create(&thread, NULL, serve, (void *)(intptr_t)s);
		(void)pthread_detach(thread);
	}
	return NULL;
}

static int start_server(void **state)
{
	return open_ports(accept_all);
}
