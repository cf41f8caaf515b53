#include "relay.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "outbox.h"
#include "publish.h"

#define BACKOFF_FIRST_MS  100
#define BACKOFF_MAX_MS    5000
#define TOPICS_TIMEOUT_MS 10000
#define DRAIN_WAIT_MS     5000 /* for acknowledgements of what is under way */
#define IDLE_FACTOR       10   /* the longest idle wait, in poll intervals */

static struct metric published = METRIC_COUNTER("outbox_relay_published_total",
                                                "Events that Kafka acknowledged.", NULL);
static struct metric oldest_age = METRIC_GAUGE(
	"outbox_relay_oldest_unhandled_seconds",
	"Age of the oldest event not yet published, seen by the leader.", NULL);
static struct metric leading = METRIC_GAUGE(
	"outbox_relay_leader", "1 while this process holds the lock to publish.", NULL);
static struct metric *const table[] = { &published, &oldest_age, &leading };

struct relay {
	struct service_ctx *ctx;
	const struct relay_config *config;
	struct outbox *outbox;
	struct publisher *publisher;
	bool leader;
	int64_t oldest_ms; /* wall clock; 0: nothing waits */
	int64_t idle_ms;   /* the next idle wait */
	unsigned failures; /* in a row */
};

void relay_register_metrics(void)
{
	metrics_register(table, ARRAY_SIZE(table));
}

static void set_leader(struct relay *r, bool leader)
{
	if (leader != r->leader)
		log_info(NULL, leader ? "outbox.leader" : "outbox.standby",
		         leader ? "publishes lis.outbox" : "another relay publishes");
	r->leader = leader;
	metric_set(&leading, NULL, leader);
}

static void show_age(struct relay *r)
{
	int64_t age = r->oldest_ms ? clock_wall_ms() - r->oldest_ms : 0;

	metric_set(&oldest_age, NULL, age > 0 ? (double)age / 1000 : 0);
}

static bool keep_waiting(int64_t waited_ms, void *arg)
{
	struct relay *r = arg;

	show_age(r);
	if (waited_ms >= r->config->ack_timeout)
		service_ready(r->ctx, "kafka", false, "no acknowledgement in time");
	return !service_draining(r->ctx) || waited_ms < DRAIN_WAIT_MS;
}

static void sleep_after_failure(struct relay *r)
{
	show_age(r);
	service_sleep(r->ctx, backoff_wait_ms(BACKOFF_FIRST_MS, BACKOFF_MAX_MS,
	                                      ++r->failures, random_u32()));
}

/* PostgreSQL's answer `code`, so that what follows can rely on it. */
static int heed_outbox(struct relay *r, int code, const struct err_text *why)
{
	if (code == OUTBOX_E_AWAY) {
		set_leader(r, false);
		service_ready(r->ctx, "postgres", false, why->text);
		sleep_after_failure(r);
	} else if (code >= 0) {
		service_ready(r->ctx, "postgres", true, NULL);
		set_leader(r, code == 0);
	}
	return code;
}

static int publish_batch(struct relay *r, const struct outbox_row *rows, size_t n)
{
	struct err_text why = { .text = "" };

	r->oldest_ms = rows[0].occurred_ms;
	show_age(r);

	int code = publisher_send(r->publisher, rows, n, keep_waiting, r);

	if (code) {
		service_ready(r->ctx, "kafka", false, "not all events were acknowledged");
		sleep_after_failure(r);
		return code;
	}
	service_ready(r->ctx, "kafka", true, NULL);
	r->failures = 0;
	metric_add(&published, NULL, (double)n);
	return heed_outbox(r, outbox_delete_fetched(r->outbox, &why), &why);
}

/* Batch after batch of the plan; anything unexpected leads to a new plan. */
static int publish_plan(struct relay *r)
{
	struct err_text why = { .text = "" };
	const struct outbox_row *rows;
	size_t n = 0;

	while (!service_draining(r->ctx)) {
		int code = heed_outbox(
			r,
			outbox_fetch(r->outbox, (size_t)r->config->batch, &rows, &n, &why),
			&why);

		if (code == 0 && n > 0)
			code = publish_batch(r, rows, n);
		if (code || n == 0)
			return code;
	}
	return 0;
}

static void sleep_idle(struct relay *r)
{
	int64_t longest = r->config->poll_interval * IDLE_FACTOR;

	r->oldest_ms = 0;
	show_age(r);
	service_sleep(r->ctx, r->idle_ms);
	r->idle_ms = r->idle_ms * 3 / 2 + 1;
	if (r->idle_ms > longest)
		r->idle_ms = longest;
}

/* One look at the outbox. Negative: cannot go on. */
static int turn(struct relay *r)
{
	struct err_text why = { .text = "" };
	size_t n = 0;
	bool led = r->leader;
	int code = heed_outbox(r, outbox_plan(r->outbox, &n, &why), &why);

	if (code == OUTBOX_E_STANDBY) {
		r->oldest_ms = 0;
		show_age(r);
		service_sleep(r->ctx, r->config->standby_interval);
	} else if (code == 0 && n == 0) {
		sleep_idle(r);
	} else if (code == 0 && led) {
		r->idle_ms = r->config->poll_interval;
		code = publish_plan(r);
	}
	/*
	 * A first lead only takes the lock: the rows were seen just before, when the leader
	 * before us may still have been deleting them.
	 */
	return code < 0 ? code : 0;
}

static void ensure_topics(struct relay *r)
{
	struct err_text why = { .text = "" };

	service_ready(r->ctx, "kafka", false, "not asked yet");
	service_ready(r->ctx, "postgres", false, "not asked yet");
	while (!service_draining(r->ctx)) {
		int64_t deadline = clock_mono_ms() + TOPICS_TIMEOUT_MS;

		if (kafka_topics_ensure(&r->config->kafka, deadline, &why) == 0) {
			service_ready(r->ctx, "kafka", true, NULL);
			r->failures = 0;
			return;
		}
		service_ready(r->ctx, "kafka", false, why.text);
		sleep_after_failure(r);
	}
}

int relay_run(struct service_ctx *ctx, void *arg)
{
	struct relay r = { .ctx = ctx, .config = arg };
	struct err_text why = { .text = "" };
	int code = publisher_open(&r.config->kafka, &r.publisher, &why);

	if (code) {
		log_error(NULL, "outbox.kafka_unusable", "%s", why.text);
		return code;
	}
	r.outbox = outbox_open(&r.config->postgres);
	r.idle_ms = r.config->poll_interval;
	ensure_topics(&r);
	while (code == 0 && !service_draining(ctx))
		code = turn(&r);
	/* first the lock, so that a standby goes on while the producer closes */
	r.outbox = outbox_close(r.outbox);
	r.publisher = publisher_close(r.publisher);
	return code;
}
