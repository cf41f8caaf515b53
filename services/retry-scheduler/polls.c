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

#define GIVEN_UP UINT32_MAX /* in place of a check's number */

#define NO_VERDICT                                                                         \
	"the vendor gave no verdict within 7 days; look there whether the fax arrived, "   \
	"then retry: the vendor is asked once more, and with resend it is sent again"

struct polling {
	const struct polls_tools *tools;
	int64_t now_ms;
	struct kafka_batch *batch;
	int64_t deadline_ms; /* monotonic */
	struct {
		struct log_id id;
		uint32_t check;
	} asked[ASK_MAX];
	size_t n, waiting, given_up;
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

/* Nobody asks any more: a person may, and decides. A webhook that comes all the same
 * counts. */
static int give_up(struct polling *p, const struct awaited_fax *fax)
{
	const struct report report = {
		.kind = REPORT_DOWNSTREAM,
		.log_id = fax->id,
		.lab_id = fax->lab_id,
		.attempt = fax->attempt,
		.retry_id = fax->retry_id,
		.status = LOG_STATUS_FAIL,
		.error_kind = ERROR_KIND_VENDOR,
		.error_message = NO_VERDICT,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.occurred_at_ms = p->now_ms,
	};
	CLEANUP(freep) char *value = report_encode(&report);
	char hex[LOG_ID_HEX_SIZE];
	const struct kafka_message message = {
		.topic = KAFKA_TOPIC_CALLBACKS,
		.partition = -1,
		.key = log_id_to_hex(&fax->id, hex),
		.key_len = strlen(hex),
		.value = value,
		.value_len = strlen(value),
	};

	return kafka_batch_add(p->batch, &message, p->deadline_ms);
}

static bool consider(const struct awaited_fax *fax, void *arg)
{
	struct polling *p = arg;
	const struct integration *row =
		settings_find(p->tools->settings, fax->integration_id);
	int64_t age_ms = p->now_ms - fax->taken_at_ms;
	uint32_t check = age_ms >= FAX_CHECKS_FOR_MS
	                         ? GIVEN_UP
	                         : fax_checks_due(age_ms, p->tools->first_ms);

	/* one that no vendor has taken yet is its task's */
	if (!fax->taken || !fax->vendor_fax_id ||
	    strcmp(fax->vendor_fax_id, FAX_ID_UNSURE) == 0)
		return true;
	p->waiting += check != GIVEN_UP;
	if ((!row && check != GIVEN_UP) || check == 0 ||
	    under_way_has(p->tools->asked, &fax->id, check))
		return true;
	p->error = check == GIVEN_UP ? give_up(p, fax) : add_question(p, fax, row);
	p->asked[p->n].id = fax->id;
	p->asked[p->n].check = check;
	p->given_up += check == GIVEN_UP;
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
	/* from the beginning: one that nobody swept for a week has its end too */
	if (logstore_awaited_faxes(tools->store, 0, NULL, consider, p))
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
	metric_add(&metric_polls, NULL, (double)(p->n - p->given_up));
	metric_add(&metric_faxes_given_up, NULL, (double)p->given_up);
}
