#pragma once
/* Worker threads that share the work, each with connections of its own. Loop thread. */
#include "dashboard.h"

struct py3;
struct settings;
struct settings_source;
/* What a worker thread has; opened by its first call. Its thread alone touches it. */
struct stores {
	const struct dashboard *d;
	struct logstore *logs; /* NULL until stores_logs */
	struct pg *pg;
	struct py3 *py3;
	struct settings_source *settings;
};
/* NULL: the configuration is unusable, which start has checked. */
struct logstore *stores_logs(struct stores *s);
struct pg *stores_pg(struct stores *s);
/* The rows as they are now: a new reference. PG_E_... */
int stores_settings(struct stores *s, struct settings **out) MUST_CHECK;
struct py3 *stores_py3(struct stores *s); /* NULL: there is no PY3_RETRY_URL */

struct pool;
struct pool *pool_new(struct dashboard *d, const char *name, size_t threads,
                      size_t queue_limit);
struct pool *pool_free(struct pool *p);
/* To the thread with the least to do; *stores is that thread's. False: all are full. */
bool pool_submit(struct pool *p, worker_job_fn run, worker_done_fn done, void *job,
                 struct stores **stores) MUST_CHECK;
void pool_finished(struct pool *p, const struct stores *stores); /* in done() */
