#pragma once
/*
 * The skeleton that owns main() of every service.
 *
 * Threads, settled once:
 *   - the loop thread runs one libevent loop: signals, health and metrics, HTTP servers,
 *     curl. Nothing on it may block; so /livez, /readyz and /metrics answer whatever the
 *     others do.
 *   - pipelines: a service's own threads (service_thread) that run blocking, batch-wise
 *     code with deadlines (trigger, callback, outbox-relay). They look at
 *     service_draining().
 *   - workers: threads behind a bounded queue (struct worker) for blocking calls that the
 *     loop needs (PostgreSQL, MongoDB). Results come back on the loop.
 *
 * Life: load config -> log, metrics -> start() -> loop -> SIGTERM/SIGINT, or a pipeline
 * that ended -> service_draining() turns true and drain() is called -> when every pipeline
 * has returned and every hold is released, or after DRAIN_TIMEOUT -> stop() -> exit 0.
 * Exit 1: the time-out cut something off (a pipeline that is stuck then is named in the
 * log, and stop() is left out, since it would free what that thread uses). Exit 70: start()
 * or a pipeline gave up. Exit 78: configuration. Exit 64: unknown argument.
 *
 * Command line: --help, --version, --check-config, --print-config, and a service's own
 * flags.
 */
#include "base/err.h"
#include "config/config.h"

#include <stdbool.h>

struct event_base;
struct service_ctx;

/* A switch of the command line, beside the skeleton's own: "--once". */
struct service_flag {
	const char *name;
	const char *help; /* one line for --help */
};

struct service {
	const char *name;
	const char *help; /* one line for --help */
	const struct service_flag *flags;
	size_t n_flags; /* at most 32 */
	/* Besides the skeleton's own: HEALTH_ADDRESS, HEALTH_PORT, LOG_LEVEL,
	 * DRAIN_TIMEOUT. */
	const struct config_group *groups;
	void *config; /* the struct that the groups fill; zeroed by the caller */
	/* What only several keys together say; may be NULL. One line "NAME: fault; remedy"
	 * on `errors` a faulty key; returns their number. Called when all keys are
	 * well-formed. */
	int (*check)(const void *config, FILE *errors);
	/* On the loop thread. Non-zero ends the process (70); `why` says it. */
	int (*start)(struct service_ctx *ctx, struct err_text *why);
	void (*drain)(struct service_ctx *ctx); /* may be NULL: take no new work */
	/* May be NULL: release what start() made, or got to make before it failed. */
	void (*stop)(struct service_ctx *ctx);
};

int service_main(const struct service *service, int argc, char **argv);

struct event_base *service_loop(struct service_ctx *ctx);
/* Was this flag, one of the service's own, given? Any thread. */
bool service_flag(const struct service_ctx *ctx, const char *name);
bool service_draining(const struct service_ctx *ctx); /* any thread */
/* Sleeps, from a pipeline thread, at most `ms`; returns early when draining starts. Then it
 * does not sleep at all: a loop around it must look at service_draining(). */
void service_sleep(struct service_ctx *ctx, int64_t ms);
/* When the drain must be over (monotonic ms); INT64_MAX while not draining. Any thread. */
int64_t service_drain_deadline(const struct service_ctx *ctx);

/*
 * A pipeline, from start() only; `name` (up to 15 bytes) must stay. `run` returns 0 when
 * drained, or when its work is done for good: the process then drains and ends. Anything
 * else ends it with 70, to be restarted.
 */
void service_thread(struct service_ctx *ctx, const char *name,
                    int (*run)(struct service_ctx *ctx, void *arg), void *arg);
/* While the count of holds is above zero the drain waits (a service without threads). Any
 * thread. */
void service_hold(struct service_ctx *ctx);
void service_release(struct service_ctx *ctx);

/*
 * Readiness is a set of named conditions ("kafka", "postgres", "mongodb"); /readyz is 200
 * when all hold and the service is not draining, else 503, with each by name as JSON. A
 * condition exists from its first call on. Any thread. `why` is for a person, without
 * secrets.
 */
void service_ready(struct service_ctx *ctx, const char *condition, bool holds,
                   const char *why);

/*
 * A thread with a bounded queue of jobs. Made, given jobs and freed on the loop thread. The
 * drain does not wait for jobs: whoever needs a result holds (service_hold).
 */
struct worker;
typedef void (*worker_job_fn)(void *job);  /* on the worker's thread: may block */
typedef void (*worker_done_fn)(void *job); /* on the loop thread, exactly once a job */
struct worker *worker_new(struct service_ctx *ctx, const char *name, size_t queue_limit);
/* False: the queue is full (the metric service_worker_rejected_total counts it). */
bool worker_submit(struct worker *w, worker_job_fn run, worker_done_fn done,
                   void *job) MUST_CHECK;
/* Finishes the queue, joins, calls what is left of done(); returns NULL. Not from done().
 */
struct worker *worker_free(struct worker *w);
