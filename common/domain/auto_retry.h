#pragma once
/*
 * Which logs are tried again by themselves, and when (contract, "Auto-retry"; spec 7).
 * Pure: the scheduler passes in the log, the row, the policy, the time and the dice.
 */
#include "domain/outcome.h"

#include <stdbool.h>

#define AUTO_RETRY_WINDOW_MS      (24LL * 60 * 60 * 1000) /* inclusive */
#define AUTO_RETRY_MLLP_QUEUED_MS (10LL * 60 * 1000)      /* more than this */

/*
 * One thing that makes an error worth another try, written in AUTO_RETRY_PATTERNS as
 * "kind=timeout", "code=503" or, else, a part of error_message.
 */
struct retry_pattern {
	const char *text; /* NULL: kind or code */
	enum error_kind kind;
	int code;
};

#define AUTO_RETRY_DEFAULT_PATTERNS                                                        \
	ERROR_TEXT_NO_RESPONSE                                                             \
	",SocketTimeoutException,kind=timeout,kind=connect,kind=dns,"                      \
	"code=429,code=502,code=503,code=504"

/*
 * Splits a comma-separated list in place. Returns the count, at most `max`, or -1 when an
 * item is empty or names an unknown kind or no code; *bad then points at the item.
 */
int retry_patterns_parse(char *list, struct retry_pattern *out, size_t max,
                         const char **bad);

struct retry_policy {
	int64_t from_ms, to_ms; /* AUTO_RETRY_FROM, _TO; 0, 0 = the last 24 hours */
	int64_t max;            /* AUTO_RETRY_MAX */
	const struct retry_pattern *patterns;
	size_t n_patterns;
	int64_t base_ms, cap_ms; /* back-off: base doubled per attempt, up to the cap */
};

struct retry_log {
	enum log_status status;
	enum error_kind error_kind;
	const char *error_message; /* NULL: none */
	int code;                  /* response_status_code, 0 = none */
	bool mllp;
	int64_t pages_sent; /* of its fax; 0: none, or not known */
	bool awaits_other;  /* a downstream or a vendor answers later: MLLP, fax */
	int64_t inserted_at_ms;
	int64_t queued_since_ms;       /* when its newest attempt was queued */
	int64_t next_auto_retry_at_ms; /* 0 = due */
	int64_t auto_retry_count;
};

struct retry_row {
	bool exists, active, is_auto_retry;
	int64_t auto_retry_since_ms;
	int64_t max;                 /* auto_retry.max; 0 = the policy's */
	const char *const *patterns; /* auto_retry.patterns: more substrings */
	size_t n_patterns;
};

#define RETRY_VERDICT_LIST(X)                                                              \
	X(ELIGIBLE, "eligible")                                                            \
	X(STATUS, "the status is neither FAIL nor QUEUED")                                 \
	X(TOO_OLD, "inserted before the range that is retried")                            \
	X(TOO_NEW, "inserted after the range that is retried")                             \
	X(ROW_GONE, "the integration is gone")                                             \
	X(ROW_INACTIVE, "the integration or its authentication is switched off")           \
	X(SWITCHED_OFF, "is_auto_retry is off")                                            \
	X(BEFORE_SWITCH, "it failed before is_auto_retry was switched on")                 \
	X(SPENT, "all automatic attempts are used up")                                     \
	X(GONE_FOR_GOOD, "the partner answered 410: the address is gone for good")         \
	X(PAGES_SENT, "pages of its fax went out: a person decides")                       \
	X(NO_PATTERN, "the error is not one that is retried by itself")                    \
	X(STILL_QUEUED, "still on its way")                                                \
	X(NOT_DUE, "waiting for its next attempt's time")

enum retry_verdict {
#define X(symbol, text) RETRY_##symbol,
	RETRY_VERDICT_LIST(X)
#undef X
		RETRY_VERDICT_COUNT,
};
const char *retry_verdict_text(enum retry_verdict verdict);

enum retry_verdict retry_judge(const struct retry_policy *policy,
                               const struct retry_row *row, const struct retry_log *log,
                               int64_t now_ms);

/*
 * Stuck work: QUEUED for longer than `after_ms`, though nobody is waited for. Whatever the
 * row says, it is driven again, since its attempt was never made; that counts as an
 * automatic attempt, and the time doubles with each, because a partner that is away for
 * hours holds its attempts up as well.
 */
bool retry_is_stuck(const struct retry_log *log, int64_t after_ms, int64_t now_ms);

/*
 * When the attempt after `attempts` automatic ones may start: base doubled per attempt,
 * capped, plus up to half as much again by the dice: jitter only ever delays.
 * `retry_after_ms`, what the partner asked for, is obeyed when later; 0 = nothing asked.
 */
int64_t retry_due_ms(const struct retry_policy *policy, int64_t attempts, int64_t ended_ms,
                     int64_t retry_after_ms, uint32_t dice);
