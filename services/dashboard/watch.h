#pragma once
/*
 * How the fleet is and what the retry runs do: a thread of its own asks once a second, for
 * everybody, and tells what changed.
 */
#include "dashboard.h"

#include <jansson.h>

struct watch_news {
	json_t *runs;   /* those that changed, as retryrun_get has them; NULL: none */
	json_t *health; /* as a whole, when it changed; else NULL */
};
/* On the watch's thread; both references are the callee's. */
typedef void (*watch_tell_fn)(const struct watch_news *news, void *arg);

struct watch;
struct watch *watch_start(struct dashboard *d, watch_tell_fn tell,
                          void *arg); /* in start() */
/*
 * {"at", "stores", "consumers", "failed_tasks", "lanes", "open_circuits", "lane_states"} of
 * all labs: health_for makes it what one may see. Any thread; new reference; NULL: nothing
 * was asked yet.
 */
json_t *watch_health(struct watch *w);
struct watch *watch_stop(struct watch *w);
