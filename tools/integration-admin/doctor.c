/* Is everything there that the fleet stands on? A line each, with the remedy. */
#include "admin.h"

#include "base/clock.h"
#include "kafka/lag.h"

#define CHECK_MS 5000

static int report(const char *what, bool well, const char *detail)
{
	printf("%-4s %-28s %s\n", well ? "ok" : "BAD", what, detail);
	return well ? EXIT_DONE : EXIT_AWAY;
}

static int check_postgres(struct admin *a)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct pg *pg = admin_pg(a);

	if (pg_query(pg,
	             "SELECT current_setting('server_version'), "
	             "to_regclass('integration.lab_integration') IS NOT NULL",
	             NULL, 0, clock_mono_ms() + CHECK_MS, &r))
		return report("postgres", false, pg_error(pg));
	int result = report("postgres", true, pg_text(r, 0, 0));
	bool migrated = pg_bool(r, 0, 1);
	return result | report("postgres schema", migrated,
	                       migrated ? "integration" : "run integration-admin migrate");
}

static int check_mongodb(struct admin *a)
{
	struct logstore *store = admin_store(a);

	if (!store)
		return EXIT_CONFIG;
	bool here = logstore_ping(store, clock_mono_ms() + CHECK_MS) == 0;
	return report("mongodb", here, here ? "answers" : logstore_error(store));
}

/* What waits for a group, all partitions together; -1: the broker does not say. */
static int64_t lag_of(struct kafka_lag *lag, enum kafka_topic topic, int64_t deadline_ms)
{
	int64_t sum = 0, one;

	for (int i = 0; i < kafka_topics[topic].partitions; i++) {
		if (kafka_lag_of_partition(lag, topic, i, deadline_ms, &one))
			return -1;
		sum += one;
	}
	return sum;
}

static int check_lag(struct admin *a, const char *group, enum kafka_topic topic)
{
	struct kafka_lag *lag;
	struct err_text why = { "" };
	char what[64], detail[64];

	if (kafka_lag_open(&a->config.kafka, group, &lag, &why))
		return report("kafka", false, why.text);
	int64_t n = lag_of(lag, topic, clock_mono_ms() + CHECK_MS);
	(void)kafka_lag_close(lag);
	(void)snprintf(what, sizeof(what), "kafka %s", group);
	if (n < 0)
		return report(what, false,
		              "the broker does not answer, or the topic is missing");
	(void)snprintf(detail, sizeof(detail), "%lld waiting in %s", (long long)n,
	               kafka_topics[topic].name);
	return report(what, true, detail);
}

static int check_kafka(struct admin *a)
{
	static const struct {
		const char *group;
		enum kafka_topic topic;
	} groups[] = {
		{ .group = "trigger", .topic = KAFKA_TOPIC_EVENTS },
		{ .group = "trigger-retries", .topic = KAFKA_TOPIC_RETRIES },
		{ .group = "dispatcher", .topic = KAFKA_TOPIC_TASKS },
		{ .group = "callback", .topic = KAFKA_TOPIC_CALLBACKS },
	};
	int result = EXIT_DONE;

	for (size_t i = 0; i < ARRAY_SIZE(groups) && result == EXIT_DONE; i++)
		result = check_lag(a, groups[i].group, groups[i].topic);
	return result;
}

int command_doctor(struct admin *a, int argc, char **argv)
{
	if (argc != 1)
		return EXIT_USAGE;
	int result = check_postgres(a) | check_mongodb(a) | check_kafka(a);
	return result ? EXIT_AWAY : EXIT_DONE;
}
