#pragma once
/*
 * One JSON line a fact, to stdout: {"time","level","service","event","message", ids...}.
 * `event` is a stable dotted name that alerts key on ("dispatch.attempt"). Never a payload,
 * a patient's data, a secret or a partner's answer. Any thread; errno is preserved.
 */
#include "base/log_id.h"
#include "base/util.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* What the line is about; 0 and NULL are left out. Belongs to the object that logs. */
struct log_ctx {
	const struct log_id *log_id;
	int64_t lab_id;
	int64_t integration_id;
	int action_id;
	const char *topic;
	int partition; /* with topic */
	int64_t offset;
};

void log_init(const char *service, enum log_level least);
void log_emit(enum log_level level, const struct log_ctx *ctx, const char *event,
              const char *fmt, ...) PRINTF(4, 5);

#define log_debug(ctx, event, ...) log_emit(LOG_LEVEL_DEBUG, ctx, event, __VA_ARGS__)
#define log_info(ctx, event, ...)  log_emit(LOG_LEVEL_INFO, ctx, event, __VA_ARGS__)
#define log_warn(ctx, event, ...)  log_emit(LOG_LEVEL_WARN, ctx, event, __VA_ARGS__)
#define log_error(ctx, event, ...) log_emit(LOG_LEVEL_ERROR, ctx, event, __VA_ARGS__)
