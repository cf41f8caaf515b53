/* integration-admin: what a person does to the fleet from a shell. */
#include "admin.h"

#include <stddef.h>

static const struct command commands[] = {
	{ .group = "migrate",
	  .usage = "[--dir DIR] [--only postgres|mongodb|kafka]",
	  .help = "makes schema, action inventory, indexes and topics; harmless when "
	          "repeated",
	  .run = command_migrate },
	{ .group = "logs",
	  .name = "list",
	  .usage = "[--lab ID] [--action ID] [--status WORD] [--since TIME] [--limit N] "
	           "[--follow] [--json]",
	  .help = "the newest logs; --follow goes on with every change",
	  .needs = NEED_MONGODB,
	  .run = command_logs_list },
	{ .group = "logs",
	  .name = "show",
	  .usage = "LOG_ID [--json]",
	  .help = "everything about one log; secrets are masked",
	  .needs = NEED_MONGODB,
	  .run = command_logs_show },
	{ .group = "failed-tasks",
	  .name = "list",
	  .usage = "[--reason WORD]",
	  .help = "what could not be handled, and why",
	  .needs = NEED_KAFKA,
	  .run = command_failed_tasks_list },
	{ .group = "failed-tasks",
	  .name = "show",
	  .usage = "ID",
	  .help = "the headers and the original bytes of one",
	  .needs = NEED_KAFKA,
	  .run = command_failed_tasks_show },
	{ .group = "failed-tasks",
	  .name = "requeue",
	  .usage = "ID... | --all | --reason WORD",
	  .help = "sends them again to the topic that they came from",
	  .needs = NEED_KAFKA,
	  .run = command_failed_tasks_requeue },
	{ .group = "retry",
	  .name = "runs",
	  .usage = "[ID] [--lab ID]",
	  .help = "bulk retries, the newest first; or one, and what became of its logs",
	  .needs = NEED_POSTGRES,
	  .run = command_retry_runs },
	{ .group = "retry",
	  .name = "pause",
	  .usage = "ID",
	  .help = "no further log of this run is asked for, until it is resumed",
	  .needs = NEED_POSTGRES,
	  .run = command_retry_pause },
	{ .group = "retry",
	  .name = "resume",
	  .usage = "ID",
	  .help = "a run that was paused, or that stopped by itself, goes on",
	  .needs = NEED_POSTGRES,
	  .run = command_retry_resume },
	{ .group = "retry",
	  .name = "cancel",
	  .usage = "ID",
	  .help = "what this run has not asked for yet it never will",
	  .needs = NEED_POSTGRES,
	  .run = command_retry_cancel },
	{ .group = "retry",
	  .usage = "LOG_ID [--retry-id ID] [--lab N] [--resend]\n"
	           "  retry --lab ID | --integration ID [--status WORD]... [--action ID] "
	           "[--from TIME] [--to TIME] [--error-kind WORD] [--dry-run] [--rate N] "
	           "[--reason TEXT] [--stop-when-failing PERCENT] [--start-paused] "
	           "[--resend]",
	  .help = "asks for one more attempt of a log (the same ID twice is one attempt), "
	          "or of all FAIL ones that match: shows first what would become of them, "
	          "and follows the run; --resend also what was delivered",
	  .run = command_retry },
	{ .group = "preview",
	  .usage = "--integration ID --entity FAMILY/ID [--operation WORD] [--event JSON] "
	           "[--json]",
	  .help = "what this row would send for that entity now; nothing is sent, secrets "
	          "are masked. --event has what else the action needs: {\"payment_id\": 5}",
	  .needs = NEED_POSTGRES | NEED_SECRETS,
	  .run = command_preview },
	{ .group = "check",
	  .usage = "[--integration ID]",
	  .help = "every fault of the integrations' rows: templates, urls, headers, "
	          "details, secrets",
	  .needs = NEED_POSTGRES | NEED_SECRETS,
	  .run = command_check },
	{ .group = "user",
	  .name = "add",
	  .usage = "[--role viewer|operator|admin] [--lab ID]... [--name TEXT] "
	           "[--password-stdin] LOGIN",
	  .help = "a user of the dashboard, of these labs or of all; prints the password "
	          "that was made",
	  .needs = NEED_POSTGRES,
	  .run = command_user_add },
	{ .group = "user",
	  .name = "list",
	  .usage = "",
	  .help = "the users, their roles and labs",
	  .needs = NEED_POSTGRES,
	  .run = command_user_list },
	{ .group = "user",
	  .name = "password",
	  .usage = "[--password-stdin] LOGIN",
	  .help = "a new password; ends the sessions",
	  .needs = NEED_POSTGRES,
	  .run = command_user_password },
	{ .group = "user",
	  .name = "disable",
	  .usage = "LOGIN",
	  .help = "ends the sessions and tokens, and lets nobody in",
	  .needs = NEED_POSTGRES,
	  .run = command_user_disable },
	{ .group = "user",
	  .name = "enable",
	  .usage = "LOGIN",
	  .help = "lets the user in again",
	  .needs = NEED_POSTGRES,
	  .run = command_user_enable },
	{ .group = "user",
	  .name = "token",
	  .usage = "[--name TEXT] [--days N] LOGIN",
	  .help = "a bearer token for scripts, with this user's role and labs",
	  .needs = NEED_POSTGRES,
	  .run = command_user_token },
	{ .group = "doctor",
	  .usage = "",
	  .help = "whether the stores answer, and how much waits where",
	  .needs = NEED_POSTGRES | NEED_MONGODB | NEED_KAFKA,
	  .run = command_doctor },
};

static const struct {
	unsigned need;
	struct config_group group;
} sources[] = {
	{ NEED_POSTGRES,
	  { postgres_config_keys, offsetof(struct admin_config, postgres) } },
	{ NEED_MONGODB, { logstore_config_keys, offsetof(struct admin_config, logstore) } },
	{ NEED_KAFKA, { kafka_config_keys, offsetof(struct admin_config, kafka) } },
	{ NEED_SECRETS, { secrets_config_keys, offsetof(struct admin_config, secrets) } },
	{ NEED_PY3, { py3_config_keys, offsetof(struct admin_config, py3) } },
};
#define GROUPS_SIZE (ARRAY_SIZE(sources) + 1)

static void groups_of(unsigned needs, struct config_group out[GROUPS_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (needs & sources[i].need)
			*out++ = sources[i].group;
	*out = (struct config_group){ .keys = NULL };
}

bool admin_load(struct admin *a, unsigned needs)
{
	struct config_group groups[GROUPS_SIZE];

	groups_of(needs & ~a->loaded, groups);
	if (config_load(groups, &a->config, stderr) != 0)
		return false;
	a->loaded |= needs;
	return true;
}

struct pg *admin_pg(struct admin *a)
{
	if (!a->pg)
		a->pg = pg_open(&a->config.postgres);
	return a->pg;
}

struct logstore *admin_store(struct admin *a)
{
	struct err_text why = { "" };

	if (!a->store && logstore_open(&a->config.logstore, &a->store, &why))
		(void)fprintf(stderr, "%s\n", why.text);
	return a->store;
}

void admin_release(struct admin *a)
{
	struct config_group groups[GROUPS_SIZE];

	a->pg = pg_close(a->pg);
	a->store = logstore_close(a->store);
	groups_of(a->loaded, groups);
	config_release(groups, &a->config);
}

static void print_usage(FILE *to)
{
	(void)fprintf(to, "usage: integration-admin COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		(void)fprintf(to, "  %s%s%s %s\n      %s\n", commands[i].group,
		              commands[i].name ? " " : "",
		              commands[i].name ? commands[i].name : "", commands[i].usage,
		              commands[i].help);
	(void)fprintf(to,
	              "\nThe stores come from the environment: POSTGRES_URL, MONGODB_URL, "
	              "KAFKA_BROKERS, KAFKA_TOPIC_PREFIX;\nsealed secrets are opened with "
	              "SECRETS_KEY, logs of py3 are retried by PY3_RETRY_URL.\n"
	              "Exit: 0 done, 1 refused, 64 usage, 69 a store is away, 78 "
	              "configuration.\n");
}

static const struct command *find_command(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (argc < 2 || strcmp(c->group, argv[1]) != 0)
			continue;
		if (!c->name || (argc > 2 && strcmp(c->name, argv[2]) == 0))
			return c;
	}
	return NULL;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct admin admin = { 0 };
	int words = c->name ? 2 : 1;
	int result = EXIT_CONFIG;

	if (admin_load(&admin, c->needs))
		result = c->run(&admin, argc - words, argv + words);
	admin_release(&admin);
	if (result == EXIT_USAGE)
		(void)fprintf(stderr, "usage: integration-admin %s %s %s\n", c->group,
		              c->name ? c->name : "", c->usage);
	return result;
}

int main(int argc, char **argv)
{
	const struct command *c = find_command(argc, argv);

	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* whole lines, into a pipe too */
	if (c)
		return run(c, argc, argv);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("integration-admin %s\n", FLEET_VERSION);
		return EXIT_DONE;
	}
	print_usage(stderr);
	return EXIT_USAGE;
}
