#include "domain/auto_retry.h"

static bool parse_code(const char *text, int *out)
{
	char *end;
	long code = strtol(text, &end, 10);

	*out = (int)code;
	return end != text && *end == '\0' && code >= 100 && code <= 599;
}

static bool parse_pattern(const char *item, struct retry_pattern *out)
{
	*out = (struct retry_pattern){ 0 };
	if (strncmp(item, "kind=", 5) == 0)
		return error_kind_parse(item + 5, &out->kind) &&
		       out->kind != ERROR_KIND_NONE;
	if (strncmp(item, "code=", 5) == 0)
		return parse_code(item + 5, &out->code);
	out->text = item;
	return *item != '\0';
}

int retry_patterns_parse(char *list, struct retry_pattern *out, size_t max,
                         const char **bad)
{
	size_t n = 0;

	while (list && *list) {
		char *item = strsep(&list, ",");

		if (n == max || !parse_pattern(item, &out[n])) {
			*bad = item;
			return -1;
		}
		n++;
	}
	return (int)n;
}

static bool pattern_matches(const struct retry_pattern *p, const struct retry_log *log)
{
	if (p->text)
		return log->error_message && strstr(log->error_message, p->text);
	if (p->code)
		return log->code == p->code;
	return log->error_kind == p->kind;
}

static bool error_matches(const struct retry_policy *policy, const struct retry_row *row,
                          const struct retry_log *log)
{
	/* a negative acknowledgement is an answer, whatever its text has in it */
	bool answered = log->error_kind == ERROR_KIND_NACK;

	for (size_t i = 0; i < policy->n_patterns; i++)
		if (!(answered && policy->patterns[i].text) &&
		    pattern_matches(&policy->patterns[i], log))
			return true;
	for (size_t i = 0; i < row->n_patterns; i++)
		if (log->error_message && strstr(log->error_message, row->patterns[i]))
			return true;
	return false;
}

static enum retry_verdict judge_range(const struct retry_policy *policy,
                                      const struct retry_log *log, int64_t now_ms)
{
	bool ranged = policy->from_ms || policy->to_ms;
	int64_t from = ranged ? policy->from_ms : now_ms - AUTO_RETRY_WINDOW_MS;

	if (log->inserted_at_ms < from)
		return RETRY_TOO_OLD;
	if (policy->to_ms && log->inserted_at_ms > policy->to_ms)
		return RETRY_TOO_NEW;
	return RETRY_ELIGIBLE;
}

static enum retry_verdict judge_row(const struct retry_row *row,
                                    const struct retry_log *log)
{
	if (!row->exists)
		return RETRY_ROW_GONE;
	if (!row->active)
		return RETRY_ROW_INACTIVE;
	if (!row->is_auto_retry)
		return RETRY_SWITCHED_OFF;
	if (row->auto_retry_since_ms > log->inserted_at_ms)
		return RETRY_BEFORE_SWITCH;
	return RETRY_ELIGIBLE;
}

/* A downstream confirmation (MLLP) may never come; anything else that is QUEUED is on its
 * way. */
static enum retry_verdict judge_error(const struct retry_policy *policy,
                                      const struct retry_row *row,
                                      const struct retry_log *log, int64_t now_ms)
{
	if (log->code == 410)
		return RETRY_GONE_FOR_GOOD;
	if (log->pages_sent > 0)
		return RETRY_PAGES_SENT;
	if (error_matches(policy, row, log))
		return RETRY_ELIGIBLE;
	if (log->status == LOG_STATUS_FAIL)
		return RETRY_NO_PATTERN;
	bool waited = now_ms - log->queued_since_ms > AUTO_RETRY_MLLP_QUEUED_MS;

	return log->mllp && waited ? RETRY_ELIGIBLE : RETRY_STILL_QUEUED;
}

enum retry_verdict retry_judge(const struct retry_policy *policy,
                               const struct retry_row *row, const struct retry_log *log,
                               int64_t now_ms)
{
	enum retry_verdict verdict;

	if (log->status != LOG_STATUS_FAIL && log->status != LOG_STATUS_QUEUED)
		return RETRY_STATUS;
	verdict = judge_range(policy, log, now_ms);
	if (verdict == RETRY_ELIGIBLE)
		verdict = judge_row(row, log);
	if (verdict != RETRY_ELIGIBLE)
		return verdict;
	if (log->auto_retry_count >= (row->max ? row->max : policy->max))
		return RETRY_SPENT;
	verdict = judge_error(policy, row, log, now_ms);
	if (verdict != RETRY_ELIGIBLE)
		return verdict;
	return log->next_auto_retry_at_ms > now_ms ? RETRY_NOT_DUE : RETRY_ELIGIBLE;
}

#define STUCK_DOUBLINGS 10

bool retry_is_stuck(const struct retry_log *log, int64_t after_ms, int64_t now_ms)
{
	int64_t doublings = log->auto_retry_count;

	if (log->status != LOG_STATUS_QUEUED || log->awaits_other)
		return false;
	if (doublings > STUCK_DOUBLINGS)
		doublings = STUCK_DOUBLINGS;
	return (now_ms - log->queued_since_ms) >> doublings > after_ms;
}

const char *retry_verdict_text(enum retry_verdict verdict)
{
	static const char *const texts[] = {
#define X(symbol, text) [RETRY_##symbol] = (text),
		RETRY_VERDICT_LIST(X)
#undef X
	};
	return texts[verdict];
}

int64_t retry_due_ms(const struct retry_policy *policy, int64_t attempts, int64_t ended_ms,
                     int64_t retry_after_ms, uint32_t dice)
{
	int64_t wait = policy->base_ms;

	for (int64_t i = 0; i < attempts && wait < policy->cap_ms; i++)
		wait *= 2;
	if (wait > policy->cap_ms)
		wait = policy->cap_ms;
	wait += (int64_t)((uint64_t)(wait / 2) * dice >> 32);
	return ended_ms + (wait > retry_after_ms ? wait : retry_after_ms);
}
