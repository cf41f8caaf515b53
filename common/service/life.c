#include "service/ctx.h"

#include "base/clock.h"
#include "httpd/httpd.h"
#include "log/log.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_CUT_OFF = 1, EXIT_GAVE_UP = 70 };

#define STOP_GRACE_S 5 /* beyond the drain's deadline, for stop() to close clients */

struct event_base *service_loop(struct service_ctx *ctx)
{
	return ctx->loop;
}

bool service_draining(const struct service_ctx *ctx)
{
	return atomic_load(&ctx->drain_deadline) != INT64_MAX;
}

int64_t service_drain_deadline(const struct service_ctx *ctx)
{
	return atomic_load(&ctx->drain_deadline);
}

void service_sleep(struct service_ctx *ctx, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;
	const struct timespec ts = { .tv_sec = (time_t)(until / 1000),
		                     .tv_nsec = (long)(until % 1000) * 1000000 };

	(void)pthread_mutex_lock(&ctx->lock);
	while (!service_draining(ctx))
		if (pthread_cond_timedwait(&ctx->drain_started, &ctx->lock, &ts) ==
		    ETIMEDOUT)
			break;
	(void)pthread_mutex_unlock(&ctx->lock);
}

static void begin_drain(struct service_ctx *ctx, const char *reason)
{
	if (service_draining(ctx))
		return;

	int64_t left = ctx->config.drain_timeout;
	const struct timeval tv = { .tv_sec = (time_t)(left / 1000),
		                    .tv_usec = (suseconds_t)(left % 1000) * 1000 };

	log_info(NULL, "service.draining", "%s", reason);
	(void)pthread_mutex_lock(&ctx->lock);
	atomic_store(&ctx->drain_deadline, clock_mono_ms() + left);
	(void)pthread_cond_broadcast(&ctx->drain_started);
	(void)pthread_mutex_unlock(&ctx->lock);
	(void)event_add(ctx->deadline, &tv);
	if (ctx->service->drain)
		ctx->service->drain(ctx);
	event_active(ctx->check, EV_READ, 0);
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	begin_drain(arg, signal == SIGINT ? "SIGINT" : "SIGTERM");
}

/* ---- pipelines and holds ---- */

static void *run_pipeline(void *arg)
{
	struct pipeline *p = arg;
	struct service_ctx *ctx = p->ctx;
	int result = p->run(ctx, p->arg);

	(void)pthread_mutex_lock(&ctx->lock);
	p->result = result;
	p->ended = true;
	(void)pthread_mutex_unlock(&ctx->lock);
	event_active(ctx->check, EV_READ, 0);
	return NULL;
}

void service_thread(struct service_ctx *ctx, const char *name,
                    int (*run)(struct service_ctx *ctx, void *arg), void *arg)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));
	sigset_t all, before;

	*p = (struct pipeline){ .ctx = ctx, .name = name, .run = run, .arg = arg };
	p->next = ctx->pipelines;
	ctx->pipelines = p;
	/* signals are the loop thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&p->thread, NULL, run_pipeline, p) != 0)
		abort();
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_setname_np(p->thread, name);
}

void service_hold(struct service_ctx *ctx)
{
	(void)pthread_mutex_lock(&ctx->lock);
	ctx->holds++;
	(void)pthread_mutex_unlock(&ctx->lock);
}

void service_release(struct service_ctx *ctx)
{
	(void)pthread_mutex_lock(&ctx->lock);
	assert(ctx->holds > 0);
	bool last = --ctx->holds == 0;
	(void)pthread_mutex_unlock(&ctx->lock);
	if (last && service_draining(ctx))
		event_active(ctx->check, EV_READ, 0);
}

/* ---- the end ---- */

struct progress {
	size_t running;
	unsigned holds;
	const char *failed; /* name of a pipeline that gave up */
	bool ended;         /* some pipeline has */
};

static struct progress look(struct service_ctx *ctx)
{
	struct progress now = { 0 };

	(void)pthread_mutex_lock(&ctx->lock);
	now.holds = ctx->holds;
	for (const struct pipeline *p = ctx->pipelines; p; p = p->next) {
		now.running += !p->ended;
		now.ended |= p->ended;
		if (p->ended && p->result != 0)
			now.failed = p->name;
	}
	(void)pthread_mutex_unlock(&ctx->lock);
	return now;
}

static void on_check(evutil_socket_t fd, short what, void *arg)
{
	struct service_ctx *ctx = arg;
	struct progress now = look(ctx);

	if (now.failed && ctx->exit_code == 0) {
		ctx->exit_code = EXIT_GAVE_UP;
		log_error(NULL, "service.thread_failed", "%s gave up", now.failed);
	}
	if (now.ended)
		begin_drain(ctx, "a thread ended");
	if (service_draining(ctx) && now.running == 0 && now.holds == 0)
		(void)event_base_loopbreak(ctx->loop);
}

static void log_stuck(struct service_ctx *ctx)
{
	(void)pthread_mutex_lock(&ctx->lock);
	for (const struct pipeline *p = ctx->pipelines; p; p = p->next)
		if (!p->ended)
			log_error(NULL, "service.drain_cut_off",
			          "DRAIN_TIMEOUT passed; thread %s is stuck", p->name);
	if (ctx->holds)
		log_error(NULL, "service.drain_cut_off",
		          "DRAIN_TIMEOUT passed; %u holds not released", ctx->holds);
	(void)pthread_mutex_unlock(&ctx->lock);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct service_ctx *ctx = arg;

	log_stuck(ctx);
	ctx->exit_code = EXIT_CUT_OFF;
	if (look(ctx).running)
		_exit(EXIT_CUT_OFF); /* a thread still uses what stop() would free */
	(void)event_base_loopbreak(ctx->loop);
}

static void on_stop_stuck(int signal)
{
	static const char line[] =
		"{\"level\":\"error\",\"event\":\"service.stop_cut_off\","
		"\"message\":\"closing a client did not end\"}\n";

	(void)!write(STDOUT_FILENO, line, sizeof(line) - 1);
	_exit(EXIT_CUT_OFF);
}

/* stop() closes client libraries, whose calls do not all take a deadline. */
static void stop_service(struct service_ctx *ctx)
{
	int64_t left_ms = ctx->config.drain_timeout;

	if (!ctx->service->stop)
		return;
	if (service_draining(ctx))
		left_ms = service_drain_deadline(ctx) - clock_mono_ms();
	(void)signal(SIGALRM, on_stop_stuck);
	(void)alarm((unsigned)(left_ms > 0 ? left_ms / 1000 : 0) + STOP_GRACE_S);
	ctx->service->stop(ctx);
	(void)alarm(0);
}

/* ---- the beginning ---- */

static void init(struct service_ctx *ctx)
{
	static const int signals[] = { SIGTERM, SIGINT };
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&ctx->drain_started, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&ctx->lock, NULL);
	ready_register_metrics();
	worker_register_metrics();
	httpd_register_metrics();
	ctx->loop = event_base_new();
	if (!ctx->loop)
		abort();
	ctx->check = event_new(ctx->loop, -1, EV_PERSIST, on_check, ctx);
	ctx->deadline = evtimer_new(ctx->loop, on_deadline, ctx);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		ctx->signals[i] = evsignal_new(ctx->loop, signals[i], on_signal, ctx);
		(void)event_add(ctx->signals[i], NULL);
	}
}

static void join_pipelines(struct service_ctx *ctx)
{
	struct pipeline *next;

	for (struct pipeline *p = ctx->pipelines; p; p = next) {
		next = p->next;
		(void)pthread_join(p->thread, NULL);
		free(p);
	}
	ctx->pipelines = NULL;
}

static void deinit(struct service_ctx *ctx)
{
	health_close(ctx);
	ready_free(ctx);
	for (size_t i = 0; i < ARRAY_SIZE(ctx->signals); i++)
		event_free(ctx->signals[i]);
	event_free(ctx->check);
	event_free(ctx->deadline);
	event_base_free(ctx->loop);
	libevent_global_shutdown();
	(void)pthread_cond_destroy(&ctx->drain_started);
	(void)pthread_mutex_destroy(&ctx->lock);
}

static int start(struct service_ctx *ctx, struct err_text *why)
{
	int r = health_open(ctx, why);

	return r ? r : ctx->service->start(ctx, why);
}

int life_run(struct service_ctx *ctx)
{
	struct err_text why = { .text = "" };

	init(ctx);
	if (start(ctx, &why) != 0) {
		log_error(NULL, "service.start_failed", "%s", why.text);
		ctx->exit_code = EXIT_GAVE_UP;
		/* pipelines that start() made before it failed see a drain */
		if (look(ctx).running)
			begin_drain(ctx, "start failed");
	} else {
		log_info(NULL, "service.started", "version %s, health on %s:%d",
		         FLEET_VERSION, ctx->config.health_address, ctx->health_port);
	}
	if (ctx->exit_code == 0 || service_draining(ctx))
		(void)event_base_dispatch(ctx->loop);
	join_pipelines(ctx);
	stop_service(ctx);
	log_info(NULL, "service.stopped", "exit %d", ctx->exit_code);
	deinit(ctx);
	return ctx->exit_code;
}
