/*
 * A row tried out before an event uses it: its template over a real entity, and its request
 * sent once, on a loop of this worker's own. Neither makes a log.
 */
#include "setup.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/utf8.h"
#include "message/task.h"
#include "preview/preview.h"
#include "settings/check.h"
#include "settings/settings.h"
#include "transport/transport.h"
#include "json/jdoc.h"

#include <limits.h>

#include <event2/event.h>

#define CONTEXT_MS 5000
#define SEND_MS    40000
#define SHOWN_MAX  (256 * 1024)

struct sample {
	struct settings *settings;
	const struct integration *row;
	struct preview preview;
	json_t *event;
};

static void sample_release(struct sample *s)
{
	preview_release(&s->preview);
	json_decref(s->event);
	if (s->settings)
		(void)settings_unref(s->settings);
}

/* 0, or what preview_make said; PREVIEW_E_AWAY is said here. */
static int make(struct call *call, struct sample *s, int64_t entity_id,
                struct err_text *why)
{
	const struct context_source source = { .pg = stores_pg(call->stores),
		                               .timeout_ms = CONTEXT_MS };
	struct preview_request rq = { .row = s->row,
		                      .action = action_find(s->row->action_id) };
	int result = preview_event(rq.action, s->row->lab_id, entity_id,
	                           call_body_text(call, "operation", NULL), NULL, &s->event,
	                           why);

	rq.event = s->event;
	if (result == 0)
		result = preview_make(&source, &rq, &s->preview, why);
	if (result == PREVIEW_E_AWAY)
		call_fail(call, CODE_AWAY, "PostgreSQL does not answer; try again");
	return result;
}

static json_t *text_json(const char *text, size_t len)
{
	return json_stringn_nocheck(text, len > SHOWN_MAX ? SHOWN_MAX : len);
}

/* ---- POST templates/preview ---- */

static json_t *shown_json(const struct payload_body *body)
{
	const char *text = payload_body_shown(body);

	return text_json(text, strlen(text));
}

/* "template_text, line 3, column 1: ..." */
static json_t *fault_json(const char *text)
{
	const char *line = strstr(text, "line ");
	long number = line ? strtol(line + 5, NULL, 10) : 0;

	return json_pack("[{s:o,s:s}]", "line",
	                 number > 0 ? json_integer(number) : json_null(), "detail", text);
}

static void answer_template(struct call *call, const struct sample *s, const char *fault)
{
	const struct payload_body *body = &s->preview.body;

	call_answer(call, CODE_OK,
	            json_pack("{s:o,s:o,s:o,s:b}", "body",
	                      fault || !body->data ? json_null() : shown_json(body),
	                      "content_type",
	                      body->content_type ? json_string(body->content_type)
	                                         : json_null(),
	                      "errors", fault ? fault_json(fault) : json_array(),
	                      "context_masked", false));
}

/* A row of the settings' shape, with what the body says of it. */
static json_t *draft_row(struct call *call)
{
	json_t *row = json_pack("{s:I,s:I,s:s}", "auth_id", (json_int_t)1,
	                        "action_category_list_id",
	                        (json_int_t)jdoc_int_or(call->body, "action_id", 0), "url",
	                        "http://preview.invalid/");

	jdoc_set_text(row, "template_text", call_body_text(call, "template_text", NULL));
	jdoc_set_text(row, "payload_type", call_body_text(call, "payload_type", NULL));
	return row;
}

static void keep_first(void *arg, const char *fault)
{
	struct err_text *why = arg;

	if (!why->text[0])
		(void)err_say(why, 0, "%s", fault);
}

static void preview_template(struct call *call, int64_t lab_id, int64_t entity_id)
{
	CLEANUP_JSON json_t *draft = draft_row(call);
	struct sample s = { .row = NULL };
	struct err_text why = { "" };
	char url[] = "http://preview.invalid/", name[] = "", type[] = "WEBHOOK";
	CLEANUP(freep)
	char *payload_type = xstrdup(call_body_text(call, "payload_type", "JSON"));
	const char *template = call_body_text(call, "template_text", NULL);
	CLEANUP(freep) char *template_text = template ? xstrdup(template) : NULL;
	struct integration row = {
		.lab_id = lab_id,
		.action_id = (int)jdoc_int_or(call->body, "action_id", 0),
		.request_type = REQUEST_POST,
		.url = url,
		.developer_name = name,
		.integration_type = type,
		.payload_type = payload_type,
		.template_text = template_text,
		.active = true,
	};

	(void)settings_row_check(draft, call->d->keys, keep_first, &why);
	row.extra = json_object();
	s.row = &row;
	if (!why.text[0] && make(call, &s, entity_id, &why) == 0)
		why.text[0] = '\0';
	if (!call_failed(call))
		answer_template(call, &s, why.text[0] ? why.text : NULL);
	sample_release(&s);
	json_decref(row.extra);
}

void api_template_preview(struct call *call)
{
	int64_t lab_id = jdoc_int_or(call->body, "lab_id", 0);
	int64_t entity_id = jdoc_int_or(call->body, "entity_id", 0);
	int64_t action_id = jdoc_int_or(call->body, "action_id", 0);

	if (lab_id <= 0 || lab_id > JSON_NUMBER_MAX)
		call_fault(call, "/lab_id", "lab_id is missing or no integer");
	if (entity_id <= 0 || entity_id > JSON_NUMBER_MAX)
		call_fault(call, "/entity_id", "entity_id is missing or no integer");
	if (action_id > INT_MAX || !action_find((int)action_id))
		call_fault(call, "/action_id", "action_id must be an Action ID");
	(void)call_body_text(call, "template_text", NULL);
	(void)call_body_text(call, "payload_type", NULL);
	(void)call_body_text(call, "operation", NULL);
	if (call_failed(call) || !call_lab(call, lab_id))
		return;
	/* it shows data of a patient, as revealing does */
	const struct audit audit = {
		.action = "preview",
		.object = "template",
		.lab_id = lab_id,
		.detail = json_pack("{s:I,s:I}", "action_id", (json_int_t)action_id,
		                    "entity_id", (json_int_t)entity_id),
	};
	if (call_audit(call, &audit))
		preview_template(call, lab_id, entity_id);
}

/* ---- POST integrations/{id}/test ---- */

struct exchange {
	struct event_base *loop;
	json_t *answer; /* NULL: it did not end */
};

static json_t *timing_json(const struct transport_timing *t)
{
	return json_pack("{s:f,s:f,s:f,s:f,s:f}", "dns_ms", (double)t->dns_us / 1000.0,
	                 "connect_ms", (double)t->connect_us / 1000.0, "tls_ms",
	                 (double)t->tls_us / 1000.0, "exchange_ms",
	                 (double)t->exchange_us / 1000.0, "total_ms",
	                 (double)t->total_us / 1000.0);
}

static bool is_taken(const struct transport_result *r)
{
	if (r->kind != ERROR_KIND_NONE)
		return false;
	return r->verdict != TRANSPORT_BY_CODE ||
	       outcome_of_http_code(r->status_code) == LOG_STATUS_SUCCESS;
}

static json_t *headers_json(const json_t *headers)
{
	return headers ? json_deep_copy(headers) : json_null();
}

static void on_done(const struct transport_result *r, void *arg)
{
	struct exchange *x = arg;
	size_t len;
	CLEANUP(freep)
	char *body = r->body ? utf8_repair(r->body, r->body_len, &len) : xstrdup("");

	x->answer = json_pack(
		"{s:b,s:s,s:o,s:o,s:o,s:o,s:o}", "ok", is_taken(r), "address",
		r->end_point ? r->end_point : "", "request",
		json_pack("{s:o}", "headers", headers_json(r->request_headers)), "response",
		json_pack("{s:o,s:o,s:o,s:b}", "status_code",
	                  r->status_code ? json_integer(r->status_code) : json_null(),
	                  "headers", headers_json(r->response_headers), "body",
	                  r->body ? text_json(body, strlen(body)) : json_null(), "body_cut",
	                  r->body_cut || strlen(body) > SHOWN_MAX),
		"error_kind",
		r->kind == ERROR_KIND_NONE ? json_null()
					   : json_string(error_kind_word(r->kind)),
		"error_message",
		r->error && *r->error ? json_string(r->error) : json_null(), "timing",
		timing_json(&r->timing));
	(void)event_base_loopbreak(x->loop);
}

static struct task task_of(const struct sample *s)
{
	struct task task = { .integration_id = s->row->id,
		             .lab_id = s->row->lab_id,
		             .action_id = s->row->action_id,
		             .method = s->preview.body.method,
		             .content_type = s->preview.body.content_type,
		             .payload_type = s->row->payload_type,
		             .created_at_ms = clock_wall_ms(),
		             .event_at_ms = clock_wall_ms(),
		             .context = s->event };

	/* an id of no log, so that a partner cannot mistake it for one */
	random_bytes(task.log_id.bytes, sizeof(task.log_id.bytes));
	return task;
}

/* ---- its documents (PDFs), read as the dispatcher does ---- */

struct enclosed {
	struct spool *spool;
	struct document_place *places;
	struct content_document *list;
	size_t n;
	struct buf signature;
};

static void enclosed_release(struct enclosed *e)
{
	(void)spool_free(e->spool);
	free(e->places);
	free(e->list);
	buf_deinit(&e->signature);
}

static int read_documents(struct call *call, const struct sample *s, struct enclosed *e,
                          struct err_text *why)
{
	const struct document_source from = { .pg = stores_pg(call->stores),
		                              .config = &call->d->config->document };
	const struct payload_body *body = &s->preview.body;
	int r = document_places(body->documents, body->len, e->places, why);

	if (r == 0 && spool_new(from.config->folder, &e->spool))
		r = err_say(why, DOCUMENT_E_STORAGE,
		            "DOCUMENT_SPOOL_FOLDER takes no files");
	for (size_t i = 0; i < e->n && r == 0; i++) {
		r = document_read(&from, &e->places[i], e->spool, &e->list[i], why);
		if (r == DOCUMENT_E_AWAY)
			r = document_away(&from, &e->places[i], why);
	}
	return r;
}

/* False: said. */
static bool enclose(struct call *call, const struct sample *s, struct enclosed *e,
                    struct transport_request *rq)
{
	const struct integration *row = s->row;
	struct err_text why = { "" };

	*e = (struct enclosed){ .n = json_array_size(s->preview.body.documents) };
	if (e->n == 0)
		return true;
	e->places = xcalloc(e->n, sizeof(*e->places));
	e->list = xcalloc(e->n, sizeof(*e->list));
	int r = read_documents(call, s, e, &why);
	const struct content content = { .text = rq->body,
		                         .len = rq->body_len,
		                         .documents = e->list,
		                         .n_documents = e->n };

	rq->documents = e->list;
	rq->n_documents = e->n;
	rq->signed_at_ms = clock_wall_ms();
	if (r == 0 && row->transport == TRANSPORT_HTTP && row->webhook_secret)
		r = document_sign(&content, row->webhook_secret, &rq->task->log_id,
		                  rq->signed_at_ms, &e->signature, &why);
	if (e->signature.len > 0)
		rq->signature = buf_str(&e->signature);
	if (r)
		call_fail(call, r == DOCUMENT_E_STORAGE ? CODE_AWAY : CODE_CONFLICT, "%s",
		          why.text);
	return r == 0;
}

static void send_request(struct call *call, const struct transport_request *rq,
                         struct exchange *x)
{
	static const struct timeval patience = { .tv_sec = SEND_MS / 1000 };
	const struct transport_ops *ops = transports[rq->row->transport];
	struct transport *transport = NULL;
	struct err_text why = { "" };
	int result = ops->open(&transport, &call->d->config->transport, x->loop, &why);

	if (result == 0)
		result = ops->send(transport, rq, on_done, x, &why);
	if (result == 0) {
		(void)event_base_loopexit(x->loop, &patience);
		(void)event_base_dispatch(x->loop);
	}
	(void)ops->close(transport);
	if (result)
		call_fail(call, CODE_CONFLICT, "the row cannot be used: %s", why.text);
	else if (!x->answer)
		call_fail(call, CODE_AWAY, "no answer within %d s", SEND_MS / 1000);
}

static void exchange(struct call *call, const struct sample *s, struct exchange *x)
{
	const struct task task = task_of(s);
	struct transport_request rq = { .row = s->row,
		                        .task = &task,
		                        .body = s->preview.body.data,
		                        .body_len = s->preview.body.len };
	struct enclosed enclosed;

	if (enclose(call, s, &enclosed, &rq))
		send_request(call, &rq, x);
	enclosed_release(&enclosed);
}

static void send_sample(struct call *call, const struct sample *s)
{
	struct exchange x = { .loop = event_base_new() };
	const struct payload_body *body = &s->preview.body;
	const char *shown = payload_body_shown(body);

	if (!x.loop)
		abort();
	exchange(call, s, &x);
	event_base_free(x.loop);
	if (call_failed(call)) {
		json_decref(x.answer);
		return;
	}
	json_t *request = json_object_get(x.answer, "request");
	(void)json_object_set_new(request, "method", json_string(s->preview.method));
	(void)json_object_set_new(request, "body", text_json(shown, strlen(shown)));
	call_answer(call, CODE_OK, x.answer);
}

/* Whether it can be tried at all; false: said. */
static bool can_send(struct call *call, const struct integration *row)
{
	if (row->config_error)
		call_fail(call, CODE_CONFLICT, "the row cannot be used: %s",
		          row->config_error);
	else if (!transports[row->transport])
		call_fail(call, CODE_CONFLICT, "%s cannot be tried from here",
		          transport_word(row->transport));
	else if (row->auth_type == AUTH_OAUTH2_CLIENT_CREDENTIALS)
		call_fail(call, CODE_CONFLICT,
		          "OAuth 2 tokens are the dispatcher's: send an event to try it");
	return !call_failed(call);
}

static void try_row(struct call *call, struct sample *s)
{
	int64_t entity_id = jdoc_int_or(call->body, "entity_id", 0);
	struct err_text why = { "" };
	const struct audit audit = { .action = "test",
		                     .object = "integration",
		                     .object_id = call->parts[0],
		                     .lab_id = s->row->lab_id,
		                     .detail = json_pack("{s:I}", "entity_id",
		                                         (json_int_t)entity_id) };
	int result = make(call, s, entity_id, &why);

	if (result) {
		json_decref(audit.detail);
		if (!call_failed(call))
			call_fault(call, "/entity_id", "nothing would be sent: %s",
			           why.text);
		return;
	}
	if (call_audit(call, &audit))
		send_sample(call, s);
}

void api_integration_test(struct call *call)
{
	struct sample s = { .row = NULL };
	int64_t id, entity_id = jdoc_int_or(call->body, "entity_id", 0);
	int result;

	if (!call_path_int(call, 0, &id) || !sees_integration(call, call->parts[0]))
		return;
	if (entity_id <= 0 || entity_id > JSON_NUMBER_MAX)
		call_fault(call, "/entity_id",
		           "entity_id is missing: a bill, patient ... of this lab");
	(void)call_body_text(call, "operation", NULL);
	if (call_failed(call))
		return;
	result = stores_settings(call->stores, &s.settings);
	if (result) {
		call_postgres_failed(call, result);
		return;
	}
	s.row = settings_find(s.settings, id);
	if (!s.row || !action_find(s.row->action_id))
		call_fail(call, CODE_NOT_FOUND, "no integration has this id");
	else if (can_send(call, s.row))
		try_row(call, &s);
	sample_release(&s);
}
