/* Everything about a bill, a patient or an order, over all partners, oldest first. */
#include "api.h"

#include "base/clock.h"
#include "logstore/query.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

#define TRACE_MAX 500

struct trace {
	json_t *items;
	bool capped;
};

static bool find_number(struct call *call, struct query *q)
{
	const char *text = call->parts[1];
	char *end;
	int64_t id = strtoll(text, &end, 10);

	if (strcmp(call->parts[0], "order") == 0) {
		query_add_orders(call, q, text);
		q->filter.bills = q->refs;
		if (q->filter.n_bills || *end)
			return true;
	}
	if (id <= 0 || *end || strlen(text) > 16) {
		call_fail(call, CODE_NOT_FOUND, "ids are positive integers");
		return false;
	}
	if (strcmp(call->parts[0], "patient") == 0) {
		q->patients[0] = id;
		q->filter.patients = q->patients;
		q->filter.n_patients = 1;
	} else {
		q->refs[0] = id;
		q->filter.bills = q->refs;
		q->filter.n_bills = 1;
	}
	return true;
}

static void add(struct trace *t, const char *kind, const char *at, json_t *what)
{
	(void)json_array_append_new(
		t->items, json_pack("{s:s,s:s,s:O}", "kind", kind, "at", at, kind, what));
}

/* What is shown of an attempt; the log's own fields say the rest. */
static void add_attempt(struct call *call, struct trace *t, json_t *attempt)
{
	rename_member(attempt, "_id", "retry_id");
	rename_member(attempt, "integration_directory_id", "log_id");
	mask_row(call, attempt);
	add(t, "retry", jdoc_text_or(attempt, "requested_at", ""), attempt);
}

static bool add_attempts(struct call *call, struct trace *t, const struct log_id *ids,
                         size_t n)
{
	json_t *attempts = NULL, *attempt;
	size_t i;

	if (logstore_attempts(stores_logs(call->stores), ids, n, TRACE_MAX, &attempts)) {
		call_store_away(call);
		return false;
	}
	json_array_foreach (attempts, i, attempt)
		add_attempt(call, t, attempt);
	t->capped |= json_array_size(attempts) == TRACE_MAX;
	json_decref(attempts);
	return true;
}

/* What a downstream or a vendor said of it later. */
static void add_callback(struct trace *t, const json_t *row)
{
	static const char *const fields[] = {
		"log_id", "lab_id",     "status",     "developer_name", "operation",
		"vendor", "fusion_log", "error_kind", "error_message"
	};
	const char *at = jdoc_text_or(row, "confirmed_at", NULL);
	CLEANUP_JSON json_t *callback = json_object();

	if (!at)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		(void)json_object_set(callback, fields[i], json_object_get(row, fields[i]));
	add(t, "callback", at, callback);
}

static bool add_rows(struct call *call, struct trace *t, const struct log_page *page)
{
	CLEANUP(freep)
	struct log_id *ids = xcalloc(json_array_size(page->rows) + 1, sizeof(*ids));
	json_t *row;
	size_t i, n = 0;

	json_array_foreach (page->rows, i, row) {
		bool retried = jdoc_int_or(row, "retry_count", 0) +
		                       jdoc_int_or(row, "auto_retry_count", 0) >
		               0;

		if (retried && log_id_parse(jdoc_text_or(row, "log_id", ""), &ids[n]))
			n++;
		mask_row(call, row);
		add(t, "log", jdoc_text_or(row, "inserted_at", ""), row);
		add_callback(t, row);
	}
	t->capped |= page->more;
	return n == 0 || add_attempts(call, t, ids, n);
}

static bool add_logs(struct call *call, const struct query *q, struct trace *t)
{
	struct log_page page = { .rows = NULL };
	bool done;

	if (q->nothing || (q->filter.n_bills == 0 && q->filter.n_patients == 0))
		return true;
	if (logstore_search(stores_logs(call->stores), &q->filter, NULL, TRACE_MAX,
	                    &page)) {
		json_decref(page.rows);
		call_store_away(call);
		return false;
	}
	done = add_rows(call, t, &page);
	json_decref(page.rows);
	return done;
}

static bool add_notes(struct call *call, const struct query *q, struct trace *t)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *labs = call_labs_array(call);
	CLEANUP(buf_deinit) struct buf bills = BUF_INIT(0);
	char lab[24];

	if (q->filter.n_bills == 0 || q->nothing)
		return true;
	pg_array_int(&bills, q->filter.bills, q->filter.n_bills);
	(void)snprintf(lab, sizeof(lab), "%" PRId64, q->lab_id);
	const char *params[] = { labs, buf_str(&bills), q->lab_id ? lab : NULL };
	if (call_pg(call,
	            "SELECT jsonb_build_object('id', id, 'lab_id', lab_id, 'bill_id', "
	            "bill_id, 'note', note, 'source', source, 'created_at', "
	            "integration.iso(created_at)) FROM integration.activity_log "
	            "WHERE bill_id = ANY ($2::bigint[]) AND "
	            "($1::bigint[] IS NULL OR lab_id = ANY ($1::bigint[])) AND "
	            "($3::bigint IS NULL OR lab_id = $3::bigint) ORDER BY id DESC LIMIT "
	            "100",
	            params, ARRAY_SIZE(params), &rows))
		return false;
	for (size_t i = 0; i < pg_rows(rows); i++) {
		const char *text = pg_text(rows, i, 0);
		CLEANUP_JSON json_t *note = jdoc_parse(text, strlen(text), NULL);

		mask_text(call, note, "note");
		if (note)
			add(t, "activity", jdoc_text_or(note, "created_at", ""), note);
	}
	return true;
}

static int oldest_first(const void *a, const void *b)
{
	const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;

	return strcmp(jdoc_text_or(x, "at", ""), jdoc_text_or(y, "at", ""));
}

static json_t *sorted(const json_t *items)
{
	size_t n = json_array_size(items);
	CLEANUP(freep) json_t **list = xcalloc(n + 1, sizeof(json_t *));
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		list[i] = json_array_get(items, i);
	if (n)
		qsort(list, n, sizeof(json_t *), oldest_first);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append(out, list[i]);
	return out;
}

void api_trace(struct call *call)
{
	static const char *const kinds[] = { "bill", "patient", "order" };
	struct trace t = { .items = json_array() };
	struct query q = { .lab_id = 0 };
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		known |= strcmp(kinds[i], call->parts[0]) == 0;
	if (!known)
		call_fail(call, CODE_NOT_FOUND, "trace a bill, a patient or an order");
	else if (query_read_lab(call, &q) && find_number(call, &q) &&
	         add_logs(call, &q, &t) && add_notes(call, &q, &t))
		call_answer(call, CODE_OK,
		            json_pack("{s:s,s:s,s:o,s:b}", "kind", call->parts[0], "id",
		                      call->parts[1], "items", sorted(t.items), "capped",
		                      t.capped));
	json_decref(t.items);
	query_release(&q);
}
