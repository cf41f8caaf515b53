#include "transport/oauth.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "transport/oauth_token.h"

#include <event2/event.h>
#include <sodium.h>
#include <sys/queue.h>

enum {
	TOKENS_MAX = 1024, /* kept; those in use are bounded by the requests */
	WAIT_FIRST_MS = 1000,
	WAIT_MAX_MS = 60000,
};

struct metric oauth_metric_requests =
	METRIC_COUNTER("oauth_token_requests_total",
                       "Access tokens asked for, by what came of it.", "result");
struct metric oauth_metric_waiting = METRIC_GAUGE(
	"oauth_waiting", "Requests to partners that wait for an access token.", NULL);
struct metric oauth_metric_tokens =
	METRIC_GAUGE("oauth_tokens", "Access tokens kept, or wanted.", NULL);

TAILQ_HEAD(call_list, call);
TAILQ_HEAD(token_list, token);

/* One token, or the wish for it. */
struct token {
	TAILQ_ENTRY(token) link; /* the last used first */
	struct oauth *o;
	unsigned char key[OAUTH_KEY_SIZE];
	char *text;          /* NULL: none yet, or of no use any more */
	int64_t until_ms;    /* monotonic */
	unsigned generation; /* counts the tokens */
	/* the request under way */
	bool fetching;
	int64_t asked_ms;
	struct oauth_request request;
	struct call_list waiting; /* for it */
	/* the last one that failed */
	unsigned failures;  /* in a row */
	unsigned refusals;  /* of fresh tokens by the partner, in a row */
	int64_t not_before; /* monotonic: the server is left alone until then */
	enum error_kind kind;
	struct err_text why;
	size_t users; /* calls that point here */
};

/* One request of a row: in its token's `waiting`, `flying`, or `failed`. */
struct call {
	TAILQ_ENTRY(call) link;
	struct token *token;
	struct transport_request rq;
	transport_done_fn done;
	void *arg;
	unsigned generation; /* of the token it was sent with */
	bool renewed;        /* it had its second try */
};

struct oauth {
	oauth_send_fn send;
	void *sender;
	struct event *failing; /* runs `failed` from the loop */
	struct token_list tokens;
	size_t n_tokens;
	struct call_list flying;
	struct call_list failed; /* their token could not be had */
};

static struct token *token_free(struct token *t)
{
	TAILQ_REMOVE(&t->o->tokens, t, link);
	t->o->n_tokens--;
	metric_add(&oauth_metric_tokens, NULL, -1);
	if (t->text)
		sodium_memzero(t->text, strlen(t->text));
	free(t->text);
	oauth_request_release(&t->request);
	free(t);
	return NULL;
}

static void make_room(struct oauth *o)
{
	struct token *t = TAILQ_LAST(&o->tokens, token_list), *before;

	for (; t && o->n_tokens >= TOKENS_MAX; t = before) {
		before = TAILQ_PREV(t, token_list, link);
		if (t->users == 0 && !t->fetching)
			(void)token_free(t);
	}
}

static struct token *obtain(struct oauth *o, const struct integration *row)
{
	unsigned char key[OAUTH_KEY_SIZE];
	struct token *t;

	oauth_key(row, key);
	TAILQ_FOREACH (t, &o->tokens, link)
		if (memcmp(t->key, key, sizeof(key)) == 0)
			break;
	if (t) {
		TAILQ_REMOVE(&o->tokens, t, link);
	} else {
		make_room(o);
		t = xcalloc(1, sizeof(*t));
		t->o = o;
		memcpy(t->key, key, sizeof(key));
		TAILQ_INIT(&t->waiting);
		o->n_tokens++;
		metric_add(&oauth_metric_tokens, NULL, 1);
	}
	TAILQ_INSERT_HEAD(&o->tokens, t, link);
	return t;
}

/* ---- the requests ---- */

static void forget(struct call *c)
{
	c->token->users--;
	free(c);
}

static void end_call(struct call *c, const struct transport_result *r)
{
	transport_done_fn done = c->done;
	void *arg = c->arg;

	forget(c);
	done(r, arg);
}

static void end_unsent(struct call *c, enum error_kind kind, const char *error)
{
	struct err_text copy; /* the text may be the token's, which done() may change */

	(void)err_say(&copy, 0, "%s", error);
	const struct transport_result r = { .kind = kind, .error = copy.text };
	end_call(c, &r);
}

static void go_on(struct call *c);

static bool is_usable(const struct token *t, int64_t now_ms)
{
	return t->text && now_ms < t->until_ms;
}

/* Whether a 401 is worth another token: not when fresh ones were refused just now. */
static bool renew(struct call *c)
{
	struct token *t = c->token;
	int64_t now_ms = clock_mono_ms();

	if (c->renewed)
		t->refusals++;
	if (c->renewed ||
	    (t->refusals > 0 &&
	     now_ms < t->asked_ms +
	                      backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, t->refusals, 0)))
		return false;
	c->renewed = true;
	if (t->generation == c->generation) /* nobody else renewed it meanwhile */
		t->until_ms = 0;
	return true;
}

static void on_answer(const struct transport_result *r, void *arg)
{
	struct call *c = arg;

	TAILQ_REMOVE(&c->token->o->flying, c, link);
	if (r->kind == ERROR_KIND_NONE && r->status_code == 401 && renew(c)) {
		go_on(c);
		return;
	}
	if (r->kind == ERROR_KIND_NONE && r->status_code != 401)
		c->token->refusals = 0;
	end_call(c, r);
}

/* Its token is there. TRANSPORT_E_CONFIG: the call is still the caller's. */
static int start(struct call *c, struct err_text *why)
{
	struct token *t = c->token;
	struct oauth *o = t->o;

	c->rq.access_token = t->text;
	c->generation = t->generation;
	int r = o->send(o->sender, &c->rq, on_answer, c, why);
	c->rq.access_token = NULL; /* it may be renewed before the answer */
	if (r == 0)
		TAILQ_INSERT_TAIL(&o->flying, c, link);
	return r;
}

static void start_or_end(struct call *c)
{
	struct err_text why = { "" };

	if (start(c, &why) != 0)
		end_unsent(c, ERROR_KIND_CONFIG, why.text);
}

static void fail_later(struct call *c)
{
	struct oauth *o = c->token->o;

	TAILQ_INSERT_TAIL(&o->failed, c, link);
	event_active(o->failing, EV_TIMEOUT, 0);
}

static void on_failing(evutil_socket_t fd, short what, void *arg)
{
	struct oauth *o = arg;
	struct call_list list = TAILQ_HEAD_INITIALIZER(list);
	struct call *c;

	TAILQ_CONCAT(&list, &o->failed, link);
	while ((c = TAILQ_FIRST(&list))) {
		TAILQ_REMOVE(&list, c, link);
		end_unsent(c, c->token->kind, c->token->why.text);
	}
}

/* ---- the token ---- */

static void note_failure(struct token *t, enum error_kind kind)
{
	metric_add(&oauth_metric_requests, error_kind_word(kind), 1);
	t->kind = kind;
	t->failures++;
	t->not_before = clock_mono_ms() + backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS,
	                                                  t->failures, random_u32());
}

static void take_answer(struct token *t, const struct transport_result *r)
{
	char *text = NULL;
	int64_t valid_ms = 0;

	if (oauth_answer_read(r, &text, &valid_ms, &t->why) != 0) {
		note_failure(t, r->kind == ERROR_KIND_BLOCKED ? r->kind : ERROR_KIND_AUTH);
		return;
	}
	if (t->text)
		sodium_memzero(t->text, strlen(t->text));
	free(t->text);
	t->text = text;
	t->until_ms = t->asked_ms + valid_ms;
	t->generation++;
	t->failures = 0;
	metric_add(&oauth_metric_requests, "token", 1);
}

/* All that waited get the token, even one that is over at once. */
static void on_token(const struct transport_result *r, void *arg)
{
	struct token *t = arg;
	unsigned generation = t->generation;
	struct call_list list = TAILQ_HEAD_INITIALIZER(list);
	struct call *c;

	take_answer(t, r);
	t->fetching = false;
	oauth_request_release(&t->request);
	bool fetched = t->generation != generation;
	TAILQ_CONCAT(&list, &t->waiting, link);
	t->users++; /* done() may send, and sending may make room */
	while ((c = TAILQ_FIRST(&list))) {
		TAILQ_REMOVE(&list, c, link);
		metric_add(&oauth_metric_waiting, NULL, -1);
		if (!fetched)
			end_unsent(c, t->kind, t->why.text);
		else
			start_or_end(c);
	}
	t->users--;
}

static int fetch(struct token *t, const struct integration *row, struct err_text *why)
{
	static const struct task task = {
		.method = "POST",
		.content_type = "application/x-www-form-urlencoded",
	};

	oauth_request_make(row, &t->request);
	const struct transport_request rq = {
		.row = &t->request.row,
		.task = &task,
		.body = t->request.body,
		.body_len = strlen(t->request.body),
		.bare = true,
	};
	t->asked_ms = clock_mono_ms();
	int r = t->o->send(t->o->sender, &rq, on_token, t, why);
	t->fetching = r == 0;
	if (r != 0)
		oauth_request_release(&t->request);
	return r;
}

/* Waits for the token, or fails later. */
static void want_token(struct call *c)
{
	struct token *t = c->token;
	struct err_text why = { "" };

	if (!t->fetching && clock_mono_ms() < t->not_before) {
		fail_later(c);
		return;
	}
	if (!t->fetching && fetch(t, c->rq.row, &why) != 0) {
		(void)err_say(&t->why, 0, "auth.token_%s", why.text);
		note_failure(t, ERROR_KIND_CONFIG);
		fail_later(c);
		return;
	}
	TAILQ_INSERT_TAIL(&t->waiting, c, link);
	metric_add(&oauth_metric_waiting, NULL, 1);
}

/* After a 401: with the token that another call has renewed meanwhile, or a new one. */
static void go_on(struct call *c)
{
	if (is_usable(c->token, clock_mono_ms()))
		start_or_end(c);
	else
		want_token(c);
}

/* ---- the outside ---- */

struct oauth *oauth_new(struct event_base *loop, oauth_send_fn send, void *sender)
{
	struct oauth *o = xcalloc(1, sizeof(*o));

	o->send = send;
	o->sender = sender;
	o->failing = event_new(loop, -1, 0, on_failing, o);
	TAILQ_INIT(&o->tokens);
	TAILQ_INIT(&o->flying);
	TAILQ_INIT(&o->failed);
	return o;
}

static void drop_all(struct call_list *list)
{
	struct call *c;

	while ((c = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, c, link);
		forget(c);
	}
}

struct oauth *oauth_free(struct oauth *o)
{
	struct token *t;

	if (!o)
		return NULL;
	drop_all(&o->flying);
	drop_all(&o->failed);
	while ((t = TAILQ_FIRST(&o->tokens))) {
		drop_all(&t->waiting);
		(void)token_free(t);
	}
	event_free(o->failing);
	free(o);
	return NULL;
}

int oauth_send(struct oauth *o, const struct transport_request *rq, transport_done_fn done,
               void *arg, struct err_text *why)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->token = obtain(o, rq->row);
	c->token->users++;
	c->rq = *rq;
	c->done = done;
	c->arg = arg;
	if (!is_usable(c->token, clock_mono_ms())) {
		want_token(c);
		return 0;
	}
	int r = start(c, why);
	if (r != 0)
		forget(c);
	return r;
}
