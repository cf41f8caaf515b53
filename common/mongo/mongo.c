#include "mongo/internal.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <pthread.h>

/* A server that hangs is asked again now and then, and the asking is all that it costs. */
#define CONNECT_MS       1500
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS   3000

static void drop_driver_log(mongoc_log_level_t level, const char *domain,
                            const char *message, void *arg)
{
	/* its lines may quote documents; what matters is in the errors that calls return */
}

static void init_driver(void)
{
	mongoc_init();
	mongoc_log_set_handler(drop_driver_log, NULL);
}

static void set_default(mongoc_uri_t *uri, const char *option, int value)
{
	if (!mongoc_uri_has_option(uri, option))
		(void)mongoc_uri_set_option_as_int32(uri, option, value);
}

static void set_options(mongoc_uri_t *uri)
{
	mongoc_write_concern_t *majority = mongoc_write_concern_new();

	mongoc_write_concern_set_w(majority, MONGOC_WRITE_CONCERN_W_MAJORITY);
	mongoc_write_concern_set_wtimeout_int64(majority, MONGO_TIMEOUT_MS);
	mongoc_uri_set_write_concern(uri, majority);
	mongoc_write_concern_destroy(majority);

	/* Amazon DocumentDB knows no retryable writes; ours can be repeated anyway */
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
	set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, CONNECT_MS);
	set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
	set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, MONGO_TIMEOUT_MS);
	if (!mongoc_uri_get_appname(uri))
		(void)mongoc_uri_set_appname(uri, "integration-fleet");
}

int mongo_open(const char *url, struct mongo **out, struct err_text *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bson_error_t error;

	(void)pthread_once(&once, init_driver);
	mongoc_uri_t *uri = mongoc_uri_new_with_error(url, &error);
	if (!uri)
		return err_say(why, -EINVAL, "MONGODB_URL: not a mongodb:// address");
	set_options(uri);
	mongoc_client_t *client = mongoc_client_new_from_uri(uri);
	mongoc_uri_destroy(uri);
	if (!client)
		return err_say(why, -EINVAL,
		               "MONGODB_URL: cannot be used (is its TLS supported?)");
	(void)mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	*out = xcalloc(1, sizeof(**out));
	(*out)->client = client;
	return 0;
}

struct mongo *mongo_close(struct mongo *m)
{
	if (m) {
		if (m->session)
			mongoc_client_session_destroy(m->session);
		mongoc_client_destroy(m->client);
		free(m);
	}
	return NULL;
}

const char *mongo_error(const struct mongo *m)
{
	return m->error.text;
}

bool mongo_is_unanswered(const struct mongo *m)
{
	return m->unanswered;
}

static bool is_closed(const struct mongo *m)
{
	return m->closed_until_ms > clock_mono_ms();
}

static int fail(struct mongo *m, const bson_error_t *error)
{
	m->failures++;
	m->unanswered = error->domain == MONGOC_ERROR_STREAM;
	m->released = false; /* the server may be well, and a document locked */
	m->closed_until_ms =
		clock_mono_ms() + backoff_wait_ms(BACKOFF_FIRST_MS, BACKOFF_MAX_MS,
	                                          m->failures, random_u32());
	return err_say(&m->error, MONGO_E_AWAY, "%.200s (code %u)", error->message,
	               error->code);
}

static int succeed(struct mongo *m)
{
	m->failures = 0;
	m->closed_until_ms = 0;
	return 0;
}

int mongo_command(struct mongo *m, const bson_t *command, bson_t *reply)
{
	bson_error_t error;
	bson_t unused;
	bson_t *to = reply ? reply : &unused;

	if (is_closed(m))
		return MONGO_E_AWAY;
	bool ok = mongoc_client_command_simple(m->client, MONGO_DATABASE, command, NULL, to,
	                                       &error);
	if (!ok || !reply)
		bson_destroy(to);
	return ok ? succeed(m) : fail(m, &error);
}

/* Codes of single writes that speak of the server's state and not of the document. */
static bool is_transient(int code)
{
	static const int codes[] = {
		6,     /* HostUnreachable */
		7,     /* HostNotFound */
		50,    /* MaxTimeMSExpired */
		64,    /* WriteConcernFailed */
		89,    /* NetworkTimeout */
		91,    /* ShutdownInProgress */
		112,   /* WriteConflict */
		189,   /* PrimarySteppedDown */
		262,   /* ExceededTimeLimit */
		9001,  /* SocketException */
		10107, /* NotWritablePrimary */
		11600, /* InterruptedAtShutdown */
		11602, /* InterruptedDueToReplStateChange */
		13435, /* NotPrimaryNoSecondaryOk */
		13436, /* NotPrimaryOrSecondary */
		16500, /* Amazon DocumentDB: too many requests */
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* False when the reply holds an error that leaves a write's fate open. */
static bool read_write_errors(const bson_t *reply, size_t n, int *codes)
{
	bson_iter_t top, list, member;
	bool certain = true;

	if (bson_iter_init_find(&top, reply, "writeConcernErrors") &&
	    bson_iter_recurse(&top, &list) && bson_iter_next(&list))
		return false;
	if (!bson_iter_init_find(&top, reply, "writeErrors") ||
	    !bson_iter_recurse(&top, &list))
		return true;
	while (bson_iter_next(&list)) {
		int64_t index = -1, code = 0;

		if (bson_iter_recurse(&list, &member) && bson_iter_find(&member, "index"))
			index = bson_iter_as_int64(&member);
		if (bson_iter_recurse(&list, &member) && bson_iter_find(&member, "code"))
			code = bson_iter_as_int64(&member);
		if (index < 0 || index >= (int64_t)n || is_transient((int)code))
			certain = false;
		else
			codes[index] = (int)code;
	}
	return certain;
}

static bool has_write_errors(const bson_t *reply)
{
	bson_iter_t top, list;

	return bson_iter_init_find(&top, reply, "writeErrors") &&
	       bson_iter_recurse(&top, &list) && bson_iter_next(&list);
}

static int execute(struct mongo *m, mongoc_bulk_operation_t *bulk, size_t n, int *codes,
                   bson_t *reply)
{
	bson_error_t error = { 0 };
	bool ok = mongoc_bulk_operation_execute(bulk, reply, &error) != 0;

	mongoc_bulk_operation_destroy(bulk);
	if (!ok && (!has_write_errors(reply) || error.domain == MONGOC_ERROR_STREAM))
		return fail(m, &error);
	if (!read_write_errors(reply, n, codes)) {
		bson_set_error(&error, MONGOC_ERROR_SERVER, 0, "a write is uncertain");
		return fail(m, &error);
	}
	return succeed(m);
}

static mongoc_bulk_operation_t *new_bulk(mongoc_collection_t *collection,
                                         const mongoc_client_session_t *session)
{
	bson_t options = BSON_INITIALIZER;

	BSON_APPEND_BOOL(&options, "ordered", false);
	if (session)
		(void)mongoc_client_session_append(session, &options, NULL);
	mongoc_bulk_operation_t *bulk =
		mongoc_collection_create_bulk_operation_with_opts(collection, &options);
	bson_destroy(&options);
	return bulk;
}

static mongoc_collection_t *open_collection(struct mongo *m, const char *name)
{
	return mongoc_client_get_collection(m->client, MONGO_DATABASE, name);
}

int mongo_insert(struct mongo *m, const char *collection, bson_t *const *documents,
                 size_t n, int *codes)
{
	bson_t options = BSON_INITIALIZER, reply;
	bson_error_t error;

	if (is_closed(m))
		return MONGO_E_AWAY;
	memset(codes, 0, n * sizeof(*codes));
	/* texts and names were made safe when the documents were made */
	BSON_APPEND_BOOL(&options, "validate", false);
	mongoc_collection_t *c = open_collection(m, collection);
	mongoc_bulk_operation_t *bulk = new_bulk(c, NULL);
	for (size_t i = 0; i < n; i++)
		if (!mongoc_bulk_operation_insert_with_opts(bulk, documents[i], &options,
		                                            &error))
			codes[i] = -EINVAL;
	int result = execute(m, bulk, n, codes, &reply);
	bson_destroy(&reply);
	bson_destroy(&options);
	mongoc_collection_destroy(c);
	return result;
}

static size_t matched_count(const bson_t *reply)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, reply, "nMatched") ? (size_t)bson_iter_as_int64(&it)
	                                                   : 0;
}

static mongoc_bulk_operation_t *bulk_of(mongoc_collection_t *c,
                                        const mongoc_client_session_t *session,
                                        const struct mongo_update *updates, size_t n,
                                        int *codes)
{
	bson_t options = BSON_INITIALIZER;
	bson_error_t error;
	mongoc_bulk_operation_t *bulk = new_bulk(c, session);

	memset(codes, 0, n * sizeof(*codes));
	BSON_APPEND_BOOL(&options, "validate", false);
	for (size_t i = 0; i < n; i++)
		if (!mongoc_bulk_operation_update_one_with_opts(
			    bulk, updates[i].filter, updates[i].update, &options, &error))
			codes[i] = -EINVAL;
	bson_destroy(&options);
	return bulk;
}

bool mongo_is_transport(const bson_error_t *error)
{
	return error->domain == MONGOC_ERROR_STREAM ||
	       error->domain == MONGOC_ERROR_SERVER_SELECTION;
}

struct updating {
	mongoc_collection_t *collection;
	const struct mongo_update *updates;
	size_t n;
	int *codes;
	size_t matched;
};

static bool write_updates(mongoc_client_session_t *session, void *arg, bson_error_t *error)
{
	struct updating *u = arg;
	bson_t reply;
	mongoc_bulk_operation_t *bulk =
		bulk_of(u->collection, session, u->updates, u->n, u->codes);
	bool ok = mongoc_bulk_operation_execute(bulk, &reply, error) != 0;

	mongoc_bulk_operation_destroy(bulk);
	u->matched = matched_count(&reply);
	bson_destroy(&reply);
	return ok;
}

static int update_plainly(struct mongo *m, struct updating *u)
{
	bson_t reply;
	int result = execute(m, bulk_of(u->collection, NULL, u->updates, u->n, u->codes),
	                     u->n, u->codes, &reply);

	u->matched = matched_count(&reply);
	bson_destroy(&reply);
	return result;
}

/* At once where the server can (transaction.c), which nothing relies on; else one by one.
 */
static int update(struct mongo *m, struct updating *u)
{
	bson_error_t error = { 0 };

	if (!m->released)
		transaction_release_left(m);
	if (transaction_is_worth_it(m, u->n)) {
		if (transaction_run(m, write_updates, u, &error))
			return succeed(m);
		if (mongo_is_transport(&error))
			return fail(m, &error);
	}
	return update_plainly(m, u);
}

int mongo_update(
	struct mongo *m, const char *collection, const struct mongo_update *updates,
	size_t n,
	int *codes, /* NOLINT(readability-non-const-parameter): written through u */
	size_t *matched)
{
	struct updating u = { .updates = updates, .n = n, .codes = codes };

	*matched = 0;
	if (is_closed(m))
		return MONGO_E_AWAY;
	u.collection = open_collection(m, collection);
	int result = update(m, &u);
	mongoc_collection_destroy(u.collection);
	*matched = u.matched;
	return result;
}

int mongo_find(struct mongo *m, const char *collection, const bson_t *filter,
               const bson_t *options, bool (*row)(const bson_t *document, void *arg),
               void *arg)
{
	const bson_t *document;
	bson_error_t error;

	if (is_closed(m))
		return MONGO_E_AWAY;
	mongoc_collection_t *c = open_collection(m, collection);
	mongoc_cursor_t *cursor =
		mongoc_collection_find_with_opts(c, filter, options, NULL);
	while (mongoc_cursor_next(cursor, &document))
		if (!row(document, arg))
			break;
	int result = mongoc_cursor_error(cursor, &error) ? fail(m, &error) : succeed(m);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(c);
	return result;
}
