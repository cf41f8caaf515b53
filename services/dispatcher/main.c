/* dispatcher: sends each task to its partner, at that partner's own pace, and reports. */
#include "dispatcher.h"

#include "base/clock.h"
#include "checks.h"
#include "commits.h"
#include "documents.h"
#include "domain/recent.h"
#include "gauges.h"
#include "intake.h"
#include "lanes.h"
#include "newest.h"
#include "outgoing.h"
#include "parking.h"
#include "rows.h"
#include "told.h"

#include <event2/event.h>

enum { LEAVE_RESERVE_MS = 500, SWEEP_SECONDS = 60 };

#define FIELD(name) offsetof(struct dispatcher_config, name)

static const struct config_key keys[] = {
	{
		.name = "MAX_IN_FLIGHT",
		.type = CONFIG_INT,
		.offset = FIELD(max_in_flight),
		.min = 1,
		.max = 10000,
		.dflt = "256",
		.help = "Requests on the wire at once, over all partners.",
	},
	{
		.name = "LANE_QUEUE_LIMIT",
		.type = CONFIG_INT,
		.offset = FIELD(lane_queue_limit),
		.min = 1,
		.max = 100000,
		.dflt = "1000",
		.help = "Tasks that wait in memory for one integration; further ones of a "
			"slow one are parked, of a quick one left in Kafka.",
	},
	{
		.name = "TASKS_LIMIT",
		.type = CONFIG_INT,
		.offset = FIELD(tasks_limit),
		.min = 16,
		.max = 1000000,
		.dflt = "10000",
		.help = "Tasks in memory, over all integrations.",
	},
	{
		.name = "TASKS_MEMORY_LIMIT",
		.type = CONFIG_BYTES,
		.offset = FIELD(memory_limit),
		.min = 1 << 20,
		.max = 1 << 30,
		.dflt = "16MiB",
		.help = "Memory of these tasks; a single larger one passes.",
	},
	{
		.name = "OUTGOING_LIMIT",
		.type = CONFIG_INT,
		.offset = FIELD(outgoing_limit),
		.min = 16,
		.max = 100000,
		.dflt = "500",
		.help = "Reports and other messages that the broker has not taken yet; "
			"when "
			"there are as many, nothing more is sent to partners.",
	},
	{
		.name = "SLOW_AFTER",
		.type = CONFIG_MSEC,
		.offset = FIELD(slow_after),
		.min = 100,
		.max = 3600000,
		.dflt = "5s",
		.help = "An integration whose waiting tasks will take longer than this "
			"counts "
			"as slow: they may be parked.",
	},
	{
		.name = "CIRCUIT_THRESHOLD",
		.type = CONFIG_INT,
		.offset = FIELD(circuit_threshold),
		.min = 1,
		.max = 1000,
		.dflt = "10",
		.help = "Failures in a row (time-out, no connection, no name, TLS, 502, "
			"503, "
			"504) that open an integration's circuit.",
	},
	{
		.name = "CIRCUIT_PAUSE",
		.type = CONFIG_MSEC,
		.offset = FIELD(circuit_pause),
		.min = 10,
		.max = 3600000,
		.dflt = "1s",
		.help = "First pause of an open circuit; it doubles with each failed "
			"probe.",
	},
	{
		.name = "CIRCUIT_LONGEST_PAUSE",
		.type = CONFIG_MSEC,
		.offset = FIELD(circuit_longest_pause),
		.min = 10,
		.max = 3600000,
		.dflt = "30s",
		.help = "Longest pause between two probes of an open circuit.",
	},
	{
		.name = "CIRCUIT_HOLD",
		.type = CONFIG_MSEC,
		.offset = FIELD(circuit_hold),
		.min = 1000,
		.max = 86400000,
		.dflt = "10m",
		.help = "A task that an open circuit has held this long ends FAIL, "
			"circuit.",
	},
	{
		.name = "RETRY_AFTER_MAX",
		.type = CONFIG_MSEC,
		.offset = FIELD(retry_after_max),
		.min = 1000,
		.max = 86400000,
		.dflt = "1h",
		.help = "Longest wait that a partner's Retry-After can ask for.",
	},
	{
		.name = "PARK_DELAY",
		.type = CONFIG_MSEC,
		.offset = FIELD(park_delay),
		.min = 100,
		.max = 3600000,
		.dflt = "30s",
		.help = "How long a parked task rests before its integration is looked at "
			"again.",
	},
	{
		.name = "ORDER_HOLD",
		.type = CONFIG_MSEC,
		.offset = FIELD(order_hold),
		.min = 1000,
		.max = 86400000,
		.dflt = "10m",
		.help = "A task of an ordered row waits at most this long for an earlier "
			"one of its entity that is not on the wire; then it goes ahead.",
	},
	{
		.name = "LOG_BODY_LIMIT",
		.type = CONFIG_BYTES,
		.offset = FIELD(body_limit),
		.min = 1024,
		.max = 8 << 20,
		.dflt = "1MiB",
		.help = "Longest body that a log keeps; a longer one is cut, which is "
			"said.",
	},
	{
		.name = "DOCUMENT_SPOOL_LIMIT",
		.type = CONFIG_BYTES,
		.offset = FIELD(spool_limit),
		.min = 1 << 20,
		.max = (int64_t)1 << 40,
		.dflt = "2GiB",
		.help = "Disk space of documents on their way, over all requests; further "
			"ones wait for room.",
	},
	CONFIG_END,
};

static struct dispatcher_config config;
static struct dispatcher dispatcher = { .config = &config };

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	lanes_pump(arg);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	static unsigned seconds;
	struct dispatcher *d = arg;
	bool ready = stream_ready(d->stream);

	service_ready(d->ctx, "kafka", ready, ready ? "" : "no assignment yet");
	gauges_update(d);
	struct order_survey survey =
		order_second(d->order, clock_mono_ms(), config.order_hold, order_wake);
	gauges_order(&survey);
	parking_second(d);
	told_second(d->told);
	if (++seconds % SWEEP_SECONDS == 0)
		lanes_sweep(d);
}

static void init(struct dispatcher *d, struct service_ctx *ctx)
{
	d->ctx = ctx;
	d->policy = (struct lane_policy){
		.circuit = { .threshold = (unsigned)config.circuit_threshold,
		             .first_pause_ms = config.circuit_pause,
		             .longest_pause_ms = config.circuit_longest_pause },
		.slow_after_ms = config.slow_after,
	};
	if (d->policy.circuit.longest_pause_ms < d->policy.circuit.first_pause_ms)
		d->policy.circuit.longest_pause_ms = d->policy.circuit.first_pause_ms;
	TAILQ_INIT(&d->turns);
	TAILQ_INIT(&d->held);
	TAILQ_INIT(&d->checks);
	d->order = order_new();
	newest_forget(d);
}

static int open_transports(struct dispatcher *d, struct err_text *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		int r = transports[i]
		                ? transports[i]->open(&d->transports[i], &config.transport,
		                                      service_loop(d->ctx), why)
		                : 0;
		if (r != 0)
			return r;
	}
	return 0;
}

static void open_events(struct dispatcher *d)
{
	static const struct timeval second = { .tv_sec = 1 };

	d->pump_event = event_new(service_loop(d->ctx), -1, 0, on_pump, d);
	d->tick_event = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_second, d);
	(void)event_add(d->tick_event, &second);
}

static int start(struct service_ctx *ctx, struct err_text *why)
{
	struct dispatcher *d = &dispatcher;

	init(d, ctx);
	gauges_register();
	service_ready(ctx, "kafka", false, "not connected yet");
	service_ready(ctx, "postgres", false, "no rows read yet");
	int r = open_transports(d, why);
	if (r == 0)
		r = kafka_producer_open(&config.kafka, &d->producer, why);
	if (r != 0)
		return r;
	outgoing_open(d);
	parking_open(d);
	d->rows = rows_open(d);
	d->told = told_open(d);
	d->documents = documents_open(d);
	r = intake_open(d, why);
	if (r != 0)
		return r;
	open_events(d);
	commits_open(d);
	service_hold(ctx);
	return 0;
}

/* What is on the wire ends; the rest is left to the next owner of its partition. */
static void drain(struct service_ctx *ctx)
{
	struct dispatcher *d = &dispatcher;

	d->draining = true;
	stream_close(d->stream, service_drain_deadline(ctx) - LEAVE_RESERVE_MS);
}

static struct event *event_close(struct event *e)
{
	if (e)
		event_free(e);
	return NULL;
}

static void close_sources(struct dispatcher *d)
{
	struct source *s;

	while ((s = LIST_FIRST(&d->sources))) {
		LIST_REMOVE(s, link);
		source_unref(s);
	}
}

static void stop(struct service_ctx *ctx)
{
	struct dispatcher *d = &dispatcher;

	d->commit_event = event_close(d->commit_event);
	d->tick_event = event_close(d->tick_event);
	d->stream_event = event_close(d->stream_event);
	d->documents = documents_close(d->documents);
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (d->transports[i])
			d->transports[i] = transports[i]->close(d->transports[i]);
	d->told = told_close(d->told);
	d->rows = rows_close(d->rows);
	d->producer_event = event_close(d->producer_event);
	d->producer = kafka_producer_close(d->producer); /* may call acks */
	d->stream = stream_free(d->stream);
	parking_close(d);
	lanes_close(d);
	checks_close(d);
	outgoing_close(d);
	close_sources(d);
	d->order = order_free(d->order);
	d->delivered = recent_free(d->delivered);
	d->pump_event = event_close(d->pump_event);
}

static const struct config_group groups[] = {
	{ .keys = keys },
	{ .keys = kafka_config_keys, .offset = FIELD(kafka) },
	{ .keys = postgres_config_keys, .offset = FIELD(postgres) },
	{ .keys = transport_config_keys, .offset = FIELD(transport) },
	{ .keys = document_config_keys, .offset = FIELD(document) },
	{ .keys = secrets_config_keys, .offset = FIELD(secrets) },
	{ .keys = NULL },
};

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "dispatcher",
		.help = "sends tasks to partners, each at its own pace, and reports the "
			"outcomes",
		.groups = groups,
		.config = &config,
		.start = start,
		.drain = drain,
		.stop = stop,
	};

	return service_main(&service, argc, argv);
}
