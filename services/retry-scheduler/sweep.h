#pragma once
/* One sweep: every log that may be tried again is judged, and asked for or not. */
#include "domain/budget.h"
#include "domain/under_way.h"
#include "logstore/sweep.h"
#include "scheduler.h"
#include "settings/settings.h"
#include "transport/py3.h"

/* What becomes of a log in a sweep: retry_judge()'s verdicts, then the sweep's own. */
#define SWEEP_DECISION_LIST(X)                                                             \
	X(STUCK, "queued for too long, and no attempt is known to run")                    \
	X(UNDER_WAY, "asked for already, its attempt is not in the log yet")               \
	X(OVER_BUDGET, "its partner's budget of this sweep is used up")                    \
	X(NO_ROUTE, "a log of py3, and PY3_RETRY_URL is not set")

enum sweep_decision {
	SWEEP_OWN = RETRY_VERDICT_COUNT - 1,
#define X(symbol, text) SWEEP_##symbol,
	SWEEP_DECISION_LIST(X)
#undef X
		SWEEP_DECISION_COUNT,
};

struct sweep_tools { /* borrowed */
	const struct scheduler *scheduler;
	struct settings *settings;
	struct logstore *store;
	struct kafka_producer *producer; /* NULL: a dry run, that prints instead */
	struct py3 *py3;                 /* NULL: no route */
	struct under_way *under_way;
	struct budget *budget;
};

struct sweep_result {
	size_t decisions[SWEEP_DECISION_COUNT];
	size_t stuck; /* driven again, asked for already, or with no attempt left */
	size_t requests, py3_requests, py3_failures;
	int64_t oldest_ms; /* inserted_at of the oldest eligible one; 0 = none */
};

enum {
	SWEEP_E_STORE = 1, /* some logs were not seen */
	SWEEP_E_KAFKA,     /* some requests were not acknowledged */
};

/* What was asked for is in *out in any case. */
int sweep_run(const struct sweep_tools *tools, int64_t now_ms,
              struct sweep_result *out) MUST_CHECK;
const char *sweep_decision_label(size_t decision); /* in metrics */
