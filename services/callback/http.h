#pragma once
/*
 * The HTTP side: a request is authenticated on the loop, read and looked into on a worker
 * thread (struct call, a route's `run`), and answered on the loop: at once, or when Kafka
 * has acknowledged what the call produced.
 */
#include "base/log_id.h"
#include "callback.h"
#include "httpd/codes.h"
#include "httpd/httpd.h"
#include "httpd/target.h"
#include "kafka/lag.h"
#include "settings/settings.h"

#include <jansson.h>

#define HTTP_BODY_MAX ((size_t)16 << 20)

/* What a worker thread has of its own; opened by its first call, NULL when that failed. */
struct stores {
	const struct callback_config *config;
	struct logstore *logs;
	struct kafka_lag *lag;
	struct pg *pg;
	struct settings_source *source;
	struct settings *settings; /* as last read */
};

struct route;
struct call {
	struct http *http;
	struct httpd_request *request; /* NULL: it was answered */
	const struct route *route;
	char parts[HTTP_PARTS_MAX][HTTP_PART_SIZE]; /* of the route's path */
	struct stores *stores;

	/* the answer, or, with a value (a report) or a task's header, what to produce
	 * before it */
	int code;
	json_t *answer;
	char *value;
	char *task;
	char key[LANE_KEY_SIZE];

	struct event *timeout; /* while the broker's acknowledgement is awaited */
};

/* On a worker thread. Sets code and answer, or value or task, and key, too. */
typedef void (*route_run_fn)(struct call *call);

/* All are served by POST. */
struct route {
	const char *path; /* "/fixed/{part}" */
	route_run_fn run;
	unsigned flags;
};
enum {
	ROUTE_NOTES = 1, /* PostgreSQL's worker runs it, else the log store's */
	/* without x-internal-token: the path has a secret of its own; a worker of its own,
	   too, since anybody may call */
	ROUTE_OPEN = 2,
};

/* routes.c */
const struct route *route_find(const char *path, char parts[][HTTP_PART_SIZE]);
/* {"error": ...} */
void call_fail(struct call *call, int code, const char *why);
