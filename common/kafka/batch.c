#include "kafka/producer.h"

#include "base/clock.h"

#include <stdio.h>
#include <strings.h>

/*
 * Longest sleep between looks at the counts: with the loop polling the same producer, it is
 * the loop that may have taken the last acknowledgement.
 */
#define SLICE_MS 10

#define REASON_MAX    64
#define EXCEPTION_MAX 1000

struct kafka_batch {
	struct kafka_producer *producer;
	struct round *round;
};

static struct round *new_round(void)
{
	struct round *round = xcalloc(1, sizeof(*round));

	round->delivery.round = round;
	return round;
}

struct kafka_batch *kafka_batch_new(struct kafka_producer *p)
{
	struct kafka_batch *b = xcalloc(1, sizeof(*b));

	b->producer = p;
	b->round = new_round();
	return b;
}

static void leave_round(struct kafka_batch *b)
{
	pthread_mutex_lock(&b->producer->lock);
	bool last = b->round->pending == 0;

	b->round->abandoned = true;
	pthread_mutex_unlock(&b->producer->lock);
	if (last)
		free(b->round);
	b->round = NULL;
}

struct kafka_batch *kafka_batch_free(struct kafka_batch *b)
{
	if (!b)
		return NULL;
	leave_round(b);
	free(b);
	return NULL;
}

static void count_pending(struct kafka_batch *b, int change)
{
	pthread_mutex_lock(&b->producer->lock);
	b->round->pending += (size_t)change;
	pthread_mutex_unlock(&b->producer->lock);
}

int kafka_batch_add(struct kafka_batch *b, const struct kafka_message *m,
                    int64_t deadline_ms)
{
	int r;

	for (;;) {
		count_pending(b, 1); /* before: the ack may come at once */
		r = producer_send(b->producer, m, &b->round->delivery);
		if (r)
			count_pending(b, -1);
		if (r != KAFKA_E_AWAY || clock_mono_ms() >= deadline_ms)
			return r;
		producer_serve(b->producer, SLICE_MS);
	}
}

static size_t pending_of(struct kafka_batch *b, bool *failed)
{
	pthread_mutex_lock(&b->producer->lock);
	size_t pending = b->round->pending;

	*failed = b->round->failed;
	pthread_mutex_unlock(&b->producer->lock);
	return pending;
}

int kafka_batch_wait(struct kafka_batch *b, int64_t deadline_ms)
{
	bool failed = false;
	size_t pending;

	while ((pending = pending_of(b, &failed)) > 0 && clock_mono_ms() < deadline_ms)
		producer_serve(b->producer, SLICE_MS);
	leave_round(b);
	b->round = new_round();
	return pending || failed ? KAFKA_E_AWAY : 0;
}

/* In the order in which they follow the original's headers. */
enum {
	REASON,
	EXCEPTION,
	SOURCE_TOPIC,
	SOURCE_PARTITION,
	SOURCE_OFFSET,
	N_FAILURE_HEADERS
};
static const char *const failure_headers[N_FAILURE_HEADERS] = {
	"reason", "exception", "source_topic", "source_partition", "source_offset",
};

static bool is_failure_header(const char *name)
{
	for (size_t i = 0; i < N_FAILURE_HEADERS; i++)
		if (strcasecmp(name, failure_headers[i]) == 0)
			return true;
	return false;
}

/* A message that failed before and was requeued keeps only the newest failure's. */
static size_t keep_headers(const struct kafka_message *m, struct kafka_header *out)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_headers; i++)
		if (!is_failure_header(m->headers[i].name))
			out[n++] = m->headers[i];
	return n;
}

/* What a failed-tasks message borrows from while it is produced. */
struct failed_message {
	struct kafka_message m;
	struct kafka_header *headers;
	char *topic, partition[16], offset[24];
};

static void failed_init(struct failed_message *f, const char *topic_prefix,
                        const struct kafka_message *original, const char *reason,
                        const char *exception)
{
	*f = (struct failed_message){ .m = *original };
	f->headers = xcalloc(original->n_headers + N_FAILURE_HEADERS, sizeof(*f->headers));
	f->topic = client_topic_name(topic_prefix, original->topic);
	(void)snprintf(f->partition, sizeof(f->partition), "%d", original->partition);
	(void)snprintf(f->offset, sizeof(f->offset), "%lld", (long long)original->offset);
	const char *const values[N_FAILURE_HEADERS] = { reason, exception, f->topic,
		                                        f->partition, f->offset };
	size_t n = keep_headers(original, f->headers);

	for (size_t i = 0; i < N_FAILURE_HEADERS; i++)
		f->headers[n++] = (struct kafka_header){
			.name = failure_headers[i],
			.value = values[i],
			.len = strnlen(values[i], i == REASON ? REASON_MAX : EXCEPTION_MAX),
		};
	f->m.topic = KAFKA_TOPIC_FAILED;
	f->m.partition = -1;
	f->m.timestamp_ms = 0;
	f->m.headers = f->headers;
	f->m.n_headers = n;
}

static void failed_deinit(struct failed_message *f)
{
	free(f->headers);
	free(f->topic);
}

int kafka_batch_add_failed(struct kafka_batch *b, const struct kafka_message *original,
                           const char *reason, const char *exception, int64_t deadline_ms)
{
	CLEANUP(failed_deinit) struct failed_message f;

	failed_init(&f, b->producer->config.topic_prefix, original, reason, exception);
	return kafka_batch_add(b, &f.m, deadline_ms);
}

int kafka_produce_failed(struct kafka_producer *p, const struct kafka_message *original,
                         const char *reason, const char *exception, kafka_ack_fn ack,
                         void *arg)
{
	CLEANUP(failed_deinit) struct failed_message f;

	failed_init(&f, p->config.topic_prefix, original, reason, exception);
	return kafka_produce(p, &f.m, ack, arg);
}
