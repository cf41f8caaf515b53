/*
 * The batch consumer in its group. Everything here runs inside the owner's calls, so a
 * rebalance meets either a finished batch or one that will be given again.
 */
#include "kafka/consumer_group.h"

#include "base/clock.h"
#include "log/log.h"

#define COMMIT_MS 5000

enum kafka_topic consumer_topic_of(const struct kafka_consumer *c, const char *name)
{
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		if (strcmp(c->names[i], name) == 0)
			return (enum kafka_topic)i;
	return KAFKA_TOPIC_COUNT;
}

static struct owned *find_owned(struct kafka_consumer *c, enum kafka_topic topic,
                                int32_t partition)
{
	for (size_t i = 0; i < c->n_owned; i++)
		if (c->owned[i].topic == topic && c->owned[i].partition == partition)
			return &c->owned[i];
	return NULL;
}

struct owned *consumer_owned_of(struct kafka_consumer *c, const rd_kafka_message_t *rd)
{
	return find_owned(c, consumer_topic_of(c, rd_kafka_topic_name(rd->rkt)),
	                  rd->partition);
}

/* ---- commits ---- */

static rd_kafka_topic_partition_list_t *list_to_commit(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)c->n_owned);

	for (size_t i = 0; i < c->n_owned; i++) {
		const char *name = c->names[c->owned[i].topic];

		if (c->owned[i].done_offset <= c->owned[i].committed)
			continue;
		rd_kafka_topic_partition_list_add(list, name, c->owned[i].partition)
			->offset = c->owned[i].done_offset;
	}
	return list;
}

static void note_committed(struct kafka_consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	if (err && err != RD_KAFKA_RESP_ERR__NO_OFFSET)
		log_warn(NULL, "kafka.commit_failed", "%s: repeated with the next commit",
		         rd_kafka_err2name(err));
	for (int i = 0; list && !err && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *part = &list->elems[i];
		struct owned *o =
			find_owned(c, consumer_topic_of(c, part->topic), part->partition);

		if (o && !part->err && part->offset > o->committed)
			o->committed = part->offset;
	}
}

void consumer_commit(struct kafka_consumer *c)
{
	int64_t now = clock_mono_ms();

	if (c->commit_in_flight || join_under_way(c->join) || now < c->commit_at_ms)
		return;
	rd_kafka_topic_partition_list_t *list = list_to_commit(c);

	if (list->cnt > 0 && !rd_kafka_commit_queue(c->rk, list, c->control, NULL, NULL)) {
		c->commit_in_flight = true;
		c->commit_at_ms = now + COMMIT_PAUSE_MS;
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static int commit_patience(const struct kafka_consumer *c)
{
	int64_t left = c->close_by_ms ? c->close_by_ms - clock_mono_ms() : COMMIT_MS;

	return left < 0 ? 0 : left < COMMIT_MS ? (int)left : COMMIT_MS;
}

/* Waits for the answer: before partitions are given up. */
static void commit_and_wait(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list = list_to_commit(c);

	if (list->cnt > 0) {
		rd_kafka_queue_t *answers = rd_kafka_queue_new(c->rk);

		(void)rd_kafka_commit_queue(c->rk, list, answers, NULL, NULL);
		rd_kafka_event_t *event = rd_kafka_queue_poll(answers, commit_patience(c));

		if (event) {
			note_committed(c, event);
			rd_kafka_event_destroy(event);
		} else
			log_warn(NULL, "kafka.commit_failed",
			         "no answer before the partitions were given up");
		rd_kafka_queue_destroy(answers);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

/* ---- rebalances and the control queue ---- */

static void own(struct kafka_consumer *c, const rd_kafka_topic_partition_t *part)
{
	enum kafka_topic topic = consumer_topic_of(c, part->topic);

	if (topic == KAFKA_TOPIC_COUNT || find_owned(c, topic, part->partition))
		return;
	if (c->n_owned == c->cap_owned) {
		c->cap_owned = c->cap_owned ? c->cap_owned * 2 : 16;
		c->owned = xrealloc(c->owned, c->cap_owned * sizeof(*c->owned));
	}
	c->owned[c->n_owned++] = (struct owned){ .topic = topic,
		                                 .partition = part->partition,
		                                 .done_offset = -1,
		                                 .committed = -1,
		                                 .last_ms = clock_wall_ms() };

	rd_kafka_queue_t *queue =
		rd_kafka_queue_get_partition(c->rk, part->topic, part->partition);
	if (queue) {
		rd_kafka_queue_forward(queue, c->data);
		rd_kafka_queue_destroy(queue);
	}
}

static void disown(struct kafka_consumer *c, const rd_kafka_topic_partition_t *part)
{
	struct owned *o = find_owned(c, consumer_topic_of(c, part->topic), part->partition);

	if (o)
		*o = c->owned[--c->n_owned];
}

static void finish_rebalance(rd_kafka_error_t *error)
{
	if (!error)
		return;
	log_warn(NULL, "kafka.rebalance_failed", "%s", rd_kafka_error_name(error));
	rd_kafka_error_destroy(error);
}

static void on_rebalance(struct kafka_consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *parts = rd_kafka_event_topic_partition_list(event);
	bool assign = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool lost = rd_kafka_assignment_lost(c->rk);

	log_info(NULL, "kafka.rebalance", "%d partitions %s", parts->cnt,
	         assign ? "received"
	         : lost ? "lost"
	                : "given up");
	if (!assign && !lost)
		commit_and_wait(c);
	for (int i = 0; i < parts->cnt; i++)
		(assign ? own : disown)(c, &parts->elems[i]);
	if (!assign)
		consumer_drop_disowned(c);
	finish_rebalance(assign ? rd_kafka_incremental_assign(c->rk, parts)
	                        : rd_kafka_incremental_unassign(c->rk, parts));
	atomic_store(&c->join->assigned_once, true);
	atomic_store(&c->assigned, assign || c->n_owned > 0);
	atomic_store(&c->brokers_down, false);
}

static void on_client_error(struct kafka_consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
	    !atomic_exchange(&c->brokers_down, true))
		(void)brokers_answered(c->join);
	/* the rest librdkafka mends, and its own log lines say */
}

void consumer_serve_group(struct kafka_consumer *c)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(c->control, 0))) {
		switch (rd_kafka_event_type(event)) {
		case RD_KAFKA_EVENT_REBALANCE:
			on_rebalance(c, event);
			break;
		case RD_KAFKA_EVENT_OFFSET_COMMIT:
			c->commit_in_flight = false;
			note_committed(c, event);
			break;
		case RD_KAFKA_EVENT_ERROR:
			on_client_error(c, event);
			break;
		default:
			break;
		}
		rd_kafka_event_destroy(event);
	}
	if (atomic_load(&c->brokers_down) && brokers_answered(c->join))
		atomic_store(&c->brokers_down, false);
}
