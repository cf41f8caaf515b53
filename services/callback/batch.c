#include "batch.h"

#include "base/clock.h"
#include "base/random.h"
#include "domain/retry_after.h"
#include "log/log.h"
#include "message/report.h"
#include "json/jdoc.h"

#include <strings.h>

/* A log that changes under our hands this often has two writers: give the batch back. */
#define MAX_PASSES 8
/* Beginning reads the bodies of logs: bounded memory. */
#define MAX_BEGINS 32

struct item {
	const struct kafka_message *message;
	struct report report;
	bool valid;
	/* of an outcome, as this pass found it */
	struct retry_current retry;
	enum log_status record;
	struct logstate_effect effect;
};

/* The items of one log, in the order of the partition. */
struct group {
	struct item **next, **end;
	struct log_current now;
	bool doubtful; /* an earlier pass may have written, or another writer */
};

struct batch {
	struct item *items;
	struct item **order; /* the valid ones, sorted by log */
	struct group *groups;
	size_t n_items, n_groups;
	struct outgoing *out;
	struct logstore *store;
	const struct retry_policy *policy;
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
	int by_log = memcmp(x->report.log_id.bytes, y->report.log_id.bytes,
	                    sizeof(x->report.log_id.bytes));

	return by_log ? by_log : (x > y) - (x < y); /* one array: its order is arrival */
}

static void make_groups(struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_items; i++)
		if (b->items[i].valid)
			b->order[n++] = &b->items[i];
	qsort(b->order, n, sizeof(*b->order), compare_items);
	for (size_t i = 0; i < n; i++) {
		struct group *last = b->n_groups ? &b->groups[b->n_groups - 1] : NULL;

		if (last && log_id_equal(&last->end[-1]->report.log_id,
		                         &b->order[i]->report.log_id))
			last->end++;
		else
			/* without groups n is 0 */
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
			b->groups[b->n_groups++] = (struct group){
				.next = &b->order[i],
				.end = &b->order[i + 1],
			};
	}
}

struct batch *batch_new(const struct kafka_message *messages, size_t n)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->items = xcalloc(n, sizeof(*b->items));
	b->order = xcalloc(n + 1, sizeof(struct item *));
	b->groups = xcalloc(n, sizeof(*b->groups));
	b->n_items = n;
	for (size_t i = 0; i < n; i++)
		b->items[i].message = &messages[i];
	return b;
}

struct batch *batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n_items; i++)
		report_release(&b->items[i].report);
	for (size_t i = 0; i < b->n_groups; i++)
		json_decref(b->groups[i].now.row);
	free(b->items);
	free(b->order);
	free(b->groups);
	free(b);
	return NULL;
}

static void give_up(struct batch *b, const struct item *item, const char *reason,
                    const char *exception)
{
	const struct log_ctx ctx = {
		.log_id = item->valid ? &item->report.log_id : NULL,
		.topic = kafka_topics[item->message->topic].name,
		.partition = item->message->partition,
		.offset = item->message->offset,
	};

	log_warn(&ctx, "callback.failed_task", "%s: %s", reason, exception);
	metric_add(&metric_reports, reason, 1);
	outgoing_add_failed(b->out, item->message, reason, exception);
}

static void decode(struct batch *b, struct item *item)
{
	const struct kafka_message *m = item->message;
	struct err_text why = { "" };

	if (!m->value)
		give_up(b, item, "undecodable", "a tombstone is no report");
	else if (report_decode(m->value, m->value_len, &item->report, &why))
		give_up(b, item, "undecodable", why.text);
	else
		item->valid = true;
}

static bool is_pending(const struct group *g)
{
	return g->next < g->end;
}

static bool adds_log(const struct group *g)
{
	return is_pending(g) && g->next[0]->report.kind == REPORT_LOG;
}

static bool is_outcome(const struct item *item)
{
	return item->report.kind == REPORT_OUTCOME ||
	       item->report.kind == REPORT_DOWNSTREAM;
}

static bool has_outcome(const struct group *g)
{
	return is_pending(g) && is_outcome(g->next[0]);
}

static void settle_added(struct batch *b, struct group *g, enum add_result result,
                         json_t *row)
{
	const struct item *item = *g->next++;

	if (result == ADD_REFUSED)
		give_up(b, item, "store_refused",
		        "the log store does not take this document");
	else
		metric_add(&metric_reports, result == ADD_NEW ? "added" : "repeated", 1);
	if (row)
		outgoing_add_update(b->out, row);
	json_decref(row);
}

/* Logs first: outcomes of the same batch may be theirs. */
static int add_logs(struct batch *b)
{
	CLEANUP(freep) struct group **which = xcalloc(b->n_groups, sizeof(*which));
	CLEANUP(freep)
	const struct report **reports = xcalloc(b->n_groups, sizeof(*reports));
	CLEANUP(freep) enum add_result *results = xcalloc(b->n_groups, sizeof(*results));
	CLEANUP(freep) json_t **rows = xcalloc(b->n_groups, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < b->n_groups; i++) {
		if (!adds_log(&b->groups[i]))
			continue;
		which[n] = &b->groups[i];
		reports[n++] = &b->groups[i].next[0]->report;
	}
	int result = n ? logstore_add(b->store, reports, n, results, rows) : 0;
	for (size_t i = 0; result == 0 && i < n; i++)
		settle_added(b, which[i], results[i], rows[i]);
	return result;
}

static int read_logs(struct batch *b, struct group *const *which, size_t n)
{
	CLEANUP(freep) struct log_id *ids = xcalloc(n, sizeof(*ids));
	CLEANUP(freep) struct log_current *now = xcalloc(n, sizeof(*now));

	for (size_t i = 0; i < n; i++)
		ids[i] = which[i]->next[0]->report.log_id;
	int result = logstore_read(b->store, ids, n, now);
	for (size_t i = 0; i < n; i++) {
		json_decref(which[i]->now.row);
		which[i]->now = now[i];
	}
	return result;
}

/* Of every outcome that this pass may come to; the first attempts have no record. */
static int read_retries(struct batch *b, struct group *const *which, size_t n)
{
	CLEANUP(freep) struct item **items = xcalloc(b->n_items, sizeof(struct item *));
	CLEANUP(freep) const char **ids = xcalloc(b->n_items, sizeof(*ids));
	size_t n_ids = 0;

	for (size_t i = 0; i < n; i++) {
		struct group *g = which[i];

		for (struct item **p = g->next; p < g->end && is_outcome(*p); p++) {
			if (!p[0]->report.retry_id)
				continue;
			items[n_ids] = *p;
			ids[n_ids++] = p[0]->report.retry_id;
		}
	}
	if (n_ids == 0)
		return 0;
	CLEANUP(freep) struct retry_current *now = xcalloc(n_ids, sizeof(*now));
	int result = logstore_read_retries(b->store, ids, n_ids, now);
	for (size_t i = 0; i < n_ids; i++) {
		items[i]->retry = now[i];
		items[i]->retry.found &=
			log_id_equal(&now[i].log_id, &items[i]->report.log_id);
	}
	return result;
}

static struct logstate_effect effect_of(const struct group *g, struct item *item)
{
	struct logstate_report report = { .status = item->report.status };

	if (item->report.retry_id) {
		if (!item->retry.found)
			return (struct logstate_effect){ .known = false };
		item->record = item->retry.state.status;
		report.attempt = item->retry.state.attempt;
	} else {
		item->record = g->now.state.attempt ? g->now.first : g->now.state.status;
	}
	return logstate_effect(&g->now.state, item->record, &report);
}

/*
 * Goes over the reports at the front of a group that change nothing; true when the next one
 * changes the log or the record of its attempt.
 */
static bool skip_to_change(struct batch *b, struct group *g)
{
	for (; has_outcome(g); g->next++) {
		struct item *item = *g->next;

		if (!g->now.found) {
			give_up(b, item, "unknown_log", "no log has this log_id");
			continue;
		}
		item->effect = effect_of(g, item);
		if (item->effect.log || item->effect.record)
			return true;
		if (!item->effect.known) {
			give_up(b, item, "unknown_attempt", "the log has no such attempt");
			continue;
		}
		if (g->doubtful && g->now.state.status == item->report.status)
			outgoing_add_update(b->out, g->now.row);
		metric_add(&metric_reports, g->doubtful ? "applied" : "repeated", 1);
		g->doubtful = false;
	}
	return false;
}

#define LONGEST_RETRY_AFTER_MS (24LL * 60 * 60 * 1000)

static int64_t asked_wait_ms(const struct report *report, int64_t now_ms)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)report->response_headers, name, value)
		if (strcasecmp(name, "retry-after") == 0)
			return retry_after_ms(json_string_value(value), now_ms,
			                      LONGEST_RETRY_AFTER_MS);
	return 0;
}

static int64_t next_retry_ms(const struct batch *b, const struct group *g, int64_t now_ms)
{
	int64_t wait_ms = asked_wait_ms(&g->next[0]->report, now_ms);

	return retry_due_ms(b->policy, jdoc_int_or(g->now.row, "auto_retry_count", 0),
	                    now_ms, wait_ms > 0 ? wait_ms : 0, random_u32());
}

static struct log_change make_change(const struct batch *b, const struct group *g,
                                     int64_t now_ms)
{
	const struct item *item = g->next[0];

	return (struct log_change){
		.id = item->report.log_id,
		.from = g->now.state,
		.record = item->record,
		.effect = item->effect,
		.report = &item->report,
		.at_ms = now_ms,
		.next_retry_ms = item->report.status == LOG_STATUS_FAIL
		                         ? next_retry_ms(b, g, now_ms)
		                         : 0,
		.row = g->now.row,
	};
}

static void settle_changed(struct batch *b, struct group *g, bool refused)
{
	const struct item *item = *g->next++;

	g->doubtful = false;
	if (refused) {
		give_up(b, item, "store_refused",
		        "the log store does not take this outcome");
		return;
	}
	if (item->effect.log)
		outgoing_add_update(b->out, g->now.row);
	metric_add(&metric_reports, "applied", 1);
}

static int change_logs(struct batch *b, struct group **which, size_t n)
{
	CLEANUP(freep) struct log_change *changes = xcalloc(n, sizeof(*changes));
	int64_t now_ms = clock_wall_ms();
	size_t matched;

	for (size_t i = 0; i < n; i++)
		changes[i] = make_change(b, which[i], now_ms);
	int result = logstore_change(b->store, changes, n, &matched);
	for (size_t i = 0; result == 0 && i < n; i++) {
		/* some of them did not match, and nobody says which: look again at all */
		if (matched < n)
			which[i]->doubtful = true;
		else
			settle_changed(b, which[i], changes[i].refused);
	}
	return result;
}

/* The front report of every log that has one: read, decide, write. */
static int take_outcomes(struct batch *b)
{
	CLEANUP(freep) struct group **which = xcalloc(b->n_groups, sizeof(struct group *));
	size_t n = 0, n_changes = 0;

	for (size_t i = 0; i < b->n_groups; i++)
		if (has_outcome(&b->groups[i]))
			which[n++] = &b->groups[i];
	int result = n ? read_logs(b, which, n) : 0;
	if (result == 0)
		result = read_retries(b, which, n);
	for (size_t i = 0; result == 0 && i < n; i++)
		if (skip_to_change(b, which[i]))
			which[n_changes++] = which[i];
	return result || n_changes == 0 ? result : change_logs(b, which, n_changes);
}

static bool begins_attempt(const struct group *g)
{
	return is_pending(g) && g->next[0]->report.kind == REPORT_ATTEMPT;
}

/* As skip_to_change, of attempts. */
static bool skip_to_begin(struct batch *b, struct group *g, struct attempt_begin *out)
{
	for (; begins_attempt(g); g->next++) {
		const struct item *item = *g->next;
		const struct report *r = &item->report;
		bool resend = jdoc_bool_or(r->payload, "resend", false);

		if (!r->retry_id || !g->now.found) {
			give_up(b, item, r->retry_id ? "unknown_log" : "undecodable",
			        r->retry_id ? "no log has this log_id"
			                    : "an attempt of a retry has a retry_id");
			continue;
		}
		*out = (struct attempt_begin){
			.id = r->log_id,
			.retry_id = r->retry_id,
			.from = g->now.state,
			.attempt = r->attempt,
			.verdict = logstate_begin(&g->now.state, r->attempt, resend),
			.payload = r->payload,
			.at_ms = clock_wall_ms(),
			.row = g->now.row,
		};
		if (out->verdict != LOGSTATE_BEGIN_NOTHING)
			return true;
		if (g->doubtful)
			outgoing_add_update(b->out, g->now.row);
		metric_add(&metric_reports, g->doubtful ? "begun" : "repeated", 1);
		g->doubtful = false;
	}
	return false;
}

static void settle_begun(struct batch *b, struct group *g, bool refused)
{
	const struct item *item = *g->next++;

	g->doubtful = false;
	if (refused) {
		give_up(b, item, "store_refused",
		        "the log store does not take this attempt");
		return;
	}
	outgoing_add_update(b->out, g->now.row);
	metric_add(&metric_reports, "begun", 1);
}

static int begin_attempts(struct batch *b, struct group *const *which, size_t n)
{
	struct attempt_begin begins[MAX_BEGINS];
	struct group *groups[MAX_BEGINS];
	size_t n_begins = 0, matched = 0;

	for (size_t i = 0; i < n; i++)
		if (skip_to_begin(b, which[i], &begins[n_begins]))
			groups[n_begins++] = which[i];
	int result = n_begins ? logstore_begin(b->store, begins, n_begins, &matched) : 0;
	for (size_t i = 0; result == 0 && i < n_begins; i++) {
		if (matched < n_begins)
			groups[i]->doubtful = true;
		else
			settle_begun(b, groups[i], begins[i].refused);
	}
	return result;
}

static int take_attempts(struct batch *b)
{
	struct group *which[MAX_BEGINS];
	size_t n = 0;

	for (size_t i = 0; i < b->n_groups && n < MAX_BEGINS; i++)
		if (begins_attempt(&b->groups[i]))
			which[n++] = &b->groups[i];
	int result = n ? read_logs(b, which, n) : 0;
	return result || n == 0 ? result : begin_attempts(b, which, n);
}

static bool any_pending(const struct batch *b)
{
	for (size_t i = 0; i < b->n_groups; i++)
		if (is_pending(&b->groups[i]))
			return true;
	return false;
}

/* What is not as it was just read, whoever asks how often. */
static void give_up_doubtful(struct batch *b)
{
	for (size_t i = 0; i < b->n_groups; i++) {
		struct group *g = &b->groups[i];

		if (is_pending(g) && g->doubtful)
			give_up(b, *g->next++, "store_refused",
			        "the log's status or attempt is none that this program "
			        "knows");
	}
}

int batch_settle(struct batch *b, struct logstore *store, const struct retry_policy *policy,
                 bool last, struct outgoing *out)
{
	int result = 0;

	b->store = store;
	b->policy = policy;
	b->out = out;
	for (size_t i = 0; i < b->n_items; i++)
		decode(b, &b->items[i]);
	make_groups(b);
	for (size_t pass = 0; any_pending(b) && result == 0; pass++) {
		result = add_logs(b);
		if (result == 0)
			result = take_attempts(b);
		if (result == 0)
			result = take_outcomes(b);
		if (pass > b->n_items + MAX_PASSES) {
			if (!last)
				return LOGSTORE_E_AWAY;
			give_up_doubtful(b);
		}
	}
	return result;
}
