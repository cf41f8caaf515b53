#include "kafka/client.h"
#include "kafka/quirks.h"

#include "base/clock.h"
#include "log/log.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#define FIELD(f) offsetof(struct kafka_config, f)

static const char *options_fault(const char *text);

/* What a topic's name may have. */
static const char *prefix_fault(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._-", *text))
			return "must be of letters, digits and . _ -";
	return NULL;
}

const struct config_key kafka_config_keys[] = {
	{
		.name = "KAFKA_BROKERS",
		.type = CONFIG_STRING,
		.offset = FIELD(brokers),
		.min = 1,
		.max = 4096,
		.flags = CONFIG_REQUIRED,
		.help = "host:port of the brokers to begin with, separated by commas.",
	},
	{
		.name = "KAFKA_TOPIC_PREFIX",
		.type = CONFIG_STRING,
		.offset = FIELD(topic_prefix),
		.fault = prefix_fault,
		.min = 0,
		.max = 100,
		.help = "Put before every topic and consumer group, so that several fleets "
			"can share a cluster.",
	},
	{
		.name = "KAFKA_REPLICATION_FACTOR",
		.type = CONFIG_INT,
		.offset = FIELD(replication_factor),
		.min = -1,
		.max = 32767,
		.dflt = "-1",
		.help = "Copies of the topics that the fleet creates; -1 is the cluster's "
			"default. Existing topics are left alone.",
	},
	{
		.name = "KAFKA_OPTIONS",
		.type = CONFIG_STRING,
		.offset = FIELD(extra),
		.fault = options_fault,
		.min = 0,
		.max = 65536,
		.flags = CONFIG_SECRET,
		.help = "librdkafka's settings as key=value,... (TLS, SASL); a comma "
			"inside a "
			"value is written \\,.",
	},
	CONFIG_END,
};

#define PRODUCER (1u << CLIENT_PRODUCER)
#define CONSUMER (1u << CLIENT_CONSUMER)
#define ADMIN    (1u << CLIENT_ADMIN)
#define ALL      (PRODUCER | CONSUMER | ADMIN)

struct setting {
	unsigned roles;
	const char *name;
	const char *value;
};

/* May be overridden by KAFKA_OPTIONS. */
static const struct setting tuning[] = {
	{ ALL, "client.id", "integration-fleet" },
	{ ALL, "statistics.interval.ms", "0" },
	{ ALL, "socket.nagle.disable", "true" },
	{ ALL, "socket.keepalive.enable", "true" },
	{ ALL, "reconnect.backoff.ms", "100" },
	{ ALL, "reconnect.backoff.max.ms", "5000" },
	{ ALL, "log.connection.close", "false" },
	/* a large single message has to come through; nothing is allocated ahead */
	{ ALL, "receive.message.max.bytes", "50331648" },

	/* one message of the largest topic (32 MiB) and its frame */
	{ PRODUCER, "message.max.bytes", "33685504" },
	/* producer.c keeps a tighter bound; this one must only let the largest message by
	 */
	{ PRODUCER, "queue.buffering.max.kbytes", "65536" },
	{ PRODUCER, "queue.buffering.max.messages", "20000" },
	/*
	 * Brokers compare a batch, not a message, with the topic's limit, so batches stay
	 * below the smallest limit of the table (topics.c).
	 */
	{ PRODUCER, "batch.size", "524288" },
	/* long enough to gather a burst, short against the 40 ms from event to partner */
	{ PRODUCER, "linger.ms", "1" },
	/* after it the ack says AWAY; callers hold their offsets, so nothing is lost */
	{ PRODUCER, "message.timeout.ms", "120000" },
	{ PRODUCER, "request.timeout.ms", "15000" },
	{ PRODUCER, "retry.backoff.ms", "100" },
	/*
	 * Measured: lz4 gains nothing on a fast network, and its readers need the memory of
	 * what a whole response unpacks to (32 MiB instead of 9).
	 */
	{ PRODUCER, "compression.type", "none" },

	/*
	 * Memory: at most about 2 MiB wait here, plus one response under way. A message
	 * above fetch.message.max.bytes still comes, alone in its response.
	 */
	{ CONSUMER, "queued.min.messages", FETCH_QUEUE_MESSAGES },
	{ CONSUMER, "queued.max.messages.kbytes", FETCH_QUEUE_KBYTES },
	{ CONSUMER, "fetch.message.max.bytes", "262144" },
	{ CONSUMER, "message.max.bytes", "524288" },
	{ CONSUMER, "fetch.max.bytes", "524288" },
	/* an empty fetch is answered after this; data is answered at once */
	{ CONSUMER, "fetch.wait.max.ms", "250" },
	{ CONSUMER, "fetch.error.backoff.ms", "100" },
	{ CONSUMER, "session.timeout.ms", "10000" },
	/* members learn of a rebalance by it, and wait for one another */
	{ CONSUMER, "heartbeat.interval.ms", "1000" },
	{ CONSUMER, "max.poll.interval.ms", "600000" },
	/* topics that appear later are found soon */
	{ CONSUMER, "topic.metadata.refresh.interval.ms", "30000" },
	{ CONSUMER, "check.crcs", "false" },
};

/* Not to be overridden: delivery at least once, and the same partition for the same key. */
static const struct setting guarantees[] = {
	{ PRODUCER, "enable.idempotence", "true" },
	{ PRODUCER, "acks", "all" },
	{ PRODUCER, "partitioner", "murmur2_random" },
	{ CONSUMER, "partition.assignment.strategy", "cooperative-sticky" },
	{ CONSUMER, "enable.auto.commit", "false" },
	{ CONSUMER, "enable.auto.offset.store", "false" },
	{ CONSUMER, "auto.offset.reset", "earliest" },
	{ CONSUMER, "enable.partition.eof", "false" },
	{ CONSUMER, "allow.auto.create.topics", "false" },
};

static int apply_table(rd_kafka_conf_t *conf, enum client_role role,
                       const struct setting *table, size_t n, struct err_text *why)
{
	char text[160];

	for (size_t i = 0; i < n; i++) {
		if (!(table[i].roles & (1u << role)))
			continue;
		if (rd_kafka_conf_set(conf, table[i].name, table[i].value, text,
		                      sizeof(text)) != RD_KAFKA_CONF_OK)
			return err_say(why, -EINVAL, "librdkafka refuses %s: %s",
			               table[i].name, text);
	}
	return 0;
}

/* Cuts the next "key=value" off *rest, in place; unescapes \, in it. */
static char *next_option(char **rest)
{
	char *start = *rest, *to = start, *from = start;

	while (*from && *from != ',') {
		if (from[0] == '\\' && from[1] == ',')
			from++;
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	return start;
}

static int apply_option(rd_kafka_conf_t *conf, char *option, struct err_text *why)
{
	char text[160];
	char *value = strchr(option, '=');

	while (*option == ' ')
		option++;
	if (!*option)
		return 0;
	if (!value)
		return err_say(why, -EINVAL, "KAFKA_OPTIONS: write key=value,key=value");
	*value++ = '\0';
	/* librdkafka's text may hold the value, which may be a secret: name the key only */
	if (rd_kafka_conf_set(conf, option, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
		return err_say(why, -EINVAL,
		               "KAFKA_OPTIONS: %.60s is no setting of librdkafka "
		               "or its value is wrong",
		               option);
	return 0;
}

static int apply_options(rd_kafka_conf_t *conf, const char *extra, struct err_text *why)
{
	CLEANUP(freep) char *text = xstrdup(extra ? extra : "");
	char *rest = text;

	while (*rest) {
		int r = apply_option(conf, next_option(&rest), why);

		if (r)
			return r;
	}
	return 0;
}

static const char *options_fault(const char *text)
{
	struct err_text why;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int r = apply_options(conf, text, &why);

	rd_kafka_conf_destroy(conf);
	return r ? "librdkafka takes one of these settings not; write key=value,key=value"
	         : NULL;
}

/*
 * librdkafka's own words: broker names and states, never what a message holds. Its errors
 * are transient (it reconnects for ever), hence warnings. At most LOG_BURST lines in
 * LOG_WINDOW_MS, all clients of the process together.
 */
#define LOG_BURST     20
#define LOG_WINDOW_MS 10000

static bool log_allowed(unsigned *suppressed)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int64_t window_start;
	static unsigned in_window, held_back;
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&lock);
	if (now - window_start >= LOG_WINDOW_MS) {
		window_start = now;
		in_window = 0;
	}
	bool allowed = in_window++ < LOG_BURST;

	*suppressed = allowed ? held_back : 0;
	held_back = allowed ? 0 : held_back + 1;
	pthread_mutex_unlock(&lock);
	return allowed;
}

static void log_client(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	/* syslog's levels 0..7 */
	static const enum log_level levels[] = {
		LOG_LEVEL_ERROR, LOG_LEVEL_ERROR, LOG_LEVEL_ERROR, LOG_LEVEL_WARN,
		LOG_LEVEL_WARN,  LOG_LEVEL_INFO,  LOG_LEVEL_INFO,  LOG_LEVEL_DEBUG,
	};
	unsigned suppressed;

	if (!log_allowed(&suppressed))
		return;
	log_emit(levels[level & 7], NULL, "kafka.client", "%s: %s%s", fac, text,
	         suppressed ? " (earlier lines were left out)" : "");
}

static int set_identity(rd_kafka_conf_t *conf, const struct kafka_config *config,
                        const char *group, struct err_text *why)
{
	CLEANUP(freep)
	char *group_id = xasprintf("%s%s", config->topic_prefix ? config->topic_prefix : "",
	                           group ? group : "");
	char text[160];

	if (rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, text,
	                      sizeof(text)) != RD_KAFKA_CONF_OK)
		return err_say(why, -EINVAL, "KAFKA_BROKERS: %s", text);
	if (group && rd_kafka_conf_set(conf, "group.id", group_id, text, sizeof(text)) !=
	                     RD_KAFKA_CONF_OK)
		return err_say(why, -EINVAL, "the consumer group's name: %s", text);
	return 0;
}

rd_kafka_conf_t *client_conf_new(const struct kafka_config *config, enum client_role role,
                                 const char *group, struct err_text *why)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int r = apply_table(conf, role, tuning, ARRAY_SIZE(tuning), why);

	if (!r)
		r = apply_options(conf, config->extra, why);
	if (!r)
		r = apply_table(conf, role, guarantees, ARRAY_SIZE(guarantees), why);
	if (!r)
		r = set_identity(conf, config, group, why);
	if (r) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_log_cb(conf, log_client);
	return conf;
}

rd_kafka_t *client_new(rd_kafka_conf_t *conf, enum client_role role, struct err_text *why)
{
	char text[200];
	rd_kafka_t *rk = rd_kafka_new(role == CLIENT_CONSUMER ? RD_KAFKA_CONSUMER
	                                                      : RD_KAFKA_PRODUCER,
	                              conf, text, sizeof(text));

	if (!rk) {
		rd_kafka_conf_destroy(conf);
		(void)err_say(why, -EINVAL, "kafka: %s", text);
	}
	return rk;
}

rd_kafka_t *client_consumer_new(const struct kafka_config *config, const char *group,
                                struct join_watch **watch, struct err_text *why)
{
	rd_kafka_conf_t *conf = client_conf_new(config, CLIENT_CONSUMER, group, why);

	if (!conf)
		return NULL;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE |
	                                       RD_KAFKA_EVENT_OFFSET_COMMIT |
	                                       RD_KAFKA_EVENT_ERROR);
	if (watch)
		*watch = join_watch_new(conf);
	rd_kafka_t *rk = client_new(conf, CLIENT_CONSUMER, why);

	if (!rk && watch)
		free(*watch);
	return rk;
}

int client_subscribe(rd_kafka_t *rk, const struct kafka_config *config,
                     const enum kafka_topic *topics, size_t n, struct err_text *why)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(freep)
		char *name = client_topic_name(config->topic_prefix, topics[i]);

		rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
	}
	rd_kafka_resp_err_t err = rd_kafka_subscribe(rk, list);

	rd_kafka_topic_partition_list_destroy(list);
	return err ? err_say(why, -EIO, "kafka: subscribe: %s", rd_kafka_err2str(err)) : 0;
}

char *client_topic_name(const char *prefix, enum kafka_topic topic)
{
	return xasprintf("%s%s", prefix ? prefix : "", kafka_topics[topic].name);
}

enum kafka_topic client_topic_of(const char *prefix, const char *full_name)
{
	size_t len = prefix ? strlen(prefix) : 0;

	if (strncmp(full_name, prefix ? prefix : "", len) != 0)
		return KAFKA_TOPIC_COUNT;
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		if (strcmp(kafka_topics[i].name, full_name + len) == 0)
			return (enum kafka_topic)i;
	return KAFKA_TOPIC_COUNT;
}

int client_error(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return 0;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
		return KAFKA_E_TOO_LARGE;
	default:
		return KAFKA_E_AWAY;
	}
}
