/*
 * HTTP(S): libcurl's multi interface driven by libevent. curl says which sockets and which
 * time-out it waits for; libevent wakes it; finished requests are read off afterwards, so
 * done() never runs inside a call of curl's or of send().
 */
#include "base/clock.h"
#include "transport/http_exchange.h"
#include "transport/oauth.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE_HANDLES_MAX = 64, KEPT_CONNECTIONS = 256 };

TAILQ_HEAD(exchange_list, http_exchange);

struct transport {
	const struct transport_ops *ops;
	const struct transport_config *config;
	struct event_base *loop;
	struct event *timer;
	CURLM *multi;
	CURLSH *share; /* TLS sessions */
	struct address_guard *guard;
	struct oauth *oauth;
	struct exchange_list active, idle;
	size_t n_idle;
};

static void recycle(struct transport *t, struct http_exchange *x)
{
	if (t->n_idle == IDLE_HANDLES_MAX) {
		(void)http_exchange_free(x);
		return;
	}
	http_exchange_clear(x);
	TAILQ_INSERT_HEAD(&t->idle, x, link);
	t->n_idle++;
}

/*
 * Of a request that timed out, curl does not say whether its connection stood (TLS hangs
 * look the same): the socket knows, as long as it is open. Connections outlive requests,
 * hence the search.
 */
static int on_close_socket(void *arg, curl_socket_t s)
{
	struct transport *t = arg;
	struct http_exchange *x;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	TAILQ_FOREACH (x, &t->active, link) {
		if (x->socket == s) {
			x->reached = getpeername(s, (struct sockaddr *)&peer, &len) == 0;
			break;
		}
	}
	return close(s);
}

static struct http_exchange *create(struct transport *t)
{
	struct http_exchange *x = http_exchange_new(t->config);

	x->guard = t->config->egress_proxy && *t->config->egress_proxy ? NULL : t->guard;
	x->share = t->share;
	x->on_close = on_close_socket;
	x->owner = t;
	return x;
}

static struct http_exchange *obtain(struct transport *t)
{
	struct http_exchange *x = TAILQ_FIRST(&t->idle);

	if (!x)
		return create(t);
	TAILQ_REMOVE(&t->idle, x, link);
	t->n_idle--;
	return x;
}

static void finish(struct transport *t, CURL *easy, CURLcode code)
{
	struct http_exchange *x = NULL;
	struct transport_result result;
	struct err_text text;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
	(void)curl_multi_remove_handle(t->multi, easy);
	TAILQ_REMOVE(&t->active, x, link);
	http_exchange_result(x, code, &result, &text);
	x->done(&result, x->arg);
	recycle(t, x);
}

static void read_finished(struct transport *t)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(t->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			finish(t, message->easy_handle, message->data.result);
}

static void act(struct transport *t, curl_socket_t s, int events)
{
	int running;

	(void)curl_multi_socket_action(t->multi, s, events, &running);
	read_finished(t);
}

static void on_socket_event(evutil_socket_t s, short what, void *arg)
{
	act(arg, s,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) |
	            (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer_event(evutil_socket_t s, short what, void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* curl: wait for these events of this socket from now on. */
static int on_watch(CURL *easy, curl_socket_t s, int what, void *arg, void *socket_arg)
{
	struct transport *t = arg;
	struct event *e = socket_arg;

	if (e)
		event_free(e);
	if (what == CURL_POLL_REMOVE) {
		(void)curl_multi_assign(t->multi, s, NULL);
		return 0;
	}
	e = event_new(t->loop, s,
	              (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	                      (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST),
	              on_socket_event, t);
	(void)event_add(e, NULL);
	(void)curl_multi_assign(t->multi, s, e);
	return 0;
}

/* curl: call me after so many ms; -1: no need. */
static int on_wait(CURLM *multi, long timeout_ms, void *arg)
{
	struct transport *t = arg;

	if (timeout_ms < 0) {
		(void)evtimer_del(t->timer);
	} else {
		struct timeval tv = {
			.tv_sec = timeout_ms / 1000,
			.tv_usec = timeout_ms % 1000 * 1000,
		};
		(void)evtimer_add(t->timer, &tv);
	}
	return 0;
}

/* An oauth_send_fn. */
static int start(void *transport, const struct transport_request *rq,
                 transport_done_fn done, void *arg, struct err_text *why)
{
	struct transport *t = transport;
	struct http_exchange *x = obtain(t);
	int r = http_exchange_prepare(x, rq, clock_wall_ms(), why);

	if (r != 0) {
		recycle(t, x);
		return r;
	}
	x->done = done;
	x->arg = arg;
	TAILQ_INSERT_TAIL(&t->active, x, link);
	(void)curl_multi_add_handle(t->multi, x->easy);
	return 0;
}

static int http_send(struct transport *t, const struct transport_request *rq,
                     transport_done_fn done, void *arg, struct err_text *why)
{
	if (rq->row->auth_type == AUTH_OAUTH2_CLIENT_CREDENTIALS)
		return oauth_send(t->oauth, rq, done, arg, why);
	return start(t, rq, done, arg, why);
}

static void free_all(struct exchange_list *list)
{
	struct http_exchange *x;

	while ((x = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, x, link);
		(void)http_exchange_free(x);
	}
}

static struct transport *http_close(struct transport *t)
{
	struct http_exchange *x;

	if (!t)
		return NULL;
	TAILQ_FOREACH (x, &t->active, link)
		(void)curl_multi_remove_handle(t->multi, x->easy);
	free_all(&t->active);
	free_all(&t->idle);
	(void)oauth_free(t->oauth);
	(void)curl_multi_cleanup(t->multi);
	(void)curl_share_cleanup(t->share);
	event_free(t->timer);
	(void)address_guard_free(t->guard);
	free(t);
	return NULL;
}

static void open_multi(struct transport *t)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	t->multi = curl_multi_init();
	t->share = curl_share_init();
	if (!t->multi || !t->share)
		abort(); /* out of memory */
	(void)curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	(void)curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
	(void)curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
	(void)curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_wait);
	(void)curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
	(void)curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
}

static int http_open(struct transport **out, const struct transport_config *config,
                     struct event_base *loop, struct err_text *why)
{
	struct address_guard *guard;

	if (address_guard_new(config->allow_private, &guard, why) != 0)
		return TRANSPORT_E_CONFIG;
	struct transport *t = xcalloc(1, sizeof(*t));

	t->ops = &transport_http;
	t->config = config;
	t->loop = loop;
	t->guard = guard;
	TAILQ_INIT(&t->active);
	TAILQ_INIT(&t->idle);
	t->timer = evtimer_new(loop, on_timer_event, t);
	open_multi(t);
	t->oauth = oauth_new(loop, start, t);
	*out = t;
	return 0;
}

const struct transport_ops transport_http = {
	.kind = TRANSPORT_HTTP,
	.open = http_open,
	.send = http_send,
	.close = http_close,
};
