/* The log store's promises against a real server; skipped without MONGODB_URL. */
#include "../unit/unit.h"

#include "base/clock.h"
#include "base/random.h"
#include "logstore/query.h"
#include "logstore/update.h"
#include "mongo/internal.h"
#include "json/jdoc.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 20

static struct logstore_config config = { .body_limit = 1024 };

static int open_store(void **state)
{
	struct logstore *store = NULL;
	int result = logstore_open(&config, &store, NULL);

	*state = store;
	return result;
}

static int close_store(void **state)
{
	*state = logstore_close(*state);
	return 0;
}

static struct log_entry new_entry(void)
{
	struct log_entry e = {
		.integration_type = "WEBHOOK",
		.operation = "Bill Generation",
		.lab_id = 17,
		.status = LOG_STATUS_QUEUED,
		.inserted_at_ms = clock_wall_ms(),
		.position = { .topic = "lis.events", .partition = 1, .offset = 7 },
	};

	random_bytes(e.id.bytes, sizeof(e.id.bytes));
	return e;
}

static void insert(struct logstore *s, const struct log_entry *entries, size_t n,
                   enum insert_result *results)
{
	assert_int_equal(logstore_insert(s, entries, n, results, clock_mono_ms() + 10000),
	                 0);
}

static struct log_current read_one(struct logstore *s, const struct log_id *id)
{
	struct log_current now;

	assert_int_equal(logstore_read(s, id, 1, &now), 0);
	json_decref(now.row);
	now.row = NULL;
	return now;
}

static void a_repeat_is_told_from_a_redelivery(void **state)
{
	struct log_entry e[5] = { new_entry() };
	enum insert_result results[5];

	insert(*state, e, 1, results);
	assert_int_equal(results[0], INSERT_NEW);
	e[4] = e[3] = e[2] = e[1] = e[0];
	e[1].position.offset++;
	e[2].position.partition++;
	e[3].position.topic = "integration.retries";
	insert(*state, e, 5, results);
	assert_int_equal(results[0], INSERT_SAME_EVENT);
	assert_int_equal(results[1], INSERT_REPEATED);
	assert_int_equal(results[2], INSERT_REPEATED);
	assert_int_equal(results[3], INSERT_REPEATED);
	assert_int_equal(results[4], INSERT_SAME_EVENT);
}

/* The changes of `n` logs from one status to another; returns how many matched. */
static size_t change(struct logstore *s, const struct log_entry *e, size_t n,
                     enum log_status from, enum log_status to)
{
	struct report report = { .status = to,
		                 .response_time_ms = -1,
		                 .sent_to_mirth = -1 };
	struct log_change changes[N] = { 0 };
	CLEANUP_JSON json_t *row = json_object();
	size_t matched;

	for (size_t i = 0; i < n; i++)
		changes[i] = (struct log_change){
			.id = e[i].id,
			.from.status = from,
			.effect = { .log = true },
			.report = &report,
			.at_ms = clock_wall_ms(),
			.row = row,
		};
	assert_int_equal(logstore_change(s, changes, n, &matched), 0);
	return matched;
}

static void a_change_counts_only_in_the_state_that_was_read(void **state)
{
	static const size_t sizes[] = { 1, N }; /* one by one, and all at once */
	struct log_entry e[N];
	enum insert_result results[N];

	for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
		size_t n = sizes[k];

		for (size_t i = 0; i < n; i++)
			e[i] = new_entry();
		insert(*state, e, n, results);
		assert_int_equal(change(*state, e, n, LOG_STATUS_QUEUED, LOG_STATUS_FAIL),
		                 n);
		assert_int_equal(
			change(*state, e, n, LOG_STATUS_QUEUED, LOG_STATUS_SUCCESS), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(read_one(*state, &e[i].id).state.status,
			                 LOG_STATUS_FAIL);
		insert(*state, e, 1, results);
		assert_int_equal(results[0], INSERT_DONE);
	}
}

static void add_record(const struct log_id *log, const char *retry_id)
{
	struct mongo *mongo = NULL;
	bson_oid_t oid;
	int code;

	assert_int_equal(mongo_open(config.url, &mongo, NULL), 0);
	memcpy(oid.bytes, log->bytes, sizeof(oid.bytes));
	CLEANUP_BSON bson_t *doc = BCON_NEW(
		"_id", BCON_UTF8(retry_id), "integration_directory_id", BCON_OID(&oid),
		"kind", "AUTO", "attempt", BCON_INT32(1), "status", "QUEUED");
	assert_int_equal(mongo_insert(mongo, "integration_retry_log", &doc, 1, &code), 0);
	assert_int_equal(code, 0);
	(void)mongo_close(mongo);
}

static size_t begin(struct logstore *s, const struct log_id *id, const char *retry_id)
{
	CLEANUP_JSON json_t *payload =
		json_pack("{s:s, s:s}", "kind", "AUTO", "request_body", "{\"n\":1}");
	CLEANUP_JSON json_t *row = json_object();
	size_t matched;
	struct attempt_begin b = {
		.id = *id,
		.retry_id = retry_id,
		.from = { .status = LOG_STATUS_FAIL },
		.attempt = 1,
		.verdict = LOGSTATE_BEGIN_QUEUED,
		.payload = payload,
		.at_ms = clock_wall_ms(),
		.row = row,
	};

	assert_int_equal(logstore_begin(s, &b, 1, &matched), 0);
	assert_false(b.refused);
	return matched;
}

static void an_attempt_begins_only_in_the_state_that_was_read(void **state)
{
	struct log_entry e = new_entry();
	enum insert_result result;
	char retry_id[LOG_ID_HEX_SIZE];
	const char *ids[] = { retry_id, "no such retry", retry_id };
	struct retry_current retries[3];
	json_t *log;

	e.request_body = "{\"n\":0}";
	insert(*state, &e, 1, &result);
	log_id_to_hex(&e.id, retry_id);
	add_record(&e.id, retry_id);
	assert_int_equal(begin(*state, &e.id, retry_id), 0); /* it is QUEUED */
	assert_int_equal(change(*state, &e, 1, LOG_STATUS_QUEUED, LOG_STATUS_FAIL), 1);
	assert_int_equal(begin(*state, &e.id, retry_id), 1);
	assert_int_equal(begin(*state, &e.id, retry_id), 0);

	assert_int_equal(logstore_get(*state, &e.id, &log), 0);
	assert_string_equal(jdoc_text_or(log, "status", ""), "QUEUED");
	assert_string_equal(jdoc_text_or(log, "request_body", ""), "{\"n\":1}");
	assert_int_equal(jdoc_int_or(log, "auto_retry_count", 0), 1);
	assert_string_equal(json_string_value(jdoc_path(log, "first_attempt.request_body")),
	                    e.request_body);
	assert_string_equal(json_string_value(jdoc_path(log, "first_attempt.status")),
	                    "FAIL");
	assert_string_equal(json_string_value(jdoc_path(log, "retries.0.request_body")),
	                    "{\"n\":1}");
	json_decref(log);

	assert_int_equal(logstore_read_retries(*state, ids, 3, retries), 0);
	assert_true(retries[0].found && !retries[1].found && retries[2].found);
	assert_true(log_id_equal(&retries[0].log_id, &e.id));
	assert_int_equal(retries[2].state.attempt, 1);
}

static void a_log_that_came_by_kafka_is_added_once(void **state)
{
	struct log_entry e = new_entry();
	CLEANUP_JSON json_t *doc = log_entry_to_json(&e, 1024);
	struct report mine = { .kind = REPORT_LOG, .log_id = e.id, .payload = doc };
	struct report other = mine;
	const struct report *reports[] = { &mine, &other };
	enum add_result results[2];
	json_t *rows[2];
	enum insert_result inserted;

	other.log_id.bytes[0] ^= 1; /* the key does not name the document */
	assert_int_equal(logstore_add(*state, reports, 2, results, rows), 0);
	assert_int_equal(results[0], ADD_NEW);
	assert_string_equal(jdoc_text_or(rows[0], "status", ""), "QUEUED");
	assert_int_equal(results[1], ADD_REFUSED);
	assert_null(rows[1]);
	json_decref(rows[0]);
	assert_int_equal(logstore_add(*state, reports, 1, results, rows), 0);
	assert_int_equal(results[0], ADD_THERE_ALREADY);
	insert(*state, &e, 1, &inserted);
	assert_int_equal(inserted, INSERT_SAME_EVENT);
}

static void a_log_is_read_in_full(void **state)
{
	struct log_entry e = new_entry();
	enum insert_result result;
	json_t *log;

	e.request_body = "{\"a\":1}";
	insert(*state, &e, 1, &result);
	assert_int_equal(logstore_get(*state, &e.id, &log), 0);
	assert_string_equal(jdoc_text_or(log, "request_body", ""), e.request_body);
	assert_int_equal(json_array_size(json_object_get(log, "retries")), 0);
	json_decref(log);
	e.id.bytes[0] ^= 1;
	assert_int_equal(logstore_get(*state, &e.id, &log), 0);
	assert_null(log);
}

struct left {
	const struct log_entry *entry;
	struct mongo *mongo;
};

static bool write_and_die(mongoc_client_session_t *session, void *arg, bson_error_t *error)
{
	const struct left *left = arg;
	bson_oid_t id;
	bson_t options = BSON_INITIALIZER;
	mongoc_collection_t *c = mongoc_client_get_collection(
		left->mongo->client, MONGO_DATABASE, "integration_directory");

	memcpy(id.bytes, left->entry->id.bytes, sizeof(id.bytes));
	bson_t *filter = BCON_NEW("_id", BCON_OID(&id));
	bson_t *update = BCON_NEW("$set", "{", "stage", "locked", "}");
	(void)mongoc_client_session_append(session, &options, NULL);
	_exit(mongoc_collection_update_one(c, filter, update, &options, NULL, error) ? 0
	                                                                             : 1);
}

/* In a process of its own: begins a transaction, locks the log, and is gone. */
static void lock_and_die(const struct log_entry *e)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct left left = { .entry = e };
		bson_error_t error;

		if (mongo_open(config.url, &left.mongo, NULL))
			_exit(2);
		(void)transaction_run(left.mongo, write_and_die, &left, &error);
		_exit(3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_killed_writers_locks_do_not_last(void **state)
{
	struct log_entry e = new_entry();
	enum insert_result result;
	struct logstore *successor;

	insert(*state, &e, 1, &result);
	lock_and_die(&e);
	assert_int_equal(logstore_open(&config, &successor, NULL), 0);
	int64_t begun_ms = clock_mono_ms();
	assert_int_equal(change(successor, &e, 1, LOG_STATUS_QUEUED, LOG_STATUS_FAIL), 1);
	assert_in_range(clock_mono_ms() - begun_ms, 0, 3000);
	(void)logstore_close(successor);
}

static void nobody_there_is_said_soon(void **state)
{
	char nowhere[] = "mongodb://127.0.0.1:1";
	const struct logstore_config away = { .url = nowhere, .body_limit = 1024 };
	struct logstore *store;
	struct log_entry e = new_entry();
	enum insert_result result;
	int64_t begun_ms = clock_mono_ms();

	assert_int_equal(logstore_open(&away, &store, NULL), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(
			logstore_insert(store, &e, 1, &result, clock_mono_ms() + 10000),
			LOGSTORE_E_AWAY);
	assert_in_range(clock_mono_ms() - begun_ms, 0, 5000);
	assert_true(strlen(logstore_error(store)) > 0);
	(void)logstore_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repeat_is_told_from_a_redelivery),
		cmocka_unit_test(a_change_counts_only_in_the_state_that_was_read),
		cmocka_unit_test(an_attempt_begins_only_in_the_state_that_was_read),
		cmocka_unit_test(a_log_that_came_by_kafka_is_added_once),
		cmocka_unit_test(a_log_is_read_in_full),
		cmocka_unit_test(a_killed_writers_locks_do_not_last),
		cmocka_unit_test(nobody_there_is_said_soon),
	};

	config.url = getenv("MONGODB_URL");
	if (!config.url || !*config.url) {
		puts("skipped: MONGODB_URL is not set");
		return 77;
	}
	return cmocka_run_group_tests(tests, open_store, close_store);
}
