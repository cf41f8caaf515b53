#pragma once
/*
 * One connection to an SFTP server: libcurl connects (name look-up, time-out, address
 * guard, proxy), libssh2 speaks. Everything blocks, up to the deadline or until *stop is
 * set; one thread at a time, not always the same. Private to transport/sftp*.c.
 */
#include "transport/address_guard.h"
#include "transport/sftp_target.h"

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <stdatomic.h>
#include <sys/queue.h>

/* What went wrong, for a log; kind NONE while all is well. */
struct sftp_fault {
	enum error_kind kind;
	bool broken; /* the connection is of no use any more */
	struct err_text text;
};

struct sftp_session {
	LIST_ENTRY(sftp_session) link; /* the pool's */
	char identity[65];
	int64_t idle_since_ms;
	bool reused;

	void *easy; /* CURL: holds the socket */
	int socket;
	LIBSSH2_SESSION *ssh;
	LIBSSH2_SFTP *sftp;
	const atomic_bool *stop;
	int64_t deadline_ms;
	struct sftp_fault fault;
	struct transport_timing timing; /* of the connecting */
};

struct sftp_where {
	const struct address_guard *guard; /* NULL: the proxy guards */
	const char *proxy;
	const atomic_bool *stop;
};

/* Connected, trusted and logged in; or NULL, and `fault` says why. */
struct sftp_session *sftp_session_open(const struct sftp_target *target,
                                       const struct sftp_where *where, int64_t deadline_ms,
                                       struct sftp_fault *fault);
struct sftp_session *sftp_session_close(struct sftp_session *s); /* waits 1 s at most */
/* Nothing came from the server meanwhile, its end for one. */
bool sftp_session_is_fresh(const struct sftp_session *s);

/* After LIBSSH2_ERROR_EAGAIN. False: the deadline, or the stop; the fault is set. */
bool sftp_session_wait(struct sftp_session *s);
/* Of a libssh2 call that failed; `doing` begins the text. Returns -1. */
int sftp_session_fail(struct sftp_session *s, int code, const char *doing);
