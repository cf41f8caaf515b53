#pragma once
/*
 * A question to a fax's vendor, as a task (message/task.h, `check`): what callback and
 * retry-scheduler put on integration.dispatch-tasks. Without a value; the key is the
 * row's lane.
 */
#include "base/log_id.h"

#include <stdbool.h>

struct fax_question {
	struct log_id log_id;
	int64_t lab_id, integration_id;
	int action_id, attempt;
	const char *retry_id;      /* NULL: attempt 0 */
	const char *vendor_fax_id; /* NULL: it is looked for by our uuid */
	int64_t since_ms;          /* when the log was made, wall clock */
	bool older;                /* not the log's last fax */
};

/* JSON text of the header; the caller frees. */
char *fax_question_encode(const struct fax_question *q);
