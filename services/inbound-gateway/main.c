/* inbound-gateway: in front of the LIS's API; every call leaves a record. */
#include "gateway.h"

#include "people.h"
#include "post.h"
#include "secrets/tokens.h"
#include "sender.h"
#include "upstream.h"

#include <stddef.h>

struct metric metric_connections =
	METRIC_GAUGE("gateway_connections", "Open connections of callers.", NULL);
struct metric metric_limits = METRIC_GAUGE(
	"gateway_limit", "Configured limits, in the unit of what they limit.", "of");
struct metric metric_calls =
	METRIC_COUNTER("gateway_calls_total", "Answered calls by class of code.", "class");
struct metric metric_refused =
	METRIC_COUNTER("gateway_refused_total",
                       "Calls answered by the gateway itself, by reason.", "reason");
struct metric metric_seconds = METRIC_SECONDS(
	"gateway_call_seconds", "From a request's head to the end of its answer.", NULL);
struct metric metric_upstream_connections =
	METRIC_GAUGE("gateway_upstream_connections", "Open connections to the LIS.", NULL);
struct metric metric_upstream_failures = METRIC_COUNTER(
	"gateway_upstream_failures_total",
	"Calls that the LIS did not answer completely, by reason.", "reason");
struct metric metric_recorded = METRIC_COUNTER(
	"gateway_records_total", "Records kept in the spool, posted, dropped.", "result");
struct metric metric_sent = METRIC_COUNTER(
	"gateway_records_sent_total", "Records that Kafka took, or never will.", "result");
struct metric metric_spool_bytes = METRIC_GAUGE(
	"gateway_spool_bytes", "Records in the spool that Kafka does not have yet.", NULL);
struct metric metric_spool_age = METRIC_GAUGE("gateway_spool_age_seconds",
                                              "How long the spool has not moved.", NULL);
struct metric metric_spool_damage = METRIC_GAUGE(
	"gateway_spool_damage",
	"Ends of files that a crash tore; files set aside as unreadable.", "kind");
struct metric metric_capture_bytes = METRIC_GAUGE(
	"gateway_capture_bytes", "Bodies held for the records of calls under way.", NULL);
struct metric metric_posted = METRIC_COUNTER(
	"gateway_posts_total", "Answers to POST /inbound-calls by code.", "code");

static struct metric *const metrics[] = {
	&metric_connections,       &metric_limits,    &metric_calls,
	&metric_refused,           &metric_seconds,   &metric_upstream_connections,
	&metric_upstream_failures, &metric_recorded,  &metric_sent,
	&metric_spool_bytes,       &metric_spool_age, &metric_spool_damage,
	&metric_capture_bytes,     &metric_posted,
};

static struct gateway_config config;
static struct gateway gateway = { .config = &config };

#define FIELD(name) offsetof(struct gateway_config, name)

/* A list of addresses and blocks; returns how many, or -1 - the place of the faulty one. */
static int parse_hops(const char *list, struct address_block **out)
{
	int n = 0;

	*out = NULL;
	while (list && *list) {
		list += strspn(list, ", ");
		size_t len = strcspn(list, ", ");

		if (len == 0)
			break;
		*out = xrealloc(*out, ((size_t)n + 1) * sizeof(**out));
		if (!address_block_parse(list, len, &(*out)[n])) {
			free(*out);
			*out = NULL;
			return -1;
		}
		n++;
		list += len;
	}
	return n;
}

static const char *hops_fault(const char *text)
{
	struct address_block *hops;
	int n = parse_hops(text, &hops);

	free(hops);
	return n < 0 ? "must be addresses or CIDR blocks, with commas between them" : NULL;
}

static const struct config_key keys[] = {
	{ .name = "LIS_UPSTREAM_URL",
	  .type = CONFIG_URL,
	  .offset = FIELD(upstream_url),
	  .fault = upstream_url_fault,
	  .flags = CONFIG_REQUIRED,
	  .help = "The LIS's API behind the gateway: http://host:port, without TLS." },
	{ .name = "GATEWAY_ADDRESS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(address),
	  .dflt = "127.0.0.1",
	  .help = "The address that callers connect to." },
	{ .name = "GATEWAY_PORT",
	  .type = CONFIG_PORT,
	  .offset = FIELD(port),
	  .dflt = "8081",
	  .help = "The port that callers connect to." },
	{ .name = "GATEWAY_TRUSTED_HOPS",
	  .type = CONFIG_STRING,
	  .offset = FIELD(trusted_hops),
	  .fault = hops_fault,
	  .help = "Load balancers in front: addresses or CIDR blocks, with commas. Of "
	          "anybody else x-forwarded-for, forwarded and x-real-ip are dropped." },
	{ .name = "GATEWAY_SPOOL",
	  .type = CONFIG_STRING,
	  .offset = FIELD(spool),
	  .dflt = "/var/lib/integration-fleet/inbound",
	  .help = "The folder for records that Kafka does not have yet; on a disk that "
	          "outlives the process. Replicas on one machine may share it." },
	{ .name = "GATEWAY_SPOOL_LIMIT",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(spool_limit),
	  .min = 1 << 20,
	  .max = 1LL << 44,
	  .dflt = "1GiB",
	  .help = "So much of it at most; then new calls are proxied unrecorded." },
	{ .name = "GATEWAY_MAX_CONNECTIONS",
	  .type = CONFIG_INT,
	  .offset = FIELD(max_connections),
	  .min = 1,
	  .max = 100000,
	  .dflt = "4096",
	  .help = "Callers at once; more wait in the kernel's queue." },
	{ .name = "GATEWAY_HEAD_LIMIT",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(head_limit),
	  .min = 1024,
	  .max = 1 << 20,
	  .dflt = "64KiB",
	  .help = "Largest head of a request; 431 above it." },
	{ .name = "GATEWAY_HEAD_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(head_timeout),
	  .min = 100,
	  .max = 600000,
	  .dflt = "15s",
	  .help = "A head that has begun is complete by then, or 408." },
	{ .name = "GATEWAY_IDLE_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(idle_timeout),
	  .min = 100,
	  .max = 3600000,
	  .dflt = "75s",
	  .help = "A connection without a request is closed then." },
	{ .name = "GATEWAY_BODY_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(body_timeout),
	  .min = 100,
	  .max = 3600000,
	  .dflt = "60s",
	  .help = "Longest pause within a request's body, or 408." },
	{ .name = "LIS_CONNECT_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(connect_timeout),
	  .min = 10,
	  .max = 600000,
	  .dflt = "5s",
	  .help = "Longest wait for a connection to the LIS, or 504." },
	{ .name = "LIS_ANSWER_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(answer_timeout),
	  .min = 10,
	  .max = 3600000,
	  .dflt = "120s",
	  .help = "Longest wait for the LIS's answer, or 504, and longest pause within "
	          "it." },
	{ .name = "LOG_BODY_LIMIT",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(body_limit),
	  .max = 8 << 20,
	  .dflt = "1MiB",
	  .help = "So much of each body is recorded." },
	{ .name = "GATEWAY_CAPTURE_MEMORY",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(capture_memory),
	  .max = 1LL << 40,
	  .dflt = "64MiB",
	  .help = "Bodies held for records, of all calls under way; beyond it they are "
	          "cut." },
	CONFIG_END,
};

static void show_limits(void)
{
	metric_set(&metric_limits, "connections", (double)config.max_connections);
	metric_set(&metric_limits, "spool_bytes", (double)config.spool_limit);
	metric_set(&metric_limits, "capture_bytes", (double)config.capture_memory);
}

static int open_spool(struct err_text *why)
{
	const struct journal_options options = { .folder = config.spool,
		                                 .limit = config.spool_limit,
		                                 .segment_bytes = 8 << 20 };
	struct err_text reason = { "" };
	int result = journal_open(&options, &gateway.journal, &reason);

	return result ? err_say(why, result, "GATEWAY_SPOOL: %s", reason.text) : 0;
}

static int start(struct service_ctx *ctx, struct err_text *why)
{
	gateway.ctx = ctx;
	gateway.loop = service_loop(ctx);
	TAILQ_INIT(&gateway.clients);
	TAILQ_INIT(&gateway.dead);
	TAILQ_INIT(&gateway.complete);
	metrics_register(metrics, ARRAY_SIZE(metrics));
	show_limits();
	gateway.tokens = tokens_new(config.tokens.current, config.tokens.previous);
	gateway.keyring = keyring_new(&config.secrets);
	gateway.n_trusted = (size_t)parse_hops(config.trusted_hops, &gateway.trusted);
	int result = open_spool(why);
	if (result)
		return result;
	gateway.sender = sender_open(&gateway);
	gateway.people = people_open(&gateway);
	gateway.posts = posts_open(&gateway);
	gateway.upstream = upstream_open(&gateway);
	result = server_open(&gateway, why);
	if (result)
		return result;
	service_thread(ctx, "sender", sender_run, &gateway);
	return 0;
}

static void drain(struct service_ctx *ctx)
{
	server_drain(&gateway);
}

static void stop(struct service_ctx *ctx)
{
	/* workers first: what they finish goes to calls */
	gateway.posts = posts_close(gateway.posts);
	server_close(&gateway);
	gateway.people = people_close(gateway.people);
	gateway.upstream = upstream_close(gateway.upstream);
	gateway.sender = sender_close(gateway.sender);
	gateway.journal = journal_close(gateway.journal);
	gateway.tokens = tokens_free(gateway.tokens);
	gateway.keyring = keyring_free(gateway.keyring);
	free(gateway.trusted);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = tokens_config_keys, .offset = FIELD(tokens) },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "inbound-gateway",
		.help = "passes calls on to the LIS's API and records each",
		.groups = groups,
		.config = &config,
		.start = start,
		.drain = drain,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
