/*
 * retry-scheduler: asks for another attempt of what failed in a way that may pass, and of
 * what got stuck, and of what people chose in bulk. It changes no log: it asks on
 * integration.retries, and py3 over HTTP.
 */
#include "scheduler.h"

#include "base/clock.h"
#include "log/log.h"
#include "runs.h"

#include <stddef.h>

#define NAME "retry-scheduler"

struct metric metric_sweeps = METRIC_COUNTER(
	"retry_scheduler_sweeps_total",
	"Sweeps: done, failed, or left to another replica (standby).", "result");
struct metric metric_seconds =
	METRIC_SECONDS("retry_scheduler_sweep_seconds", "How long a sweep took.", NULL);
struct metric metric_leader = METRIC_GAUGE(
	"retry_scheduler_leader", "1 while this process is the one that sweeps.", NULL);
struct metric metric_candidates =
	METRIC_GAUGE("retry_scheduler_candidates",
                     "Logs of the last sweep by what was decided.", "decision");
struct metric metric_requests =
	METRIC_COUNTER("retry_scheduler_requests_total", "Retries asked for.", "route");
struct metric metric_py3_failures =
	METRIC_COUNTER("retry_scheduler_py3_failures_total",
                       "Requests that py3's route did not accept.", NULL);
struct metric metric_stuck = METRIC_GAUGE(
	"retry_scheduler_stuck",
	"Logs that are QUEUED for too long and wait for nobody, in the last sweep.", NULL);
struct metric metric_oldest =
	METRIC_GAUGE("retry_scheduler_oldest_eligible_seconds",
                     "Age of the oldest eligible log of the last sweep.", NULL);
struct metric metric_sealed =
	METRIC_COUNTER("retry_scheduler_sealed_rows_total",
                       "Rows whose plain secrets were sealed in the table.", NULL);
struct metric metric_secrets_lost = METRIC_GAUGE(
	"retry_scheduler_lost_secrets",
	"Secrets in the table that no key opens: SECRETS_KEY is another one.", NULL);
struct metric metric_runs = METRIC_GAUGE(
	"retry_scheduler_runs", "Bulk retry runs that this process looks after.", NULL);
struct metric metric_run_requests =
	METRIC_COUNTER("retry_scheduler_run_requests_total",
                       "Retries asked for by bulk retry runs.", "route");
struct metric metric_run_results =
	METRIC_COUNTER("retry_scheduler_run_results_total",
                       "Attempts of bulk retry runs by what became of them.", "status");

struct metric metric_faxes = METRIC_GAUGE(
	"retry_scheduler_faxes_waiting",
	"Faxes that wait for their vendor's verdict, in the last sweep.", NULL);
struct metric metric_polls = METRIC_COUNTER("retry_scheduler_fax_polls_total",
                                            "Questions to fax vendors asked for.", NULL);
struct metric metric_faxes_given_up =
	METRIC_COUNTER("retry_scheduler_faxes_given_up_total",
                       "Faxes whose vendor gave no verdict within a week: FAIL.", NULL);

static struct metric *const metrics[] = {
	&metric_sweeps,         &metric_seconds,     &metric_leader,
	&metric_candidates,     &metric_requests,    &metric_py3_failures,
	&metric_stuck,          &metric_oldest,      &metric_runs,
	&metric_run_requests,   &metric_run_results, &metric_sealed,
	&metric_secrets_lost,   &metric_faxes,       &metric_polls,
	&metric_faxes_given_up,
};

static struct scheduler_config config;
static struct scheduler scheduler = { .config = &config };

#define FIELD(name) offsetof(struct scheduler_config, name)

static const char *patterns_fault(const char *text)
{
	struct retry_pattern patterns[PATTERNS_MAX];
	CLEANUP(freep) char *list = xstrdup(text);
	const char *bad = NULL;

	return retry_patterns_parse(list, patterns, PATTERNS_MAX, &bad) < 0
	               ? "an item is empty, names no error kind or no code, or there are "
	                 "too many; write No response,kind=timeout,code=503"
	               : NULL;
}

static const char *time_fault(const char *text)
{
	int64_t unused;

	return clock_parse_iso(text, &unused) ? NULL
	                                      : "not a time; write 2026-11-21T09:30:00Z";
}

static const struct config_key keys[] = {
	{ .name = "AUTO_RETRY_INTERVAL",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(interval),
	  .min = 100,
	  .max = 86400000,
	  .dflt = "60s",
	  .help = "From the beginning of a sweep to that of the next." },
	{ .name = "AUTO_RETRY_MAX",
	  .type = CONFIG_INT,
	  .offset = FIELD(max),
	  .min = 0,
	  .max = 1000,
	  .dflt = "5",
	  .help = "Most automatic attempts of a log; auto_retry.max of the integration's "
	          "row goes before." },
	{ .name = "AUTO_RETRY_PATTERNS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(patterns),
	  .fault = patterns_fault,
	  .max = 4096,
	  .dflt = AUTO_RETRY_DEFAULT_PATTERNS,
	  .help = "What makes an error worth another attempt, separated by commas: "
	          "kind=timeout, code=503, or else a part of error_message." },
	{ .name = "AUTO_RETRY_FROM",
	  .type = CONFIG_STRING,
	  .offset = FIELD(from),
	  .fault = time_fault,
	  .help = "Logs inserted at or after this time (2026-11-21T09:30:00Z); without it "
	          "and AUTO_RETRY_TO those of the last 24 hours." },
	{ .name = "AUTO_RETRY_TO",
	  .type = CONFIG_STRING,
	  .offset = FIELD(to),
	  .fault = time_fault,
	  .help = "Logs inserted up to this time." },
	{ .name = "AUTO_RETRY_BUDGET",
	  .type = CONFIG_INT,
	  .offset = FIELD(budget),
	  .min = 1,
	  .max = 1000000,
	  .dflt = "500",
	  .help = "Most retries of one developer_authentication that a sweep leaves under "
	          "way, the oldest first; the others wait for the next sweep." },
	{ .name = "STUCK_AFTER",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(stuck_after),
	  .min = 1000,
	  .max = 86400000,
	  .dflt = "15m",
	  .help = "A log that is QUEUED for longer, and waits for no vendor or downstream, "
	          "is driven again; doubled with each automatic attempt." },
	{ .name = "FAX_POLL_AFTER",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(fax_poll_after),
	  .min = 1000,
	  .max = 3600000,
	  .dflt = "60s",
	  .help = "A fax that its vendor has taken, and of which no webhook tells, is "
	          "asked about after so long, then less and less often, for a week." },
	CONFIG_END,
};

/* What two keys together can say. */
static int check(const void *given, FILE *errors)
{
	const struct scheduler_config *c = given;
	int64_t from_ms, to_ms;
	int faults = 0;

	if (clock_parse_iso(c->from, &from_ms) && clock_parse_iso(c->to, &to_ms) &&
	    to_ms < from_ms)
		faults +=
			fputs("AUTO_RETRY_TO: before AUTO_RETRY_FROM; no log is between\n",
		              errors) >= 0;
	return faults + py3_config_check(&c->py3, errors);
}

static void read_policy(void)
{
	struct retry_policy *policy = &scheduler.policy;
	const char *bad = NULL;

	scheduler.patterns_text = xstrdup(config.patterns);
	int n = retry_patterns_parse(scheduler.patterns_text, scheduler.patterns,
	                             PATTERNS_MAX, &bad);
	*policy = (struct retry_policy){ .max = config.max,
		                         .patterns = scheduler.patterns,
		                         .n_patterns = n > 0 ? (size_t)n : 0 };
	(void)clock_parse_iso(config.from, &policy->from_ms);
	(void)clock_parse_iso(config.to, &policy->to_ms);
}

static int start(struct service_ctx *ctx, struct err_text *why)
{
	scheduler.ctx = ctx;
	read_policy();
	metrics_register(metrics, ARRAY_SIZE(metrics));
	if (service_flag(ctx, "--dry-run"))
		log_init(NAME, LOG_LEVEL_ERROR); /* stdout is for what would be done */
	service_ready(ctx, "kafka", false, "not asked yet");
	service_ready(ctx, "postgres", false, "not asked yet");
	service_ready(ctx, "mongodb", false, "not asked yet");
	service_thread(ctx, "sweeps", scheduler_run, &scheduler);
	if (!service_flag(ctx, "--once") && !service_flag(ctx, "--dry-run"))
		service_thread(ctx, "runs", runs_run, &scheduler);
	return 0;
}

static void stop(struct service_ctx *ctx)
{
	free(scheduler.patterns_text);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = py3_config_keys, .offset = FIELD(py3) },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = logstore_config_keys, .offset = FIELD(logstore) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service_flag flags[] = {
		{ .name = "--once", .help = "one sweep, then exit 0" },
		{ .name = "--dry-run",
		  .help = "print what one sweep would do, log by log, and do nothing" },
	};
	static const struct service service = {
		.name = NAME,
		.help = "asks for another attempt of what failed in a way that may pass",
		.flags = flags,
		.n_flags = ARRAY_SIZE(flags),
		.groups = groups,
		.config = &config,
		.check = check,
		.start = start,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
