/*
 * The batch consumer. Two of librdkafka's queues: `control` brings rebalances, commits'
 * results and errors, `data` the messages of every owned partition. So a batch that is
 * given again and again (the store is away) neither stops rebalances nor lets messages pile
 * up.
 */
#include "kafka/consumer_group.h"

#include "base/clock.h"
#include "log/log.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CLOSE_MS 5000

/* A partition that gave nothing since it was assigned is caught up, as far as one can tell:
 * what it has is fetched, and held, at once. */
static int64_t oldest_of(struct kafka_consumer *c, const struct owned *o)
{
	const struct held *first = TAILQ_FIRST(&o->held);
	int64_t low, high;

	if (first)
		return rd_kafka_message_timestamp(first->rd, NULL);
	if (o->offsets.changes > 0 &&
	    rd_kafka_get_watermark_offsets(c->rk, c->names[o->topic], o->partition, &low,
	                                   &high) == 0 &&
	    high > offsets_watermark(&o->offsets))
		return o->last_ms;
	return 0;
}

static void note_oldest(struct kafka_consumer *c)
{
	const struct owned *o;
	int64_t oldest = 0;

	TAILQ_FOREACH (o, &c->owned, link) {
		int64_t at = oldest_of(c, o);

		if (at && (!oldest || at < oldest))
			oldest = at;
	}
	atomic_store(&c->oldest_ms, oldest);
}

/* ---- batches ---- */

static size_t hand_out(struct kafka_consumer *c, struct kafka_message *out, size_t max)
{
	size_t n = c->n_batch < max ? c->n_batch : max;

	c->headers.n = 0;
	for (size_t i = 0; i < n; i++)
		message_view(c->batch[i]->rd, c->batch[i]->owned->topic, &out[i],
		             &c->headers, &c->first_header[i]);
	/* only now: the pool may have moved while it grew */
	for (size_t i = 0; i < n; i++)
		out[i].headers =
			out[i].n_headers ? &c->headers.items[c->first_header[i]] : NULL;
	c->handed = n;
	return n;
}

static void wait_for_queues(struct kafka_consumer *c, int64_t ms)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	uint64_t n;

	if (poll(&pfd, 1, (int)ms) > 0 && read(c->fd, &n, sizeof(n)) < 0)
		return; /* taken already */
}

size_t kafka_consumer_batch(struct kafka_consumer *c, struct kafka_message *out, size_t max,
                            int wait_ms)
{
	int64_t until = clock_mono_ms() + wait_ms;

	c->handed = 0;
	for (;;) {
		consumer_serve_group(c);
		consumer_commit(c);
		window_fetch(c, max);
		int64_t left = until - clock_mono_ms();

		if (c->n_batch || fair_items(c->waiting) || left <= 0)
			break;
		/* not longer than a commit that was put off may wait */
		wait_for_queues(c, left < COMMIT_PAUSE_MS ? left : COMMIT_PAUSE_MS);
	}
	if (c->n_batch == 0)
		window_pick(c, max);
	size_t n = hand_out(c, out, max);

	note_oldest(c);
	return n;
}

void kafka_consumer_done(struct kafka_consumer *c)
{
	for (size_t i = 0; i < c->handed; i++)
		window_done(c, c->batch[i]);
	c->n_batch -= c->handed;
	memmove(c->batch, c->batch + c->handed, c->n_batch * sizeof(struct held *));
	c->handed = 0;
	consumer_commit(c);
	window_balance(c);
	note_oldest(c);
}

struct kafka_consumer_stats kafka_consumer_stats(const struct kafka_consumer *c)
{
	return (struct kafka_consumer_stats){
		.waiting = fair_items(c->waiting),
		.keys = fair_lines(c->waiting),
		.aside = fair_items(c->aside),
		.bytes = c->bytes,
		.alone_ms = c->alone_ms,
	};
}

bool kafka_consumer_ready(const struct kafka_consumer *c)
{
	return atomic_load(&c->assigned) && !atomic_load(&c->brokers_down);
}

int64_t kafka_consumer_oldest_age_ms(struct kafka_consumer *c)
{
	int64_t oldest = atomic_load(&c->oldest_ms);

	if (oldest <= 0)
		return oldest;
	int64_t age = clock_wall_ms() - oldest;

	return age > 0 ? age : 0;
}

/* ---- life ---- */

static int open_queues(struct kafka_consumer *c, struct err_text *why)
{
	static const uint64_t one = 1;

	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->fd < 0)
		return err_say(why, -errno, "kafka: eventfd");
	(void)rd_kafka_poll_set_consumer(c->rk);
	c->control = rd_kafka_queue_get_consumer(c->rk);
	c->data = rd_kafka_queue_new(c->rk);
	rd_kafka_queue_io_event_enable(c->control, c->fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(c->data, c->fd, &one, sizeof(one));
	return 0;
}

int kafka_consumer_open(const struct kafka_config *config,
                        const struct kafka_consumer_options *options,
                        struct kafka_consumer **out, struct err_text *why)
{
	struct kafka_consumer *c = xcalloc(1, sizeof(*c));

	c->rk = client_consumer_new(config, options->group, &c->join, why);
	if (!c->rk) {
		free(c);
		return -EINVAL;
	}
	c->fd = -1;
	c->oldest_ms = -1;
	c->look_ahead = options->look_ahead;
	c->waiting = fair_new();
	c->aside = fair_new();
	TAILQ_INIT(&c->owned);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		c->names[i] = client_topic_name(config->topic_prefix, (enum kafka_topic)i);
	int r = open_queues(c, why);

	if (!r)
		r = client_subscribe(c->rk, config, options->topics, options->n_topics,
		                     why);
	if (r) {
		(void)kafka_consumer_close(c);
		return r;
	}
	*out = c;
	return 0;
}

static void serve_until(struct kafka_consumer *c, int64_t until)
{
	int64_t left = until - clock_mono_ms();

	if (left > 0)
		wait_for_queues(c, left < 50 ? left : 50);
	consumer_serve_group(c);
}

static void leave_group(struct kafka_consumer *c)
{
	int64_t deadline = clock_mono_ms() + CLOSE_MS;

	c->close_by_ms = deadline;
	(void)rd_kafka_unsubscribe(c->rk);
	while (!TAILQ_EMPTY(&c->owned) && clock_mono_ms() < deadline)
		serve_until(c, deadline);
	int64_t pause = clock_mono_ms() + QUIRK_LEAVE_MS;

	while (clock_mono_ms() < pause && pause < deadline)
		serve_until(c, pause);
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->rk, c->control);

	while (!error && !rd_kafka_consumer_closed(c->rk) && clock_mono_ms() < deadline)
		serve_until(c, clock_mono_ms() + 10);
	if (error)
		rd_kafka_error_destroy(error);
}

struct kafka_consumer *kafka_consumer_close(struct kafka_consumer *c)
{
	struct owned *o;

	if (!c)
		return NULL;
	TAILQ_FOREACH (o, &c->owned, link)
		window_drop(c, o);
	if (c->control) {
		leave_group(c);
		rd_kafka_queue_destroy(c->data);
		rd_kafka_queue_destroy(c->control);
	}
	while ((o = TAILQ_FIRST(&c->owned)))
		consumer_disown(c, o);
	join_watch_destroy(c->join, c->rk);
	if (c->fd >= 0)
		(void)close(c->fd);
	(void)fair_free(c->waiting);
	consumer_aside_free(c);
	free(c->batch);
	free(c->fetched);
	free(c->first_header);
	free(c->headers.items);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		free(c->names[i]);
	free(c);
	return NULL;
}
