#include "run_requests.h"

#include "base/clock.h"
#include "logstore/retry.h"
#include "scheduler.h"
#include "json/jdoc.h"

#define ACK_MS 10000

struct sending {
	const struct run_tools *tools;
	const struct runner_run *run;
	const struct runner_item **kafka; /* that go there */
	size_t n_kafka;
	json_t *written;
	struct err_text *why;
	bool away;
};

static void write_asked(struct sending *s, const struct runner_item *item)
{
	(void)json_array_append_new(
		s->written, json_pack("{s:I,s:b}", "n", (json_int_t)item->n, "asked", 1));
}

static void write_refused(struct sending *s, const struct runner_item *item,
                          const char *why)
{
	(void)json_array_append_new(s->written,
	                            json_pack("{s:I,s:s,s:s}", "n", (json_int_t)item->n,
	                                      "state", "REFUSED", "error", why));
}

static json_t *request_json(const struct runner_run *run, const struct runner_item *item)
{
	json_t *json = json_object();
	char hex[LOG_ID_HEX_SIZE];

	jdoc_set_text(json, "log_id", log_id_to_hex(&item->log_id, hex));
	jdoc_set_text(json, "retry_id", item->retry_id);
	jdoc_set_int(json, "lab_id", item->lab_id);
	jdoc_set_text(json, "kind", "MANUAL");
	jdoc_set_text(json, "requested_by", run->requested_by);
	if (run->resend)
		(void)json_object_set_new(json, "resend", json_true());
	return json;
}

/* ---- what the log says now ---- */

/* NULL: it may be asked for. */
static const char *refuse(const struct runner_run *run, const struct retried_log *log,
                          char room[64])
{
	const char *word = jdoc_text_or(log->log, "status", "");
	enum log_status status = LOG_STATUS_QUEUED;

	if (!log->log)
		return "not_found";
	(void)log_status_parse(word, &status);
	if (run->resend || status == LOG_STATUS_FAIL || status == LOG_STATUS_QUEUED)
		return NULL;
	(void)snprintf(room, 64, "the log is %s meanwhile", *word ? word : "suppressed");
	return room;
}

static bool has_attempt(const struct retried_log *log, const char *retry_id)
{
	static const struct event_position nowhere = { .topic = "" };
	struct retry_known known;

	return retried_log_find(log, retry_id, &nowhere, &known);
}

static void post_py3(struct sending *s, const struct runner_item *item)
{
	CLEANUP_JSON json_t *json = request_json(s->run, item);
	CLEANUP(freep) char *body = jdoc_dump(json, NULL);
	struct err_text said = { "" };

	if (!s->tools->py3) {
		write_refused(s, item, "a log of py3, and PY3_RETRY_URL is not set");
		return;
	}
	if (s->away)
		return;
	switch (py3_post(s->tools->py3, body, &said)) {
	case 0:
		metric_add(&metric_run_requests, "py3", 1);
		write_asked(s, item);
		break;
	case PY3_E_REFUSED: {
		CLEANUP(freep) char *text = xasprintf("py3's route %s", said.text);

		write_refused(s, item, text);
		break;
	}
	default:
		metric_add(&metric_py3_failures, NULL, 1);
		s->away = true;
		(void)err_say(s->why, 0, "py3's route: %s", said.text);
	}
}

static void sort_out(struct sending *s, const struct runner_item *item,
                     const struct retried_log *log)
{
	char room[64];
	const char *refused;

	if (log->log && has_attempt(log, item->retry_id)) {
		write_asked(s, item); /* its result is watched from now on */
		return;
	}
	refused = refuse(s->run, log, room);
	if (refused)
		write_refused(s, item, refused);
	else if (item->triggered_by_py3)
		post_py3(s, item);
	else
		s->kafka[s->n_kafka++] = item;
}

/* ---- the asking ---- */

static int add_request(struct kafka_batch *batch, const struct sending *s,
                       const struct runner_item *item, int64_t deadline_ms)
{
	CLEANUP_JSON json_t *json = request_json(s->run, item);
	struct kafka_message m = { .topic = KAFKA_TOPIC_RETRIES, .partition = -1 };
	CLEANUP(freep) char *text = jdoc_dump(json, &m.value_len);
	char hex[LOG_ID_HEX_SIZE];

	m.value = text;
	m.key = log_id_to_hex(&item->log_id, hex);
	m.key_len = LOG_ID_HEX_SIZE - 1;
	return kafka_batch_add(batch, &m, deadline_ms);
}

static void send_kafka(struct sending *s)
{
	int64_t deadline_ms = clock_mono_ms() + ACK_MS;
	struct kafka_batch *batch = kafka_batch_new(s->tools->producer);
	int result = 0;

	for (size_t i = 0; i < s->n_kafka && result == 0; i++)
		result = add_request(batch, s, s->kafka[i], deadline_ms);
	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	if (result) {
		s->away = true;
		(void)err_say(s->why, 0, "requests were not acknowledged");
		return;
	}
	metric_add(&metric_run_requests, "kafka", (double)s->n_kafka);
	for (size_t i = 0; i < s->n_kafka; i++)
		write_asked(s, s->kafka[i]);
}

bool run_requests_send(const struct run_tools *tools, const struct runner_run *run,
                       const struct runner_item *items, size_t n, json_t **written,
                       struct err_text *why)
{
	CLEANUP(freep) struct log_id *ids = xcalloc(n, sizeof(*ids));
	CLEANUP(freep) struct retried_log *logs = xcalloc(n, sizeof(*logs));
	CLEANUP(freep)
	const struct runner_item **kafka = xcalloc(n, sizeof(struct runner_item *));
	struct sending s = { .tools = tools,
		             .run = run,
		             .kafka = kafka,
		             .written = json_array(),
		             .why = why };

	*written = s.written;
	for (size_t i = 0; i < n; i++)
		ids[i] = items[i].log_id;
	if (logstore_read_retried(tools->store, ids, n, logs)) {
		(void)err_say(why, 0, "mongodb: %s", logstore_error(tools->store));
		return false;
	}
	for (size_t i = 0; i < n; i++)
		sort_out(&s, &items[i], &logs[i]);
	if (s.n_kafka)
		send_kafka(&s);
	for (size_t i = 0; i < n; i++)
		retried_log_release(&logs[i]);
	return !s.away;
}
