#include "message/task.h"

#include "message/fields.h"
#include "json/jdoc.h"

#define MEMBER(member, shape, must)                                                        \
	{                                                                                  \
		.name = #member, .kind = (shape), .offset = offsetof(struct task, member), \
		.required = (must)                                                         \
	}

static const struct field fields[] = {
	MEMBER(log_id, FIELD_LOG_ID, true),
	MEMBER(integration_id, FIELD_INT64, true),
	MEMBER(lab_id, FIELD_INT64, true),
	MEMBER(action_id, FIELD_INT, true),
	MEMBER(settings_version, FIELD_INT64, false),
	MEMBER(attempt, FIELD_INT, false),
	MEMBER(retry_id, FIELD_TEXT, false),
	MEMBER(method, FIELD_TEXT, true),
	MEMBER(content_type, FIELD_TEXT, false),
	MEMBER(payload_type, FIELD_TEXT, false),
	MEMBER(traceparent, FIELD_TEXT, false),
	MEMBER(created_at_ms, FIELD_INT64, false),
	MEMBER(event_at_ms, FIELD_INT64, false),
	MEMBER(triggered_by_py3, FIELD_BOOL, false),
	MEMBER(resend, FIELD_BOOL, false),
	MEMBER(order_key, FIELD_TEXT, false),
	MEMBER(order_place, FIELD_INT64, false),
	MEMBER(vendor_fax_id, FIELD_TEXT, false),
	MEMBER(check, FIELD_BOOL, false),
	MEMBER(older, FIELD_BOOL, false),
	MEMBER(unsure_since_ms, FIELD_INT64, false),
	MEMBER(automatic, FIELD_BOOL, false),
	MEMBER(ended, FIELD_BOOL, false),
	MEMBER(context, FIELD_OBJECT, false),
	MEMBER(records, FIELD_ARRAY, false),
	MEMBER(documents, FIELD_ARRAY, false),
};

char *task_encode(const struct task *t)
{
	CLEANUP_JSON json_t *doc = fields_encode(fields, ARRAY_SIZE(fields), t);

	return jdoc_dump(doc, NULL);
}

static int check(const struct task *t, struct err_text *why)
{
	if (t->attempt < 0)
		return err_say(why, MESSAGE_E_INVALID, "attempt must not be negative");
	if (t->attempt > 0 && !t->retry_id)
		return err_say(why, MESSAGE_E_INVALID,
		               "retry_id is missing, which every later attempt has");
	return 0;
}

static int read_records(struct task *t, struct err_text *why)
{
	const json_t *record;
	size_t i;

	if (!t->records)
		return 0;
	t->record_ids = xcalloc(json_array_size(t->records) + 1, sizeof(*t->record_ids));
	json_array_foreach (t->records, i, record)
		if (!log_id_parse(jdoc_text_or(record, "log_id", ""), &t->record_ids[i]) ||
		    !json_is_object(json_object_get(record, "context")))
			return err_say(why, MESSAGE_E_INVALID,
			               "records[%zu] must have a log_id and a context", i);
	if (i == 0 || !log_id_equal(&t->record_ids[0], &t->log_id) || t->attempt > 0)
		return err_say(why, MESSAGE_E_INVALID,
		               "records must begin with the task's own, of attempt 0");
	return 0;
}

int task_decode(const char *json, size_t len, struct task *out, struct err_text *why)
{
	*out = (struct task){ .owner = jdoc_parse(json, len, why) };
	int result =
		out->owner ? fields_decode(fields, ARRAY_SIZE(fields), out->owner, out, why)
			   : MESSAGE_E_INVALID;

	if (result == 0)
		result = check(out, why);
	if (result == 0)
		result = read_records(out, why);
	if (result)
		task_release(out);
	else if (!out->payload_type)
		out->payload_type = "";
	return result;
}

void task_release(struct task *t)
{
	free(t->record_ids);
	json_decref(t->owner);
	*t = (struct task){ 0 };
}

size_t task_logs(const struct task *t)
{
	return t->records ? json_array_size(t->records) : 1;
}

const struct log_id *task_log(const struct task *t, size_t i)
{
	return t->record_ids ? &t->record_ids[i] : &t->log_id;
}

bool task_has_log(const struct task *t, const struct log_id *id)
{
	for (size_t i = 0; i < task_logs(t); i++)
		if (log_id_equal(task_log(t, i), id))
			return true;
	return false;
}
