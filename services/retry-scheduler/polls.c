#include "polls.h"

#include "base/clock.h"
#include "domain/fax.h"
#include "log/log.h"
#include "logstore/sweep.h"
#include "message/check.h"
#include "message/report.h"
#include "message/task.h"
#include "scheduler.h"

enum { ASK_MAX = 200, ACK_MS = 10000 };

struct polling {
	const struct polls_tools *tools;
	int64_t now_ms;
	struct kafka_batch *batch;
	int64_t deadline_ms; /* monotonic */
	struct {
		struct log_id id;
		uint32_t check;
	} asked[ASK_MAX];
	size_t n, waiting;
	int error;
};

static int add_question(struct polling *p, const struct awaited_fax *fax,
                        const struct integration *row)
{
	const struct fax_question question = {
		.log_id = fax->id,
		.lab_id = fax->lab_id,
		.integration_id = fax->integration_id,
		.action_id = fax->action_id,
		.attempt = fax->attempt,
		.retry_id = fax->retry_id,
		.vendor_fax_id = fax->vendor_fax_id,
		.since_ms = fax->inserted_at_ms,
	};
	CLEANUP(freep) char *text = fax_question_encode(&question);
	const struct kafka_header header = { .name = TASK_HEADER,
		                             .value = text,
		                             .len = strlen(text) };
	char lane[LANE_KEY_SIZE];
	const struct kafka_message message = {
		.topic = KAFKA_TOPIC_TASKS,
		.partition = -1,
		.key = settings_lane_key(row, lane),
		.key_len = strlen(lane),
		.value = "",
		.headers = &header,
		.n_headers = 1,
	};

	return kafka_batch_add(p->batch, &message, p->deadline_ms);
}

static bool consider(const struct awaited_fax *fax, void *arg)
{
	struct polling *p = arg;
	const struct integration *row =
		settings_find(p->tools->settings, fax->integration_id);
	uint32_t check = fax_checks_due(p->now_ms - fax->taken_at_ms, p->tools->first_ms);

	/* one that no vendor has taken yet is its task's */
	if (!fax->taken || !fax->vendor_fax_id ||
	    strcmp(fax->vendor_fax_id, FAX_ID_UNSURE) == 0)
		return true;
	p->waiting++;
	if (!row || check == 0 || under_way_has(p->tools->asked, &fax->id, check))
		return true;
	p->error = add_question(p, fax, row);
	p->asked[p->n].id = fax->id;
	p->asked[p->n].check = check;
	return p->error == 0 && ++p->n < ASK_MAX;
}

void polls_run(const struct polls_tools *tools, int64_t now_ms)
{
	CLEANUP(freep) struct polling *p = xcalloc(1, sizeof(*p));

	p->tools = tools;
	p->now_ms = now_ms;
	p->deadline_ms = clock_mono_ms() + ACK_MS;
	p->batch = kafka_batch_new(tools->producer);
	under_way_forget_old(tools->asked, clock_mono_ms());
	if (logstore_awaited_faxes(tools->store, now_ms - FAX_CHECKS_FOR_MS, NULL, consider,
	                           p))
		log_warn(NULL, "polls.store", "faxes wait: %s",
		         logstore_error(tools->store));
	if (p->n > 0 && p->error == 0)
		p->error = kafka_batch_wait(p->batch, p->deadline_ms);
	(void)kafka_batch_free(p->batch);
	metric_set(&metric_faxes, NULL, (double)p->waiting);
	if (p->error) {
		log_warn(NULL, "polls.kafka",
		         "questions about faxes were not acknowledged");
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		under_way_add(tools->asked, &p->asked[i].id, p->asked[i].check,
		              clock_mono_ms());
	metric_add(&metric_polls, NULL, (double)p->n);
}
