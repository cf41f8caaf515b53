/*
 * One more attempt of one log. Whether it is granted is trigger's to say; what can be said
 * at once is said here. A log of py3 goes to that application's route; the dashboard serves
 * this route as well, for a fleet without a second application.
 */
#include "api.h"

#include "base/utf8.h"
#include "message/fields.h"
#include "transport/py3.h"
#include "json/jdoc.h"

#define RETRY_ID_MAX 64 /* characters */

struct wish {
	struct log_id log_id;
	char hex[LOG_ID_HEX_SIZE];
	const char *retry_id;
	int64_t lab_id;
	bool resend;
	bool known; /* that retry_id is taken by this log */
	bool py3;
	json_t *log;
};

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static void read_retry_id(struct call *call, struct wish *w)
{
	const json_t *id = json_object_get(call->body, "retry_id");

	w->retry_id = json_string_value(id);
	if (!w->retry_id)
		call_fault(call, "/retry_id", "retry_id is missing or no text");
	else if (!*w->retry_id || count_characters(w->retry_id) > RETRY_ID_MAX)
		call_fault(call, "/retry_id", "retry_id has 1 to %d characters",
		           RETRY_ID_MAX);
}

static void read_wish(struct call *call, struct wish *w)
{
	const json_t *lab = json_object_get(call->body, "lab_id");
	const json_t *resend = json_object_get(call->body, "resend");

	read_retry_id(call, w);
	if (!json_is_integer(lab))
		call_fault(call, "/lab_id", "lab_id is missing or no integer");
	if (resend && !json_is_boolean(resend))
		call_fault(call, "/resend", "resend must be true or false");
	w->lab_id = json_integer_value(lab);
	w->resend = json_is_true(resend);
	(void)log_id_to_hex(&w->log_id, w->hex);
}

static bool read_log(struct call *call, struct wish *w)
{
	struct log_id owner;

	w->log = api_read_log(call, &w->log_id);
	if (!w->log)
		return false;
	if (jdoc_int_or(w->log, "lab_id", -1) != w->lab_id) {
		call_fail(call, CODE_NOT_FOUND, "this lab has no log of this log_id");
		return false;
	}
	if (logstore_find_retry(stores_logs(call->stores), w->retry_id, &w->known,
	                        &owner)) {
		call_store_away(call);
		return false;
	}
	if (w->known && !log_id_equal(&owner, &w->log_id)) {
		call_fail(call, CODE_CONFLICT, "this retry_id is another log's");
		return false;
	}
	w->py3 = jdoc_bool_or(w->log, "triggered_by_py3", false);
	return true;
}

/* Can it be sent again? A request that was accepted before is not asked about. */
static bool may_retry(struct call *call, const struct wish *w)
{
	enum log_status status;
	const char *word = jdoc_text_or(w->log, "status", "");

	if (w->known)
		return true;
	if (strcmp(jdoc_text_or(w->log, "integration_type", ""), "API") == 0) {
		call_fail(call, CODE_CONFLICT,
		          "an inbound call is the partner's to send again");
		return false;
	}
	if (!w->resend && log_status_parse(word, &status) && status != LOG_STATUS_FAIL &&
	    status != LOG_STATUS_QUEUED) {
		call_fail(call, CODE_CONFLICT,
		          "the log is %s, and only FAIL and QUEUED are retried; with "
		          "\"resend\": true it is sent again",
		          *word ? word : "suppressed");
		return false;
	}
	return true;
}

static json_t *request_json(const struct call *call, const struct wish *w)
{
	json_t *json = json_object();
	bool automatic =
		call->who.via == VIA_INTERNAL && strncmp(w->retry_id, "auto-", 5) == 0;

	jdoc_set_text(json, "log_id", w->hex);
	jdoc_set_text(json, "retry_id", w->retry_id);
	jdoc_set_int(json, "lab_id", w->lab_id);
	jdoc_set_text(json, "kind", automatic ? "AUTO" : "MANUAL");
	jdoc_set_text(json, "requested_by",
	              jdoc_text_or(call->body, "requested_by", call->who.login));
	if (call->who.via != VIA_INTERNAL)
		jdoc_set_text(json, "requested_by", call->who.login);
	else if (automatic)
		jdoc_set_text(json, "requested_by", "retry-scheduler");
	if (w->resend)
		(void)json_object_set_new(json, "resend", json_true());
	return json;
}

static bool produce(struct call *call, const struct wish *w)
{
	CLEANUP_JSON json_t *json = request_json(call, w);
	struct kafka_message m = { .topic = KAFKA_TOPIC_RETRIES,
		                   .partition = -1,
		                   .key = w->hex,
		                   .key_len = LOG_ID_HEX_SIZE - 1 };
	CLEANUP(freep) char *text = jdoc_dump(json, &m.value_len);

	m.value = text;
	return call_produce(call, &m);
}

static bool post_py3(struct call *call, const struct wish *w)
{
	CLEANUP_JSON json_t *json = request_json(call, w);
	CLEANUP(freep) char *text = jdoc_dump(json, NULL);
	struct py3 *py3 = stores_py3(call->stores);
	struct err_text why = { "" };

	if (!py3) {
		call_fail(call, CODE_CONFLICT,
		          "the second application retries this log, and PY3_RETRY_URL is "
		          "not set");
		return false;
	}
	switch (py3_post(py3, text, &why)) {
	case 0:
		return true;
	case PY3_E_REFUSED:
		call_fail(call, CODE_CONFLICT, "the second application refused it: it %s",
		          why.text);
		return false;
	default:
		call_fail(call, CODE_AWAY, "the second application cannot be asked: %s",
		          why.text);
		return false;
	}
}

static bool note_it(struct call *call, const struct wish *w)
{
	struct audit audit = { .action = w->resend ? "resend" : "retry",
		               .object = "log",
		               .object_id = w->hex,
		               .lab_id = w->lab_id,
		               .detail = json_pack("{s:s}", "retry_id", w->retry_id) };

	/* py3's own retries, and the scheduler's, are no person's */
	if (call->who.via == VIA_INTERNAL) {
		json_decref(audit.detail);
		return true;
	}
	return call_audit(call, &audit);
}

enum address { ADDRESS_NEW, ADDRESS_OLD, ADDRESS_PY3 };

static bool is_right_address(struct call *call, const struct wish *w, enum address address)
{
	if (address == ADDRESS_NEW || w->py3 == (address == ADDRESS_PY3))
		return true;
	call_fail(
		call, CODE_CONFLICT,
		w->py3 ? "the log is py3's: POST /api-v3/integration/retry-integration/"
		       : "the log is none of py3's: POST /integration/retry-integration/");
	return false;
}

static void retry(struct call *call, struct wish *w, enum address address)
{
	bool sent;

	if (!read_log(call, w) || !is_right_address(call, w, address) ||
	    !may_retry(call, w))
		return;
	if (!w->known) {
		if (!note_it(call, w))
			return;
		sent = w->py3 && address == ADDRESS_NEW ? post_py3(call, w)
		                                        : produce(call, w);
		if (!sent)
			return;
	}
	call_answer(call, CODE_ACCEPTED,
	            json_pack("{s:s,s:s,s:I,s:s}", "log_id", w->hex, "retry_id",
	                      w->retry_id, "lab_id", (json_int_t)w->lab_id, "result",
	                      "accepted"));
}

void api_log_retry(struct call *call)
{
	struct wish w = { .log = NULL };

	if (!call_path_log_id(call, &w.log_id))
		return;
	read_wish(call, &w);
	if (!call_failed(call))
		retry(call, &w, ADDRESS_NEW);
	json_decref(w.log);
}

static void retry_by_body(struct call *call, enum address address)
{
	struct wish w = { .log = NULL };
	const char *text = jdoc_text_or(call->body, "log_id", "");

	if (!log_id_parse(text, &w.log_id))
		call_fault(call, "/log_id", "log_id is missing, or no 24 hex digits");
	read_wish(call, &w);
	if (!call_failed(call))
		retry(call, &w, address);
	json_decref(w.log);
}

void api_old_retry(struct call *call)
{
	retry_by_body(call, ADDRESS_OLD);
}

void api_old_py3_retry(struct call *call)
{
	retry_by_body(call, ADDRESS_PY3);
}
