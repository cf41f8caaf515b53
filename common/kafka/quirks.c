#include "kafka/quirks.h"

#include "base/util.h"

#include <pthread.h>
#include <time.h>

#define QUEUE_HALF_MESSAGES 1000
#define QUEUE_HALF_BYTES    ((size_t)1024 * 1024)
#define WAKE_MS             2
#define DESTROY_S           1

void fetch_wake(rd_kafka_t *rk)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	if (rd_kafka_assignment(rk, &list))
		return;
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset =
			RD_KAFKA_OFFSET_END; /* not a time: the newest offset */
	/* nobody needs the answer; sending the question is what wakes */
	if (list->cnt > 0)
		(void)rd_kafka_offsets_for_times(rk, list, WAKE_MS);
	rd_kafka_topic_partition_list_destroy(list);
}

void fetch_waker_count(struct fetch_waker *w, rd_kafka_t *rk,
                       rd_kafka_message_t *const *taken, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		w->bytes += taken[i]->len + taken[i]->key_len;
	w->messages += n > 0 ? (size_t)n : 0;
	if (w->messages < QUEUE_HALF_MESSAGES && w->bytes < QUEUE_HALF_BYTES)
		return;
	*w = (struct fetch_waker){ 0 };
	fetch_wake(rk);
}

/* The protocol's numbers of the two requests that make a join. */
enum { API_JOIN_GROUP = 11, API_SYNC_GROUP = 14 };

/* NOLINTNEXTLINE(readability-function-size): the prototype is librdkafka's */
static rd_kafka_resp_err_t on_sent(rd_kafka_t *rk, int fd, const char *broker,
                                   int32_t broker_id, int16_t api, int16_t version,
                                   int32_t correlation, size_t size, void *opaque)
{
	struct join_watch *watch = opaque;

	if (api == API_JOIN_GROUP)
		atomic_store(&watch->joining, true);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* NOLINTNEXTLINE(readability-function-size): the prototype is librdkafka's */
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *broker,
                                       int32_t broker_id, int16_t api, int16_t version,
                                       int32_t correlation, size_t size, int64_t rtt,
                                       rd_kafka_resp_err_t err, void *opaque)
{
	struct join_watch *watch = opaque;

	if (api == API_SYNC_GROUP)
		atomic_store(&watch->joining, false);
	if (!err)
		atomic_store(&watch->answered, true);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                  char *text, size_t size)
{
	(void)rd_kafka_interceptor_add_on_request_sent(rk, "join-watch", on_sent, opaque);
	return rd_kafka_interceptor_add_on_response_received(rk, "join-watch", on_response,
	                                                     opaque);
}

struct join_watch *join_watch_new(rd_kafka_conf_t *conf)
{
	struct join_watch *watch = xcalloc(1, sizeof(*watch));

	(void)rd_kafka_conf_interceptor_add_on_new(conf, "join-watch", on_new, watch);
	return watch;
}

struct destruction {
	struct join_watch *watch;
	rd_kafka_t *rk;
};

static void *destroy(void *arg)
{
	struct destruction *d = arg;

	rd_kafka_destroy_flags(d->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(d->watch);
	free(d);
	return NULL;
}

void join_watch_destroy(struct join_watch *watch, rd_kafka_t *rk)
{
	struct timespec until;
	pthread_t thread;

	if (join_under_way(watch) && !atomic_load(&watch->assigned_once))
		return;
	struct destruction *d = xcalloc(1, sizeof(*d));

	*d = (struct destruction){ watch, rk };
	if (pthread_create(&thread, NULL, destroy, d) != 0) {
		(void)destroy(d);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DESTROY_S;
	if (pthread_timedjoin_np(thread, NULL, &until) != 0)
		(void)pthread_detach(thread);
}
