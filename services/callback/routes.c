/* What each address does with its body, on a worker thread. */
#include "http.h"

#include "base/clock.h"
#include "logstore/update.h"
#include "message/fields.h"
#include "message/posted.h"
#include "secrets/mask.h"
#include "vendor.h"
#include "json/jdoc.h"

#define LOOKUP_MS 5000
#define NOTE_MS   5000
#define NOTE_MAX  16384 /* bytes */

void call_fail(struct call *call, int code, const char *why)
{
	call->code = code;
	json_decref(call->answer);
	call->answer = json_pack("{s:o}", "error", fields_text(why));
}

/* False: nobody can say, so the report is taken, and sorted out when the log is written. */
static bool is_surely_unknown(struct stores *s, const struct log_id *id)
{
	char key[LOG_ID_HEX_SIZE];
	int64_t deadline_ms = clock_mono_ms() + LOOKUP_MS, lag;
	bool exists;

	if (!s->logs && logstore_open(&s->config->logstore, &s->logs, NULL))
		return false;
	if (logstore_exists(s->logs, id, &exists) || exists)
		return false;
	/* a log that trigger could not insert waits in the topic, under the same key */
	if (!s->lag && kafka_lag_open(&s->config->kafka, "callback", &s->lag, NULL))
		return false;
	(void)log_id_to_hex(id, key);
	return kafka_lag_of_key(s->lag, KAFKA_TOPIC_CALLBACKS, key, strlen(key),
	                        deadline_ms, &lag) == 0 &&
	       lag == 0 && logstore_exists(s->logs, id, &exists) == 0 && !exists;
}

/* The reader copied them, so they are ours to change. */
static void mask_headers(const json_t *headers)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe((json_t *)(uintptr_t)headers, next, name, value)
	{
		if (mask_wants(name, strlen(name)))
			(void)json_object_set_new((json_t *)(uintptr_t)headers, name,
			                          json_string(MASK_TEXT));
	}
}

static void accept_report(struct call *call, struct report *report)
{
	CLEANUP(freep)
	char *end_point = report->end_point ? mask_url(report->end_point) : NULL;

	if (is_surely_unknown(call->stores, &report->log_id)) {
		call_fail(call, CODE_NOT_FOUND, "no log has this log_id");
		return;
	}
	report->end_point = end_point;
	report->occurred_at_ms = clock_wall_ms();
	mask_headers(report->request_headers);
	mask_headers(report->response_headers);
	call->value = report_encode(report);
	(void)log_id_to_hex(&report->log_id, call->key);
	call->code = CODE_ACCEPTED;
	call->answer = json_pack("{s:s,s:s}", "log_id", call->key, "result", "accepted");
}

static void take_report(struct call *call, int (*read)(const char *, size_t, int64_t,
                                                       struct report *, struct err_text *))
{
	struct report report;
	struct err_text why = { "" };

	if (read(call->request->body, call->request->body_len,
	         call->stores->config->logstore.body_limit, &report, &why)) {
		call_fail(call, CODE_BAD, why.text);
		return;
	}
	accept_report(call, &report);
	report_release(&report);
}

static void run_callback(struct call *call)
{
	take_report(call, posted_read);
}

static void run_mirth(struct call *call)
{
	take_report(call, posted_read_mirth);
}

static const char *note_text(const json_t *doc)
{
	const char *note = jdoc_text_or(doc, "note", "");

	return *note ? note : jdoc_text_or(doc, "message", "");
}

static void write_note(struct call *call, const char *lab_id, const char *bill_id,
                       const char *note)
{
	struct stores *s = call->stores;
	const char *params[] = { lab_id, bill_id, note, call->route->path + 1 };

	if (!s->pg)
		s->pg = pg_open(&s->config->postgres);
	switch (pg_query(
		s->pg,
		"INSERT INTO integration.activity_log (lab_id, bill_id, note, source) "
		"VALUES ($1, $2, $3, $4)",
		params, ARRAY_SIZE(params), clock_mono_ms() + NOTE_MS, NULL)) {
	case 0:
		call->code = CODE_OK;
		call->answer = json_pack("{s:s}", "result", "written");
		break;
	case PG_E_REFUSED:
		call_fail(call, CODE_INTERNAL, "the note could not be written");
		break;
	default:
		call_fail(call, CODE_AWAY, "PostgreSQL does not answer");
		break;
	}
}

static void run_note(struct call *call)
{
	struct err_text why = { "" };
	CLEANUP_JSON json_t *doc =
		jdoc_parse(call->request->body, call->request->body_len, &why);
	const json_t *bill = json_object_get(doc, "bill_id");
	char lab_text[24], bill_text[24];
	int64_t lab_id, bill_id = 0;

	if (!json_is_object(doc))
		call_fail(call, CODE_BAD,
		          doc ? "the body must be a JSON object" : why.text);
	else if (!posted_int(json_object_get(doc, "lab_id"), &lab_id))
		call_fail(call, CODE_BAD, "lab_id is missing or no integer");
	else if (bill && !json_is_null(bill) && !posted_int(bill, &bill_id))
		call_fail(call, CODE_BAD, "bill_id must be an integer");
	else if (!*note_text(doc))
		call_fail(call, CODE_BAD, "note (or message) is missing or no text");
	else if (strlen(note_text(doc)) > NOTE_MAX)
		call_fail(call, CODE_BAD, "note is longer than 16384 bytes");
	else {
		(void)snprintf(lab_text, sizeof(lab_text), "%lld", (long long)lab_id);
		(void)snprintf(bill_text, sizeof(bill_text), "%lld", (long long)bill_id);
		write_note(call, lab_text, bill && !json_is_null(bill) ? bill_text : NULL,
		           note_text(doc));
	}
}

static const struct route routes[] = {
	{ .path = "/integration-callback", .run = run_callback },
	{ .path = "/mirth-status", .run = run_mirth },
	{ .path = "/integration-status-callback", .run = run_note, .flags = ROUTE_NOTES },
	{ .path = "/jio-integration-status-callback",
	  .run = run_note,
	  .flags = ROUTE_NOTES },
	{ .path = "/vendor-callbacks/{vendor}/{secret}",
	  .run = run_vendor,
	  .flags = ROUTE_OPEN },
};

const struct route *route_find(const char *path, char parts[][HTTP_PART_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (http_path_match(routes[i].path, path, parts))
			return &routes[i];
	return NULL;
}
