/* The query's filter of logs, within what the caller may see. */
#include "api.h"

#include "base/clock.h"
#include "domain/action.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#define ORDERS_MS          1000
#define LAB_MS             500
#define NUMBER_AS_WORDS_MS (24LL * 3600 * 1000)
#define ERRORS             (LOG_STATUS_BIT(LOG_STATUS_QUEUED) | LOG_STATUS_BIT(LOG_STATUS_FAIL))

static bool read_tab(struct call *call, struct query *q)
{
	static const struct {
		const char *name, *integration_type;
		unsigned statuses;
	} tabs[] = {
		{ "webhook", "WEBHOOK", 0 },
		{ "api", "API", 0 },
		{ "errors", NULL, ERRORS },
	};
	CLEANUP(freep) char *tab = call_query(call, "tab");

	if (!tab)
		return !call_failed(call);
	for (size_t i = 0; i < ARRAY_SIZE(tabs); i++) {
		if (strcmp(tabs[i].name, tab) != 0)
			continue;
		q->filter.integration_type = tabs[i].integration_type;
		q->filter.statuses = tabs[i].statuses;
		return true;
	}
	call_fault(call, "tab", "tab must be webhook, api or errors");
	return false;
}

static bool status_of(const char *word, size_t len, enum log_status *out)
{
	char text[16];

	if (len == 0 || len >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)len, word);
	if (strcasecmp(text, "SUPPRESSED") == 0) {
		*out = LOG_STATUS_SUPPRESSED;
		return true;
	}
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return log_status_parse(text, out);
}

static bool read_status(struct call *call, struct query *q)
{
	CLEANUP(freep) char *text = call_query(call, "status");
	unsigned wanted = 0;

	for (const char *at = text; at && *at;) {
		size_t len = strcspn(at, ",");
		enum log_status status;

		if (!status_of(at, len, &status)) {
			call_fault(call, "status",
			           "status must be of QUEUED, SUCCESS, FAIL, SUPERSEDED, "
			           "SUPPRESSED, separated by commas");
			return false;
		}
		wanted |= LOG_STATUS_BIT(status);
		at += len + (at[len] == ',');
	}
	if (!wanted)
		return !call_failed(call);
	q->nothing = q->filter.statuses && !(q->filter.statuses & wanted);
	q->filter.statuses = q->filter.statuses ? q->filter.statuses & wanted : wanted;
	return true;
}

static bool read_actions(struct call *call, struct query *q)
{
	int64_t action = 0, category = 0;

	if (!call_query_int(call, "action_id", 1, JSON_NUMBER_MAX, &action) ||
	    !call_query_int(call, "action_category_id", 1, JSON_NUMBER_MAX, &category))
		return false;
	for (size_t i = 0; category && i < actions_count; i++)
		if ((int64_t)actions[i].category == category &&
		    (!action || actions[i].id == action) &&
		    q->filter.n_actions < LOG_FILTER_ACTIONS)
			q->filter.actions[q->filter.n_actions++] = actions[i].id;
	if (category)
		q->nothing |= q->filter.n_actions == 0;
	else if (action)
		q->filter.actions[q->filter.n_actions++] = action;
	return true;
}

bool query_read_lab(struct call *call, struct query *q)
{
	struct log_filter *f = &q->filter;

	if (!call_query_int(call, "lab_id", 0, JSON_NUMBER_MAX, &q->lab_id))
		return false;
	CLEANUP(freep) char *said = call_query(call, "lab_id");
	if (said) {
		f->labs = &q->lab_id;
		f->n_labs = 1;
		q->nothing |= !who_sees(&call->who, q->lab_id);
	} else if (!call->who.all_labs) {
		f->labs = call->who.labs;
		f->n_labs = call->who.n_labs;
		q->nothing |= f->n_labs == 0;
	}
	return true;
}

static bool is_number(const char *text)
{
	return *text && strlen(text) <= 16 && strspn(text, "0123456789") == strlen(text);
}

void query_add_orders(struct call *call, struct query *q, const char *number)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(buf_deinit) struct buf labs = BUF_INIT(0);
	const char *params[] = { number, NULL };

	if (q->filter.n_labs) {
		pg_array_int(&labs, q->filter.labs, q->filter.n_labs);
		params[1] = buf_str(&labs);
	}
	/* without this function, or PostgreSQL, the number is what it looks like */
	if (q->nothing || pg_query(stores_pg(call->stores),
	                           "SELECT bill_id FROM lis_api.find_bills($1::text, "
	                           "$2::bigint[])",
	                           params, 2, clock_mono_ms() + ORDERS_MS, &rows))
		return;
	for (size_t i = 0; i < pg_rows(rows) && q->filter.n_bills < ARRAY_SIZE(q->refs);
	     i++)
		q->refs[q->filter.n_bills++] = pg_int(rows, i, 0);
	if (q->filter.n_bills)
		q->filter.bills = q->refs;
}

static bool is_like_an_order(const char *text)
{
	return strlen(text) <= 40 && strpbrk(text, "0123456789") && !strchr(text, ' ');
}

/* A log_id; a number, which is a bill or a patient; else words. */
static void read_words(struct call *call, struct query *q)
{
	struct log_filter *f = &q->filter;

	if (log_id_parse(q->words, &q->id) && !is_number(q->words)) {
		f->id = &q->id;
		f->statuses = q->filter.statuses;
		return;
	}
	q->numeric = true;
	if (!is_number(q->words)) {
		if (is_like_an_order(q->words))
			query_add_orders(call, q, q->words);
		if (f->n_bills == 0)
			(void)query_take_as_words(q);
		return;
	}
	q->refs[0] = q->patients[0] = strtoll(q->words, NULL, 10);
	f->bills = q->refs;
	f->n_bills = 1;
	f->patients = q->patients;
	f->n_patients = 1;
	query_add_orders(call, q, q->words);
}

bool query_take_as_words(struct query *q)
{
	if (!q->numeric)
		return false;
	q->numeric = false;
	q->filter.n_bills = q->filter.n_patients = 0;
	q->filter.words = q->words;
	/* what was delivered has no error to look into */
	if (q->filter.statuses == 0)
		q->filter.statuses = ERRORS | LOG_STATUS_BIT(LOG_STATUS_SUPERSEDED);
	/* it was mostly meant for a bill, and all errors ever are many */
	if (is_number(q->words) && !q->filter.from_ms)
		q->filter.from_ms = (q->filter.to_ms ? q->filter.to_ms : clock_wall_ms()) -
		                    NUMBER_AS_WORDS_MS;
	return true;
}

static bool read_rest(struct call *call, struct query *q)
{
	struct log_filter *f = &q->filter;

	q->error_kind = call_query(call, "error_kind");
	q->words = call_query(call, "q");
	if (call_failed(call))
		return false;
	f->error_kind = q->error_kind;
	if (q->words)
		read_words(call, q);
	return call_query_int(call, "auth_id", 1, JSON_NUMBER_MAX, &f->auth_id) &&
	       call_query_int(call, "integration_id", 1, JSON_NUMBER_MAX,
	                      &f->integration_id) &&
	       call_query_time(call, "from", &f->from_ms) &&
	       call_query_time(call, "to", &f->to_ms);
}

/* A partner and a row are of one lab, whose logs are fewer than those of all. */
static void narrow_to_lab(struct call *call, struct query *q)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	struct log_filter *f = &q->filter;
	char auth[24], integration[24];
	const char *params[] = { auth, integration };

	if (f->n_labs || (!f->auth_id && !f->integration_id))
		return;
	(void)snprintf(auth, sizeof(auth), "%" PRId64, f->auth_id);
	(void)snprintf(integration, sizeof(integration), "%" PRId64, f->integration_id);
	if (pg_query(stores_pg(call->stores),
	             "SELECT lab_id FROM integration.developer_authentication "
	             "WHERE id = CASE WHEN $1::bigint > 0 THEN $1::bigint ELSE "
	             "(SELECT auth_id FROM integration.lab_integration WHERE id = "
	             "$2::bigint) END",
	             params, ARRAY_SIZE(params), clock_mono_ms() + LAB_MS, &rows) ||
	    pg_rows(rows) != 1)
		return;
	q->lab_id = pg_int(rows, 0, 0);
	f->labs = &q->lab_id;
	f->n_labs = 1;
}

bool query_read(struct call *call, struct query *q)
{
	*q = (struct query){ .lab_id = 0 };
	/* nobody finds out by guessing what is masked */
	if (call->who.role < ROLE_OPERATOR)
		q->filter.error_words = mask_error_words;
	if (!read_tab(call, q) || !read_status(call, q) || !read_actions(call, q) ||
	    !query_read_lab(call, q) || !read_rest(call, q))
		return false;
	if (!q->nothing)
		narrow_to_lab(call, q);
	return true;
}

void query_release(struct query *q)
{
	free(q->error_kind);
	free(q->words);
}

/* ---- pages ---- */

static bool read_cursor(const char *text, struct log_cursor *cursor)
{
	char *end;
	long long at_ms = strtoll(text, &end, 10);

	cursor->set = true;
	cursor->inserted_at_ms = at_ms;
	return end > text && *end == '-' && strlen(end + 1) == LOG_ID_HEX_SIZE - 1 &&
	       strlen(text) < 48 && log_id_parse(end + 1, &cursor->id);
}

bool page_read(struct call *call, size_t dflt, size_t most, size_t *limit,
               struct log_cursor *cursor)
{
	int64_t n = (int64_t)dflt;
	CLEANUP(freep) char *text = call_query(call, "cursor");

	*cursor = (struct log_cursor){ .set = false };
	if (call_failed(call) || !call_query_int(call, "limit", 1, (int64_t)most, &n))
		return false;
	*limit = (size_t)n;
	if (text && !read_cursor(text, cursor)) {
		call_fault(call, "cursor", "cursor must be a next_cursor of this list");
		return false;
	}
	return true;
}

json_t *page_json(struct log_page *page)
{
	char text[64], hex[LOG_ID_HEX_SIZE];

	(void)snprintf(text, sizeof(text), "%lld-%s", (long long)page->next.inserted_at_ms,
	               log_id_to_hex(&page->next.id, hex));
	return json_pack("{s:o,s:o}", "items", STEAL(page->rows), "next_cursor",
	                 page->more ? json_string(text) : json_null());
}
