#include "logstore/call.h"

#include "base/clock.h"
#include "logstore/store.h"
#include "mongo/convert.h"

#include <strings.h>

/* As in the rows: 0 GET, 1 POST, 2 PUT, 3 DELETE; -1: another. */
static int type_of(const char *method)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };

	for (size_t i = 0; method && i < ARRAY_SIZE(methods); i++)
		if (strcasecmp(methods[i], method) == 0)
			return (int)i;
	return -1;
}

static struct log_entry entry_of(const struct log_call *c)
{
	const struct inbound_call *call = c->call;
	int64_t occurred_ms = c->inserted_at_ms;

	if (call->occurred_at)
		(void)clock_parse_iso(call->occurred_at, &occurred_ms);
	return (struct log_entry){
		.id = c->id,
		.integration_type = "API",
		.operation = call->operation,
		.action_category = call->action_category,
		.auth_id = call->auth_id,
		.transport = "http",
		.developer_name = call->developer_name,
		.lab_id = call->lab_id,
		.org_id = call->org_id,
		.bill_id = call->bill_id,
		.patient_id = call->patient_id,
		.lrr_id = call->lrr_id,
		.report_id = call->report_id,
		.status = inbound_call_status(call),
		.end_point = call->end_point ? call->end_point : call->path,
		.request_type = type_of(call->method),
		.request_headers = call->request_headers,
		.request_body = call->request_body,
		.error_kind = call->error_kind,
		.error_message = call->error_message,
		.traceparent = call->traceparent,
		.inserted_at_ms = c->inserted_at_ms,
		.activity_date_ms = occurred_ms,
		.position = c->position,
		.response_headers = call->response_headers,
		.response_body = call->response_body,
		.response_status_code = call->response_status_code,
		.response_time_ms = call->response_time,
	};
}

/* The body was cut where the call was recorded. */
static void append_cut(bson_t *to, const char *flag, bool cut)
{
	bson_iter_t it;

	if (cut && !bson_iter_init_find(&it, to, flag))
		(void)BSON_APPEND_BOOL(to, flag, true);
}

static bson_t *document_of(const struct log_call *c, int64_t body_limit)
{
	const struct inbound_call *call = c->call;
	struct log_entry entry = entry_of(c);
	bson_t *doc = entry_to_bson(&entry, body_limit);

	convert_append_text(doc, "ip", call->ip);
	convert_append_text(doc, "origin", call->origin);
	convert_append_text(doc, "method", call->method);
	convert_append_text(doc, "path", call->path);
	convert_append_text(doc, "token", call->token);
	convert_append_text(doc, "record_id", call->record_id);
	if (call->appointment_id)
		(void)BSON_APPEND_INT64(doc, "appointment_id", call->appointment_id);
	append_cut(doc, "request_body_truncated", call->request_body_truncated);
	append_cut(doc, "response_body_truncated", call->response_body_truncated);
	return doc;
}

static enum add_result result_of(int code)
{
	if (code == 0)
		return ADD_NEW;
	return code == MONGO_DUPLICATE ? ADD_THERE_ALREADY : ADD_REFUSED;
}

int logstore_add_calls(struct logstore *s, const struct log_call *calls, size_t n,
                       enum add_result *results, json_t **rows)
{
	CLEANUP(freep) bson_t **docs = xcalloc(n + 1, sizeof(*docs));
	CLEANUP(freep) int *codes = xcalloc(n + 1, sizeof(*codes));

	for (size_t i = 0; i < n; i++)
		docs[i] = document_of(&calls[i], s->body_limit);
	int result = n ? mongo_insert(s->mongo, LOGSTORE_LOGS, docs, n, codes) : 0;
	for (size_t i = 0; i < n; i++) {
		results[i] = result_of(codes[i]);
		rows[i] = result == 0 && codes[i] == 0 ? row_from_bson(docs[i]) : NULL;
		bson_destroy(docs[i]);
	}
	return result ? LOGSTORE_E_AWAY : 0;
}
