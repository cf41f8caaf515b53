/* Makes the stores ready for the fleet: schema, inventory, indexes, topics. */
#include "admin.h"

#include "base/clock.h"

#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#define INDEXES_MS (3600LL * 1000)

struct index_wait {
	int64_t until_ms;
	bool said;
};

static bool is_directory_of_migrations(const char *dir)
{
	CLEANUP(freep) char *first = xasprintf("%s/0001_configuration.sql", dir);

	return access(first, R_OK) == 0;
}

/* --dir, MIGRATIONS_DIR, the source tree of this build, the place of an installation. */
static char *find_directory(const char *option)
{
	static const char *const beside[] = { "../../deploy/sql/integration",
		                              "../share/integration-fleet/sql" };
	char exe[PATH_MAX];
	const char *set = option ? option : getenv("MIGRATIONS_DIR");
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (set || n <= 0)
		return xstrdup(set ? set : ".");
	exe[n] = '\0';
	const char *home = dirname(exe);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		CLEANUP(freep) char *dir = xasprintf("%s/%s", home, beside[i]);

		if (is_directory_of_migrations(dir))
			return STEAL(dir);
	}
	return xasprintf("%s/%s", home, beside[0]);
}

static int migrate_postgres(struct admin *a, const char *dir)
{
	struct pg *pg = admin_pg(a);
	int result = sql_apply_directory(pg, dir);

	return result ? result : catalogue_write(pg);
}

/* Of a large store an index takes minutes. */
static bool wait_for_index(void *arg)
{
	struct index_wait *wait = arg;
	const struct timespec between = { .tv_nsec = 500000000L };

	if (!wait->said)
		printf("mongodb    building indexes, of many logs for minutes\n");
	wait->said = true;
	(void)fflush(stdout);
	(void)nanosleep(&between, NULL);
	return clock_mono_ms() < wait->until_ms;
}

static int migrate_mongodb(struct admin *a, const char *dir)
{
	struct logstore *store = admin_store(a);

	struct index_wait wait = { .until_ms = clock_mono_ms() + INDEXES_MS };

	if (!store)
		return EXIT_CONFIG;
	if (logstore_ensure_indexes(store, wait_for_index, &wait)) {
		(void)fprintf(stderr, "mongodb: %s\n", logstore_error(store));
		return EXIT_AWAY;
	}
	printf("mongodb    indexes in place\n");
	return EXIT_DONE;
}

static int migrate_kafka(struct admin *a, const char *dir)
{
	struct err_text why = { "" };

	if (kafka_topics_ensure(&a->config.kafka, clock_mono_ms() + ADMIN_DEADLINE_MS,
	                        &why)) {
		(void)fprintf(stderr, "kafka: %s\n", why.text);
		return EXIT_AWAY;
	}
	printf("kafka      %d topics in place\n", KAFKA_TOPIC_COUNT);
	return EXIT_DONE;
}

static const struct {
	const char *name;
	unsigned need;
	int (*run)(struct admin *a, const char *dir);
} parts[] = {
	{ .name = "postgres", .need = NEED_POSTGRES, .run = migrate_postgres },
	{ .name = "mongodb", .need = NEED_MONGODB, .run = migrate_mongodb },
	{ .name = "kafka", .need = NEED_KAFKA, .run = migrate_kafka },
};

static int run_parts(struct admin *a, const char *dir, const char *only)
{
	unsigned needs = 0;
	int result = EXIT_DONE;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!only || strcmp(only, parts[i].name) == 0)
			needs |= parts[i].need;
	if (!needs) {
		(void)fprintf(stderr, "--only: postgres, mongodb or kafka\n");
		return EXIT_USAGE;
	}
	if (!admin_load(a, needs))
		return EXIT_CONFIG;
	for (size_t i = 0; i < ARRAY_SIZE(parts) && result == EXIT_DONE; i++)
		if (needs & parts[i].need)
			result = parts[i].run(a, dir);
	return result;
}

int command_migrate(struct admin *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "only", required_argument, NULL, 'o' },
		{ 0 },
	};
	const char *dir_option = NULL, *only = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			dir_option = optarg;
		else if (c == 'o')
			only = optarg;
		else
			return EXIT_USAGE;
	}
	CLEANUP(freep) char *dir = find_directory(dir_option);

	return run_parts(a, dir, only);
}
