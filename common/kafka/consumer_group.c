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

struct owned *consumer_find_owned(struct kafka_consumer *c, enum kafka_topic topic,
                                  int32_t partition)
{
	struct owned *o;

	TAILQ_FOREACH (o, &c->owned, link)
		if (o->topic == topic && o->partition == partition)
			return o;
	return NULL;
}

struct owned *consumer_owned_of(struct kafka_consumer *c, const rd_kafka_message_t *rd)
{
	return consumer_find_owned(c, consumer_topic_of(c, rd_kafka_topic_name(rd->rkt)),
	                           rd->partition);
}

/* ---- commits ---- */

static void add_to_commit(struct kafka_consumer *c, struct owned *o,
                          rd_kafka_topic_partition_list_t *list)
{
	char metadata[OFFSETS_METADATA_SIZE];
	rd_kafka_topic_partition_t *part =
		rd_kafka_topic_partition_list_add(list, c->names[o->topic], o->partition);

	o->crowded = !offsets_encode(&o->offsets, metadata, sizeof(metadata));
	part->offset = offsets_watermark(&o->offsets);
	if (metadata[0]) {
		part->metadata = xstrdup(metadata);
		part->metadata_size = strlen(metadata);
	}
	o->sent = o->offsets.changes;
}

static rd_kafka_topic_partition_list_t *list_to_commit(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)c->n_owned);
	struct owned *o;

	TAILQ_FOREACH (o, &c->owned, link)
		if (o->offsets.changes != o->committed)
			add_to_commit(c, o, list);
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
		struct owned *o = consumer_find_owned(c, consumer_topic_of(c, part->topic),
		                                      part->partition);

		if (o && !part->err)
			o->committed = o->sent;
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

	if (topic == KAFKA_TOPIC_COUNT || consumer_find_owned(c, topic, part->partition))
		return;
	CLEANUP(freep)
	char *metadata =
		xstrndup(part->metadata_size ? part->metadata : "", part->metadata_size);
	struct owned *o = xcalloc(1, sizeof(*o));

	o->topic = topic;
	o->partition = part->partition;
	o->last_ms = clock_wall_ms();
	offsets_init(&o->offsets, part->offset >= 0 ? part->offset : -1, metadata);
	TAILQ_INIT(&o->held);
	TAILQ_INSERT_TAIL(&c->owned, o, link);
	c->n_owned++;

	rd_kafka_queue_t *queue =
		rd_kafka_queue_get_partition(c->rk, part->topic, part->partition);
	if (queue) {
		rd_kafka_queue_forward(queue, c->data);
		rd_kafka_queue_destroy(queue);
	}
}

void consumer_disown(struct kafka_consumer *c, struct owned *o)
{
	window_drop(c, o);
	offsets_deinit(&o->offsets);
	TAILQ_REMOVE(&c->owned, o, link);
	c->n_owned--;
	free(o);
}

static void take_over(struct kafka_consumer *c,
                      const rd_kafka_topic_partition_list_t *parts)
{
	rd_kafka_topic_partition_list_t *known = rd_kafka_topic_partition_list_copy(parts);

	/* in order nothing is done above the offset; without an answer, work is repeated */
	if (c->look_ahead && known->cnt > 0 &&
	    rd_kafka_committed(c->rk, known, COMMIT_MS) != 0)
		log_warn(NULL, "kafka.committed_unknown",
		         "what was done ahead of the committed offsets may be repeated");
	for (int i = 0; i < known->cnt; i++)
		own(c, &known->elems[i]);
	rd_kafka_topic_partition_list_destroy(known);
}

static void give_up(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *parts)
{
	for (int i = 0; i < parts->cnt; i++) {
		struct owned *o =
			consumer_find_owned(c, consumer_topic_of(c, parts->elems[i].topic),
		                            parts->elems[i].partition);

		if (o)
			consumer_disown(c, o);
	}
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
	(assign ? take_over : give_up)(c, parts);
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
