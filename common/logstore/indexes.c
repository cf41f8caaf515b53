/* The indexes of the logs: docs/dashboard.md says which search reads which. */
#include "logstore/hours.h"
#include "logstore/store.h"

struct index {
	const char *collection, *name;
	struct {
		const char *field;
		int order;
	} keys[5];
	int64_t kept_s; /* documents go when their first field is so old; 0: never */
};

struct patience {
	bool (*wait)(void *arg);
	void *arg;
};

/* An answer that is late is no failure: the server is still at it, or has just done it. */
static int run_patiently(struct logstore *s, const struct patience *patience,
                         const bson_t *command)
{
	int result = mongo_command(s->mongo, command, NULL);

	while (result && mongo_is_unanswered(s->mongo) && patience->wait(patience->arg))
		result = mongo_command(s->mongo, command, NULL);
	return result;
}

static int ensure_index(struct logstore *s, const struct index *index,
                        const struct patience *patience)
{
	bson_t key = BSON_INITIALIZER;

	for (size_t i = 0; i < ARRAY_SIZE(index->keys) && index->keys[i].field; i++)
		(void)bson_append_int32(&key, index->keys[i].field, -1,
		                        index->keys[i].order);
	CLEANUP_BSON bson_t *spec =
		BCON_NEW("key", BCON_DOCUMENT(&key), "name", BCON_UTF8(index->name));
	if (index->kept_s)
		(void)BSON_APPEND_INT64(spec, "expireAfterSeconds", index->kept_s);
	CLEANUP_BSON bson_t *create =
		BCON_NEW("createIndexes", BCON_UTF8(index->collection), "indexes", "[",
	                 BCON_DOCUMENT(spec), "]");

	bson_destroy(&key);
	return run_patiently(s, patience, create);
}

/* each index costs on every insert: only what the readers cannot do without */
static const struct index indexes[] = {
	/* pages of the dashboard, in their order: search_filter.c */
	{ .collection = LOGSTORE_LOGS,
	  .name = "type_status_newest",
	  .keys = { { "integration_type", 1 },
	            { "status", 1 },
	            { "inserted_at", -1 },
	            { "_id", -1 } } },
	{ .collection = LOGSTORE_LOGS,
	  .name = "lab_type_status_newest",
	  .keys = { { "lab_id", 1 },
	            { "integration_type", 1 },
	            { "status", 1 },
	            { "inserted_at", -1 },
	            { "_id", -1 } } },
	{ .collection = LOGSTORE_LOGS,
	  .name = "lab_action_newest",
	  .keys = { { "lab_id", 1 },
	            { "action_category_list_id", 1 },
	            { "inserted_at", -1 },
	            { "_id", -1 } } },
	{ .collection = LOGSTORE_LOGS,
	  .name = "bill_newest",
	  .keys = { { "bill_id", 1 }, { "inserted_at", -1 }, { "_id", -1 } } },
	{ .collection = LOGSTORE_LOGS,
	  .name = "patient_newest",
	  .keys = { { "patient_id", 1 }, { "inserted_at", -1 }, { "_id", -1 } } },
	/* what may be tried again: sweep.c */
	{ .collection = LOGSTORE_LOGS,
	  .name = "status_due",
	  .keys = { { "status", 1 }, { "next_auto_retry_at", 1 }, { "inserted_at", 1 } } },
	{ .collection = LOGSTORE_RETRIES,
	  .name = "log_attempt",
	  .keys = { { "integration_directory_id", 1 }, { "attempt", 1 } } },
	/* counts of all labs: hours.c */
	{ .collection = LOGSTORE_HOURS,
	  .name = "hour",
	  .keys = { { "hour", 1 } },
	  .kept_s = HOURS_KEPT_DAYS * 86400 },
};

/* Of earlier versions: each cost on every write. */
static const char *const obsolete[] = {
	"newest",
	"lab_newest",
	"lab_type_newest",
	"lab_status_newest",
};

struct names {
	bool present[ARRAY_SIZE(obsolete)];
};

static void note_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(obsolete); i++)
		names->present[i] |= strcmp(obsolete[i], name) == 0;
}

static void note_names(struct names *names, const bson_t *reply)
{
	bson_iter_t it, list, index;

	if (!bson_iter_init(&it, reply) ||
	    !bson_iter_find_descendant(&it, "cursor.firstBatch", &list) ||
	    !BSON_ITER_HOLDS_ARRAY(&list) || !bson_iter_recurse(&list, &it))
		return;
	while (bson_iter_next(&it))
		if (BSON_ITER_HOLDS_DOCUMENT(&it) && bson_iter_recurse(&it, &index) &&
		    bson_iter_find(&index, "name") && BSON_ITER_HOLDS_UTF8(&index))
			note_name(names, bson_iter_utf8(&index, NULL));
}

/* Asked for first: to drop one that is not there is an error. */
static int drop_listed(struct logstore *s)
{
	CLEANUP_BSON bson_t *list = BCON_NEW("listIndexes", BCON_UTF8(LOGSTORE_LOGS));
	struct names names = { { false } };
	bson_t reply;
	int result = mongo_command(s->mongo, list, &reply);

	if (result)
		return result;
	note_names(&names, &reply);
	bson_destroy(&reply);
	for (size_t i = 0; i < ARRAY_SIZE(obsolete) && result == 0; i++) {
		CLEANUP_BSON bson_t *drop =
			BCON_NEW("dropIndexes", BCON_UTF8(LOGSTORE_LOGS), "index",
		                 BCON_UTF8(obsolete[i]));

		if (names.present[i])
			result = mongo_command(s->mongo, drop, NULL);
	}
	return result;
}

/* What an earlier call dropped without an answer may be refused, once. */
static int drop_obsolete(struct logstore *s, const struct patience *patience)
{
	int result = drop_listed(s), refused = 0;

	while (result && (mongo_is_unanswered(s->mongo) || refused++ == 0) &&
	       patience->wait(patience->arg))
		result = drop_listed(s);
	return result;
}

int logstore_ensure_indexes(struct logstore *s, bool (*wait)(void *arg), void *arg)
{
	const struct patience patience = { .wait = wait, .arg = arg };
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(indexes) && result == 0; i++)
		result = ensure_index(s, &indexes[i], &patience);
	return result ? result : drop_obsolete(s, &patience);
}
