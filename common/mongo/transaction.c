/*
 * A transaction makes a batch of updates one commit, and one flush to the disk, where each
 * update else is one. A process that is killed within one leaves locks behind, so each
 * writes its session down (collection fleet_session) before it uses it, and whoever starts,
 * or finds documents locked, has the server end the sessions that are written down. One
 * that is alive loses at most a batch that it then writes again.
 */
#include "base/clock.h"
#include "mongo/internal.h"

#define SESSIONS            "fleet_session"
#define LEAST_WRITES        4 /* for fewer the commit's round trip is dearer */
#define MAX_REFUSED         3 /* refused so often in a row, it is not tried any more */
#define REGISTER_AGAIN      (60LL * 60 * 1000)
#define FORGET_AFTER        (24 * REGISTER_AGAIN)
#define CODE_LOCK_TIMED_OUT 24
#define CODE_CONFLICT       112

static mongoc_collection_t *open_sessions(struct mongo *m)
{
	return mongoc_client_get_collection(m->client, MONGO_DATABASE, SESSIONS);
}

static bool append_session_id(const mongoc_client_session_t *session, bson_t *to,
                              const char *key)
{
	const bson_t *lsid = mongoc_client_session_get_lsid(session);
	bson_iter_t id;

	return bson_iter_init_find(&id, lsid, "id") && bson_append_iter(to, key, -1, &id);
}

/* Before the first transaction, and again before others forget it. */
static bool register_session(struct mongo *m, bson_error_t *error)
{
	CLEANUP_BSON bson_t *filter = bson_new();
	CLEANUP_BSON bson_t *options = BCON_NEW("upsert", BCON_BOOL(true));
	CLEANUP_BSON bson_t *update =
		BCON_NEW("$set", "{", "at", BCON_DATE_TIME(clock_wall_ms()), "}");

	if (m->registered_ms && clock_mono_ms() - m->registered_ms < REGISTER_AGAIN)
		return true;
	if (!append_session_id(m->session, filter, "_id"))
		return false;
	mongoc_collection_t *c = open_sessions(m);
	bool ok = mongoc_collection_update_one(c, filter, update, options, NULL, error);
	mongoc_collection_destroy(c);
	if (ok)
		m->registered_ms = clock_mono_ms();
	return ok;
}

static size_t list_sessions(mongoc_collection_t *c, bson_t *command)
{
	CLEANUP_BSON bson_t *all = bson_new();
	mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, all, NULL, NULL);
	const bson_t *doc;
	bson_t list, member;
	bson_iter_t id;
	char number[16];
	const char *key;
	uint32_t n = 0;

	(void)BSON_APPEND_ARRAY_BEGIN(command, "killSessions", &list);
	while (mongoc_cursor_next(cursor, &doc)) {
		if (!bson_iter_init_find(&id, doc, "_id"))
			continue;
		(void)bson_uint32_to_string(n++, &key, number, sizeof(number));
		(void)BSON_APPEND_DOCUMENT_BEGIN(&list, key, &member);
		(void)bson_append_iter(&member, "id", -1, &id);
		(void)bson_append_document_end(&list, &member);
	}
	(void)bson_append_array_end(command, &list);
	mongoc_cursor_destroy(cursor);
	return n;
}

/* Failing is harmless: a server ends what is left by itself after a minute. */
void transaction_release_left(struct mongo *m)
{
	CLEANUP_BSON bson_t *command = bson_new();
	CLEANUP_BSON bson_t *old = BCON_NEW(
		"at", "{", "$lt", BCON_DATE_TIME(clock_wall_ms() - FORGET_AFTER), "}");
	mongoc_collection_t *c = open_sessions(m);
	bson_error_t error;

	m->released = true;
	if (list_sessions(c, command) > 0) {
		(void)mongoc_client_command_simple(m->client, "admin", command, NULL, NULL,
		                                   &error);
		(void)mongoc_collection_delete_many(c, old, NULL, NULL, &error);
	}
	mongoc_collection_destroy(c);
}

bool transaction_is_worth_it(const struct mongo *m, size_t n_writes)
{
	return n_writes >= LEAST_WRITES && m->refused_transactions < MAX_REFUSED;
}

static bool begin(struct mongo *m, bson_error_t *error)
{
	if (!m->session)
		m->session = mongoc_client_start_session(m->client, NULL, error);
	return m->session && register_session(m, error) &&
	       mongoc_client_session_start_transaction(m->session, NULL, error);
}

static void count_refusal(struct mongo *m, const bson_error_t *error)
{
	if (error->code == CODE_CONFLICT || error->code == CODE_LOCK_TIMED_OUT)
		transaction_release_left(m);
	m->refused_transactions++;
}

bool transaction_run(struct mongo *m,
                     bool (*writes)(mongoc_client_session_t *session, void *arg,
                                    bson_error_t *error),
                     void *arg, bson_error_t *error)
{
	bool begun = begin(m, error);
	bool ok = begun && writes(m->session, arg, error);

	if (begun && !ok)
		(void)mongoc_client_session_abort_transaction(m->session, NULL);
	ok = ok && mongoc_client_session_commit_transaction(m->session, NULL, error);
	if (ok)
		m->refused_transactions = 0;
	else if (!mongo_is_transport(error))
		count_refusal(m, error);
	return ok;
}
