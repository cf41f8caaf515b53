/* integration-admin retry: the request for an attempt. Whether it is granted is trigger's
 * to say: a refused one is found in integration.failed-tasks. */
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
	bool resend;
	char made_id[40];
};

static int find_lab(struct admin *a, struct wish *wish, const char *log_id)
{
	CLEANUP_JSON json_t *log = NULL;
	struct logstore *store = admin_store(a);

	if (!store)
		return EXIT_CONFIG;
	if (logstore_get(store, &wish->log_id, &log)) {
		(void)fprintf(stderr, "mongodb: %s\n", logstore_error(store));
		return EXIT_AWAY;
	}
	if (!log) {
		(void)fprintf(stderr, "%s: no log has this log_id\n", log_id);
		return EXIT_REFUSED;
	}
	wish->lab_id = jdoc_int_or(log, "lab_id", 0);
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

static int ask(struct admin *a, const struct wish *wish)
{
	struct kafka_producer *producer = NULL;
	struct err_text why = { "not acknowledged" };
	char hex[LOG_ID_HEX_SIZE];
	CLEANUP_JSON json_t *json = request_json(wish, log_id_to_hex(&wish->log_id, hex));
	struct kafka_message m = { .topic = KAFKA_TOPIC_RETRIES,
		                   .partition = -1,
		                   .key = hex,
		                   .key_len = LOG_ID_HEX_SIZE - 1 };
	CLEANUP(freep) char *text = jdoc_dump(json, &m.value_len);

	m.value = text;
	int result = kafka_producer_open(&a->config.kafka, &producer, &why);
	if (result == 0)
		result = produce(producer, &m);
	(void)kafka_producer_close(producer);
	if (result) {
		(void)fprintf(stderr, "kafka: %s\n", why.text);
		return EXIT_AWAY;
	}
	printf("asked for %s, retry_id %s\n", hex, wish->retry_id);
	return EXIT_DONE;
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
	int result = EXIT_DONE;

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
	if (!wish.lab_id)
		result = find_lab(a, &wish, argv[optind]);
	return result ? result : ask(a, &wish);
}
