/* callback: the only one that changes a log. Reports come from Kafka and over HTTP. */
#include "callback.h"

#include <stddef.h>

struct metric metric_reports = METRIC_COUNTER("callback_reports_total",
                                              "Reports by what became of them.", "result");
struct metric metric_oldest =
	METRIC_GAUGE("callback_oldest_unhandled_seconds",
                     "Age of the oldest report that is not in its log yet.", NULL);
struct metric metric_store_waits =
	METRIC_COUNTER("callback_store_waits_total",
                       "Batches that waited because the log store was away.", NULL);

struct metric metric_responses =
	METRIC_COUNTER("callback_http_responses_total", "HTTP answers by code.", "code");

struct metric metric_calls =
	METRIC_COUNTER("callback_inbound_calls_total",
                       "Recorded inbound calls by what became of them.", "result");
struct metric metric_oldest_call =
	METRIC_GAUGE("callback_oldest_inbound_call_seconds",
                     "Age of the oldest recorded call that is no log yet.", NULL);

struct metric metric_hours =
	METRIC_GAUGE("callback_counted_hours",
                     "Hours of some lab whose counts are in mind, at most 256.", NULL);

struct metric metric_vendor_notices =
	METRIC_COUNTER("callback_vendor_notices_total",
                       "Webhooks of fax vendors by what became of them.", "result");

static struct metric *const metrics[] = {
	&metric_hours,   &metric_calls,  &metric_oldest_call, &metric_responses,
	&metric_reports, &metric_oldest, &metric_store_waits, &metric_vendor_notices,
};

static struct callback_config config;
static struct callback callback = { .config = &config };

#define FIELD(name) offsetof(struct callback_config, name)

static const struct config_key keys[] = {
	{ .name = "CALLBACK_ADDRESS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(address),
	  .dflt = "127.0.0.1",
	  .help = "The address that the callbacks' port listens on." },
	{ .name = "CALLBACK_PORT",
	  .type = CONFIG_PORT,
	  .offset = FIELD(port),
	  .dflt = "8080",
	  .help = "The port of the callbacks over HTTP." },
	{ .name = "CALLBACK_MAX_CONNECTIONS",
	  .type = CONFIG_INT,
	  .offset = FIELD(max_connections),
	  .min = 10,
	  .max = 100000,
	  .dflt = "1000",
	  .help = "Open connections of callers; beyond them one that rests is closed for "
	          "a new one, else the new one." },
	{ .name = "AUTO_RETRY_BASE",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(retry_base_ms),
	  .min = 1,
	  .max = 86400000,
	  .dflt = "60s",
	  .help = "A failed log waits so long for its first automatic attempt, and twice "
	          "as "
	          "long for each one after it." },
	{ .name = "AUTO_RETRY_CAP",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(retry_cap_ms),
	  .min = 1,
	  .max = 86400000,
	  .dflt = "1h",
	  .help = "Longest of these waits, but for a partner's Retry-After." },
	CONFIG_END,
};

static int start(struct service_ctx *ctx, struct err_text *why)
{
	callback.ctx = ctx;
	metrics_register(metrics, ARRAY_SIZE(metrics));
	int result = kafka_producer_open(&config.kafka, &callback.producer, why);
	if (result)
		return result;
	result = http_start(&callback, &callback.http, why);
	if (result)
		return result;
	service_ready(ctx, "kafka", false, "no assignment from the broker yet");
	service_ready(ctx, "mongodb", false, "not asked yet");
	service_ready(ctx, "kafka-calls", false, "no assignment from the broker yet");
	service_thread(ctx, "consumer", consumer_run, &callback);
	service_thread(ctx, "calls", calls_run, &callback);
	service_thread(ctx, "hours", hours_run, &callback);
	service_thread(ctx, "indexes", indexes_run, &callback);
	return 0;
}

static void drain(struct service_ctx *ctx)
{
	http_drain(callback.http);
}

static void stop(struct service_ctx *ctx)
{
	callback.http = http_stop(callback.http);
	callback.producer = kafka_producer_close(callback.producer);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = tokens_config_keys, .offset = FIELD(tokens) },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = logstore_config_keys, .offset = FIELD(logstore) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "callback",
		.help = "writes the outcome of every attempt into its log",
		.groups = groups,
		.config = &config,
		.start = start,
		.drain = drain,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
