#include "pool.h"

#include "base/clock.h"
#include "settings/settings.h"
#include "transport/py3.h"

#define THREADS_MAX 8
#define SETTINGS_MS 5000

struct pool {
	size_t n;
	struct member {
		struct worker *worker;
		struct stores stores;
		size_t under_way;
	} members[THREADS_MAX];
};

struct logstore *stores_logs(struct stores *s)
{
	if (!s->logs && logstore_open(&s->d->config->logstore, &s->logs, NULL))
		return NULL;
	return s->logs;
}

struct pg *stores_pg(struct stores *s)
{
	if (!s->pg)
		s->pg = pg_open(&s->d->config->postgres);
	return s->pg;
}

int stores_settings(struct stores *s, struct settings **out)
{
	if (!s->settings)
		s->settings = settings_source_new(stores_pg(s), &s->d->config->secrets);
	return settings_refresh(s->settings, clock_mono_ms() + SETTINGS_MS, out);
}

struct py3 *stores_py3(struct stores *s)
{
	const struct dashboard_config *config = s->d->config;

	if (!s->py3 && *config->py3_retry_url &&
	    py3_open(config->py3_retry_url, config->tokens.current, &s->py3, NULL))
		return NULL;
	return s->py3;
}

struct pool *pool_new(struct dashboard *d, const char *name, size_t threads,
                      size_t queue_limit)
{
	struct pool *p = xcalloc(1, sizeof(*p));

	p->n = threads < THREADS_MAX ? threads : THREADS_MAX;
	for (size_t i = 0; i < p->n; i++) {
		p->members[i].stores.d = d;
		p->members[i].worker = worker_new(d->ctx, name, queue_limit);
	}
	return p;
}

struct pool *pool_free(struct pool *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		p->members[i].worker = worker_free(p->members[i].worker);
	for (size_t i = 0; i < p->n; i++) {
		struct stores *s = &p->members[i].stores;

		(void)settings_source_free(s->settings);
		(void)logstore_close(s->logs);
		(void)pg_close(s->pg);
		(void)py3_close(s->py3);
	}
	free(p);
	return NULL;
}

bool pool_submit(struct pool *p, worker_job_fn run, worker_done_fn done, void *job,
                 struct stores **stores)
{
	struct member *least = &p->members[0];

	for (size_t i = 1; i < p->n; i++)
		if (p->members[i].under_way < least->under_way)
			least = &p->members[i];
	*stores = &least->stores;
	if (!worker_submit(least->worker, run, done, job))
		return false;
	least->under_way++;
	return true;
}

void pool_finished(struct pool *p, const struct stores *stores)
{
	for (size_t i = 0; i < p->n; i++)
		if (&p->members[i].stores == stores)
			p->members[i].under_way--;
}
