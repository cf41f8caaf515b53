#include "post.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "http1/rules.h"
#include "log/log.h"
#include "message/inbound_call.h"
#include "message/posted.h"
#include "people.h"
#include "secrets/mask.h"
#include "secrets/tokens.h"
#include "sender.h"
#include "json/jdoc.h"

#include <stdio.h>

#define BODY_MAX    ((size_t)16 << 20)
#define QUEUE_LIMIT 64
#define BYTES_MAX   ((size_t)64 << 20)

struct posts {
	struct gateway *gw;
	struct worker *worker;
	size_t bytes; /* of all bodies under way */
};

struct post {
	struct posts *posts;
	struct call *call; /* NULL: nobody waits for the answer */
	struct buf body;
	struct directory *directory;
	bool working;
	/* the answer */
	int code;
	char *answer;
};

struct posts *posts_open(struct gateway *gw)
{
	struct posts *p = xcalloc(1, sizeof(*p));

	p->gw = gw;
	p->worker = worker_new(gw->ctx, "posts", QUEUE_LIMIT);
	return p;
}

struct posts *posts_close(struct posts *p)
{
	if (p) {
		p->worker = worker_free(p->worker);
		free(p);
	}
	return NULL;
}

static void free_post(struct post *post)
{
	post->posts->bytes -= post->body.len;
	buf_deinit(&post->body);
	directory_unref(post->directory);
	free(post->answer);
	free(post);
}

void post_abandon(struct post *post)
{
	post->call = NULL;
	if (!post->working)
		free_post(post);
}

/* Ends the call, and the post with it. */
static void answer(struct post *post, int code, const char *json)
{
	const char *header = code == 503   ? "Retry-After: 5\r\n"
	                     : code == 405 ? "Allow: POST\r\n"
	                                   : "";
	char label[8];

	(void)snprintf(label, sizeof(label), "%d", code);
	metric_add(&metric_posted, label, 1);
	if (post->call)
		call_answer_json(post->call, code, json, header);
}

static void say(struct post *post, int code, const char *why)
{
	CLEANUP_JSON json_t *doc = json_pack("{s:s}", "error", why);

	post->code = code;
	free(post->answer);
	post->answer = jdoc_dump(doc, NULL);
}

static void refuse(struct post *post, int code, const char *why)
{
	say(post, code, why);
	CLEANUP(freep) char *json = STEAL(post->answer);
	answer(post, code, json);
}

/* ---- on the worker ---- */

static void mask_headers(json_t *record, const char *member)
{
	json_t *headers = json_object_get(record, member);
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(headers, next, name,
	                         value) if (mask_wants(name, strlen(name)))(void)
		json_object_set_new(headers, name, json_string(MASK_TEXT));
}

/* Without the key, wherever in it. */
static void mask_address(json_t *record, const char *member, const char *key)
{
	const char *address = json_string_value(json_object_get(record, member));

	if (!address)
		return;
	CLEANUP(freep) char *masked = mask_url(address);
	const char *at = key && *key ? strstr(masked, key) : NULL;
	CLEANUP(freep)
	char *shown = at ? xasprintf("%.*s" MASK_TEXT "%s", (int)(at - masked), masked,
	                             at + strlen(key))
	                 : xstrdup(masked);
	(void)json_object_set_new(record, member, json_string(shown));
}

static void mask_record(json_t *record)
{
	static const char *const names[] = { "auth_key", "authKey", "token" };
	const char *key = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !key; i++)
		key = json_string_value(json_object_get(record, names[i]));
	mask_headers(record, "request_headers");
	mask_headers(record, "response_headers");
	mask_address(record, "end_point", key);
	mask_address(record, "path", key);
}

static void cut(json_t *record, const char *member, const char *flag, size_t limit)
{
	const json_t *body = json_object_get(record, member);
	size_t len = json_string_length(body);

	if (len <= limit)
		return;
	(void)json_object_set_new(
		record, member,
		json_stringn(json_string_value(body),
	                     utf8_cut(json_string_value(body), len, limit)));
	(void)json_object_set_new(record, flag, json_true());
}

/* What the record says itself stands. */
static void take_developer(json_t *record, const struct developer *d)
{
	int64_t lab_id = d->lab_id;

	if (posted_int(json_object_get(record, "lab_id"), &lab_id) && lab_id != d->lab_id)
		return;
	jdoc_set_int(record, "lab_id", d->lab_id);
	if (!json_object_get(record, "auth_id"))
		jdoc_set_int(record, "auth_id", d->auth_id);
	if (!json_object_get(record, "org_id"))
		jdoc_set_int(record, "org_id", d->org_id);
	if (!json_object_get(record, "developer_name"))
		jdoc_set_text(record, "developer_name", d->name);
}

/* Whose key it is; the key itself is not kept. */
static void resolve_key(const struct post *post, json_t *record)
{
	static const char *const names[] = { "auth_key", "authKey", "token" };
	char shown[] = "****\0\0\0\0";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *key = json_string_value(json_object_get(record, names[i]));
		const struct developer *d =
			key ? directory_find(post->directory, key, strlen(key),
		                             clock_wall_ms())
			    : NULL;

		if (!key)
			continue;
		if (d)
			take_developer(record, d);
		if (strlen(key) >= 12)
			memcpy(shown + 4, key + strlen(key) - 4, 4);
		(void)json_object_del(record, names[i]);
		(void)json_object_set_new(record, "token", json_string(shown));
		return;
	}
}

static char *make_message(const struct post *post, json_t *record, int64_t *lab_id,
                          size_t *len, struct err_text *why)
{
	size_t limit = (size_t)post->posts->gw->config->body_limit;
	char now[CLOCK_ISO_SIZE];
	struct inbound_call call;

	if (json_is_object(record)) {
		mask_record(record);
		resolve_key(post, record);
	}
	if (inbound_call_take(record, &call, why))
		return NULL;
	cut(record, "request_body", "request_body_truncated", limit);
	cut(record, "response_body", "response_body_truncated", limit);
	if (inbound_call_take(record, &call, why))
		return NULL;
	if (!call.occurred_at)
		call.occurred_at = clock_format_iso(clock_wall_ms(), now);
	*lab_id = call.lab_id;
	return inbound_call_encode(&call, len);
}

/* 0, or the code of the answer. All of them, or none. */
static int read_records(struct post *post, json_t *list, struct buf *batch)
{
	json_t *record;
	size_t i;

	json_array_foreach (list, i, record) {
		CLEANUP(buf_deinit) struct buf piece = BUF_INIT(0);
		struct err_text why = { "" };
		int64_t lab_id;
		size_t len;
		CLEANUP(freep) char *json = make_message(post, record, &lab_id, &len, &why);

		if (!json) {
			CLEANUP(freep)
			char *text = json_array_size(list) > 1
			                     ? xasprintf("record %zu: %s", i, why.text)
			                     : xstrdup(why.text);

			say(post, 400, text);
			return 400;
		}
		sender_append_message(&piece, lab_id, json, len);
		if (journal_add(batch, piece.data, piece.len)) {
			say(post, 413, "a record is too large");
			return 413;
		}
	}
	return 0;
}

static void keep(struct post *post, size_t n, const struct buf *batch)
{
	struct journal *journal = post->posts->gw->journal;
	int result = journal_append(journal, batch);

	if (result == 0)
		result = journal_sync(journal);
	if (result) {
		say(post, 503, "the records cannot be kept now");
		return;
	}
	metric_add(&metric_recorded, "posted", (double)n);
	sender_wake(post->posts->gw->sender);
	post->code = 202;
	post->answer = xasprintf("{\"accepted\":%zu}", n);
}

static void run(void *job)
{
	struct post *post = job;
	struct err_text why = { "" };
	CLEANUP(buf_deinit) struct buf batch = BUF_INIT(0);
	json_t *doc = posted_parse(buf_str(&post->body), post->body.len, &why);
	CLEANUP_JSON json_t *list = json_is_array(doc) ? doc : json_array();

	if (doc && !json_is_array(doc))
		(void)json_array_append_new(list, doc);
	if (!doc) {
		say(post, 400, why.text);
		return;
	}
	if (read_records(post, list, &batch) == 0)
		keep(post, json_array_size(list), &batch);
}

static void done(void *job)
{
	struct post *post = job;
	CLEANUP(freep) char *json = STEAL(post->answer);
	int code = post->code;

	post->working = false;
	if (post->call) {
		answer(post, code, json); /* frees the post */
		return;
	}
	free_post(post);
}

/* ---- on the loop ---- */

void post_begin(struct call *call)
{
	struct gateway *gw = call->gw;
	struct post *post = xcalloc(1, sizeof(*post));
	const struct http1_header *token = http1_find(call->request, "x-internal-token");
	const struct http1_header *expect = http1_find(call->request, "expect");

	*post = (struct post){ .posts = gw->posts, .call = call };
	call->post = post;
	client_phase(call->client, PHASE_BODY);
	if (strcmp(call->request->method, "POST") != 0)
		refuse(post, 405, "only POST is served here");
	else if (!tokens_accept(gw->tokens, token ? token->value : NULL))
		refuse(post, 401, "x-internal-token is missing or wrong");
	else if (call->request->length > BODY_MAX)
		refuse(post, 413, "the body is larger than 16 MiB");
	else if (expect)
		wire_send(&call->client->wire, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

void post_take_body(struct post *post, const char *data, size_t len)
{
	if (post->body.len + len > BODY_MAX) {
		refuse(post, 413, "the body is larger than 16 MiB");
	} else if (post->posts->bytes + len > BYTES_MAX) {
		refuse(post, 503, "too many requests are under way");
	} else {
		buf_append(&post->body, data, len);
		post->posts->bytes += len;
		client_phase(post->call->client, PHASE_BODY);
	}
}

/* A key that was made a moment ago is known, too. */
void post_complete(struct post *post)
{
	if (people_ask(post->posts->gw->people, post->call))
		client_phase(post->call->client, PHASE_KEYS);
	else
		post_submit(post);
}

void post_submit(struct post *post)
{
	client_phase(post->call->client, PHASE_WORK);
	post->directory = directory_ref(people_now(post->posts->gw->people));
	post->working = true;
	if (worker_submit(post->posts->worker, run, done, post))
		return;
	post->working = false;
	refuse(post, 503, "too many requests are under way");
}
