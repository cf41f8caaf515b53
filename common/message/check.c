#include "message/check.h"

#include "base/clock.h"
#include "message/task.h"

char *fax_question_encode(const struct fax_question *q)
{
	const struct task task = {
		.log_id = q->log_id,
		.lab_id = q->lab_id,
		.integration_id = q->integration_id,
		.action_id = q->action_id,
		.attempt = q->retry_id ? q->attempt : 0,
		.retry_id = q->retry_id,
		.method = "GET",
		.created_at_ms = clock_wall_ms(),
		.vendor_fax_id = q->vendor_fax_id,
		.unsure_since_ms = q->since_ms > 0 ? q->since_ms : 1,
		.older = q->older,
		.check = true,
	};

	return task_encode(&task);
}
