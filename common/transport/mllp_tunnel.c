#include "transport/mllp_tunnel.h"

#include "base/buf.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <sodium.h>
#include <sys/socket.h>

enum { HEAD_MAX = 8192 };

struct mllp_tunnel {
	int fd;
	struct event *event;
	struct buf request, head;
	mllp_tunnel_fn done;
	void *arg;
};

static char *part(CURLU *url, CURLUPart what)
{
	char *text = NULL;

	(void)curl_url_get(url, what, &text, CURLU_URLDECODE | CURLU_DEFAULT_PORT);
	char *copy = text ? xstrdup(text) : NULL;
	curl_free(text);
	return copy;
}

static char *authorization_of(const char *user, const char *password)
{
	CLEANUP(freep) char *plain = xasprintf("%s:%s", user, password ? password : "");
	size_t len = strlen(plain);
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	CLEANUP(freep) char *encoded = xcalloc(size, 1);

	(void)sodium_bin2base64(encoded, size, (const unsigned char *)plain, len,
	                        sodium_base64_VARIANT_ORIGINAL);
	return xasprintf("Basic %s", encoded);
}

static void without_brackets(char *host)
{
	size_t len = strlen(host);

	if (len < 2 || host[0] != '[')
		return;
	memmove(host, host + 1, len - 2);
	host[len - 2] = '\0';
}

bool mllp_proxy_parse(const char *text, struct mllp_proxy *out)
{
	CURLU *url = curl_url();

	*out = (struct mllp_proxy){ 0 };
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
		CLEANUP(freep) char *scheme = part(url, CURLUPART_SCHEME);
		CLEANUP(freep) char *port = part(url, CURLUPART_PORT);
		CLEANUP(freep) char *user = part(url, CURLUPART_USER);
		CLEANUP(freep) char *password = part(url, CURLUPART_PASSWORD);

		if (scheme && strcmp(scheme, "http") == 0)
			out->host = part(url, CURLUPART_HOST);
		out->port = port ? (int)strtol(port, NULL, 10) : 0;
		if (user)
			out->authorization = authorization_of(user, password);
	}
	curl_url_cleanup(url);
	if (!out->host)
		return false;
	without_brackets(out->host);
	return true;
}

void mllp_proxy_release(struct mllp_proxy *proxy)
{
	free(proxy->host);
	free(proxy->authorization);
	*proxy = (struct mllp_proxy){ 0 };
}

static void finish(struct mllp_tunnel *t, const char *refusal)
{
	(void)event_del(t->event);
	t->done(refusal, t->arg); /* closes it */
}

static void judge(struct mllp_tunnel *t)
{
	const char *head = buf_str(&t->head);
	struct err_text why;

	if (t->head.len < 12 || strncmp(head, "HTTP/1.", 7) != 0) {
		finish(t, "The proxy does not answer in HTTP");
		return;
	}
	(void)err_say(&why, 0, "The proxy refused: HTTP %.3s", head + 9);
	finish(t, head[9] == '2' ? "" : why.text);
}

/* Byte by byte: what follows the head is the peer's. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct mllp_tunnel *t = arg;
	ssize_t n;
	char c;

	while ((n = recv(fd, &c, 1, MSG_DONTWAIT)) == 1) {
		buf_append_char(&t->head, c);
		if (t->head.truncated) {
			finish(t, "The proxy answers without end");
			return;
		}
		if (c == '\n' && t->head.len >= 4 &&
		    strcmp(buf_str(&t->head) + t->head.len - 4, "\r\n\r\n") == 0) {
			judge(t);
			return;
		}
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		finish(t, "The proxy ended the connection");
}

struct mllp_tunnel *mllp_tunnel_open(struct event_base *loop, int fd,
                                     const struct mllp_proxy *proxy, const char *host,
                                     int port)
{
	struct mllp_tunnel *t = xcalloc(1, sizeof(*t));
	bool bare = strchr(host, ':') != NULL;
	CLEANUP(freep)
	char *to = xasprintf("%s%s%s:%d", bare ? "[" : "", host, bare ? "]" : "", port);

	t->fd = fd;
	t->head = BUF_INIT(HEAD_MAX);
	t->request = BUF_INIT(0);
	buf_printf(&t->request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", to, to);
	if (proxy->authorization)
		buf_printf(&t->request, "Proxy-Authorization: %s\r\n",
		           proxy->authorization);
	buf_append_str(&t->request, "\r\n");
	t->event = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable, t);
	return t;
}

void mllp_tunnel_start(struct mllp_tunnel *t, mllp_tunnel_fn done, void *arg)
{
	t->done = done;
	t->arg = arg;
	/* a new socket has room for it; if not, the proxy's silence ends it */
	(void)send(t->fd, t->request.data, t->request.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)event_add(t->event, NULL);
}

struct mllp_tunnel *mllp_tunnel_close(struct mllp_tunnel *t)
{
	if (!t)
		return NULL;
	event_free(t->event);
	buf_deinit(&t->request);
	buf_deinit(&t->head);
	free(t);
	return NULL;
}
