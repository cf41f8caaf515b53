/*
 * What a batch consumer has fetched and not done yet: the window. Of a topic that is read
 * ahead it is large, and each batch takes from it in turn, key by key, so that a key with
 * ten thousand messages delays no other one, not even in its own partition. What is done
 * out of order is committed as the dispatcher does it (domain/offsets.h).
 *
 * It is bounded. One half is for whoever needs it; when that is used up, a partition gets
 * no more than its share of the other half. Beyond its bound a partition waits in Kafka.
 */
#include "kafka/consumer_group.h"

#include "base/clock.h"
#include "log/log.h"

#define FETCH_MAX 500
/* librdkafka's of a message, about */
#define OVERHEAD 400

static size_t quota(const struct kafka_consumer *c)
{
	return c->look_ahead / 2 / (c->n_owned ? c->n_owned : 1);
}

static bool has_enough(const struct kafka_consumer *c, const struct owned *o)
{
	return o->crowded || (c->bytes >= c->look_ahead / 2 && o->bytes >= quota(c));
}

static bool wants_more(const struct kafka_consumer *c, const struct owned *o)
{
	return !o->crowded && (c->bytes < c->look_ahead / 8 * 3 || o->bytes < quota(c) / 2);
}

static void set_paused(struct kafka_consumer *c, struct owned *o, bool paused)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, c->names[o->topic], o->partition);
	(void)(paused ? rd_kafka_pause_partitions : rd_kafka_resume_partitions)(c->rk,
	                                                                        list);
	rd_kafka_topic_partition_list_destroy(list);
	o->paused = paused;
	c->wake_wanted |= !paused;
}

void window_balance(struct kafka_consumer *c)
{
	struct owned *o;

	if (!c->look_ahead)
		return;
	TAILQ_FOREACH (o, &c->owned, link)
		if (o->paused ? wants_more(c, o) : has_enough(c, o))
			set_paused(c, o, !o->paused);
}

/* Errors, what comes of partitions given up meanwhile, and what was done before: not kept.
 */
static void keep(struct kafka_consumer *c, rd_kafka_message_t *rd)
{
	struct owned *o = rd->err ? NULL : consumer_owned_of(c, rd);

	if (rd->err)
		log_warn(NULL, "kafka.partition_error", "%s", rd_kafka_err2name(rd->err));
	if (!o || !offsets_begin(&o->offsets, rd->offset)) {
		rd_kafka_message_destroy(rd);
		return;
	}
	struct held *h = xcalloc(1, sizeof(*h));

	h->rd = rd;
	h->owned = o;
	h->offset = rd->offset;
	h->bytes = sizeof(*h) + OVERHEAD + rd->len + rd->key_len;
	o->bytes += h->bytes;
	c->bytes += h->bytes;
	TAILQ_INSERT_TAIL(&o->held, h, link);
	size_t key_len = c->look_ahead ? rd->key_len : 0;

	fair_add(window_line_of(c, rd->key, key_len), rd->key, key_len, &h->turn);
}

static size_t room(const struct kafka_consumer *c, size_t max)
{
	if (c->look_ahead)
		return c->bytes < c->look_ahead ? FETCH_MAX : 0;
	return c->n_batch == 0 && fair_items(c->waiting) == 0 ? max : 0;
}

static size_t fetch_some(struct kafka_consumer *c, size_t wanted)
{
	c->fetched = xrealloc(c->fetched, wanted * sizeof(rd_kafka_message_t *));
	ssize_t n = rd_kafka_consume_batch_queue(c->data, 0, c->fetched, wanted);

	fetch_waker_count(&c->waker, c->rk, c->fetched, n);
	for (ssize_t i = 0; i < n; i++)
		keep(c, c->fetched[i]);
	return n > 0 ? (size_t)n : 0;
}

void window_fetch(struct kafka_consumer *c, size_t max)
{
	size_t wanted, n = 0;

	if (c->wake_wanted)
		fetch_wake(c->rk);
	c->wake_wanted = false;
	do {
		wanted = room(c, max);
		n = wanted ? fetch_some(c, wanted) : 0;
		if (n > 0)
			atomic_store(&c->brokers_down, false);
	} while (n == FETCH_MAX && c->look_ahead);
	window_balance(c);
}

/* How long the one that waited longest did, of those whose key brought nothing else. */
static void note_alone(struct kafka_consumer *c, const struct held *h, int64_t now_ms)
{
	int64_t waited = now_ms - rd_kafka_message_timestamp(h->rd, NULL);

	if (h->turn.alone && waited > c->alone_ms)
		c->alone_ms = waited;
}

void window_pick(struct kafka_consumer *c, size_t max)
{
	int64_t now_ms = clock_wall_ms();
	struct fair_item *item;

	if (c->cap_batch < max) {
		c->cap_batch = max;
		c->batch = xrealloc(c->batch, max * sizeof(struct held *));
		c->first_header = xrealloc(c->first_header, max * sizeof(size_t));
	}
	c->alone_ms = -1;
	while (c->n_batch < max && (item = fair_take(c->waiting))) {
		struct held *h = (struct held *)item;

		note_alone(c, h, now_ms);
		c->batch[c->n_batch++] = h;
	}
}

static void let_go(struct kafka_consumer *c, struct held *h)
{
	struct owned *o = h->owned;

	TAILQ_REMOVE(&o->held, h, link);
	o->bytes -= h->bytes;
	c->bytes -= h->bytes;
	free(h);
}

void window_done(struct kafka_consumer *c, struct held *h)
{
	struct owned *o = h->owned;
	struct held *first;

	offsets_finish(&o->offsets, h->offset);
	o->last_ms = rd_kafka_message_timestamp(h->rd, NULL);
	rd_kafka_message_destroy(h->rd);
	h->rd = NULL;
	while ((first = TAILQ_FIRST(&o->held)) && !first->rd)
		let_go(c, first);
}

static void drop_from_batch(struct kafka_consumer *c, const struct owned *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_batch; i++)
		if (c->batch[i]->owned != o)
			c->batch[kept++] = c->batch[i];
	c->n_batch = kept;
	c->handed = 0;
}

void window_drop(struct kafka_consumer *c, struct owned *o)
{
	struct held *h;

	drop_from_batch(c, o);
	while ((h = TAILQ_FIRST(&o->held))) {
		if (h->turn.line)
			fair_remove(window_line_of(c, h->rd->key, h->rd->key_len),
			            &h->turn);
		if (h->rd)
			rd_kafka_message_destroy(h->rd);
		let_go(c, h);
	}
}
