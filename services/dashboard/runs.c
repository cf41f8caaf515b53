/* Retries of many: what would happen, and then the run (common/retryrun). */
#include "api.h"

#include "retryrun/retryrun.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define REASON_MAX 500

/* A RETRYRUN_E_... as an answer; 0: false. */
static bool refuse(struct call *call, int result, const struct err_text *why)
{
	switch (result) {
	case 0:
		return false;
	case RETRYRUN_E_UNKNOWN:
		call_fail(call, CODE_NOT_FOUND,
		          "there is no such preview or run, or it is of labs that are not "
		          "yours");
		return true;
	case RETRYRUN_E_EXPIRED:
		call_fail(call, CODE_CONFLICT,
		          "the preview is older than 15 minutes: make "
		          "another one");
		return true;
	case RETRYRUN_E_STATE:
		call_fail(call, CODE_CONFLICT, "%s", why->text);
		return true;
	case RETRYRUN_E_INVALID:
		call_fault(call, "", "%s", why->text);
		return true;
	default:
		call_fail(call, CODE_AWAY, "%s", why->text);
		return true;
	}
}

/* Who sees no lab sees no run: an empty list would mean all. */
static bool labs_of(struct call *call, struct retryrun_labs *out)
{
	*out = (struct retryrun_labs){ 0 };
	if (call->who.all_labs)
		return true;
	out->ids = call->who.labs;
	out->n = call->who.n_labs;
	if (out->n)
		return true;
	call_fail(call, CODE_NOT_FOUND, "you have no lab");
	return false;
}

/* ---- previews ---- */

static void append_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text))
			buf_append_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

static void append_value(struct buf *out, const json_t *value)
{
	const json_t *one;
	size_t i;

	if (json_is_string(value))
		append_escaped(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	json_array_foreach (value, i, one) {
		if (i)
			buf_append_char(out, ',');
		append_escaped(out, json_is_string(one) ? json_string_value(one) : "?");
	}
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A filter that is not understood must not widen what is retried. */
static bool is_known(struct call *call, const char *name)
{
	static const char *const names[] = {
		"tab",       "lab_id",     "action_category_id",
		"action_id", "auth_id",    "integration_id",
		"status",    "error_kind", "from",
		"to",        "q",
	};

	if (is_among(name, names, ARRAY_SIZE(names)))
		return true;
	call_fault(call, "/filter", "the filter has a member that is not known");
	return false;
}

/* The body's filter is the list's, which is read from a query: so it becomes one. */
static bool read_filter(struct call *call, const json_t *filter, struct query *q)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	const char *was = call->request->head.query, *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)filter, name, value) {
		if (!is_known(call, name))
			return false;
		if (json_is_null(value))
			continue;
		buf_printf(&text, "&%s=", name);
		if (json_array_size(value) == 0 && json_string_length(value) == 0 &&
		    !json_is_integer(value)) {
			call_fault(call, "/filter", "%s is empty, or of a wrong type",
			           name);
			return false;
		}
		append_value(&text, value);
	}
	call->request->head.query = text.len ? buf_str(&text) + 1 : "";
	bool result = query_read(call, q);
	call->request->head.query = was;
	return result;
}

static struct log_id *read_ids(struct call *call, const json_t *list, size_t *n)
{
	size_t i, most = json_array_size(list);
	struct log_id *ids = xcalloc(most + 1, sizeof(*ids));
	const json_t *one;

	*n = most;
	if (most == 0 || most > RETRYRUN_LOGS_MAX)
		call_fault(call, "/ids", "ids has 1 to %d log_ids", RETRYRUN_LOGS_MAX);
	json_array_foreach (list, i, one)
		if (!json_is_string(one) ||
		    !log_id_parse(json_string_value(one), &ids[i])) {
			call_fault(call, "/ids", "ids are texts of 24 hex digits");
			break;
		}
	return ids;
}

static bool make_preview(struct call *call, struct retryrun_scope *scope, json_t **out)
{
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	struct err_text why = { "" };
	int result = stores_settings(call->stores, &settings);

	if (result) {
		call_postgres_failed(call, result);
		return false;
	}
	const struct retryrun_tools tools = { .pg = stores_pg(call->stores),
		                              .store = stores_logs(call->stores),
		                              .settings = settings };
	scope->requested_by = call->who.login;
	return labs_of(call, &scope->labs) &&
	       !refuse(call, retryrun_preview(&tools, scope, out, &why), &why);
}

/* Bodies are data of patients: a page has to ask for them. */
static void mask_samples(struct call *call, json_t *preview)
{
	const json_t *samples = json_object_get(preview, "samples");
	json_t *sample;
	size_t i;

	json_array_foreach (samples, i, sample) {
		mask_body(call, sample, "last_body");
		mask_body(call, sample, "body");
	}
}

static void start(struct call *call, const char *preview_id);

static void give_preview(struct call *call, struct retryrun_scope *scope)
{
	CLEANUP_JSON json_t *preview = NULL;

	if (!make_preview(call, scope, &preview))
		return;
	if (call_body_flag(call, "dry_run")) {
		mask_samples(call, preview);
		call_answer(call, CODE_OK, STEAL(preview));
		return;
	}
	start(call, jdoc_text_or(preview, "preview_id", ""));
	if (!call_failed(call))
		(void)json_object_set(call->answer, "matched",
		                      json_object_get(preview, "matched"));
}

/* Its members may stand beside the others, too. New reference; NULL: there is none. */
static json_t *find_filter(const struct call *call)
{
	static const char *const others[] = { "ids", "dry_run", "resend" };
	json_t *filter = json_object_get(call->body, "filter");

	if (filter || json_object_get(call->body, "ids"))
		return json_incref(filter);
	filter = json_copy(call->body);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		(void)json_object_del(filter, others[i]);
	if (json_object_size(filter) > 0)
		return filter;
	json_decref(filter);
	return NULL;
}

void api_retry_many(struct call *call)
{
	CLEANUP_JSON json_t *filter = find_filter(call);
	const json_t *ids = json_object_get(call->body, "ids");
	struct retryrun_scope scope = { .shown = filter };
	CLEANUP(freep) struct log_id *list = NULL;
	struct query q = { .lab_id = 0 };

	if (filter && !json_is_object(filter) && !json_is_null(filter))
		call_fault(call, "/filter", "filter must be an object");
	if (ids && !json_is_array(ids) && !json_is_null(ids))
		call_fault(call, "/ids", "ids must be a list");
	if (json_is_array(ids)) {
		list = read_ids(call, ids, &scope.n_ids);
		scope.ids = list;
	} else if (json_is_object(filter) && read_filter(call, filter, &q)) {
		scope.filter = &q.filter;
	}
	scope.resend = call_body_flag(call, "resend");
	(void)call_body_flag(call, "dry_run"); /* a fault, before anything is made */
	if (!scope.ids && !scope.filter && !call_failed(call))
		call_fault(call, "/filter",
		           "filter (an object) or ids (a list) is missing");
	if (q.nothing && !call_failed(call))
		call_fail(call, CODE_NOT_FOUND, "the filter excludes every log");
	if (!call_failed(call))
		give_preview(call, &scope);
	query_release(&q);
}

/* ---- runs ---- */

static bool read_number(struct call *call, const char *name, double least, double most,
                        double *out)
{
	const json_t *value = json_object_get(call->body, name);
	CLEANUP(freep) char *pointer = xasprintf("/%s", name);

	if (!value || json_is_null(value))
		return true;
	if (json_is_number(value) && json_number_value(value) >= least &&
	    json_number_value(value) <= most) {
		*out = json_number_value(value);
		return true;
	}
	call_fault(call, pointer, "%s must be a number from %g to %g", name, least, most);
	return false;
}

static void start(struct call *call, const char *preview_id)
{
	struct retryrun_order order = {
		.preview_id = preview_id,
		.reason = call_body_text(call, "reason", ""),
		.requested_by = call->who.login,
		.start_paused = call_body_flag(call, "start_paused"),
		.stop_when_failing = -1,
	};
	json_t *run = NULL;
	struct err_text why = { "" };

	if (call_characters(order.reason) > REASON_MAX)
		call_fault(call, "/reason", "a reason has at most %d characters",
		           REASON_MAX);
	if (!read_number(call, "rate", 0.01, RETRYRUN_RATE_MAX, &order.rate) ||
	    !read_number(call, "stop_when_failing", 0, 100, &order.stop_when_failing) ||
	    call_failed(call) || !labs_of(call, &order.labs))
		return;
	const struct audit audit = {
		.action = "retry-run",
		.object = "preview",
		.object_id = preview_id,
		.detail = json_pack("{s:s}", "reason", order.reason),
	};
	if (call_audit(call, &audit) &&
	    !refuse(call, retryrun_start(stores_pg(call->stores), &order, &run, &why),
	            &why))
		call_answer(call, CODE_ACCEPTED, run);
}

void api_run_start(struct call *call)
{
	const char *id = call_body_text(call, "preview_id", "");

	if (!*id || strlen(id) > 64)
		call_fault(call, "/preview_id", "preview_id is missing");
	else
		start(call, id);
}

void api_runs(struct call *call)
{
	struct retryrun_list query = { .limit = 50 };
	int64_t limit = 50;
	struct err_text why = { "" };
	json_t *items = NULL, *run;
	size_t i;

	if (!call_query_int(call, "limit", 1, 500, &limit) ||
	    !call_query_int(call, "lab_id", 1, JSON_NUMBER_MAX, &query.lab_id) ||
	    !labs_of(call, &query.labs))
		return;
	query.limit = (int)limit;
	if (refuse(call, retryrun_list(stores_pg(call->stores), &query, &items, &why),
	           &why))
		return;
	json_array_foreach (items, i, run)
		if (call->who.role < ROLE_OPERATOR)
			mask_run(run);
	call_answer(call, CODE_OK, json_pack("{s:o}", "items", items));
}

/* The run, where the caller may see it; NULL: said. */
static json_t *read_run(struct call *call, int64_t *id)
{
	struct retryrun_labs labs;
	struct err_text why = { "" };
	json_t *run = NULL;

	if (!call_path_int(call, 0, id) || !labs_of(call, &labs) ||
	    refuse(call, retryrun_get(stores_pg(call->stores), *id, &labs, &run, &why),
	           &why))
		return NULL;
	if (call->who.role < ROLE_OPERATOR)
		mask_run(run);
	return run;
}

void api_run(struct call *call)
{
	int64_t id;
	json_t *run = read_run(call, &id);

	if (run)
		call_answer(call, CODE_OK, run);
}

void api_run_items(struct call *call)
{
	struct retryrun_items query = { 0 };
	struct err_text why = { "" };
	json_t *items = NULL, *item;
	int64_t id, limit = 50;
	size_t i;
	CLEANUP(freep) char *state = call_query(call, "state");
	CLEANUP_JSON json_t *run = NULL;
	char next[24];

	if (call_failed(call) || !call_query_int(call, "limit", 1, 500, &limit) ||
	    !call_query_int(call, "cursor", 1, JSON_NUMBER_MAX, &query.after))
		return;
	run = read_run(call, &id);
	if (!run)
		return;
	query.state = state;
	query.limit = (int)limit;
	if (refuse(call, retryrun_items(stores_pg(call->stores), id, &query, &items, &why),
	           &why))
		return;
	json_array_foreach (items, i, item)
		mask_error(call, item, "error");
	const json_t *last = json_array_get(items, json_array_size(items) - 1);
	(void)snprintf(next, sizeof(next), "%" PRId64, jdoc_int_or(last, "n", 0));
	call_answer(call, CODE_OK,
	            json_pack("{s:o,s:o}", "items", items, "next_cursor",
	                      (int64_t)json_array_size(items) == limit ? json_string(next)
	                                                               : json_null()));
}

static void command(struct call *call, enum retryrun_command what, const char *word)
{
	struct retryrun_labs labs;
	struct err_text why = { "" };
	json_t *run = NULL;
	int64_t id;
	const struct audit audit = { .action = word,
		                     .object = "retry-run",
		                     .object_id = call->parts[0] };

	if (!call_path_int(call, 0, &id) || !labs_of(call, &labs) ||
	    refuse(call,
	           retryrun_command(stores_pg(call->stores), id, what, &labs, &run, &why),
	           &why))
		return;
	if (call_audit(call, &audit))
		call_answer(call, CODE_OK, run);
	else
		json_decref(run);
}

void api_run_pause(struct call *call)
{
	command(call, RETRYRUN_PAUSE, "pause");
}

void api_run_resume(struct call *call)
{
	command(call, RETRYRUN_RESUME, "resume");
}

void api_run_cancel(struct call *call)
{
	command(call, RETRYRUN_CANCEL, "cancel");
}
