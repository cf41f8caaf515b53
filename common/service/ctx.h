#pragma once
/* What the files of common/service share. Only for common/service. */
#include "service/service.h"

#include <pthread.h>
#include <stdatomic.h>

#include <event2/event.h>

struct service_config {
	char *health_address;
	int64_t health_port;
	char *log_level;
	int64_t drain_timeout; /* ms */
};

struct pipeline {
	struct service_ctx *ctx;
	const char *name;
	int (*run)(struct service_ctx *ctx, void *arg);
	void *arg;
	pthread_t thread;
	bool ended;
	int result;
	struct pipeline *next;
};

struct condition {
	char *name;
	bool holds;
	struct err_text why;
	struct condition *next;
};

struct service_ctx {
	const struct service *service;
	struct service_config config;
	uint32_t flags; /* those given, by their place in service->flags */
	struct event_base *loop;
	struct event *signals[2];
	struct event *check;    /* made active by whoever may have ended the drain */
	struct event *deadline; /* armed while draining */
	struct httpd *health;
	int health_port; /* the real one */
	int exit_code;

	_Atomic int64_t drain_deadline; /* INT64_MAX: not draining */
	pthread_mutex_t lock;           /* for all below */
	pthread_cond_t drain_started;
	struct pipeline *pipelines;
	struct condition *conditions;
	unsigned holds;
};

/* ready.c */
void ready_register_metrics(void);
bool ready_holds(struct service_ctx *ctx);        /* all conditions, and not draining */
char *ready_report_json(struct service_ctx *ctx); /* the caller frees */
void ready_free(struct service_ctx *ctx);

/* health.c */
int health_open(struct service_ctx *ctx, struct err_text *why) MUST_CHECK;
void health_close(struct service_ctx *ctx);

/* worker.c */
void worker_register_metrics(void);

/* life.c: everything between a loaded configuration and the exit code. */
int life_run(struct service_ctx *ctx);
