/* integration-admin retry: the request for an attempt. Whether it is granted is trigger's
 * to say: a refused one is found in integration.failed-tasks. A log of the second
 * application (triggered_by_py3) is asked for there. */
#include "admin.h"

#include "base/clock.h"
#include "base/random.h"
#include "logstore/query.h"
#include "json/jdoc.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

struct wish {
	struct log_id log_id;
	const char *retry_id;
	int64_t lab_id; /* 0: the log's */
	bool resend, py3;
	char made_id[40];
};

/* Its lab, and who retries it. What is not there is trigger's to refuse. */
static int find_log(struct admin *a, struct wish *wish, const char *log_id)
{
	CLEANUP_JSON json_t *log = NULL;
	struct logstore *store = admin_store(a);

	if (!store)
		return EXIT_CONFIG;
	if (logstore_get(store, &wish->log_id, &log)) {
		(void)fprintf(stderr, "mongodb: %s\n", logstore_error(store));
		return EXIT_AWAY;
	}
	if (!log && !wish->lab_id) {
		(void)fprintf(stderr, "%s: no log has this log_id\n", log_id);
		return EXIT_REFUSED;
	}
	if (!wish->lab_id)
		wish->lab_id = jdoc_int_or(log, "lab_id", 0);
	wish->py3 = log && jdoc_bool_or(log, "triggered_by_py3", false);
	return EXIT_DONE;
}

static json_t *request_json(const struct wish *wish, const char *hex)
{
	json_t *json = json_object();

	jdoc_set_text(json, "log_id", hex);
	jdoc_set_text(json, "retry_id", wish->retry_id);
	jdoc_set_int(json, "lab_id", wish->lab_id);
	jdoc_set_text(json, "kind", "MANUAL");
	jdoc_set_text(json, "requested_by", "integration-admin");
	if (wish->resend)
		(void)json_object_set_new(json, "resend", json_true());
	return json;
}

static int produce(struct kafka_producer *producer, const struct kafka_message *m)
{
	int64_t deadline_ms = clock_mono_ms() + ADMIN_DEADLINE_MS;
	struct kafka_batch *batch = kafka_batch_new(producer);
	int result = kafka_batch_add(batch, m, deadline_ms);

	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	return result;
}

static int ask_trigger(struct admin *a, const char *hex, const char *text)
{
	struct kafka_producer *producer = NULL;
	struct err_text why = { "not acknowledged" };
	const struct kafka_message m = { .topic = KAFKA_TOPIC_RETRIES,
		                         .partition = -1,
		                         .key = hex,
		                         .key_len = LOG_ID_HEX_SIZE - 1,
		                         .value = text,
		                         .value_len = strlen(text) };
	int result = kafka_producer_open(&a->config.kafka, &producer, &why);

	if (result == 0)
		result = produce(producer, &m);
	(void)kafka_producer_close(producer);
	if (result == 0)
		return EXIT_DONE;
	(void)fprintf(stderr, "kafka: %s\n", why.text);
	return EXIT_AWAY;
}

static int ask_py3(struct admin *a, const char *text)
{
	struct py3 *py3 = NULL;
	struct err_text why = { "" };

	if (!admin_load(a, NEED_PY3) || py3_config_check(&a->config.py3, stderr))
		return EXIT_CONFIG;
	if (!*a->config.py3.url) {
		(void)fputs("PY3_RETRY_URL: not set; the second application retries this "
		            "log\n",
		            stderr);
		return EXIT_CONFIG;
	}
	int result = py3_open(a->config.py3.url, a->config.py3.token, &py3, &why);

	if (result == 0)
		result = py3_post(py3, text, &why);
	(void)py3_close(py3);
	if (result)
		(void)fprintf(stderr, "PY3_RETRY_URL: %s\n", why.text);
	return result == 0 ? EXIT_DONE : result == PY3_E_REFUSED ? EXIT_REFUSED : EXIT_AWAY;
}

static int ask(struct admin *a, const struct wish *wish)
{
	char hex[LOG_ID_HEX_SIZE];
	CLEANUP_JSON json_t *json = request_json(wish, log_id_to_hex(&wish->log_id, hex));
	CLEANUP(freep) char *text = jdoc_dump(json, NULL);
	int result = wish->py3 ? ask_py3(a, text) : ask_trigger(a, hex, text);

	if (result == EXIT_DONE)
		printf("asked for %s, retry_id %s%s\n", hex, wish->retry_id,
		       wish->py3 ? ", by py3" : "");
	return result;
}

static bool take_lab(const char *text, int64_t *out)
{
	char *end;

	*out = strtoll(text, &end, 10);
	return *out > 0 && *end == '\0';
}

static bool take_options(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
		{ "retry-id", required_argument, NULL, 'i' },
		{ "lab", required_argument, NULL, 'l' },
		{ "resend", no_argument, NULL, 'r' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?' || (c == 'l' && !take_lab(optarg, &wish->lab_id)))
			return false;
		if (c == 'i')
			wish->retry_id = optarg;
		if (c == 'r')
			wish->resend = true;
	}
	return optind + 1 == argc && log_id_parse(argv[optind], &wish->log_id);
}

/* A log's id is the one argument that is no option. */
static bool names_a_log(int argc, char **argv)
{
	struct log_id unused;

	for (int i = 1; i < argc; i++)
		if (log_id_parse(argv[i], &unused))
			return true;
	return false;
}

int command_retry(struct admin *a, int argc, char **argv)
{
	struct wish wish = { .lab_id = 0 };
	int result;

	if (!names_a_log(argc, argv))
		return command_retry_many(a, argc, argv);
	if (!admin_load(a, NEED_MONGODB | NEED_KAFKA))
		return EXIT_CONFIG;
	if (!take_options(&wish, argc, argv))
		return EXIT_USAGE;
	if (!wish.retry_id) {
		(void)snprintf(wish.made_id, sizeof(wish.made_id), "manual-%016" PRIx64,
		               random_u64());
		wish.retry_id = wish.made_id;
	}
	result = find_log(a, &wish, argv[optind]);
	return result ? result : ask(a, &wish);
}
