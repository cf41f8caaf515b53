/* dashboard: what people and scripts see of the exchanges, and what they ask of them. */
#include "dashboard.h"

#include "limiter.h"

#include <sodium.h>
#include <stddef.h>
#include <stdio.h>

struct metric metric_responses =
	METRIC_COUNTER("dashboard_http_responses_total", "HTTP answers by code.", "code");
struct metric metric_seconds = METRIC_SECONDS(
	"dashboard_http_seconds", "From a request to its answer, by address.", "path");
struct metric metric_logins =
	METRIC_COUNTER("dashboard_logins_total", "Log-ins by result.", "result");
struct metric metric_shared =
	METRIC_COUNTER("dashboard_shared_answers_total",
                       "Answers that had been worked out for another reader.", NULL);

static struct metric *const metrics[] = {
	&metric_responses,
	&metric_seconds,
	&metric_logins,
	&metric_shared,
};

static struct dashboard_config config;
static struct dashboard dashboard = { .config = &config };

#define FIELD(name) offsetof(struct dashboard_config, name)

static const struct config_key keys[] = {
	{ .name = "DASHBOARD_ADDRESS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(address),
	  .dflt = "127.0.0.1",
	  .help = "The address that the dashboard's port listens on." },
	{ .name = "DASHBOARD_PORT",
	  .type = CONFIG_PORT,
	  .offset = FIELD(port),
	  .dflt = "8081",
	  .help = "The port of the pages and of their API." },
	{ .name = "DASHBOARD_MAX_CONNECTIONS",
	  .type = CONFIG_INT,
	  .offset = FIELD(max_connections),
	  .min = 10,
	  .max = 100000,
	  .dflt = "2000",
	  .help = "Open connections, streams among them; more are closed at once." },
	{ .name = "DASHBOARD_MAX_STREAMS",
	  .type = CONFIG_INT,
	  .offset = FIELD(max_streams),
	  .min = 1,
	  .max = 100000,
	  .dflt = "1000",
	  .help = "Open streams of live changes; more are answered 429." },
	{ .name = "WEB_ROOT",
	  .type = CONFIG_STRING,
	  .offset = FIELD(web_root),
	  .max = 4096,
	  .help = "The folder with the built pages; without it web/dist of the source, or "
	          "the API alone." },
	{ .name = "ADMIN_TOKEN",
	  .type = CONFIG_STRING,
	  .offset = FIELD(admin_token),
	  .min = 16,
	  .max = 512,
	  .flags = CONFIG_SECRET,
	  .help = "A bearer token with the role admin over all labs; without it users' "
	          "own count alone." },
	{ .name = "PY3_RETRY_URL",
	  .type = CONFIG_URL,
	  .offset = FIELD(py3_retry_url),
	  .help = "Base of the application that retries the logs with triggered_by_py3; "
	          "without it they cannot be retried here." },
	{ .name = "SESSION_TIME",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(session_ms),
	  .min = 60000,
	  .max = 30LL * 86400000,
	  .dflt = "12h",
	  .help = "How long a log-in lasts." },
	{ .name = "COOKIE_SECURE",
	  .type = CONFIG_BOOL,
	  .offset = FIELD(cookie_secure),
	  .dflt = "false",
	  .help = "The session's cookie is for https alone; switch it on behind TLS." },
	CONFIG_END,
};

static int start(struct service_ctx *ctx, struct err_text *why)
{
	if (sodium_init() < 0)
		abort();
	dashboard.ctx = ctx;
	metrics_register(metrics, ARRAY_SIZE(metrics));
	dashboard.limiter = limiter_new();
	dashboard.keys = keyring_new(&config.secrets);
	dashboard.admin_tokens = tokens_new(config.admin_token, NULL);
	dashboard.internal_tokens =
		tokens_new(config.tokens.current, config.tokens.previous);
	int result = kafka_producer_open(&config.kafka, &dashboard.producer, why);

	return result ? result : server_start(&dashboard, why);
}

static void drain(struct service_ctx *ctx)
{
	server_drain(&dashboard);
}

static void stop(struct service_ctx *ctx)
{
	server_stop(&dashboard);
	dashboard.producer = kafka_producer_close(dashboard.producer);
	dashboard.admin_tokens = tokens_free(dashboard.admin_tokens);
	dashboard.internal_tokens = tokens_free(dashboard.internal_tokens);
	dashboard.limiter = limiter_free(dashboard.limiter);
	dashboard.keys = keyring_free(dashboard.keys);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = tokens_config_keys, .offset = FIELD(tokens) },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = logstore_config_keys, .offset = FIELD(logstore) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = transport_config_keys, .offset = FIELD(transport) },
	{ .keys = document_config_keys, .offset = FIELD(document) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "dashboard",
		.help = "serves the pages and their API",
		.groups = groups,
		.config = &config,
		.start = start,
		.drain = drain,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
