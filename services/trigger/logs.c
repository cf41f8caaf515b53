/*
 * The log first. Into the store within its deadline; where the store cannot take it, to
 * integration.callbacks, acknowledged before any task is made, until a probe finds the
 * store again.
 */
#include "base/clock.h"
#include "log/log.h"
#include "message/report.h"
#include "outbox.h"
#include "work.h"
#include "json/jdoc.h"

#define PROBE_EVERY_MS   1000
#define PROBE_TIMEOUT_MS 500

static void tell_store(struct trigger *t, bool away)
{
	if (away != t->store_away)
		log_warn(NULL, away ? "trigger.store_away" : "trigger.store_back", "%s",
		         away ? logstore_error(t->store) : "logs are inserted again");
	t->store_away = away;
	t->store_probe_ms = clock_mono_ms() + PROBE_EVERY_MS;
	metric_set(&metric_store_away, NULL, away);
}

static bool store_is_here(struct trigger *t)
{
	int64_t now_ms = clock_mono_ms();

	if (t->store_away && now_ms >= t->store_probe_ms)
		tell_store(t, logstore_ping(t->store, now_ms + PROBE_TIMEOUT_MS) != 0);
	return !t->store_away;
}

static enum insert_result judge(const struct recent_entry *known,
                                const struct log_entry *entry)
{
	if (!known)
		return INSERT_NEW;
	if (known->partition != entry->position.partition ||
	    known->offset != entry->position.offset)
		return INSERT_REPEATED;
	return known->tasked ? INSERT_DONE : INSERT_SAME_EVENT;
}

/* What the store would say, from memory. NEW when the log is not remembered. */
static enum insert_result remember(struct trigger *t, const struct log_entry *entry)
{
	pthread_mutex_lock(t->recent_lock);
	enum insert_result result = judge(recent_find(t->recent, &entry->id), entry);

	pthread_mutex_unlock(t->recent_lock);
	return result;
}

void logs_mark_tasked(struct trigger *t, const struct log_id *id)
{
	pthread_mutex_lock(t->recent_lock);
	struct recent_entry *known = recent_find(t->recent, id);

	if (known)
		known->tasked = true;
	pthread_mutex_unlock(t->recent_lock);
}

static char *encode_log(const struct trigger *t, const struct log_entry *entry)
{
	CLEANUP_JSON json_t *document =
		log_entry_to_json(entry, t->config->logstore.body_limit);
	const struct report report = {
		.kind = REPORT_LOG,
		.log_id = entry->id,
		.lab_id = entry->lab_id,
		.status = entry->status,
		.response_time_ms = -1,
		.sent_to_mirth = -1,
		.occurred_at_ms = entry->inserted_at_ms,
		.payload = document,
	};

	return report_encode(&report);
}

/* True for a log that must travel through integration.callbacks. One whose batch is given
 * again travels again: callback finds it by its id. */
static bool must_travel(const struct build *b, bool away)
{
	return b->insert == INSERT_REJECTED ||
	       (away && (b->insert == INSERT_NEW || b->insert == INSERT_SAME_EVENT));
}

/* Returns when they are acknowledged: only then may their tasks be made. */
static int send_logs(struct trigger *t, const struct log_entry *entries,
                     struct build *const *builds, size_t n, bool away)
{
	CLEANUP(outbox_deinit) struct outbox outbox = outbox_open(t);

	for (size_t i = 0; i < n; i++) {
		char hex[LOG_ID_HEX_SIZE];

		if (!must_travel(builds[i], away))
			continue;
		CLEANUP(freep) char *value = encode_log(t, &entries[i]);
		int r = outbox_add(&outbox, KAFKA_TOPIC_CALLBACKS,
		                   log_id_to_hex(&entries[i].id, hex), value);
		if (r)
			return r;
		metric_add(&metric_logs, "deferred", 1);
	}
	return outbox_send(&outbox);
}

static void count(const struct build *b)
{
	static const char *const words[] = {
		[INSERT_NEW] = "new",           [INSERT_SAME_EVENT] = "same_event",
		[INSERT_DONE] = "done",         [INSERT_REPEATED] = "repeated",
		[INSERT_REJECTED] = "rejected",
	};

	metric_add(&metric_logs, words[b->insert], 1);
}

/* In the store's own words, but for a task that this process knows to be made. */
static void keep_results(struct trigger *t, const struct log_entry *entries,
                         struct build *const *builds, const enum insert_result *results,
                         size_t n)
{
	for (size_t i = 0; i < n; i++) {
		builds[i]->insert = results[i];
		if (results[i] == INSERT_SAME_EVENT &&
		    remember(t, &entries[i]) == INSERT_DONE)
			builds[i]->insert = INSERT_DONE;
	}
}

static void remember_entry(struct trigger *t, const struct log_entry *entry)
{
	pthread_mutex_lock(t->recent_lock);
	recent_add(t->recent, &entry->id, entry->position.partition,
	           entry->position.offset);
	pthread_mutex_unlock(t->recent_lock);
}

static bool insert(struct trigger *t, const struct log_entry *entries,
                   struct build *const *builds, size_t n)
{
	CLEANUP(freep) enum insert_result *results = xcalloc(n, sizeof(*results));
	int64_t deadline_ms = clock_mono_ms() + t->config->store_timeout;

	if (logstore_insert(t->store, entries, n, results, deadline_ms) != 0) {
		tell_store(t, true);
		return false;
	}
	keep_results(t, entries, builds, results, n);
	for (size_t i = 0; i < n; i++)
		remember_entry(t, &entries[i]);
	return true;
}

static void judge_by_memory(struct trigger *t, const struct log_entry *entries,
                            struct build *const *builds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		builds[i]->insert = remember(t, &entries[i]);
		/* at once: the same event may be in this round twice */
		remember_entry(t, &entries[i]);
	}
}

int logs_write(struct trigger *t, const struct log_entry *entries,
               struct build *const *builds, size_t n)
{
	if (n == 0)
		return 0;
	bool away = !store_is_here(t) || !insert(t, entries, builds, n);
	if (away)
		judge_by_memory(t, entries, builds, n);
	for (size_t i = 0; i < n; i++)
		count(builds[i]);
	return send_logs(t, entries, builds, n, away);
}
