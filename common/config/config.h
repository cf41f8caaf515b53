#pragma once
/*
 * Configuration is a schema: a table of keys that fills a plain struct from the
 * environment. `NAME_FILE` reads the value of NAME from a file (secrets); both set is an
 * error. Every faulty key is reported at once, by name and remedy, never with its value.
 * docs/configuration.md is generated from the same tables.
 */
#include "base/util.h"

#include <stdbool.h>
#include <stdio.h>

enum config_type {
	CONFIG_STRING, /* char *            text, min/max = length */
	CONFIG_INT,    /* int64_t           min..max */
	CONFIG_MSEC,   /* int64_t, ms       "30s", "500ms", "5m", "24h"; min..max in ms */
	CONFIG_BYTES,  /* int64_t, bytes    "64KiB", "1MiB", "1048576"; min..max in bytes */
	CONFIG_BOOL,   /* bool              true|false|1|0|yes|no */
	CONFIG_PORT,   /* int64_t           0..65535; 0 = any free port */
	CONFIG_URL,    /* char *            scheme://..., shown without user and password */
};

enum {
	CONFIG_REQUIRED = 1,
	CONFIG_SECRET = 2, /* never printed; NAME_FILE is the way to give it */
};

struct config_key {
	const char *name; /* of the environment variable, without a prefix */
	enum config_type type;
	size_t offset;    /* of the field in the struct: offsetof(struct x_config, field) */
	int64_t min, max; /* 0, 0 = not checked */
	const char *dflt; /* text as one would write it; NULL = empty string, 0 or false */
	unsigned flags;
	const char *help; /* one sentence; says the unit and what a change does */
	/* What the type cannot say, of a text that is given: its fault and the remedy, or
	 * NULL. */
	const char *(*fault)(const char *text);
};

#define CONFIG_END                                                                         \
	{                                                                                  \
		.name = NULL                                                               \
	} /* the last of every table */

/*
 * Several tables may fill parts of one struct: a group is a table with the offset of its
 * part (`struct kafka_config kafka;` inside a service's struct, filled by
 * kafka_config_keys). The last of several has no keys.
 */
struct config_group {
	const struct config_key *keys;
	size_t offset;
};

/*
 * Fills `out` (zeroed before) from getenv(). Returns the number of faulty keys; each is one
 * line on `errors` ("HTTP_TIMEOUT: not a duration; write 30s or 500ms").
 * Strings belong to the struct until config_release.
 */
int config_load(const struct config_group *groups, void *out, FILE *errors) MUST_CHECK;
void config_release(const struct config_group *groups, void *out);
/* The rows of the reference, without its head: the same text that docs/configuration.md
 * holds. */
void config_print_head(FILE *to);
void config_print(const struct config_group *groups, FILE *to);
