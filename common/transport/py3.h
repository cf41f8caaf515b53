#pragma once
/*
 * The way of logs that the second application (py3) triggered: an HTTP request a log, to
 * that application or to who stands in for it. Blocking, one thread; bounded by
 * PY3_TIMEOUT_MS.
 */
#include "base/err.h"
#include "config/config.h"

#define PY3_TIMEOUT_MS 5000

enum {
	PY3_E_AWAY = 1, /* no answer, or one that speaks of the server: spare it the rest */
	PY3_E_REFUSED,  /* this request was refused */
};

struct py3_config {
	char *url;   /* "" = logs of py3 are left alone */
	char *token; /* INTERNAL_TOKEN */
};
extern const struct config_key py3_config_keys[];
/* What the keys' types cannot say; returns the faults. */
int py3_config_check(const struct py3_config *config, FILE *errors) MUST_CHECK;

struct py3;
/* `url` is the base, without the path. */
int py3_open(const char *url, const char *token, struct py3 **out,
             struct err_text *why) MUST_CHECK;
struct py3 *py3_close(struct py3 *p);
/* `body` is JSON. `why` says what was answered, without data. */
int py3_post(struct py3 *p, const char *body, struct err_text *why) MUST_CHECK;
