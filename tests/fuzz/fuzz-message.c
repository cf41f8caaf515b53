/* What other programs produce: tasks and reports as JSON, whole or damaged. */
#include "message/report.h"
#include "message/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report, again;
	struct task task;

	if (report_decode((const char *)data, size, &report, NULL) == 0) {
		CLEANUP(freep) char *json = report_encode(&report);

		/* what we take we can say again */
		if (report_decode(json, strlen(json), &again, NULL))
			__builtin_trap();
		report_release(&again);
		report_release(&report);
	}
	if (task_decode((const char *)data, size, &task, NULL) == 0) {
		free(task_encode(&task));
		task_release(&task);
	}
	return 0;
}
