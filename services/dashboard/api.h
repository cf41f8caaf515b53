#pragma once
/* What each address does, on a worker thread, for a caller who may. */
#include "call.h"
#include "logstore/search.h"

/* session.c */
void api_me(struct call *call);
void api_log_in(struct call *call);
void api_log_out(struct call *call);
void api_preferences(struct call *call);
void api_put_preferences(struct call *call);

/* session.c: what the loop needs to open a stream */
void api_stream(struct call *call);

/* setup.c, save.c */
void api_labs(struct call *call);
void api_action_categories(struct call *call);
void api_authentications(struct call *call);
void api_integrations(struct call *call);
void api_integration_history(struct call *call);
void api_save_integration(struct call *call);
void api_end_old_keys(struct call *call); /* keys.c */

/* failed.c, failed_one.c */
void api_failed_tasks(struct call *call);
void api_failed_task_reveal(struct call *call);
void api_failed_task_requeue(struct call *call);

/* people.c */
void api_activity(struct call *call);
void api_audit(struct call *call);

/* stats.c, health.c, lanes.c, trace.c, reveal.c */
void api_stats(struct call *call);
void api_health(struct call *call);
void api_log_groups(struct call *call);
void api_lanes(struct call *call);
void api_lane_pause(struct call *call);
void api_lane_resume(struct call *call);
void api_trace(struct call *call);
void api_reveal(struct call *call);

/* runs.c */
void api_retry_many(struct call *call);
void api_run_start(struct call *call);
void api_runs(struct call *call);
void api_run(struct call *call);
void api_run_items(struct call *call);
void api_run_pause(struct call *call);
void api_run_resume(struct call *call);
void api_run_cancel(struct call *call);

/* sample.c */
void api_template_preview(struct call *call);
void api_integration_test(struct call *call);

/* files.c: the web app; for what no route has */
void api_files(struct call *call);
void api_openapi(struct call *call);

/* logs.c */
void rename_member(json_t *object, const char *from,
                   const char *to); /* the store's names are not the page's */
void api_logs(struct call *call);
void api_log(struct call *call);
void api_log_retries(struct call *call);
void api_log_counts(struct call *call);
void api_logs_export(struct call *call); /* export.c */

/* retry.c */
void api_log_retry(struct call *call);
void api_old_retry(struct call *call);
void api_old_py3_retry(struct call *call);

/*
 * The log in full, when the caller may see it (logstore_get); else said, and NULL. New
 * reference.
 */
json_t *api_read_log(struct call *call, const struct log_id *id);

/* ---- filter.c: the query's filter of logs ---- */
struct query {
	struct log_filter filter;
	int64_t lab_id;
	char *error_kind, *words;
	int64_t refs[8]; /* bills, by number or by what the LIS says of it */
	int64_t patients[1];
	struct log_id id;
	bool nothing; /* the filter excludes everything */
	bool numeric; /* q was a number: a reference first, then words */
};
/* False: said. To be released in any case. */
bool query_read(struct call *call, struct query *q) MUST_CHECK;
void query_release(struct query *q);
/* The lab alone. */
bool query_read_lab(struct call *call, struct query *q) MUST_CHECK;
/* The bills that an order or accession number stands for, after those of refs. */
void query_add_orders(struct call *call, struct query *q, const char *number);
/* A number that stands for nothing may be a word of an error. False: it is none. */
bool query_take_as_words(struct query *q);
/* The query's limit and cursor; the cursor's text. False: said. */
bool page_read(struct call *call, size_t dflt, size_t most, size_t *limit,
               struct log_cursor *cursor) MUST_CHECK;
json_t *page_json(struct log_page *page);
/* logs.c: a page of the query's logs, unmasked; a number that finds nothing is words.
 * False: the store is away. */
bool logs_search(struct call *call, struct query *q, const struct log_cursor *cursor,
                 size_t limit, struct log_page *page) MUST_CHECK;

/* reveal.c: what is masked is shown for so long */
#define REVEALED_MS (15 * 60 * 1000)
/* Why; NULL: that, or something before, is at fault, which is said. */
const char *reveal_reason(struct call *call);

/* troubles.c: `checks` and `hint` of a log in full, before it is masked */
void troubles_add(struct call *call, json_t *log);

/* ---- mask.c: what a caller may see ---- */
bool mask_applies(const struct call *call); /* of bodies */
void mask_row(const struct call *call, json_t *row);
void mask_row_for_viewer(json_t *row);
void mask_log(const struct call *call, json_t *log); /* a log or an attempt, in full */
/* For a viewer: what was looked for may be a patient's. */
void mask_run(json_t *run);
/* In place, where the caller is a viewer: what a partner said of an error becomes what its
 * error_kind means; a free text is masked whole. */
void mask_error(const struct call *call, json_t *item, const char *member);
void mask_text(const struct call *call, json_t *item, const char *member);
/* For a viewer: an inbound call that no route names is called by its path. */
void mask_operation(const struct call *call, json_t *item);
/* In place, where bodies are masked. */
void mask_body(const struct call *call, json_t *item, const char *member);
const char *mask_error_words(const char *kind); /* NULL: of none */
