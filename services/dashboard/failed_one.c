/* One message of integration.failed-tasks: its bytes shown to who says why, and sent again.
 */
#include "failed.h"

#include "base/clock.h"
#include "kafka/reader.h"
#include "json/jdoc.h"

#include <limits.h>

#define READ_MS 8000

static bool parse_id(const char *text, int *partition, int64_t *offset)
{
	char *end;
	long p = strtol(text, &end, 10);

	if (end == text || *end != '-' || p < 0 || p > INT_MAX)
		return false;
	const char *second = end + 1;
	*offset = strtoll(second, &end, 10);
	*partition = (int)p;
	return end != second && !*end && *offset >= 0;
}

/* Of nobody's who may not see it. */
static void take(struct call *call, const struct kafka_message *m,
                 void (*then)(struct call *call, const struct kafka_message *m))
{
	if (failed_may_see(call, failed_lab(m)))
		then(call, m);
	else
		call_fail(call, CODE_NOT_FOUND, "there is no such failed task");
}

static void with_task(struct call *call,
                      void (*then)(struct call *call, const struct kafka_message *m))
{
	struct kafka_reader *reader = NULL;
	struct kafka_message m;
	int64_t offset, deadline_ms = clock_mono_ms() + READ_MS;
	int partition;
	bool found = false;

	if (!parse_id(call->parts[0], &partition, &offset)) {
		call_fail(call, CODE_NOT_FOUND, "the id of a failed task is 2-17");
		return;
	}
	int result = kafka_reader_open_at(&call->d->config->kafka, KAFKA_TOPIC_FAILED,
	                                  partition, offset, deadline_ms, &reader, NULL);
	if (result == KAFKA_E_TOO_LARGE ||
	    (result && partition >= kafka_topics[KAFKA_TOPIC_FAILED].partitions)) {
		call_fail(call, CODE_NOT_FOUND, "there is no such failed task");
		return;
	}
	while (!result && !found && clock_mono_ms() < deadline_ms)
		found = kafka_reader_next(reader, 200, &m);
	if (!found)
		call_fail(call, CODE_AWAY, "Kafka does not answer; try again");
	else if (m.offset != offset)
		call_fail(call, CODE_NOT_FOUND, "there is no such failed task any more");
	else
		take(call, &m, then);
	(void)kafka_reader_close(reader);
}

static bool note(struct call *call, const char *action, const struct kafka_message *m)
{
	const char *reason = call_body_text(call, "reason", NULL);
	const struct audit audit = { .action = action,
		                     .object = "failed-task",
		                     .object_id = call->parts[0],
		                     .lab_id = failed_lab(m),
		                     .detail = reason ? json_pack("{s:s}", "reason", reason)
		                                      : NULL };

	return call_audit(call, &audit);
}

/* ---- once more ---- */

static void send_back(struct call *call, const struct kafka_message *m)
{
	CLEANUP(freep) struct kafka_header *kept = xcalloc(m->n_headers + 1, sizeof(*kept));
	struct kafka_message original;

	if (!kafka_failed_original(&call->d->config->kafka, m, kept, &original)) {
		call_fail(call, CODE_CONFLICT, "its source_topic is none of the fleet's");
		return;
	}
	if (note(call, "requeue", m) && call_produce(call, &original))
		call_answer(call, CODE_ACCEPTED,
		            json_pack("{s:s,s:s}", "id", call->parts[0], "topic",
		                      kafka_topics[original.topic].name));
}

void api_failed_task_requeue(struct call *call)
{
	const char *reason = call_body_text(call, "reason", NULL);

	if (reason && (call_characters(reason) < 3 || call_characters(reason) > 500))
		call_fault(call, "/reason", "a reason has 3 to 500 characters");
	if (!call_failed(call))
		with_task(call, send_back);
}

/* ---- its bytes ---- */

static void show(struct call *call, const struct kafka_message *m)
{
	char until[CLOCK_ISO_SIZE];

	if (note(call, "reveal", m))
		call_answer(
			call, CODE_OK,
			json_pack("{s:s,s:o}", "revealed_until",
		                  clock_format_iso(clock_wall_ms() + REVEALED_MS, until),
		                  "task", failed_item(call, m, true)));
}

void api_failed_task_reveal(struct call *call)
{
	if (reveal_reason(call))
		with_task(call, show);
}
