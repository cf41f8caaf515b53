#include "stream.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "feed.h"
#include "kafka/reader.h"
#include "log/log.h"
#include "stats.h"
#include "watch.h"
#include "json/jdoc.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/queue.h>

#include <event2/event.h>

enum {
	OPEN_MS = 10000,
	WAIT_MS = 200,
	HAND_OVER_MAX = 2000, /* entries that wait for the loop */
	UNSENT_MAX = 256 * 1024,
	PING_S = 15,
	LIFE_MS = 15 * 60 * 1000, /* then the client comes again, and is known again */
	LIFE_SPREAD_MS = 5 * 60 * 1000,
};

struct client {
	LIST_ENTRY(client) link;
	struct stream *stream;
	struct httpd_request *request;
	struct who who;
	int64_t only_lab; /* 0: all that the caller sees */
	uint64_t at;      /* in the feed */
	struct feed_position seen;
	int64_t ends_ms;
};
LIST_HEAD(client_list, client);

struct stream {
	struct dashboard *d;
	struct feed feed;
	struct client_list clients;
	size_t n_clients;
	struct event *wake, *ping;
	bool draining;
	struct watch *watch;
	json_t *health; /* as it was told last; NULL: not yet */

	pthread_mutex_t lock; /* for all below: from the threads to the loop */
	struct feed_entry arrived[HAND_OVER_MAX];
	size_t n_arrived;
	bool begun; /* `began_at` is new */
	struct feed_position began_at;
	json_t *runs_news, *health_news; /* NULL: none */
};

static struct metric metric_clients =
	METRIC_GAUGE("dashboard_streams", "Open streams of server-sent events.", NULL);
static struct metric metric_resyncs = METRIC_COUNTER(
	"dashboard_stream_resyncs_total",
	"Streams that were told to read anew: too slow, or away for too long.", NULL);
static struct metric *const metrics[] = { &metric_clients, &metric_resyncs };

/* ---- the reader's thread ---- */

static void position_of(const struct kafka_reader *reader, struct feed_position *out)
{
	int64_t next;

	*out = (struct feed_position){ .n = 0 };
	while (out->n < FEED_PARTITIONS &&
	       (next = kafka_reader_position(reader, (int)out->n)) >= 0)
		out->next[out->n++] = next;
}

static void hand_over(struct stream *s, struct feed_entry *entry)
{
	bool done = false;

	while (!done && !service_draining(s->d->ctx)) {
		(void)pthread_mutex_lock(&s->lock);
		if (s->n_arrived < HAND_OVER_MAX) {
			s->arrived[s->n_arrived++] = *entry;
			done = true;
		}
		(void)pthread_mutex_unlock(&s->lock);
		event_active(s->wake, EV_READ, 0);
		if (!done)
			service_sleep(s->d->ctx, 5);
	}
	if (!done)
		feed_entry_release(entry);
}

static void take_message(struct stream *s, const struct kafka_reader *reader,
                         const struct kafka_message *m)
{
	struct feed_entry entry = { .partition = m->partition, .offset = m->offset };
	struct feed_position next;

	if (m->partition >= FEED_PARTITIONS)
		return;
	position_of(reader, &next);
	if (feed_read(&entry, m->value, m->value_len, &next))
		hand_over(s, &entry);
}

static int open_reader(struct stream *s, struct kafka_reader **out, struct err_text *why)
{
	const struct kafka_config *config = &s->d->config->kafka;
	int result = kafka_topics_ensure(config, clock_mono_ms() + OPEN_MS, why);

	if (result)
		return result;
	result =
		kafka_reader_open(config, KAFKA_TOPIC_STATUS_UPDATES, KAFKA_READER_FROM_END,
	                          clock_mono_ms() + OPEN_MS, out, why);
	if (result)
		return result;
	(void)pthread_mutex_lock(&s->lock);
	position_of(*out, &s->began_at);
	s->begun = true;
	(void)pthread_mutex_unlock(&s->lock);
	event_active(s->wake, EV_READ, 0);
	return 0;
}

static int run_reader(struct service_ctx *ctx, void *arg)
{
	struct stream *s = arg;
	struct kafka_reader *reader = NULL;
	struct err_text why = { "" };
	struct kafka_message m;
	unsigned failures = 0;

	while (!service_draining(ctx)) {
		if (!reader && open_reader(s, &reader, &why)) {
			service_ready(ctx, "kafka", false, why.text);
			service_sleep(
				ctx, backoff_wait_ms(250, 10000, ++failures, random_u32()));
			continue;
		}
		if (failures || kafka_reader_position(reader, 0) >= 0)
			service_ready(ctx, "kafka", true, "");
		failures = 0;
		if (kafka_reader_next(reader, WAIT_MS, &m))
			take_message(s, reader, &m);
	}
	(void)kafka_reader_close(reader);
	return 0;
}

/* ---- the watch's thread ---- */

static void take_news(const struct watch_news *news, void *arg)
{
	struct stream *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	if (news->runs && s->runs_news)
		(void)json_array_extend(s->runs_news, news->runs);
	else if (news->runs)
		s->runs_news = json_incref(news->runs);
	if (news->health) {
		json_decref(s->health_news);
		s->health_news = json_incref(news->health);
	}
	(void)pthread_mutex_unlock(&s->lock);
	json_decref(news->runs);
	json_decref(news->health);
	event_active(s->wake, EV_READ, 0);
}

/* ---- clients, on the loop ---- */

static void send_id(struct client *c, const char *event)
{
	char id[FEED_ID_SIZE], text[FEED_ID_SIZE + 64];
	int len = snprintf(text, sizeof(text), "%sid: %s\n\n", event,
	                   feed_id(&c->stream->feed.next, id));

	httpd_stream_write(c->request, text, (size_t)len);
}

/* How it is now, and as this reader may see it; without an id: it is none of the feed. */
static void send_health(const struct client *c)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	CLEANUP_JSON json_t *health = NULL;

	if (!c->stream->health)
		return;
	health = health_for(&c->who, c->stream->health);
	(void)json_object_del(health, "consumers");
	(void)json_object_del(health, "lane_states");
	feed_append_event(&out, "health", health);
	buf_append_str(&out, "\n");
	httpd_stream_write(c->request, out.data, out.len);
}

static void resync(struct client *c)
{
	metric_add(&metric_resyncs, NULL, 1);
	c->at = c->stream->feed.end;
	c->seen = (struct feed_position){ .n = 0 };
	send_id(c, "event: resync\ndata: {}\n");
	send_health(c);
}

static bool wants_state(const struct client *c, const struct feed_state *state)
{
	bool of_lab = !c->only_lab || state->is_health;

	for (size_t i = 0; i < state->n_labs; i++) {
		of_lab |= state->labs[i] == c->only_lab;
		if (!who_sees(&c->who, state->labs[i]))
			return false;
	}
	return of_lab;
}

static bool wants(const struct client *c, const struct feed_entry *entry)
{
	if (feed_has_seen(&c->seen, entry))
		return false;
	if (entry->state)
		return wants_state(c, entry->state);
	return (!c->only_lab || c->only_lab == entry->lab_id) &&
	       who_sees(&c->who, entry->lab_id);
}

static void send_entry(const struct client *c, const struct feed_entry *entry)
{
	enum feed_reader reader = c->who.role < ROLE_OPERATOR ? FEED_VIEWER : FEED_OPERATOR;
	const struct feed_frame *frame = feed_frame_for(entry, reader);

	if (entry->state && entry->state->is_health)
		send_health(c);
	else
		httpd_stream_write(c->request, frame->text, frame->len);
}

static void feed_client(struct client *c)
{
	const struct feed *f = &c->stream->feed;

	if (c->at < f->first) {
		/* what it has not taken is gone, and there is no use in more */
		if (httpd_stream_unsent(c->request) == 0)
			resync(c);
		return;
	}
	for (; c->at < f->end && httpd_stream_unsent(c->request) < UNSENT_MAX; c->at++) {
		const struct feed_entry *entry = &f->ring[c->at % FEED_RING];

		if (wants(c, entry))
			send_entry(c, entry);
	}
}

static void on_room(struct httpd_request *request)
{
	feed_client(request->user);
}

static void on_gone(struct httpd_request *request)
{
	struct client *c = request->user;

	LIST_REMOVE(c, link);
	c->stream->n_clients--;
	metric_set(&metric_clients, NULL, (double)c->stream->n_clients);
	who_release(&c->who);
	free(c);
}

static const struct httpd_stream_events events = { .on_room = on_room, .on_gone = on_gone };

static void begin(struct client *c, const char *last_id)
{
	struct feed_position seen;

	httpd_stream_write(c->request, "retry: 2000\n\n", 13);
	if (!c->stream->feed.ready)
		return;
	if (!last_id || !*last_id) {
		send_id(c, "");
		send_health(c);
	} else if (feed_id_parse(last_id, &seen) &&
	           feed_resume(&c->stream->feed, &seen, &c->at)) {
		c->seen = seen;
		send_health(c);
		feed_client(c);
	} else {
		resync(c);
	}
}

void stream_take(struct stream *s, struct call *call)
{
	CLEANUP(freep) char *lab = NULL;
	CLEANUP(buf_deinit) struct buf headers = BUF_INIT(0);
	CLEANUP(freep) char *last_id = NULL;
	struct client *c = xcalloc(1, sizeof(*c));
	const char *said = http_head_find(&call->request->head, "last-event-id");
	bool bad;

	lab = http_query_find(call->request->head.query, "lab_id", &bad);
	last_id = said ? xstrdup(said)
	               : http_query_find(call->request->head.query, "last_event_id", &bad);
	*c = (struct client){
		.stream = s,
		.request = call->request,
		.who = call->who,
		.only_lab = lab ? strtoll(lab, NULL, 10) : 0,
		.at = s->feed.end,
		.ends_ms = clock_mono_ms() + LIFE_MS + random_u32() % LIFE_SPREAD_MS,
	};
	call->who = (struct who){ .via = VIA_NOBODY };
	call->request->user = c;
	LIST_INSERT_HEAD(&s->clients, c, link);
	s->n_clients++;
	metric_set(&metric_clients, NULL, (double)s->n_clients);
	httpd_header(&headers, "content-type", "text/event-stream");
	httpd_header(&headers, "cache-control", "no-store, no-transform");
	httpd_header(&headers, "x-accel-buffering", "no");
	httpd_header(&headers, "x-content-type-options", "nosniff");
	httpd_stream_begin(c->request, &headers, &events);
	begin(c, last_id);
	if (s->draining)
		httpd_stream_end(c->request);
}

/* Behind the lock. States have their place between the messages that came by then. */
static void take_states(struct stream *s)
{
	const json_t *run;
	size_t i;

	if (s->health_news) {
		json_decref(s->health);
		s->health = STEAL(s->health_news);
		if (s->feed.ready)
			feed_push_health(&s->feed);
	}
	json_array_foreach (s->runs_news, i, run)
		if (s->feed.ready)
			feed_push_run(&s->feed, run);
	json_decref(s->runs_news);
	s->runs_news = NULL;
}

static void take_arrived(struct stream *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->begun)
		feed_begin(&s->feed, &s->began_at);
	s->begun = false;
	for (size_t i = 0; i < s->n_arrived; i++)
		feed_push(&s->feed, &s->arrived[i]);
	s->n_arrived = 0;
	take_states(s);
	(void)pthread_mutex_unlock(&s->lock);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	struct client *next;

	take_arrived(s);
	for (struct client *c = LIST_FIRST(&s->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		feed_client(c);
	}
}

static void on_ping(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	int64_t now_ms = clock_mono_ms();
	struct client *next;

	for (struct client *c = LIST_FIRST(&s->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		if (now_ms > c->ends_ms)
			httpd_stream_end(c->request);
		else if (httpd_stream_unsent(c->request) < UNSENT_MAX)
			httpd_stream_write(c->request, ": ping\n\n", 8);
	}
}

struct stream *stream_start(struct dashboard *d)
{
	static const struct timeval every = { .tv_sec = PING_S };
	struct stream *s = xcalloc(1, sizeof(*s));

	metrics_register(metrics, ARRAY_SIZE(metrics));
	s->d = d;
	LIST_INIT(&s->clients);
	(void)pthread_mutex_init(&s->lock, NULL);
	s->wake = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_wake, s);
	s->ping = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_ping, s);
	if (!s->wake || !s->ping || event_add(s->ping, &every))
		abort();
	service_ready(d->ctx, "kafka", false, "not asked yet");
	service_thread(d->ctx, "updates", run_reader, s);
	s->watch = watch_start(d, take_news, s);
	return s;
}

struct watch *stream_watch(struct stream *s)
{
	return s->watch;
}

size_t stream_count(const struct stream *s)
{
	return s->n_clients;
}

void stream_drain(struct stream *s)
{
	s->draining = true;
	for (struct client *c = LIST_FIRST(&s->clients); c; c = LIST_NEXT(c, link))
		httpd_stream_end(c->request);
}

struct stream *stream_stop(struct stream *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_arrived; i++)
		feed_entry_release(&s->arrived[i]);
	(void)watch_stop(s->watch);
	json_decref(s->health);
	json_decref(s->runs_news);
	json_decref(s->health_news);
	feed_release(&s->feed);
	event_free(s->wake);
	event_free(s->ping);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}
