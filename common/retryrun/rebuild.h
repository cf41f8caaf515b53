#pragma once
/*
 * What a retry would send now, for many logs at once: the contexts of a whole batch, then
 * each payload behind its fence, by the code that builds what is sent. Internal to
 * retryrun/.
 */
#include "base/err.h"
#include "base/log_id.h"
#include "postgres/postgres.h"
#include "settings/settings.h"

#include <jansson.h>

enum rebuild_outcome {
	REBUILD_CHANGED,
	REBUILD_SUPERSEDED,  /* `why` is the fence's reason */
	REBUILD_UNBUILDABLE, /* the attempt would end FAIL, with `why` */
	REBUILD_UNKNOWN,     /* built; the log has no payload_sha256 to compare with */
	REBUILD_SAME,
	REBUILD_OUTCOME_COUNT,
};

struct rebuild {
	struct log_id log_id;
	const json_t *log;             /* borrowed: retried_log's */
	const struct integration *row; /* borrowed */
	/* filled */
	enum rebuild_outcome outcome;
	struct err_text why;
	char *body; /* NULL: none; the caller's */
};

/* PG_E_AWAY or 0. */
int rebuild_logs(struct pg *pg, struct rebuild *list, size_t n) MUST_CHECK;
