#pragma once
/*
 * How a log's status moves (contract, "Moves of a status"). The first final status of an
 * attempt wins; late and repeated reports are harmless; a confirmed delivery, of whichever
 * attempt, turns QUEUED and FAIL into SUCCESS; nothing turns SUCCESS into FAIL. Only an
 * accepted retry, which begins a new attempt, makes a final log QUEUED again.
 */
#include "domain/outcome.h"

#include <stdbool.h>

/* Of the log, as it is stored. */
struct logstate {
	enum log_status status; /* of the current attempt */
	int attempt;            /* the current one; 0 = the first */
};

struct logstate_report {
	enum log_status status;
	int attempt;
};

enum logstate_verdict {
	LOGSTATE_KEEP,    /* nothing changes */
	LOGSTATE_OUTCOME, /* the log takes the report's outcome */
	LOGSTATE_OLDER,   /* that attempt's record alone takes it, by logstate_may_move */
	LOGSTATE_OLDER_DELIVERED, /* so, and the log becomes SUCCESS: it was delivered */
	LOGSTATE_UNKNOWN,         /* the log has not come to that attempt */
};

enum logstate_verdict logstate_decide(const struct logstate *now,
                                      const struct logstate_report *report);
/* Whether an attempt of this status takes a report of that one. */
bool logstate_may_move(enum log_status from, enum log_status to);

/*
 * What a report changes, when each attempt of a retry has a record of its own besides the
 * log (attempt 0 gets one when the first retry begins). Both are asked for what they say
 * themselves: a crash may have come between writing the one and the other.
 */
struct logstate_effect {
	bool known;     /* the log has come to that attempt */
	bool log;       /* the log takes it */
	bool record;    /* the attempt's record takes it */
	bool delivered; /* an older attempt's delivery: the log shows that exchange */
};
struct logstate_effect logstate_effect(const struct logstate *now, enum log_status record,
                                       const struct logstate_report *report);

enum logstate_begin {
	LOGSTATE_BEGIN_NOTHING, /* begun before */
	LOGSTATE_BEGIN_COUNTED, /* the log comes to that attempt, and stays as it is */
	LOGSTATE_BEGIN_QUEUED,  /* the log waits for that attempt's outcome */
};
/* A log that was delivered after its retry was accepted is not put in doubt again. */
enum logstate_begin logstate_begin(const struct logstate *now, int attempt, bool resend);
