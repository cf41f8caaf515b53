/*
 * outbox-relay: publishes what the LIS committed to lis.outbox on lis.events. The LIS
 * writes the row in its own transaction and is done; one relay leads, the others stand by.
 */
#include "relay.h"

#include "service/service.h"

#define FIELD(name) offsetof(struct relay_config, name)

static const struct config_key keys[] = {
	{ .name = "OUTBOX_BATCH",
	  .type = CONFIG_INT,
	  .offset = FIELD(batch),
	  .min = 1,
	  .max = 10000,
	  .dflt = "1000",
	  .help = "Most events that are published before they are deleted; a crash repeats "
	          "at most as many." },
	{ .name = "OUTBOX_POLL_INTERVAL",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(poll_interval),
	  .min = 1,
	  .max = 60000,
	  .dflt = "5ms",
	  .help = "How soon the outbox is looked at again after it was empty; the wait "
	          "grows "
	          "to ten times of it while nothing comes." },
	{ .name = "OUTBOX_STANDBY_INTERVAL",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(standby_interval),
	  .min = 10,
	  .max = 60000,
	  .dflt = "500ms",
	  .help = "How often a replica that stands by tries to become the leader." },
	{ .name = "OUTBOX_ACK_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = FIELD(ack_timeout),
	  .min = 100,
	  .max = 600000,
	  .dflt = "10s",
	  .help = "How long Kafka may take to acknowledge a batch before the relay says "
	          "that "
	          "it is not ready; it goes on waiting." },
	CONFIG_END,
};

static struct relay_config config;

static int start(struct service_ctx *ctx, struct err_text *why)
{
	relay_register_metrics();
	service_thread(ctx, "relay", relay_run, &config);
	return 0;
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "outbox-relay",
		.help = "publishes the LIS's outbox to lis.events, in commit order per lab",
		.groups = groups,
		.config = &config,
		.start = start,
	};

	return service_main(&service, argc, argv);
}
