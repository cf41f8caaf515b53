/*
 * A list as a file for a spreadsheet (RFC 4180): the newest of the filter's logs, page by
 * page, as the caller may see them. A row of the audit says who took how many.
 */
#include "api.h"

#include "base/clock.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

#define EXPORT_ROWS  10000
#define EXPORT_BYTES ((size_t)8 << 20)
#define EXPORT_PAGE  250

static const char *const columns[] = {
	"log_id",
	"status",
	"lab_id",
	"integration_type",
	"operation",
	"developer_name",
	"transport",
	"bill_id",
	"patient_id",
	"lrr_id",
	"report_id",
	"inserted_at",
	"activity_date",
	"updated_at",
	"response_status_code",
	"response_time",
	"error_kind",
	"error_message",
	"fusion_log",
	"retry_count",
	"auto_retry_count",
	"next_auto_retry_at",
	"end_point",
	"method",
	"path",
	"ip",
};

/* What a spreadsheet would take for a formula becomes a text; so does what it would split.
 */
static void add_text(struct buf *out, const char *text)
{
	buf_append_char(out, '"');
	if (*text && strchr("=+-@\t\r\n", *text))
		buf_append_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_append_char(out, '"');
		buf_append_char(out, *text);
	}
	buf_append_char(out, '"');
}

static void add_cell(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		add_text(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.3f", json_real_value(value));
	else if (json_is_boolean(value))
		buf_append_str(out, json_is_true(value) ? "true" : "false");
}

static void add_row(struct buf *out, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const json_t *value = json_object_get(row, columns[i]);
		bool suppressed = strcmp(columns[i], "status") == 0 &&
		                  json_is_string(value) && json_string_length(value) == 0;

		if (i)
			buf_append_char(out, ',');
		if (suppressed)
			buf_append_str(out, "\"SUPPRESSED\"");
		else
			add_cell(out, value);
	}
	buf_append_str(out, "\r\n");
}

static void add_head(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		buf_printf(out, "%s%s", i ? "," : "", columns[i]);
	buf_append_str(out, "\r\n");
}

struct export
{
	size_t rows;
	bool capped;
};

/* False: said. */
static bool add_page(struct call *call, struct log_page *page, struct export *e)
{
	json_t *row;
	size_t i;

	json_array_foreach (page->rows, i, row) {
		if (e->rows == EXPORT_ROWS || call->raw.len > EXPORT_BYTES) {
			e->capped = true;
			break;
		}
		mask_row(call, row);
		add_row(&call->raw, row);
		e->rows++;
	}
	e->capped |= page->more && e->rows == EXPORT_ROWS;
	json_decref(page->rows);
	return page->more && !e->capped;
}

static bool add_all(struct call *call, struct query *q, struct export *e)
{
	struct log_cursor cursor = { .set = false };
	struct log_page page;

	do {
		if (!logs_search(call, q, &cursor, EXPORT_PAGE, &page)) {
			call_store_away(call);
			return false;
		}
		cursor = page.next;
		cursor.set = true;
	} while (add_page(call, &page, e));
	return true;
}

static void give(struct call *call, const struct export *e)
{
	char at[CLOCK_ISO_SIZE], text[100];

	(void)clock_format_iso(clock_wall_ms(), at);
	(void)snprintf(text, sizeof(text), "attachment; filename=\"logs-%.10s.csv\"", at);
	httpd_header(&call->headers, "content-disposition", text);
	httpd_header(&call->headers, "cache-control", "no-store");
	httpd_header(&call->headers, "content-security-policy", "default-src 'none'");
	(void)snprintf(text, sizeof(text), "%zu", e->rows);
	httpd_header(&call->headers, "x-rows", text);
	httpd_header(&call->headers, "x-capped", e->capped ? "true" : "false");
	if (e->capped) {
		(void)snprintf(text, sizeof(text),
		               "More logs match: these are the newest %zu.", e->rows);
		add_text(&call->raw, text);
		buf_append_str(&call->raw, "\r\n");
	}
	call->raw_type = "text/csv; charset=utf-8";
	call->code = CODE_OK;
}

void api_logs_export(struct call *call)
{
	struct export e = { .rows = 0 };
	struct query q;

	add_head(&call->raw);
	if (query_read(call, &q) && add_all(call, &q, &e)) {
		/* what was looked for may be a patient's */
		const struct audit audit = {
			.action = "export",
			.object = "logs",
			.lab_id = q.lab_id,
			.detail = json_pack("{s:I,s:b}", "rows", (json_int_t)e.rows,
			                    "capped", e.capped),
		};

		if (call_audit(call, &audit))
			give(call, &e);
	}
	if (call_failed(call))
		buf_clear(&call->raw);
	query_release(&q);
}
