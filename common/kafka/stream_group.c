/*
 * The stream consumer in its group. librdkafka waits for the answer to a rebalance as long
 * as it takes, which lets an assignment wait for the committed offsets with their metadata
 * (asked for without blocking, by the admin API) and a revocation for its owner. While one
 * is under way `control` is left alone, so they come one after the other.
 */
#include "kafka/stream_group.h"

#include "base/clock.h"
#include "log/log.h"

#define ASK_TIMEOUT_MS 5000
#define ASK_AGAIN_MS   300
#define COMMIT_AGAIN   500
#define COMMIT_PAUSE   50
#define LAST_COMMIT_MS 5000
#define PROBE_MS       500

struct stream_part *stream_find(struct stream *s, enum kafka_topic topic, int partition)
{
	for (size_t i = 0; i < s->n_parts; i++)
		if (s->parts[i].topic == topic && s->parts[i].partition == partition)
			return &s->parts[i];
	return NULL;
}

enum kafka_topic stream_topic_of(const struct stream *s, const char *name)
{
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		if (strcmp(s->names[i], name) == 0)
			return (enum kafka_topic)i;
	return KAFKA_TOPIC_COUNT;
}

static struct stream_part *find_listed(struct stream *s,
                                       const rd_kafka_topic_partition_t *part)
{
	return stream_find(s, stream_topic_of(s, part->topic), part->partition);
}

static void brokers_seen(struct stream *s)
{
	atomic_store(&s->brokers_down, false);
	stream_timer_clear(s, TIMER_PROBE);
}

/* ---- questions ---- */

static void ask_committed(struct stream *s, const rd_kafka_topic_partition_list_t *parts)
{
	char text[100];
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		s->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
	rd_kafka_ListConsumerGroupOffsets_t *question =
		rd_kafka_ListConsumerGroupOffsets_new(s->group, parts);

	(void)rd_kafka_AdminOptions_set_request_timeout(options, ASK_TIMEOUT_MS, text,
	                                                sizeof(text));
	rd_kafka_ListConsumerGroupOffsets(s->rk, &question, 1, options, s->answers);
	rd_kafka_ListConsumerGroupOffsets_destroy(question);
	rd_kafka_AdminOptions_destroy(options);
}

void group_ask_committed(struct stream *s)
{
	if (s->rebalance == REBALANCE_COMMITTED)
		ask_committed(s, s->pending);
}

void group_probe(struct stream *s)
{
	if (brokers_answered(s->join))
		brokers_seen(s);
	else
		stream_timer_set(s, TIMER_PROBE, PROBE_MS);
}

/* ---- assignment ---- */

static void end_rebalance(struct stream *s, rd_kafka_error_t *error, bool assigned)
{
	if (error) {
		log_warn(NULL, "kafka.rebalance_failed", "%s", rd_kafka_error_name(error));
		rd_kafka_error_destroy(error);
	}
	rd_kafka_topic_partition_list_destroy(s->pending);
	s->pending = NULL;
	s->rebalance = REBALANCE_NONE;
	atomic_store(&s->assigned, assigned && !s->closing);
	stream_wake(s); /* control may hold the next one */
}

static void add_part(struct stream *s, const rd_kafka_topic_partition_t *part)
{
	enum kafka_topic topic = stream_topic_of(s, part->topic);
	rd_kafka_queue_t *queue =
		rd_kafka_queue_get_partition(s->rk, part->topic, part->partition);

	if (s->n_parts == s->cap_parts) {
		s->cap_parts = s->cap_parts ? s->cap_parts * 2 : 16;
		s->parts = xrealloc(s->parts, s->cap_parts * sizeof(*s->parts));
	}
	s->parts[s->n_parts++] = (struct stream_part){
		.topic = topic,
		.partition = part->partition,
		.commit_offset = -1,
	};
	if (queue) {
		rd_kafka_queue_forward(queue, s->data);
		rd_kafka_queue_destroy(queue);
	}
}

static void tell_assigned(struct stream *s, const rd_kafka_topic_partition_t *part)
{
	CLEANUP(freep)
	char *metadata = part->metadata_size ? xstrndup(part->metadata, part->metadata_size)
	                                     : xstrdup("");

	s->callbacks.assigned(stream_topic_of(s, part->topic), part->partition,
	                      part->offset >= 0 ? part->offset : -1, metadata,
	                      s->callbacks.arg);
}

/* `parts` has the committed offsets. */
static void finish_assign(struct stream *s, rd_kafka_topic_partition_list_t *parts)
{
	for (int i = 0; i < parts->cnt; i++) {
		rd_kafka_topic_partition_t *part = &parts->elems[i];

		if (stream_topic_of(s, part->topic) == KAFKA_TOPIC_COUNT)
			continue;
		add_part(s, part);
		tell_assigned(s, part);
		if (part->offset < 0)
			part->offset = RD_KAFKA_OFFSET_BEGINNING;
	}
	atomic_store(&s->join->assigned_once, true);
	/* with no partition too: more replicas than partitions are no fault */
	end_rebalance(s, rd_kafka_incremental_assign(s->rk, parts), true);
}

static void start_assign(struct stream *s)
{
	s->rebalance = REBALANCE_COMMITTED;
	if (s->pending->cnt > 0)
		group_ask_committed(s);
	else
		finish_assign(s, s->pending);
}

static const rd_kafka_topic_partition_list_t *committed_of(rd_kafka_event_t *event)
{
	const rd_kafka_ListConsumerGroupOffsets_result_t *result =
		rd_kafka_event_ListConsumerGroupOffsets_result(event);
	size_t n = 0;
	const rd_kafka_group_result_t **groups =
		rd_kafka_ListConsumerGroupOffsets_result_groups(result, &n);

	if (n != 1 || rd_kafka_group_result_error(groups[0]))
		return NULL;
	const rd_kafka_topic_partition_list_t *parts =
		rd_kafka_group_result_partitions(groups[0]);

	for (int i = 0; parts && i < parts->cnt; i++)
		if (parts->elems[i].err)
			return NULL;
	return parts;
}

static void on_answer(struct stream *s, rd_kafka_event_t *event)
{
	bool good = !rd_kafka_event_error(event);
	const rd_kafka_topic_partition_list_t *parts = good ? committed_of(event) : NULL;

	if (good)
		brokers_seen(s);
	if (s->rebalance != REBALANCE_COMMITTED)
		return;
	if (!parts || parts->cnt != s->pending->cnt) {
		stream_timer_set(s, TIMER_COMMITTED, ASK_AGAIN_MS);
		return;
	}
	rd_kafka_topic_partition_list_t *copy = rd_kafka_topic_partition_list_copy(parts);

	finish_assign(s, copy);
	rd_kafka_topic_partition_list_destroy(copy);
}

/* ---- commits ---- */

void stream_commit(struct stream *s, enum kafka_topic topic, int partition, int64_t offset,
                   const char *metadata)
{
	struct stream_part *part = stream_find(s, topic, partition);

	if (!part)
		return;
	free(part->commit_metadata);
	part->commit_metadata = metadata ? xstrdup(metadata) : NULL;
	part->commit_offset = offset;
	part->dirty = true;
}

static rd_kafka_topic_partition_list_t *take_dirty(struct stream *s)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)s->n_parts);

	for (size_t i = 0; i < s->n_parts; i++) {
		struct stream_part *part = &s->parts[i];

		if (!part->dirty)
			continue;
		rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(
			list, s->names[part->topic], part->partition);

		entry->offset = part->commit_offset;
		if (part->commit_metadata) {
			entry->metadata = xstrdup(part->commit_metadata);
			entry->metadata_size = strlen(part->commit_metadata);
		}
		part->dirty = false;
	}
	return list;
}

static void commit_failed(struct stream *s, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; list && i < list->cnt; i++) {
		struct stream_part *part = find_listed(s, &list->elems[i]);

		if (part)
			part->dirty = true; /* with the newest offset that was noted */
	}
	stream_timer_set(s, TIMER_COMMIT, COMMIT_AGAIN);
}

/* Not during a join (quirks.h), nor too often. The last one of a revocation is urgent. */
static bool commit_must_wait(struct stream *s)
{
	int64_t left = s->commit_at_ms - clock_mono_ms();

	if (s->commit_in_flight || s->rebalance == REBALANCE_COMMIT)
		return s->commit_in_flight;
	if (join_under_way(s->join))
		left = COMMIT_PAUSE;
	if (left > 0 && !s->due[TIMER_COMMIT])
		stream_timer_set(s, TIMER_COMMIT, left);
	return left > 0;
}

void stream_commit_send(struct stream *s)
{
	s->commit_wanted = commit_must_wait(s);
	if (s->commit_wanted)
		return;
	s->commit_at_ms = clock_mono_ms() + COMMIT_PAUSE;
	rd_kafka_topic_partition_list_t *list = take_dirty(s);

	if (list->cnt > 0) {
		if (rd_kafka_commit_queue(s->rk, list, s->answers, NULL, NULL))
			commit_failed(s, list);
		else
			s->commit_in_flight = true;
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static bool leaving_dirty(const struct stream *s)
{
	for (size_t i = 0; i < s->n_parts; i++)
		if (s->parts[i].leaving && s->parts[i].dirty)
			return true;
	return false;
}

/* The whole request failed, or a partition of it. */
static rd_kafka_resp_err_t commit_error(rd_kafka_event_t *event,
                                        const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	for (int i = 0; list && !err && i < list->cnt; i++)
		err = list->elems[i].err;
	return err;
}

static void on_committed(struct stream *s, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list =
		rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t err = commit_error(event, list);

	s->commit_in_flight = false;
	if (err) {
		log_warn(NULL, "kafka.commit_failed", "%s: repeated",
		         rd_kafka_err2name(err));
		commit_failed(s, list);
		return;
	}
	brokers_seen(s);
	if (s->commit_wanted || leaving_dirty(s))
		stream_commit_send(s);
	if (s->rebalance == REBALANCE_COMMIT && !s->commit_in_flight)
		group_finish_revoke(s);
}

/* ---- revocation ---- */

static void remove_leaving(struct stream *s)
{
	for (size_t i = s->n_parts; i-- > 0;)
		if (s->parts[i].leaving) {
			free(s->parts[i].commit_metadata);
			s->parts[i] = s->parts[--s->n_parts];
		}
}

void group_finish_revoke(struct stream *s)
{
	stream_timer_clear(s, TIMER_REVOKE);
	remove_leaving(s);
	end_rebalance(s, rd_kafka_incremental_unassign(s->rk, s->pending), s->n_parts > 0);
	if (s->closing && s->n_parts == 0)
		stream_partitions_left(s);
}

/* Marks what leaves; the owner's list of it. */
static struct stream_partition *mark_leaving(struct stream *s, size_t *n)
{
	struct stream_partition *leaving =
		xcalloc((size_t)s->pending->cnt + 1, sizeof(*leaving));

	*n = 0;
	for (int i = 0; i < s->pending->cnt; i++) {
		struct stream_part *part = find_listed(s, &s->pending->elems[i]);

		if (!part)
			continue;
		part->leaving = true;
		leaving[(*n)++] = (struct stream_partition){ part->topic, part->partition };
	}
	return leaving;
}

static void start_revoke(struct stream *s, bool lost)
{
	size_t n = 0;
	CLEANUP(freep) struct stream_partition *leaving = mark_leaving(s, &n);

	s->rebalance = REBALANCE_OWNER;
	if (n > 0)
		s->callbacks.revoked(leaving, n, lost, s->callbacks.arg);
	if ((n == 0 || lost) && s->rebalance == REBALANCE_OWNER)
		group_finish_revoke(s);
}

void stream_revoke_done(struct stream *s)
{
	if (s->rebalance != REBALANCE_OWNER)
		return;
	s->rebalance = REBALANCE_COMMIT;
	if (!rd_kafka_assignment_lost(s->rk)) {
		stream_timer_set(s, TIMER_REVOKE, LAST_COMMIT_MS);
		stream_commit_send(s);
	}
	if (!s->commit_in_flight && !leaving_dirty(s))
		group_finish_revoke(s);
}

/* ---- events ---- */

static void on_rebalance(struct stream *s, rd_kafka_event_t *event)
{
	bool assign = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool lost = !assign && rd_kafka_assignment_lost(s->rk);

	s->pending = rd_kafka_topic_partition_list_copy(
		rd_kafka_event_topic_partition_list(event));
	log_info(NULL, "kafka.rebalance", "%d partitions %s", s->pending->cnt,
	         assign ? "received"
	         : lost ? "lost"
	                : "to be given up");
	if (!lost) /* which is said by our own clock: no broker answered */
		brokers_seen(s);
	if (assign)
		start_assign(s);
	else
		start_revoke(s, lost);
}

static void on_error(struct stream *s, rd_kafka_event_t *event)
{
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	    atomic_exchange(&s->brokers_down, true))
		return;
	(void)brokers_answered(s->join);
	stream_timer_set(s, TIMER_PROBE, PROBE_MS);
}

static void on_event(struct stream *s, rd_kafka_event_t *event)
{
	static const struct {
		rd_kafka_event_type_t type;
		void (*handle)(struct stream *s, rd_kafka_event_t *event);
	} handlers[] = {
		{ RD_KAFKA_EVENT_REBALANCE, on_rebalance },
		{ RD_KAFKA_EVENT_ERROR, on_error },
		{ RD_KAFKA_EVENT_OFFSET_COMMIT, on_committed },
		{ RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, on_answer },
	};

	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == rd_kafka_event_type(event))
			handlers[i].handle(s, event);
	rd_kafka_event_destroy(event);
}

void group_serve(struct stream *s)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(s->answers, 0)))
		on_event(s, event);
	while (s->rebalance == REBALANCE_NONE &&
	       (event = rd_kafka_queue_poll(s->control, 0)))
		on_event(s, event);
}

void group_release(struct stream *s)
{
	for (size_t i = 0; i < s->n_parts; i++)
		free(s->parts[i].commit_metadata);
	free(s->parts);
	if (s->pending)
		rd_kafka_topic_partition_list_destroy(s->pending);
}
