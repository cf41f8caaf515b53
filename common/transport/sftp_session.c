#include "transport/sftp_session.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>

enum { SLICE_MS = 200, GOODBYE_MS = 1000 };

static int say(struct sftp_fault *f, enum error_kind kind, const char *text)
{
	f->kind = kind;
	return err_say(&f->text, -1, "%s", text);
}

bool sftp_session_wait(struct sftp_session *s)
{
	int directions = libssh2_session_block_directions(s->ssh);
	struct pollfd fd = { .fd = s->socket };
	int64_t left = s->deadline_ms - clock_mono_ms();

	if (directions & LIBSSH2_SESSION_BLOCK_INBOUND)
		fd.events |= POLLIN;
	if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
		fd.events |= POLLOUT;
	while (left > 0 && !atomic_load(s->stop)) {
		if (poll(&fd, 1, (int)(left < SLICE_MS ? left : SLICE_MS)) > 0)
			return true;
		left = s->deadline_ms - clock_mono_ms();
	}
	s->fault.broken = true;
	(void)say(&s->fault, ERROR_KIND_TIMEOUT, ERROR_TEXT_NO_RESPONSE);
	return false;
}

#define UNTIL_DONE(s, r, call)                                                             \
	do {                                                                               \
		(r) = (call);                                                              \
	} while ((r) == LIBSSH2_ERROR_EAGAIN && sftp_session_wait(s))

/* What libssh2's codes mean; what is not here broke the connection. */
static const struct {
	int code;
	enum error_kind kind;
	bool keeps; /* the connection goes on */
} failures[] = {
	{ LIBSSH2_ERROR_KEX_FAILURE, ERROR_KIND_TLS, false },
	{ LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, ERROR_KIND_TLS, false },
	{ LIBSSH2_ERROR_METHOD_NONE, ERROR_KIND_TLS, false },
	{ LIBSSH2_ERROR_HOSTKEY_INIT, ERROR_KIND_TLS, false },
	{ LIBSSH2_ERROR_HOSTKEY_SIGN, ERROR_KIND_TLS, false },
	{ LIBSSH2_ERROR_SFTP_PROTOCOL, ERROR_KIND_RESPONSE, true },
	{ LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED, ERROR_KIND_AUTH, false },
	{ LIBSSH2_ERROR_CHANNEL_FAILURE, ERROR_KIND_AUTH, false },
	{ LIBSSH2_ERROR_TIMEOUT, ERROR_KIND_TIMEOUT, false },
};

int sftp_session_fail(struct sftp_session *s, int code, const char *doing)
{
	char *said = NULL;

	if (s->fault.kind != ERROR_KIND_NONE)
		return -1; /* the deadline said it */
	(void)libssh2_session_last_error(s->ssh, &said, NULL, 0);
	(void)err_say(&s->fault.text, 0, "%s: %s", doing, said && *said ? said : "failed");
	s->fault.kind = ERROR_KIND_RESPONSE;
	s->fault.broken = true;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].code != code)
			continue;
		s->fault.kind = failures[i].kind;
		s->fault.broken = !failures[i].keeps;
	}
	return -1;
}

/* ---- the connection, by libcurl ---- */

struct connecting {
	const struct sftp_where *where;
	char blocked[ADDRESS_TEXT_SIZE];
	bool opened;
};

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
	struct connecting *c = arg;

	if (c->where->guard && !address_guard_allows(c->where->guard, &address->addr)) {
		(void)address_to_text(&address->addr, c->blocked);
		return CURL_SOCKET_BAD;
	}
	c->opened = true;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_progress(void *arg, curl_off_t dl_all, curl_off_t dl, curl_off_t ul_all,
                       curl_off_t ul)
{
	const struct connecting *c = arg;

	return atomic_load(c->where->stop);
}

static int judge_connect(struct sftp_session *s, const struct connecting *c, CURLcode code)
{
	long number = 0;

	(void)curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &number);
	s->fault.broken = true;
	if (c->blocked[0] && !c->opened) {
		s->fault.kind = ERROR_KIND_BLOCKED;
		return err_say(&s->fault.text, -1,
		               "The address %s is not public; ALLOW_PRIVATE_DESTINATIONS "
		               "lists exceptions",
		               c->blocked);
	}
	if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
	    (code == CURLE_OPERATION_TIMEDOUT && !c->opened))
		return say(&s->fault, ERROR_KIND_DNS, "Could not resolve the host name");
	if (code == CURLE_OPERATION_TIMEDOUT || number == ETIMEDOUT)
		return say(&s->fault, ERROR_KIND_TIMEOUT, ERROR_TEXT_CONNECT_TIMEOUT);
	s->fault.kind = ERROR_KIND_CONNECT;
	return err_say(&s->fault.text, -1, "Could not connect: %s",
	               number > 0 ? strerrordesc_np((int)number)
	                          : curl_easy_strerror(code));
}

static int64_t info_us(CURL *easy, CURLINFO what)
{
	curl_off_t value = 0;

	(void)curl_easy_getinfo(easy, what, &value);
	return value;
}

#define SET(option, value) ((void)curl_easy_setopt(s->easy, option, value))

static int connect_socket(struct sftp_session *s, const struct sftp_target *target,
                          const struct sftp_where *where)
{
	struct connecting c = { .where = where };
	bool bare = strchr(target->host, ':') && target->host[0] != '[';
	CLEANUP(freep)
	char *url = xasprintf("http://%s%s%s:%d", bare ? "[" : "", target->host,
	                      bare ? "]" : "", target->port);
	curl_socket_t socket = CURL_SOCKET_BAD;

	s->easy = curl_easy_init();
	if (!s->easy)
		abort(); /* out of memory */
	SET(CURLOPT_URL, url);
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_PROXY, where->guard ? "" : where->proxy);
	SET(CURLOPT_NOPROXY, where->guard ? "*" : "");
	SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)target->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, &c);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, &c);
	CURLcode code = curl_easy_perform(s->easy);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &socket);
	if (code != CURLE_OK)
		return judge_connect(s, &c, code);
	s->socket = socket;
	s->timing.dns_us = info_us(s->easy, CURLINFO_NAMELOOKUP_TIME_T);
	s->timing.connect_us = info_us(s->easy, CURLINFO_CONNECT_TIME_T) - s->timing.dns_us;
	return 0;
}

/* ---- SSH ---- */

/*
 * Servers have a key of each kind, and a row may pin any of them: the kinds are asked for
 * one after the other until the key is one that is pinned.
 */
static const char *const key_kinds[] = {
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-rsa",
	"ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
	"ssh-rsa",
};

/* In constant time it need not be: the key is public. */
static int check_host_key(struct sftp_session *s, const struct sftp_target *target)
{
	const char *hash = libssh2_hostkey_hash(s->ssh, LIBSSH2_HOSTKEY_HASH_SHA256);
	char text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];

	for (size_t i = 0; hash && i < target->n_host_keys; i++)
		if (memcmp(target->host_keys[i], hash, 32) == 0)
			return 0;
	s->fault.kind = ERROR_KIND_TLS;
	s->fault.broken = true;
	return err_say(&s->fault.text, -1,
	               "The host key SHA256:%s is not one of sftp.host_key_sha256",
	               hash ? sodium_bin2base64(text, sizeof(text),
	                                        (const unsigned char *)hash, 32,
	                                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
	                    : "?");
}

static int shake_hands(struct sftp_session *s, const struct sftp_target *target,
                       const char *kinds)
{
	int r;

	s->ssh = libssh2_session_init();
	if (!s->ssh)
		abort(); /* out of memory */
	libssh2_session_set_blocking(s->ssh, 0);
	(void)libssh2_session_method_pref(s->ssh, LIBSSH2_METHOD_HOSTKEY, kinds);
	UNTIL_DONE(s, r, libssh2_session_handshake(s->ssh, s->socket));
	if (r)
		return sftp_session_fail(s, r, "SSH");
	return check_host_key(s, target);
}

static int log_in_by_key(struct sftp_session *s, const struct sftp_target *t)
{
	int r;

	UNTIL_DONE(s, r,
	           libssh2_userauth_publickey_frommemory(
			   s->ssh, t->username, strlen(t->username), NULL, 0,
			   t->private_key, strlen(t->private_key), NULL));
	if (r == LIBSSH2_ERROR_FILE || r == LIBSSH2_ERROR_PROTO ||
	    r == LIBSSH2_ERROR_METHOD_NONE) {
		s->fault.broken = true;
		return say(&s->fault, ERROR_KIND_CONFIG,
		           "sftp.private_key cannot be read: an ed25519 key without a "
		           "passphrase, in OpenSSH's format or PEM");
	}
	return r;
}

static int log_in_by_password(struct sftp_session *s, const struct sftp_target *t)
{
	int r;

	UNTIL_DONE(s, r,
	           libssh2_userauth_password_ex(s->ssh, t->username,
	                                        (unsigned)strlen(t->username), t->password,
	                                        (unsigned)strlen(t->password), NULL));
	return r;
}

static bool is_refusal(int code)
{
	return code == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
	       code == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED ||
	       code == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED;
}

static int log_in(struct sftp_session *s, const struct sftp_target *t)
{
	int r = LIBSSH2_ERROR_AUTHENTICATION_FAILED;

	if (t->private_key)
		r = log_in_by_key(s, t);
	if (is_refusal(r) && t->password)
		r = log_in_by_password(s, t);
	if (r == 0)
		return 0;
	if (!is_refusal(r))
		return sftp_session_fail(s, r, "The log-in");
	s->fault.broken = true;
	return say(&s->fault, ERROR_KIND_AUTH,
	           "The server refuses the log-in: sftp.username, and its private_key or "
	           "password");
}

static int open_sftp(struct sftp_session *s)
{
	while (!(s->sftp = libssh2_sftp_init(s->ssh))) {
		int code = libssh2_session_last_errno(s->ssh);

		if (code != LIBSSH2_ERROR_EAGAIN || !sftp_session_wait(s))
			return sftp_session_fail(s, code, "SFTP");
	}
	return 0;
}

static struct sftp_session *open_with(const struct sftp_target *target,
                                      const struct sftp_where *where, int64_t deadline_ms,
                                      const char *kinds, struct sftp_fault *fault)
{
	struct sftp_session *s = xcalloc(1, sizeof(*s));
	int64_t connected_us;

	s->stop = where->stop;
	s->socket = -1;
	s->deadline_ms = deadline_ms;
	(void)snprintf(s->identity, sizeof(s->identity), "%s", target->identity);
	int r = connect_socket(s, target, where);
	connected_us = clock_mono_us();
	if (r == 0)
		r = shake_hands(s, target, kinds);
	if (r == 0)
		r = log_in(s, target);
	if (r == 0)
		r = open_sftp(s);
	s->timing.tls_us = clock_mono_us() - connected_us;
	if (r == 0)
		return s;
	*fault = s->fault;
	return sftp_session_close(s);
}

struct sftp_session *sftp_session_open(const struct sftp_target *target,
                                       const struct sftp_where *where, int64_t deadline_ms,
                                       struct sftp_fault *fault)
{
	struct sftp_fault later;

	*fault = (struct sftp_fault){ 0 };
	struct sftp_session *s = open_with(target, where, deadline_ms, key_kinds[0], fault);

	/* a key that is not pinned: perhaps another of the server's is */
	for (size_t i = 1; !s && fault->kind == ERROR_KIND_TLS && i < ARRAY_SIZE(key_kinds);
	     i++) {
		later = (struct sftp_fault){ 0 };
		s = open_with(target, where, deadline_ms, key_kinds[i], &later);
		if (s || later.kind != ERROR_KIND_TLS)
			*fault = later;
	}
	return s;
}

struct sftp_session *sftp_session_close(struct sftp_session *s)
{
	int r;

	if (!s)
		return NULL;
	s->deadline_ms = clock_mono_ms() + GOODBYE_MS;
	if (s->sftp && !s->fault.broken)
		UNTIL_DONE(s, r, libssh2_sftp_shutdown(s->sftp));
	if (s->ssh) {
		if (!s->fault.broken)
			UNTIL_DONE(s, r, libssh2_session_disconnect(s->ssh, "done"));
		/* it may want to say more to a peer that does not listen: then it is forced
		 */
		(void)shutdown(s->socket, SHUT_RDWR);
		UNTIL_DONE(s, r, libssh2_session_free(s->ssh));
		(void)r;
	}
	curl_easy_cleanup(s->easy);
	free(s);
	return NULL;
}

/* What the server says unasked (its other host keys) is no end. */
bool sftp_session_is_fresh(const struct sftp_session *s)
{
	char byte;
	ssize_t n = recv(s->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && errno == EAGAIN);
}
