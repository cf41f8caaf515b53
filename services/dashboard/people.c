/* What people did and noted: the activity log, the audit. */
#include "api.h"

#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

/* One page: the rows' JSON texts with their ids, newest first. A note is free text. */
static void give_page(struct call *call, const struct pg_result *rows, int64_t limit)
{
	json_t *items = json_array();
	char next[24] = "";
	size_t n = pg_rows(rows);

	for (size_t i = 0; i < n && (int64_t)i < limit; i++) {
		const char *text = pg_text(rows, i, 1);
		json_t *item = jdoc_parse(text, strlen(text), NULL);

		mask_text(call, item, "note");
		(void)json_array_append_new(items, item);
		(void)snprintf(next, sizeof(next), "%" PRId64, pg_int(rows, i, 0));
	}
	call_answer(call, CODE_OK,
	            json_pack("{s:o,s:o}", "items", items, "next_cursor",
	                      (int64_t)n > limit ? json_string(next) : json_null()));
}

struct page_query {
	int64_t limit, before;
	char limit_text[24], before_text[24];
};

static bool read_page(struct call *call, struct page_query *q)
{
	*q = (struct page_query){ .limit = 50, .before = INT64_MAX };
	if (!call_query_int(call, "limit", 1, 500, &q->limit) ||
	    !call_query_int(call, "cursor", 1, JSON_NUMBER_MAX, &q->before))
		return false;
	(void)snprintf(q->limit_text, sizeof(q->limit_text), "%" PRId64, q->limit + 1);
	(void)snprintf(q->before_text, sizeof(q->before_text), "%" PRId64, q->before);
	return true;
}

void api_activity(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *labs = call_labs_array(call);
	int64_t lab_id = 0, bill_id = 0;
	char lab[24], bill[24];
	struct page_query q;

	if (!read_page(call, &q) ||
	    !call_query_int(call, "lab_id", 1, JSON_NUMBER_MAX, &lab_id) ||
	    !call_query_int(call, "bill_id", 1, JSON_NUMBER_MAX, &bill_id))
		return;
	(void)snprintf(lab, sizeof(lab), "%" PRId64, lab_id);
	(void)snprintf(bill, sizeof(bill), "%" PRId64, bill_id);
	const char *params[] = { labs, lab_id ? lab : NULL, bill_id ? bill : NULL,
		                 q.before_text, q.limit_text };
	if (call_pg(call,
	            "SELECT id, jsonb_build_object('id', id, 'lab_id', lab_id, 'bill_id', "
	            "bill_id, 'note', note, 'source', source, 'created_at', "
	            "integration.iso(created_at)) FROM integration.activity_log "
	            "WHERE ($1::bigint[] IS NULL OR lab_id = ANY ($1::bigint[])) AND "
	            "($2::bigint IS NULL OR lab_id = $2::bigint) AND "
	            "($3::bigint IS NULL OR bill_id = $3::bigint) AND id < $4::bigint "
	            "ORDER BY id DESC LIMIT $5::int",
	            params, ARRAY_SIZE(params), &rows) == 0)
		give_page(call, rows, q.limit);
}

void api_audit(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *labs = call_labs_array(call);
	CLEANUP(freep) char *actor = call_query(call, "actor");
	CLEANUP(freep) char *action = call_query(call, "action");
	CLEANUP(freep) char *object = call_query(call, "object");
	CLEANUP(freep) char *object_id = call_query(call, "object_id");
	struct page_query q;

	if (call_failed(call) || !read_page(call, &q))
		return;
	const char *params[] = { labs,      actor,         action,      object,
		                 object_id, q.before_text, q.limit_text };
	if (call_pg(call,
	            "SELECT id, jsonb_build_object('id', id, 'at', integration.iso(at), "
	            "'actor', actor, 'action', action, 'object', object, 'object_id', "
	            "object_id, 'lab_id', lab_id, 'detail', detail) FROM integration.audit "
	            "WHERE ($1::bigint[] IS NULL OR lab_id = ANY ($1::bigint[])) AND "
	            "($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR action = "
	            "$3) "
	            "AND ($4::text IS NULL OR object = $4) AND "
	            "($5::text IS NULL OR object_id = $5) AND id < $6::bigint "
	            "ORDER BY id DESC LIMIT $7::int",
	            params, ARRAY_SIZE(params), &rows) == 0)
		give_page(call, rows, q.limit);
}
