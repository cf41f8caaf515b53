#include "kafka/producer.h"

#include "base/clock.h"
#include "log/log.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What may wait for its acknowledgement; one message larger than that passes alone. */
#define IN_FLIGHT_MAX (8U * 1024 * 1024)
#define CLOSE_MS      5000

/* Set while kafka_producer_poll runs: acks belong to this thread. */
static _Thread_local bool acks_run_here;

static void defer_ack(struct kafka_producer *p, struct delivery *d)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	*p->deferred_tail = d;
	p->deferred_tail = &d->next;
	pthread_mutex_unlock(&p->lock);
	if (write(p->fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable as it is */
}

static void run_ack(struct delivery *d)
{
	d->ack(d->result, d->arg);
	free(d);
}

static void run_deferred(struct kafka_producer *p)
{
	pthread_mutex_lock(&p->lock);
	struct delivery *d = p->deferred;

	p->deferred = NULL;
	p->deferred_tail = &p->deferred;
	pthread_mutex_unlock(&p->lock);
	while (d) {
		struct delivery *next = d->next;

		run_ack(d);
		d = next;
	}
}

static void settle_round(struct kafka_producer *p, struct round *round, int result)
{
	pthread_mutex_lock(&p->lock);
	round->failed |= result != 0;
	bool over = --round->pending == 0 && round->abandoned;

	pthread_mutex_unlock(&p->lock);
	if (over)
		free(round);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rd, void *opaque)
{
	struct kafka_producer *p = opaque;
	struct delivery *d = rd->_private;
	int result = client_error(rd->err);

	atomic_fetch_sub(&p->bytes_in_flight, rd->len);
	if (result == KAFKA_E_TOO_LARGE)
		log_error(NULL, "kafka.topic_limit",
		          "the broker's max.message.bytes of %s is below the fleet's: "
		          "raise it",
		          rd_kafka_topic_name(rd->rkt));
	if (d->round) {
		settle_round(p, d->round, result);
		return;
	}
	d->result = result;
	if (acks_run_here)
		run_ack(d);
	else
		defer_ack(p, d);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_producer *p = opaque;

	/* transient errors are librdkafka's to mend, and its log says them */
	if (err == RD_KAFKA_RESP_ERR__FATAL)
		atomic_store(&p->fatal, true);
}

static int open_instance(struct kafka_producer *p, struct err_text *why)
{
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf = client_conf_new(&p->config, CLIENT_PRODUCER, NULL, why);

	if (!conf)
		return -EINVAL;
	rd_kafka_conf_set_opaque(conf, p);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_error_cb(conf, on_error);
	p->rk = client_new(conf, CLIENT_PRODUCER, why);
	if (!p->rk)
		return -EINVAL;
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		p->topics[i] = NULL;
	p->queue = rd_kafka_queue_get_main(p->rk);
	rd_kafka_queue_io_event_enable(p->queue, p->fd, &one, sizeof(one));
	return 0;
}

/* Gives up what was not acknowledged: each message gets its ack, with KAFKA_E_AWAY. */
static void close_instance(struct kafka_producer *p)
{
	(void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (rd_kafka_outq_len(p->rk) > 0)
		(void)rd_kafka_poll(p->rk, 10);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		if (p->topics[i])
			rd_kafka_topic_destroy(p->topics[i]);
	rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(p->queue);
	rd_kafka_destroy(p->rk);
	p->rk = NULL;
}

/*
 * An idempotent producer that lost its sequence (a broker lost data) never works again.
 * Callers hold their offsets, so what was under way is given up and a new one begins.
 */
static void renew_instance(struct kafka_producer *p)
{
	bool mine = acks_run_here;
	struct err_text why = { "" };

	acks_run_here = false; /* acks may produce, which waits for the lock we take */
	pthread_rwlock_wrlock(&p->instance_lock);
	if (atomic_load(&p->fatal)) {
		log_error(NULL, "kafka.producer_renewed",
		          "the producer met a fatal error; a new one takes over");
		close_instance(p);
		atomic_store(&p->fatal, false);
		if (open_instance(p, &why))
			abort(); /* these settings worked: the process is out of resources
			          */
	}
	pthread_rwlock_unlock(&p->instance_lock);
	acks_run_here = mine;
}

void producer_serve(struct kafka_producer *p, int timeout_ms)
{
	pthread_rwlock_rdlock(&p->instance_lock);
	(void)rd_kafka_poll(p->rk, timeout_ms);
	pthread_rwlock_unlock(&p->instance_lock);
	if (atomic_load(&p->fatal))
		renew_instance(p);
}

void kafka_producer_poll(struct kafka_producer *p)
{
	uint64_t n;

	if (read(p->fd, &n, sizeof(n)) < 0)
		n = 0; /* not readable: polled all the same */
	acks_run_here = true;
	producer_serve(p, 0);
	run_deferred(p);
	acks_run_here = false;
}

int kafka_producer_fd(struct kafka_producer *p)
{
	return p->fd;
}

static struct kafka_config copy_config(const struct kafka_config *from)
{
	return (struct kafka_config){
		.brokers = xstrdup(from->brokers),
		.topic_prefix = xstrdup(from->topic_prefix ? from->topic_prefix : ""),
		.extra = xstrdup(from->extra ? from->extra : ""),
		.replication_factor = from->replication_factor,
	};
}

static void free_producer(struct kafka_producer *p)
{
	(void)close(p->fd);
	pthread_mutex_destroy(&p->lock);
	pthread_rwlock_destroy(&p->instance_lock);
	free(p->config.brokers);
	free(p->config.topic_prefix);
	free(p->config.extra);
	free(p);
}

int kafka_producer_open(const struct kafka_config *config, struct kafka_producer **out,
                        struct err_text *why)
{
	struct kafka_producer *p = xcalloc(1, sizeof(*p));

	p->config = copy_config(config);
	p->deferred_tail = &p->deferred;
	pthread_mutex_init(&p->lock, NULL);
	pthread_rwlock_init(&p->instance_lock, NULL);
	p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int r = p->fd < 0 ? err_say(why, -errno, "kafka: eventfd") : open_instance(p, why);

	if (r) {
		free_producer(p);
		return r;
	}
	*out = p;
	return 0;
}

struct kafka_producer *kafka_producer_close(struct kafka_producer *p)
{
	if (!p)
		return NULL;
	acks_run_here = true;
	(void)rd_kafka_flush(p->rk, CLOSE_MS);
	close_instance(p);
	run_deferred(p);
	acks_run_here = false;
	free_producer(p);
	return NULL;
}

static rd_kafka_headers_t *copy_headers(const struct kafka_message *m)
{
	if (!m->n_headers)
		return NULL;
	rd_kafka_headers_t *headers = rd_kafka_headers_new(m->n_headers);

	for (size_t i = 0; i < m->n_headers; i++)
		(void)rd_kafka_header_add(headers, m->headers[i].name, -1,
		                          m->headers[i].value, (ssize_t)m->headers[i].len);
	return headers;
}

/* The topic's handle, made at first use; a second thread gets the same one. */
static rd_kafka_topic_t *topic_handle(struct kafka_producer *p, enum kafka_topic topic)
{
	pthread_mutex_lock(&p->lock);
	if (!p->topics[topic]) {
		CLEANUP(freep)
		char *name = client_topic_name(p->config.topic_prefix, topic);

		p->topics[topic] = rd_kafka_topic_new(p->rk, name, NULL);
	}
	rd_kafka_topic_t *handle = p->topics[topic];

	pthread_mutex_unlock(&p->lock);
	return handle;
}

static int send_locked(struct kafka_producer *p, const struct kafka_message *m,
                       struct delivery *d)
{
	rd_kafka_topic_t *topic = topic_handle(p, m->topic);
	rd_kafka_headers_t *headers = copy_headers(m);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__FAIL;

	if (topic)
		/* the casts: librdkafka copies, its prototype is not const */
		err = rd_kafka_producev(
			p->rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(m->partition),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_KEY((void *)(uintptr_t)m->key, m->key_len),
			RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value, m->value_len),
			RD_KAFKA_V_TIMESTAMP(m->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
			RD_KAFKA_V_OPAQUE(d), RD_KAFKA_V_END);
	if (err && headers)
		rd_kafka_headers_destroy(headers);
	return client_error(err);
}

int producer_send(struct kafka_producer *p, const struct kafka_message *m,
                  struct delivery *d)
{
	size_t waiting = atomic_load(&p->bytes_in_flight);

	if (message_wire_size(m) > (size_t)kafka_topics[m->topic].max_message_bytes)
		return KAFKA_E_TOO_LARGE;
	if (waiting > 0 && waiting + m->value_len > IN_FLIGHT_MAX)
		return KAFKA_E_AWAY;
	atomic_fetch_add(&p->bytes_in_flight, m->value_len);
	pthread_rwlock_rdlock(&p->instance_lock);
	int r = send_locked(p, m, d);

	pthread_rwlock_unlock(&p->instance_lock);
	if (r)
		atomic_fetch_sub(&p->bytes_in_flight, m->value_len);
	return r;
}

int kafka_produce(struct kafka_producer *p, const struct kafka_message *m, kafka_ack_fn ack,
                  void *arg)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->ack = ack;
	d->arg = arg;
	int r = producer_send(p, m, d);

	if (r)
		free(d);
	return r;
}
