#include "preview/preview.h"

#include "base/clock.h"
#include "event/labevent.h"
#include "secrets/mask.h"
#include "transport/http_headers.h"
#include "json/jdoc.h"

/* What only the sender knows. */
#define NO_TOKEN MASK_TEXT

static int read_event(const json_t *envelope, json_t **out, struct err_text *why)
{
	CLEANUP(freep) char *text = jdoc_dump(envelope, NULL);
	struct labevent_header header = { .name = "content-type",
		                          .value = "application/cloudevents+json",
		                          .len = 28 };
	const struct labevent_message message = { .value = text,
		                                  .len = strlen(text),
		                                  .headers = &header,
		                                  .n_headers = 1,
		                                  .timestamp_ms = clock_wall_ms() };
	struct labevent event;
	int r = labevent_parse(&message, &event, why);

	if (r == 0 && (event.n_records == 0 || event.records[0].fault))
		r = err_say(why, 1, "%s",
		            event.n_records ? event.records[0].fault : "records is empty");
	if (r == 0)
		*out = labevent_context(&event, 0);
	labevent_release(&event);
	return r ? PREVIEW_E_EVENT : 0;
}

int preview_event(const struct action *action, int64_t lab_id, int64_t entity_id,
                  const char *operation, const json_t *more, json_t **out,
                  struct err_text *why)
{
	CLEANUP_JSON json_t *envelope = json_object();
	json_t *data = json_object();

	jdoc_set_int(data, action_family_key(action->family), entity_id);
	jdoc_set_text(data, "operation", operation);
	if (more)
		(void)json_object_update(data, (json_t *)(uintptr_t)more);
	jdoc_set_int(data, "action_id", action->id);
	jdoc_set_int(data, "lab_id", lab_id);
	jdoc_set_text(envelope, "specversion", "1.0");
	jdoc_set_text(envelope, "id", "preview");
	jdoc_set_text(envelope, "source", "/preview");
	(void)json_object_set_new(envelope, "data", data);
	return read_event(envelope, out, why);
}

/* What the payload is made of. */
struct inputs {
	json_t *context;
	json_t *reports; /* NULL: the action needs none */
};

static void inputs_deinit(struct inputs *inputs)
{
	json_decref(inputs->context);
	json_decref(inputs->reports);
}

static int find_inputs(const struct contexts *contexts, const struct preview_request *rq,
                       int64_t id, struct inputs *out, struct err_text *why)
{
	int64_t lab_id = jdoc_int_or(rq->event, "lab_id", 0);
	const char *text = NULL;

	if (contexts_find(contexts, rq->action->family, lab_id, id, &text, why) != 0 ||
	    contexts_find_reports(contexts, lab_id,
	                          payload_report_ids(rq->action, rq->event), &out->reports,
	                          why) != 0)
		return PAYLOAD_E_BUILD;
	out->context = jdoc_parse(text, strlen(text), NULL);
	if (!json_is_object(out->context))
		return err_say(why, PAYLOAD_E_BUILD,
		               "lis_api.%s_context gave no usable JSON",
		               action_family_name(rq->action->family));
	return 0;
}

static int read_inputs(const struct context_source *source,
                       const struct preview_request *rq, struct inputs *out,
                       struct err_text *why)
{
	CLEANUP(contexts_freep) struct contexts *contexts = contexts_new();
	int64_t lab_id = jdoc_int_or(rq->event, "lab_id", 0), id = 0;
	int r = payload_entity_id(rq->action, rq->event, &id, why);

	if (r)
		return r;
	contexts_want(contexts, rq->action->family, lab_id, id);
	contexts_want_reports(contexts, lab_id, payload_report_ids(rq->action, rq->event));
	if (contexts_fetch(contexts, source) != 0)
		return err_say(why, PREVIEW_E_AWAY, "PostgreSQL does not answer");
	return find_inputs(contexts, rq, id, out, why);
}

static char *end_point_of(const struct integration *row, const struct preview *p)
{
	CLEANUP(freep) char *whole = NULL;

	if (row->transport == TRANSPORT_HTTP && row->request_type == REQUEST_GET &&
	    p->body.len > 0)
		whole = xasprintf("%s%c%s", row->url, strchr(row->url, '?') ? '&' : '?',
		                  p->body.data);
	return mask_url(whole ? whole : row->end_point ? row->end_point : row->url);
}

static int make_headers(const struct preview_request *rq, struct preview *p,
                        struct err_text *why)
{
	const struct task task = { .log_id = rq->log_id,
		                   .method = p->body.method,
		                   .content_type = p->body.content_type,
		                   .attempt = rq->attempt };
	const struct transport_request request = { .row = rq->row,
		                                   .task = &task,
		                                   .body = p->body.data,
		                                   .body_len = p->body.len,
		                                   .access_token = NO_TOKEN };
	struct http_headers headers;
	int r = http_headers_build(&headers, &request, clock_wall_ms(), why);

	if (r == 0)
		p->headers = http_headers_to_json(&headers);
	http_headers_release(&headers);
	return r ? PAYLOAD_E_CONFIG : 0;
}

static void put_in_array(struct payload_body *body)
{
	const struct payload_body *const parts[] = { body };
	struct payload_body array;

	payload_join(parts, 1, &array);
	payload_body_release(body);
	*body = array;
}

static int render(const struct preview_request *rq, const struct payload *payload,
                  struct preview *out, struct err_text *why)
{
	const struct payload_attempt attempt = { .log_id = rq->log_id,
		                                 .number = rq->attempt,
		                                 .now_ms = clock_wall_ms() };
	bool is_http = rq->row->transport == TRANSPORT_HTTP;
	int r = payload_render(payload, rq->action, rq->row, &attempt, &out->body, why);

	if (r)
		return r;
	if (payload_is_batched(rq->row, rq->event, &out->body))
		put_in_array(&out->body);
	out->method = is_http ? out->body.method : "";
	memcpy(out->sha256, out->body.sha256, sizeof(out->sha256));
	out->end_point = end_point_of(rq->row, out);
	return is_http ? make_headers(rq, out, why) : 0;
}

int preview_make(const struct context_source *source, const struct preview_request *rq,
                 struct preview *out, struct err_text *why)
{
	CLEANUP(inputs_deinit) struct inputs inputs = { 0 };
	struct payload payload = { 0 };

	*out = (struct preview){ .method = "" };
	int r = read_inputs(source, rq, &inputs, why);
	if (r)
		return r;
	const struct payload_source from = { .action = rq->action,
		                             .context = inputs.context,
		                             .event = rq->event,
		                             .reports = inputs.reports };
	r = payload_make(&from, &payload, why);
	if (r == 0)
		r = render(rq, &payload, out, why);
	payload_release(&payload);
	return r;
}

void preview_release(struct preview *p)
{
	payload_body_release(&p->body);
	free(p->end_point);
	json_decref(p->headers);
	*p = (struct preview){ .method = "" };
}
