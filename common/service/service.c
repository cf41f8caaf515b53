#include "service/service.h"

#include "service/ctx.h"

#include "log/log.h"

#include <malloc.h>
#include <signal.h>
#include <strings.h>

#include <event2/thread.h>

enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

#define FIELD(name) offsetof(struct service_config, name)

static const struct config_key own_keys[] = {
	{ .name = "HEALTH_ADDRESS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(health_address),
	  .min = 1,
	  .max = 255,
	  .dflt = "127.0.0.1",
	  .help = "Address that /livez, /readyz and /metrics are served on; 0.0.0.0 for "
	          "all "
	          "interfaces." },
	{ .name = "HEALTH_PORT",
	  .type = CONFIG_PORT,
	  .offset = FIELD(health_port),
	  .dflt = "8090",
	  .help = "Port of /livez, /readyz and /metrics; 0 takes any free one (the line "
	          "service.started tells it)." },
	{ .name = "LOG_LEVEL",
	  .type = CONFIG_STRING,
	  .offset = FIELD(log_level),
	  .dflt = "info",
	  .help = "Least level that is logged: debug, info, warn or error." },
	{ .name = "DRAIN_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(drain_timeout),
	  .min = 100,
	  .max = 3600000,
	  .dflt = "30s",
	  .help = "How long SIGTERM waits for what is in flight before it is cut off (exit "
	          "1)." },
	CONFIG_END,
};
static const struct config_group own_groups[] = {
	{ .keys = own_keys },
	{ .keys = NULL },
};

static bool parse_level(const char *text, enum log_level *out)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(text, names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Returns the number of faulty keys, each told on stderr. */
static int load_config(struct service_ctx *ctx)
{
	const struct service *s = ctx->service;
	enum log_level level = LOG_LEVEL_INFO;
	int own_faults = config_load(own_groups, &ctx->config, stderr);
	int faults = config_load(s->groups, s->config, stderr);

	if (faults == 0 && s->check)
		faults = s->check(s->config, stderr);
	if (own_faults == 0 && !parse_level(ctx->config.log_level, &level)) {
		(void)fputs("LOG_LEVEL: not a level; write debug, info, warn or error\n",
		            stderr);
		own_faults++;
	}
	log_init(s->name, level);
	return own_faults + faults;
}

static void release_config(struct service_ctx *ctx)
{
	config_release(own_groups, &ctx->config);
	config_release(ctx->service->groups, ctx->service->config);
}

static int print_help(const struct service *s)
{
	(void)printf("%s - %s\n\nusage: %s [--help | --version | --check-config | "
	             "--print-config]%s\n\n",
	             s->name, s->help, s->name, s->n_flags ? " [FLAG...]" : "");
	for (size_t i = 0; i < s->n_flags; i++)
		(void)printf("  %-14s  %s\n", s->flags[i].name, s->flags[i].help);
	(void)printf(
		"  --check-config  report every faulty key and exit (78), or exit 0\n"
		"  --print-config  the configuration reference, as a Markdown table\n\n"
		"Configured by environment variables; SIGTERM drains.\n");
	return 0;
}

static int print_version(const struct service *s)
{
	(void)printf("%s %s\n", s->name, FLEET_VERSION);
	return 0;
}

static int print_config(const struct service *s)
{
	config_print_head(stdout);
	config_print(s->groups, stdout);
	config_print(own_groups, stdout);
	return 0;
}

static int check_config(const struct service *s)
{
	struct service_ctx ctx = { .service = s };
	int faults = load_config(&ctx);

	release_config(&ctx);
	if (faults == 0)
		(void)puts("configuration: ok");
	return faults ? EXIT_CONFIG : 0;
}

/*
 * Few threads allocate at once, so more arenas than two would only spread free memory. The
 * fixed thresholds switch off glibc's habit of raising them, which keeps freed batches
 * resident.
 */
static void prepare_process(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): there are no threads yet */
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
	/* NOLINTEND(concurrency-mt-unsafe) */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)evthread_use_pthreads();
}

static int run(const struct service *s, uint32_t flags)
{
	struct service_ctx ctx = { .service = s,
		                   .flags = flags,
		                   .drain_deadline = INT64_MAX };
	int faults = load_config(&ctx);
	int code = EXIT_CONFIG;

	if (faults)
		log_error(NULL, "service.config_invalid", "%d faulty keys; see stderr",
		          faults);
	else
		code = life_run(&ctx);
	release_config(&ctx);
	return code;
}

/* The bit of a flag; 0: the service has none of that name. */
static uint32_t flag_bit(const struct service *s, const char *name)
{
	for (size_t i = 0; i < s->n_flags; i++)
		if (strcmp(s->flags[i].name, name) == 0)
			return 1U << i;
	return 0;
}

bool service_flag(const struct service_ctx *ctx, const char *name)
{
	return (ctx->flags & flag_bit(ctx->service, name)) != 0;
}

int service_main(const struct service *service, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct service *s);
	} options[] = {
		{ .name = "--help", .run = print_help },
		{ .name = "-h", .run = print_help },
		{ .name = "--version", .run = print_version },
		{ .name = "--check-config", .run = check_config },
		{ .name = "--print-config", .run = print_config },
	};
	uint32_t flags = 0;

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(options); i++)
		if (strcmp(argv[1], options[i].name) == 0)
			return options[i].run(service);
	for (int i = 1; i < argc; i++) {
		uint32_t bit = flag_bit(service, argv[i]);

		if (bit == 0) {
			(void)fprintf(stderr, "%s: unknown argument; see --help\n",
			              service->name);
			return EXIT_USAGE;
		}
		flags |= bit;
	}
	prepare_process();
	return run(service, flags);
}
