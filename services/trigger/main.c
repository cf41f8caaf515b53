/* trigger: events of the LIS become logs and tasks, one for every integration they match.
 */
#include "aside.h"
#include "trigger.h"

#include <stddef.h>

struct metric metric_events = METRIC_COUNTER("trigger_events_total",
                                             "Messages by what became of them.", "result");
struct metric metric_builds =
	METRIC_COUNTER("trigger_builds_total", "Deliveries built, by action.", "action");
struct metric metric_failures = METRIC_COUNTER(
	"trigger_build_failures_total", "Deliveries that could not be built.", "kind");
struct metric metric_logs =
	METRIC_COUNTER("trigger_logs_total", "Logs by what the store said.", "result");
struct metric metric_batch =
	METRIC_SECONDS("trigger_round_seconds", "From matched events to tasks.", NULL);
struct metric metric_oldest =
	METRIC_GAUGE("trigger_oldest_unhandled_seconds",
                     "Age of the oldest message that has no log and task yet.", "group");
struct metric metric_store_away = METRIC_GAUGE(
	"trigger_store_away", "1 while logs travel through integration.callbacks.", NULL);
struct metric metric_waits = METRIC_COUNTER(
	"trigger_waits_total", "Batches given again, by what was away.", "what");
struct metric metric_alone = METRIC_SECONDS(
	"trigger_quiet_lab_wait_seconds",
	"From an event's arrival to its turn, the longest of a batch, of labs "
	"that had no other event waiting.",
	NULL);
struct metric metric_waiting = METRIC_GAUGE(
	"trigger_events_waiting", "Events that were read and wait for their turn.", NULL);
struct metric metric_waiting_labs = METRIC_GAUGE(
	"trigger_labs_waiting", "Labs (keys of lis.events) that these are of.", NULL);
struct metric metric_window =
	METRIC_GAUGE("trigger_events_bytes",
                     "Memory of events that were read and are not done, about.", NULL);

struct metric metric_labs_aside =
	METRIC_GAUGE("trigger_labs_aside",
                     "Labs whose context functions take too long: they are handled beside "
                     "the others.",
                     NULL);

static struct metric *const metrics[] = {
	&metric_events,     &metric_builds,  &metric_failures,     &metric_logs,
	&metric_batch,      &metric_oldest,  &metric_store_away,   &metric_waits,
	&metric_alone,      &metric_waiting, &metric_waiting_labs, &metric_window,
	&metric_labs_aside,
};

static struct trigger_config config;
static struct kafka_producer *producer;
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER,
		       retries_lock = PTHREAD_MUTEX_INITIALIZER;
static struct trigger events = { .pipeline = &pipeline_events,
	                         .config = &config,
	                         .recent_lock = &events_lock };
static struct trigger retries = { .pipeline = &pipeline_retries,
	                          .config = &config,
	                          .recent_lock = &retries_lock };

#define PATIENCE_MS 2000 /* that other labs wait for one lab's contexts */

#define FIELD(name) offsetof(struct trigger_config, name)

static const struct config_key keys[] = {
	{ .name = "EVENTS_MEMORY_LIMIT",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(events_memory),
	  .min = 1 << 20,
	  .max = 1LL << 30,
	  .dflt = "12MiB",
	  .help = "Memory of events that are read ahead, so that labs take turns however "
	          "many events one of them brings; one lab alone fills half of it." },
	{ .name = "CONTEXT_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(context_timeout),
	  .min = 1000,
	  .max = 120000,
	  .dflt = "10s",
	  .help = "How long one query of the LIS's context functions may take; slower ones "
	          "are "
	          "split until the slow entity stands alone and fails." },
	{ .name = "STORE_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(store_timeout),
	  .min = 100,
	  .max = 60000,
	  .dflt = "3s",
	  .help = "How long the log store may take for a batch of logs; then they travel "
	          "through integration.callbacks and deliveries go on." },
	CONFIG_END,
};

static void prepare(struct service_ctx *ctx, struct trigger *t)
{
	t->ctx = ctx;
	t->producer = producer;
	t->recent = recent_new();
	service_ready(ctx, t->pipeline->kafka, false, "no assignment from the broker yet");
	service_ready(ctx, t->pipeline->postgres, false, "not asked yet");
}

static void start_aside(struct service_ctx *ctx)
{
	int64_t half_ms = config.context_timeout / 2;

	events.patience_ms = half_ms < PATIENCE_MS ? half_ms : PATIENCE_MS;
	events.aside = aside_new(&events);
	service_thread(ctx, "aside", aside_run, events.aside);
}

static int start(struct service_ctx *ctx, struct err_text *why)
{
	metrics_register(metrics, ARRAY_SIZE(metrics));
	int r = kafka_producer_open(&config.kafka, &producer, why);
	if (r)
		return r;
	prepare(ctx, &events);
	prepare(ctx, &retries);
	start_aside(ctx);
	service_thread(ctx, "pipeline", pipeline_run, &events);
	service_thread(ctx, "retries", pipeline_run, &retries);
	return 0;
}

static void stop(struct service_ctx *ctx)
{
	producer = kafka_producer_close(producer);
	events.recent = recent_free(events.recent);
	retries.recent = recent_free(retries.recent);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = logstore_config_keys, .offset = FIELD(logstore) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "trigger",
		.help = "turns events into logs and dispatch tasks, one for every matching "
			"row",
		.groups = groups,
		.config = &config,
		.start = start,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
