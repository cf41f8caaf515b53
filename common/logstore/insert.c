#include "base/clock.h"
#include "logstore/store.h"

static bool find_child(const bson_t *doc, const char *path, bson_iter_t *out)
{
	bson_iter_t it;

	return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, out);
}

static bool same_position(const bson_t *doc, const struct event_position *p)
{
	bson_iter_t topic, partition, offset;

	return p->topic && find_child(doc, "event_position.topic", &topic) &&
	       find_child(doc, "event_position.partition", &partition) &&
	       find_child(doc, "event_position.offset", &offset) &&
	       BSON_ITER_HOLDS_UTF8(&topic) &&
	       strcmp(bson_iter_utf8(&topic, NULL), p->topic) == 0 &&
	       bson_iter_as_int64(&partition) == p->partition &&
	       bson_iter_as_int64(&offset) == p->offset;
}

static enum insert_result judge(const bson_t *doc, const struct log_entry *e)
{
	bson_iter_t status;

	if (!same_position(doc, &e->position))
		return INSERT_REPEATED;
	return find_child(doc, "status", &status) && BSON_ITER_HOLDS_UTF8(&status) &&
	                       strcmp(bson_iter_utf8(&status, NULL),
	                              log_status_word(LOG_STATUS_QUEUED)) == 0
	               ? INSERT_SAME_EVENT
	               : INSERT_DONE;
}

struct present {
	const struct log_entry *entries;
	enum insert_result *results;
	const int *codes;
	size_t n;
};

/* The same log can be in one batch twice: each of its entries is judged. */
static bool judge_present(const bson_t *doc, void *arg)
{
	struct present *p = arg;
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return true;
	const bson_oid_t *oid = bson_iter_oid(&it);
	for (size_t i = 0; i < p->n; i++)
		if (p->codes[i] == MONGO_DUPLICATE &&
		    memcmp(oid->bytes, p->entries[i].id.bytes, sizeof(oid->bytes)) == 0)
			p->results[i] = judge(doc, &p->entries[i]);
	return true;
}

/* Says of the logs that were there already what they are. */
static int look_at_present(
	struct logstore *s, const struct log_entry *entries, size_t n, const int *codes,
	enum insert_result *results) /* NOLINT(readability-non-const-parameter) */
{
	CLEANUP(freep) struct log_id *ids = xcalloc(n, sizeof(*ids));
	struct present present = {
		.entries = entries, .results = results, .codes = codes, .n = n
	};
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (codes[i] == MONGO_DUPLICATE)
			ids[found++] = entries[i].id;
	if (found == 0)
		return 0;
	CLEANUP_BSON bson_t *filter = store_filter_ids(ids, found);
	CLEANUP_BSON bson_t *options =
		BCON_NEW("projection", "{", "event_position", BCON_INT32(1), "status",
	                 BCON_INT32(1), "}", "batchSize", BCON_INT32(1000));

	return mongo_find(s->mongo, LOGSTORE_LOGS, filter, options, judge_present,
	                  &present);
}

int logstore_insert(struct logstore *s, const struct log_entry *entries, size_t n,
                    enum insert_result *results, int64_t deadline_ms)
{
	CLEANUP(freep) bson_t **docs = xcalloc(n, sizeof(*docs));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));

	if (n == 0)
		return 0;
	if (store_is_late(deadline_ms, clock_mono_ms()))
		return LOGSTORE_E_AWAY;
	for (size_t i = 0; i < n; i++)
		docs[i] = entry_to_bson(&entries[i], s->body_limit);
	int result = mongo_insert(s->mongo, LOGSTORE_LOGS, docs, n, codes);
	for (size_t i = 0; i < n; i++) {
		bson_destroy(docs[i]);
		results[i] = codes[i] == 0 ? INSERT_NEW : INSERT_REJECTED;
	}
	/* a log that vanishes before it is looked at stays INSERT_REJECTED: nobody deletes
	 */
	return result ? LOGSTORE_E_AWAY : look_at_present(s, entries, n, codes, results);
}
