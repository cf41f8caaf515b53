#include "domain/logstate.h"

/* QUEUED to QUEUED: an asynchronous vendor has accepted, and its answer is worth keeping.
 */
static const bool legal[][LOG_STATUS_SUPPRESSED + 1] = {
	[LOG_STATUS_QUEUED] = { [LOG_STATUS_QUEUED] = true,
	                        [LOG_STATUS_SUCCESS] = true,
	                        [LOG_STATUS_FAIL] = true,
	                        [LOG_STATUS_SUPERSEDED] = true,
	                        [LOG_STATUS_SUPPRESSED] = true },
	[LOG_STATUS_FAIL] = { [LOG_STATUS_SUCCESS] = true },
	[LOG_STATUS_SUPPRESSED] = { false },
};

bool logstate_may_move(enum log_status from, enum log_status to)
{
	return legal[from][to];
}

enum logstate_verdict logstate_decide(const struct logstate *now,
                                      const struct logstate_report *report)
{
	if (report->attempt > now->attempt)
		return LOGSTATE_UNKNOWN;
	bool moves = logstate_may_move(now->status, report->status);
	if (report->attempt == now->attempt)
		return moves ? LOGSTATE_OUTCOME : LOGSTATE_KEEP;
	return moves && report->status == LOG_STATUS_SUCCESS ? LOGSTATE_OLDER_DELIVERED
	                                                     : LOGSTATE_OLDER;
}

struct logstate_effect logstate_effect(const struct logstate *now, enum log_status record,
                                       const struct logstate_report *report)
{
	enum logstate_verdict verdict = logstate_decide(now, report);

	return (struct logstate_effect){
		.known = verdict != LOGSTATE_UNKNOWN,
		.log = verdict == LOGSTATE_OUTCOME || verdict == LOGSTATE_OLDER_DELIVERED,
		.record = verdict != LOGSTATE_UNKNOWN &&
		          logstate_may_move(record, report->status),
		.delivered = verdict == LOGSTATE_OLDER_DELIVERED,
	};
}

enum logstate_begin logstate_begin(const struct logstate *now, int attempt, bool resend)
{
	if (attempt <= now->attempt)
		return LOGSTATE_BEGIN_NOTHING;
	return resend || now->status == LOG_STATUS_QUEUED || now->status == LOG_STATUS_FAIL
	               ? LOGSTATE_BEGIN_QUEUED
	               : LOGSTATE_BEGIN_COUNTED;
}
