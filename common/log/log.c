#include "log/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE_MAX 2048 /* bytes; a line must fit into one write() to a pipe */

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static const char *service_name = "";
static enum log_level least_level = LOG_LEVEL_INFO;

void log_init(const char *service, enum log_level least)
{
	service_name = service;
	least_level = least;
}

static void append_text(struct buf *line, const char *text)
{
	buf_append_char(line, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(line, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			buf_printf(line, "\\u%04x", *p);
		else
			buf_append_char(line, (char)*p);
	}
	buf_append_char(line, '"');
}

static void append_member(struct buf *line, const char *key, const char *text)
{
	buf_printf(line, "%c\"%s\":", line->len ? ',' : '{', key);
	append_text(line, text);
}

/* A partner's bytes, or a character that the size limit broke, must not spoil the line. */
static void append_message(struct buf *line, const char *message)
{
	size_t len = strlen(message);
	CLEANUP(freep)
	char *repaired = utf8_valid(message, len) ? NULL : utf8_repair(message, len, &len);

	append_member(line, "message", repaired ? repaired : message);
}

static void append_number(struct buf *line, const char *key, int64_t value)
{
	buf_printf(line, ",\"%s\":%" PRId64, key, value);
}

static void append_ctx(struct buf *line, const struct log_ctx *ctx)
{
	if (ctx->log_id) {
		char hex[LOG_ID_HEX_SIZE];

		append_member(line, "log_id", log_id_to_hex(ctx->log_id, hex));
	}
	if (ctx->lab_id)
		append_number(line, "lab_id", ctx->lab_id);
	if (ctx->integration_id)
		append_number(line, "integration_id", ctx->integration_id);
	if (ctx->action_id)
		append_number(line, "action_id", ctx->action_id);
	if (ctx->topic) {
		append_member(line, "topic", ctx->topic);
		append_number(line, "partition", ctx->partition);
		append_number(line, "offset", ctx->offset);
	}
}

static void write_line(const struct buf *line)
{
	const char *at = line->data;
	size_t left = line->len;

	/* one call a line: lines of several threads do not mix */
	while (left > 0) {
		ssize_t n = write(STDOUT_FILENO, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody to tell */
		at += n;
		left -= (size_t)n;
	}
}

void log_emit(enum log_level level, const struct log_ctx *ctx, const char *event,
              const char *fmt, ...)
{
	if (level < least_level)
		return;

	int saved_errno = errno;
	CLEANUP(buf_deinit) struct buf line = BUF_INIT(0);
	char time_text[CLOCK_ISO_SIZE], message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	append_member(&line, "time", clock_format_iso(clock_wall_ms(), time_text));
	append_member(&line, "level", level_names[level]);
	append_member(&line, "service", service_name);
	append_member(&line, "event", event);
	append_message(&line, message);
	if (ctx)
		append_ctx(&line, ctx);
	buf_append_str(&line, "}\n");
	write_line(&line);
	errno = saved_errno;
}
