#include "kafka/reader.h"

#include "base/clock.h"
#include "kafka/client.h"

#include <strings.h>

/* No member of it: the name only satisfies librdkafka, which wants one to assign. */
#define READER_GROUP "integration-admin"

#define READER_PARTITIONS 1024

struct kafka_reader {
	rd_kafka_t *rk;
	enum kafka_topic topic;
	char *name;
	struct position {
		int partition;
		int64_t next, end;
	} * positions;
	size_t n;
	rd_kafka_message_t *current;
	struct header_pool headers;
};

static int left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_mono_ms();

	return left < 1 ? 1 : left > 60000 ? 60000 : (int)left;
}

static int away(struct err_text *why, const char *topic)
{
	return err_say(why, KAFKA_E_AWAY, "the broker does not answer for topic %s", topic);
}

static int count_partitions(struct kafka_reader *r, int64_t deadline_ms)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(r->rk, r->name, NULL);
	int n = 0;

	if (!rd_kafka_metadata(r->rk, 0, topic, &metadata, left_ms(deadline_ms))) {
		if (metadata->topic_cnt == 1)
			n = metadata->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(topic);
	return n > READER_PARTITIONS ? READER_PARTITIONS : n;
}

static int locate(struct kafka_reader *r, struct position *p, enum kafka_reader_start start,
                  int64_t deadline_ms)
{
	int64_t low, high;

	if (rd_kafka_query_watermark_offsets(r->rk, r->name, p->partition, &low, &high,
	                                     left_ms(deadline_ms)))
		return KAFKA_E_AWAY;
	p->end = high;
	p->next = start == KAFKA_READER_FROM_BEGINNING ? low : high;
	return 0;
}

static int assign(struct kafka_reader *r)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)r->n);

	for (size_t i = 0; i < r->n; i++)
		rd_kafka_topic_partition_list_add(list, r->name, r->positions[i].partition)
			->offset = r->positions[i].next;
	rd_kafka_resp_err_t err = rd_kafka_assign(r->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return err ? KAFKA_E_AWAY : 0;
}

static int locate_all(struct kafka_reader *r, enum kafka_reader_start start,
                      int64_t deadline_ms, struct err_text *why)
{
	int n = count_partitions(r, deadline_ms);

	if (n <= 0)
		return away(why, r->name);
	r->positions = xcalloc((size_t)n, sizeof(*r->positions));
	r->n = (size_t)n;
	for (int i = 0; i < n; i++) {
		r->positions[i].partition = i;
		if (locate(r, &r->positions[i], start, deadline_ms))
			return away(why, r->name);
	}
	return 0;
}

static int make(const struct kafka_config *config, enum kafka_topic topic,
                struct kafka_reader **out, struct err_text *why)
{
	rd_kafka_conf_t *conf = client_conf_new(config, CLIENT_CONSUMER, READER_GROUP, why);
	rd_kafka_t *rk = conf ? client_new(conf, CLIENT_CONSUMER, why) : NULL;

	if (!rk)
		return KAFKA_E_AWAY;
	*out = xcalloc(1, sizeof(**out));
	(*out)->rk = rk;
	(*out)->topic = topic;
	(*out)->name = client_topic_name(config->topic_prefix, topic);
	(void)rd_kafka_poll_set_consumer(rk);
	return 0;
}

static int begin(struct kafka_reader *r, struct kafka_reader **out, int result,
                 struct err_text *why)
{
	if (result == 0 && assign(r))
		result = away(why, r->name);
	if (result)
		r = kafka_reader_close(r);
	*out = r;
	return result;
}

int kafka_reader_open(const struct kafka_config *config, enum kafka_topic topic,
                      enum kafka_reader_start start, int64_t deadline_ms,
                      struct kafka_reader **out, struct err_text *why)
{
	struct kafka_reader *r = NULL;
	int result = make(config, topic, &r, why);

	if (result == 0)
		result = locate_all(r, start, deadline_ms, why);
	return begin(r, out, result, why);
}

int kafka_reader_open_at(const struct kafka_config *config, enum kafka_topic topic,
                         int partition, int64_t offset, int64_t deadline_ms,
                         struct kafka_reader **out, struct err_text *why)
{
	struct kafka_reader *r = NULL;
	int result = make(config, topic, &r, why);

	*out = NULL;
	if (result)
		return result;
	r->positions = xcalloc(1, sizeof(*r->positions));
	r->n = 1;
	r->positions[0].partition = partition;
	result = locate(r, &r->positions[0], KAFKA_READER_FROM_BEGINNING, deadline_ms);
	if (result || offset < r->positions[0].next || offset >= r->positions[0].end) {
		(void)kafka_reader_close(r);
		return result ? away(why, kafka_topics[topic].name)
		              : err_say(why, KAFKA_E_TOO_LARGE, "no message is at %d/%lld",
		                        partition, (long long)offset);
	}
	r->positions[0].next = offset;
	if (assign(r)) {
		(void)kafka_reader_close(r);
		return away(why, kafka_topics[topic].name);
	}
	*out = r;
	return 0;
}

/* From the end back, or from where an earlier reading began. */
static void step_back(struct kafka_reader *r, const struct kafka_reader_back *back)
{
	for (size_t i = 0; i < r->n; i++) {
		struct position *p = &r->positions[i];
		int64_t low = p->next;

		if (i < back->n_before && back->before[i] < p->end)
			p->end = back->before[i];
		p->next = p->end - back->count > low ? p->end - back->count : low;
		if (p->end < p->next)
			p->end = p->next;
	}
}

int kafka_reader_open_before(const struct kafka_config *config, enum kafka_topic topic,
                             const struct kafka_reader_back *back, int64_t deadline_ms,
                             struct kafka_reader **out, struct err_text *why)
{
	struct kafka_reader *r = NULL;
	int result = make(config, topic, &r, why);

	if (result == 0)
		result = locate_all(r, KAFKA_READER_FROM_BEGINNING, deadline_ms, why);
	if (result == 0)
		step_back(r, back);
	return begin(r, out, result, why);
}

struct kafka_reader *kafka_reader_close(struct kafka_reader *r)
{
	if (!r)
		return NULL;
	if (r->current)
		rd_kafka_message_destroy(r->current);
	rd_kafka_destroy(r->rk);
	free(r->headers.items);
	free(r->positions);
	free(r->name);
	free(r);
	return NULL;
}

static void advance(struct kafka_reader *r, const rd_kafka_message_t *m)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->positions[i].partition == m->partition)
			r->positions[i].next = m->offset + 1;
}

bool kafka_reader_next(struct kafka_reader *r, int wait_ms, struct kafka_message *out)
{
	size_t first;

	if (r->current)
		rd_kafka_message_destroy(r->current);
	r->current = rd_kafka_consumer_poll(r->rk, wait_ms);
	if (!r->current || r->current->err)
		return false; /* errors are transient: the client goes on trying */
	advance(r, r->current);
	r->headers.n = 0;
	message_view(r->current, r->topic, out, &r->headers, &first);
	out->headers = r->headers.items;
	return true;
}

int64_t kafka_reader_position(const struct kafka_reader *r, int partition)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->positions[i].partition == partition)
			return r->positions[i].next;
	return -1;
}

bool kafka_reader_at_end(const struct kafka_reader *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->positions[i].next < r->positions[i].end)
			return false;
	return true;
}

enum kafka_topic kafka_topic_find(const struct kafka_config *config, const char *full_name,
                                  size_t len)
{
	CLEANUP(freep) char *name = xstrndup(full_name, len);

	return client_topic_of(config->topic_prefix, name);
}

static bool is_failure_header(const char *name)
{
	static const char *const names[] = { "reason", "exception", "source_topic",
		                             "source_partition", "source_offset" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

bool kafka_failed_original(const struct kafka_config *config, const struct kafka_message *m,
                           struct kafka_header *headers, struct kafka_message *out)
{
	const struct kafka_header *source = kafka_header_find(m, "source_topic");

	*out = *m;
	out->topic = source ? kafka_topic_find(config, source->value, source->len)
	                    : KAFKA_TOPIC_COUNT;
	out->partition = -1;
	out->timestamp_ms = 0;
	out->headers = headers;
	out->n_headers = 0;
	for (size_t i = 0; i < m->n_headers; i++)
		if (!is_failure_header(m->headers[i].name))
			headers[out->n_headers++] = m->headers[i];
	return out->topic != KAFKA_TOPIC_COUNT;
}
