#pragma once
/*
 * The runner's side of bulk retries (retryrun.h): which runs are to be looked after, which
 * logs are next, and what became of those that were asked for. One runner a run, by an
 * advisory lock of its PostgreSQL session; a second one would do no harm, since the
 * retry_id is the same. Blocking, one thread.
 *
 * A log's way: WAITING -> claimed (ASKED, asked_at null) -> asked for (asked_at) -> DONE.
 * Whoever takes a run over asks again for what was claimed and never asked for.
 */
#include "domain/outcome.h"
#include "retryrun/retryrun.h"

#define RUNNER_RUNS_MAX  64   /* looked after at once */
#define RUNNER_ITEMS_MAX 1000 /* under way at once, of a run */

struct runner_run {
	int64_t id;
	char *preview_id;
	char *requested_by;
	bool running; /* else PAUSED, CANCELLED or STOPPED: only results are watched */
	bool is_over; /* CANCELLED or STOPPED */
	bool resend;
	double rate, stop_when_failing;
	bool waiting;  /* some are not claimed yet */
	int64_t asked; /* claimed, and without a result */
	int64_t done;  /* with one */
};
void runner_run_release(struct runner_run *run);

/* Those that are not over and that this session has the lock of. *n up to RUNNER_RUNS_MAX.
 * PG_E_... */
int runner_list(struct pg *pg, struct runner_run *out, size_t *n) MUST_CHECK;
/* While there is none: the session keeps no lock. */
int runner_unlock(struct pg *pg) MUST_CHECK;
/* Previews that nobody began a run of, an hour after their end; and runs, with what became
 * of their logs, after 90 days. */
int runner_forget_previews(struct pg *pg) MUST_CHECK;

struct runner_item {
	int64_t n;
	struct log_id log_id;
	int64_t lab_id;
	bool triggered_by_py3;
	bool asked; /* the request was acknowledged */
	int tries;
	int64_t asked_ago_ms;
	char retry_id[RETRYRUN_RETRY_ID_SIZE];
};

/* The next ones, at most `max`; none when the run does not run any more. The caller frees
 * *out. */
int runner_claim(struct pg *pg, const struct runner_run *run, size_t max,
                 struct runner_item **out, size_t *n) MUST_CHECK;
/* Those without a result, at most RUNNER_ITEMS_MAX. The caller frees *out. */
int runner_outstanding(struct pg *pg, const struct runner_run *run,
                       struct runner_item **out, size_t *n) MUST_CHECK;

/*
 * What is known of items: an array of {"n", "state", "status", "error_kind", "code",
 * "error", "payload_changed", "asked": true (a request was acknowledged just now)}.
 */
int runner_write(struct pg *pg, const struct runner_run *run,
                 const json_t *items) MUST_CHECK;

/* One attempt's result. */
struct runner_result {
	int64_t integration_id;
	enum log_status status;
	enum error_kind kind;
	int code;
};
#define RUNNER_RESULTS_MAX 50
/* The last ones since the run began or was resumed, the newest first. */
int runner_results(struct pg *pg, const struct runner_run *run,
                   struct runner_result out[RUNNER_RESULTS_MAX], size_t *n) MUST_CHECK;
/* Pure: whether a run with these results, the newest first, must stop, and why. */
bool runner_must_stop(const struct runner_result *results, size_t n,
                      double stop_when_failing, struct err_text *why);
int runner_stop(struct pg *pg, const struct runner_run *run, const char *why) MUST_CHECK;

/* Renews the counts; a run with nothing left to do or to watch is over. */
int runner_settle(struct pg *pg, const struct runner_run *run) MUST_CHECK;
