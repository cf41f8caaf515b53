#include "kafka/stream_group.h"

#include "base/clock.h"
#include "log/log.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_MS 30000 /* well below max.poll.interval.ms */

/* ---- waking and timers ---- */

void stream_wake(struct stream *s)
{
	static const uint64_t one = 1;

	if (write(s->event_fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable as it is */
}

static void arm(struct stream *s)
{
	struct itimerspec when = { 0 };
	int64_t first = 0;

	for (size_t i = 0; i < TIMER_COUNT; i++)
		if (s->due[i] && (!first || s->due[i] < first))
			first = s->due[i];
	when.it_value.tv_sec = first / 1000;
	when.it_value.tv_nsec = first % 1000 * 1000000;
	(void)timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void stream_timer_set(struct stream *s, enum stream_timer which, int64_t in_ms)
{
	s->due[which] = clock_mono_ms() + in_ms;
	arm(s);
}

void stream_timer_clear(struct stream *s, enum stream_timer which)
{
	if (!s->due[which])
		return;
	s->due[which] = 0;
	arm(s);
}

static void tick(struct stream *s)
{
	stream_timer_set(s, TIMER_TICK, TICK_MS);
}

static void report_closed(struct stream *s)
{
	if (s->closed)
		return;
	s->closed = true;
	for (size_t i = 0; i < TIMER_COUNT; i++)
		s->due[i] = 0;
	arm(s);
	s->callbacks.closed(s->callbacks.arg);
}

static void leave_group(struct stream *s)
{
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(s->rk, s->control);

	s->leaving_group = true;
	if (error) {
		rd_kafka_error_destroy(error);
		report_closed(s);
	}
}

void stream_partitions_left(struct stream *s)
{
	stream_timer_set(s, TIMER_LEAVE, QUIRK_LEAVE_MS);
}

static void run_timers(struct stream *s)
{
	static void (*const handlers[TIMER_COUNT])(struct stream * s) = {
		[TIMER_COMMITTED] = group_ask_committed,
		[TIMER_COMMIT] = stream_commit_send,
		[TIMER_REVOKE] = group_finish_revoke,
		[TIMER_PROBE] = group_probe,
		[TIMER_LEAVE] = leave_group,
		[TIMER_CLOSE] = report_closed,
		[TIMER_TICK] = tick,
	};
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < TIMER_COUNT; i++)
		if (s->due[i] && s->due[i] <= now) {
			s->due[i] = 0;
			handlers[i](s);
		}
	arm(s);
}

/* ---- messages ---- */

static void hand_over(struct stream *s, const rd_kafka_message_t *rd)
{
	enum kafka_topic topic = stream_topic_of(s, rd_kafka_topic_name(rd->rkt));
	const struct stream_part *part = stream_find(s, topic, rd->partition);
	struct kafka_message view;
	size_t first;

	if (rd->err)
		log_warn(NULL, "kafka.partition_error", "%s", rd_kafka_err2name(rd->err));
	if (rd->err || !part || part->leaving)
		return;
	s->headers.n = 0;
	message_view(rd, topic, &view, &s->headers, &first);
	view.headers = view.n_headers ? &s->headers.items[first] : NULL;
	s->callbacks.message(message_hold(&view), s->callbacks.arg);
}

static void fetch(struct stream *s, size_t max)
{
	if (s->cap_fetched < max) {
		s->cap_fetched = max;
		s->fetched = xrealloc(s->fetched, max * sizeof(rd_kafka_message_t *));
	}
	ssize_t n = rd_kafka_consume_batch_queue(s->data, 0, s->fetched, max);

	fetch_waker_count(&s->waker, s->rk, s->fetched, n);
	for (ssize_t i = 0; i < n; i++) {
		hand_over(s, s->fetched[i]);
		rd_kafka_message_destroy(s->fetched[i]);
	}
	if (n == (ssize_t)max)
		stream_wake(s);
}

void stream_poll(struct stream *s, size_t max)
{
	uint64_t n;

	if (read(s->event_fd, &n, sizeof(n)) < 0 && read(s->timer_fd, &n, sizeof(n)) < 0)
		n = 0; /* neither: polled all the same */
	group_serve(s);
	run_timers(s);
	if (s->wake_wanted)
		fetch_wake(s->rk);
	s->wake_wanted = false;
	if (!s->leaving_group)
		fetch(s, max);
	else if (rd_kafka_consumer_closed(s->rk))
		report_closed(s);
}

int stream_fd(const struct stream *s)
{
	return s->epoll_fd;
}

static void set_paused(struct stream *s, enum kafka_topic topic, int partition, bool paused)
{
	struct stream_part *part = stream_find(s, topic, partition);

	if (!part || part->paused == paused)
		return;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, s->names[topic], partition);
	part->paused = paused;
	(void)(paused ? rd_kafka_pause_partitions : rd_kafka_resume_partitions)(s->rk,
	                                                                        list);
	rd_kafka_topic_partition_list_destroy(list);
}

void stream_pause(struct stream *s, enum kafka_topic topic, int partition)
{
	set_paused(s, topic, partition, true);
}

void stream_resume(struct stream *s, enum kafka_topic topic, int partition)
{
	set_paused(s, topic, partition, false);
	s->wake_wanted = true; /* once for all that are resumed together */
	stream_wake(s);
}

bool stream_ready(const struct stream *s)
{
	return atomic_load(&s->assigned) && !atomic_load(&s->brokers_down);
}

/* ---- life ---- */

static int watch(struct stream *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_fds(struct stream *s, struct err_text *why)
{
	s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->event_fd < 0 || s->timer_fd < 0 || s->epoll_fd < 0 ||
	    watch(s, s->event_fd) || watch(s, s->timer_fd))
		return err_say(why, -errno, "kafka: no file descriptors for a consumer");
	return 0;
}

static void open_queues(struct stream *s)
{
	static const uint64_t one = 1;

	(void)rd_kafka_poll_set_consumer(s->rk);
	s->control = rd_kafka_queue_get_consumer(s->rk);
	s->answers = rd_kafka_queue_new(s->rk);
	s->data = rd_kafka_queue_new(s->rk);
	rd_kafka_queue_io_event_enable(s->control, s->event_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(s->answers, s->event_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(s->data, s->event_fd, &one, sizeof(one));
}

static int open_client(struct stream *s, const struct kafka_config *config,
                       const struct stream_options *options, struct err_text *why)
{
	s->rk = client_consumer_new(config, options->group, &s->join, why);
	if (!s->rk)
		return -EINVAL;
	open_queues(s);
	return client_subscribe(s->rk, config, options->topics, options->n_topics, why);
}

int stream_open(const struct kafka_config *config, const struct stream_options *options,
                struct stream **out, struct err_text *why)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	const char *prefix = config->topic_prefix ? config->topic_prefix : "";

	s->event_fd = s->timer_fd = s->epoll_fd = -1;
	s->callbacks = options->callbacks;
	s->group = xasprintf("%s%s", prefix, options->group);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		s->names[i] = client_topic_name(prefix, (enum kafka_topic)i);
	int r = open_fds(s, why);

	if (!r)
		r = open_client(s, config, options, why);
	if (r) {
		(void)stream_free(s);
		return r;
	}
	tick(s);
	*out = s;
	return 0;
}

void stream_close(struct stream *s, int64_t deadline_ms)
{
	if (s->closing)
		return;
	s->closing = true;
	stream_timer_set(s, TIMER_CLOSE, deadline_ms - clock_mono_ms());
	(void)rd_kafka_unsubscribe(s->rk);
	if (s->rebalance == REBALANCE_NONE && s->n_parts == 0)
		stream_partitions_left(s);
}

static void close_client(struct stream *s)
{
	if (s->data) {
		rd_kafka_queue_destroy(s->data);
		rd_kafka_queue_destroy(s->answers);
		rd_kafka_queue_destroy(s->control);
	}
	if (s->rk)
		join_watch_destroy(s->join, s->rk);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

struct stream *stream_free(struct stream *s)
{
	if (!s)
		return NULL;
	close_client(s);
	close_fd(s->epoll_fd);
	close_fd(s->timer_fd);
	close_fd(s->event_fd);
	group_release(s);
	for (size_t i = 0; i < KAFKA_TOPIC_COUNT; i++)
		free(s->names[i]);
	free(s->group);
	free(s->fetched);
	free(s->headers.items);
	free(s);
	return NULL;
}
