#include "sender.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "inbound/capture.h"
#include "log/log.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	WAIT_MS = 100,
	GATHER_MS = 30,      /* nobody waits for a record: many in one go are cheap */
	SYNC_AFTER_MS = 100, /* what the broker has not taken by then goes to the disk */
	LOOK_MS = 500,
	ADOPT_MS = 5000,
	DRAIN_MS = 5000,
	WAIT_FIRST_MS = 250,
	WAIT_MAX_MS = 5000,
};
#define BURST        ((size_t)400 << 10) /* bytes; a request has room for 512 KiB */
#define MESSAGE_MARK 'M'

struct sender {
	struct gateway *gw;
	struct kafka_producer *producer;
	int wake;
	struct buf json;
	atomic_bool asleep;
	size_t under_way, under_way_bytes;
	unsigned failures; /* of the broker, in a row */
	bool failed;       /* some of those under way come back */
	int64_t looked_ms, adopted_ms, draining_since_ms;
	uint64_t damaged;
};

struct sent {
	struct sender *sender;
	uint64_t number;
	size_t size;
};

struct sender *sender_open(struct gateway *gw)
{
	struct sender *s = xcalloc(1, sizeof(*s));

	s->gw = gw;
	s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->wake < 0)
		abort();
	return s;
}

struct sender *sender_close(struct sender *s)
{
	if (s) {
		(void)close(s->wake);
		buf_deinit(&s->json);
		free(s);
	}
	return NULL;
}

void sender_wake(struct sender *s)
{
	static const uint64_t one = 1;

	if (atomic_exchange(&s->asleep, false) &&
	    write(s->wake, &one, sizeof(one)) != sizeof(one))
		return; /* it is full: it wakes anyway */
}

void sender_append_message(struct buf *out, int64_t lab_id, const char *json, size_t len)
{
	buf_append_char(out, MESSAGE_MARK);
	buf_append(out, &lab_id, sizeof(lab_id));
	buf_append(out, json, len);
}

static void on_ack(int result, void *arg)
{
	struct sent *sent = arg;
	struct sender *s = sent->sender;

	s->under_way--;
	s->under_way_bytes -= sent->size;
	if (result == 0) {
		s->failures = 0;
		metric_add(&metric_sent, "sent", 1);
		journal_done(s->gw->journal, sent->number);
	} else {
		s->failed = true;
	}
	free(sent);
}

static int produce(struct sender *s, int64_t lab_id, const char *json, size_t len,
                   uint64_t number)
{
	struct sent *sent = xcalloc(1, sizeof(*sent));
	char key[24];
	const struct kafka_message m = {
		.topic = KAFKA_TOPIC_INBOUND_CALLS,
		.partition = -1,
		.key = key,
		.key_len = (size_t)snprintf(key, sizeof(key), "%lld", (long long)lab_id),
		.value = json,
		.value_len = len,
	};

	*sent = (struct sent){ .sender = s, .number = number, .size = len };
	int result = kafka_produce(s->producer, &m, on_ack, sent);
	if (result) {
		free(sent);
		return result;
	}
	s->under_way++;
	s->under_way_bytes += len;
	return 0;
}

static void give_up(struct sender *s, uint64_t number, const char *why)
{
	metric_add(&metric_sent, "dropped", 1);
	log_error(NULL, "gateway.record_lost", "a record cannot be sent: %s", why);
	journal_done(s->gw->journal, number);
}

static int send_capture(struct sender *s, const struct journal_entry *entry)
{
	struct capture c;

	if (capture_decode(entry->data, entry->len, &c)) {
		give_up(s, entry->number, "it is unreadable");
		return 0;
	}
	buf_clear(&s->json);
	capture_append_json(&c, &s->json);
	int result = produce(s, c.number[CAPTURE_LAB_ID], s->json.data, s->json.len,
	                     entry->number);
	if (result != KAFKA_E_TOO_LARGE)
		return result;
	c.text[CAPTURE_REQUEST_BODY].len = c.text[CAPTURE_RESPONSE_BODY].len = 0;
	c.number[CAPTURE_REQUEST_CUT] = c.number[CAPTURE_RESPONSE_CUT] = 1;
	buf_clear(&s->json);
	capture_append_json(&c, &s->json);
	return produce(s, c.number[CAPTURE_LAB_ID], s->json.data, s->json.len,
	               entry->number);
}

static int send_message(struct sender *s, const struct journal_entry *entry)
{
	size_t head = 1 + sizeof(int64_t);
	int64_t lab_id;

	if (entry->len < head)
		return KAFKA_E_TOO_LARGE;
	memcpy(&lab_id, entry->data + 1, sizeof(lab_id));
	return produce(s, lab_id, entry->data + head, entry->len - head, entry->number);
}

static void send_burst(struct sender *s)
{
	struct journal_entry entry;

	while (!s->failed && s->under_way_bytes < BURST &&
	       journal_read(s->gw->journal, &entry) == 0) {
		int result = entry.len && entry.data[0] == MESSAGE_MARK
		                     ? send_message(s, &entry)
		                     : send_capture(s, &entry);

		if (result == KAFKA_E_TOO_LARGE)
			give_up(s, entry.number, "it is too large");
		else if (result)
			s->failed = true;
	}
	if (s->under_way == 0) /* what is there cannot be read */
		(void)poll(NULL, 0, WAIT_MS);
}

/* Once nothing is on its way any more, everything not acknowledged is read again. */
static void recover(struct sender *s)
{
	if (!s->failed || s->under_way > 0)
		return;
	s->failed = false;
	s->failures++;
	journal_rewind(s->gw->journal);
	log_warn(NULL, "gateway.broker_away",
	         "Kafka does not take the records; they wait in the spool");
	service_sleep(s->gw->ctx, backoff_wait_ms(WAIT_FIRST_MS, WAIT_MAX_MS, s->failures,
	                                          random_u32()));
}

static void look_around(struct sender *s, int64_t now_ms)
{
	struct journal_state state = journal_state(s->gw->journal);
	bool waits = state.oldest_ms && now_ms - state.oldest_ms >= SYNC_AFTER_MS;

	if (waits && state.unsynced && journal_sync(s->gw->journal))
		log_error(NULL, "gateway.spool", "the spool cannot be synced to the disk");
	if (now_ms - s->looked_ms < LOOK_MS)
		return;
	s->looked_ms = now_ms;
	metric_set(&metric_spool_bytes, NULL,
	           (double)state.unread + (double)s->under_way_bytes);
	metric_set(&metric_spool_age, NULL,
	           state.oldest_ms ? (double)(now_ms - state.oldest_ms) / 1000 : 0);
	metric_set(&metric_spool_damage, "torn", (double)state.torn);
	metric_set(&metric_spool_damage, "broken", (double)state.broken);
	if (state.broken > s->damaged)
		log_error(NULL, "gateway.spool_damaged",
		          "a file of the spool has wrong bytes; what could be read was "
		          "sent, the rest is set aside as *.broken");
	s->damaged = state.broken;
	if (now_ms - s->adopted_ms < ADOPT_MS)
		return;
	s->adopted_ms = now_ms;
	if (journal_adopt(s->gw->journal) > 0)
		log_info(NULL, "gateway.spool_adopted",
		         "the records of an instance that died are sent");
}

static void await_acknowledgements(struct sender *s)
{
	struct pollfd fd = { .fd = kafka_producer_fd(s->producer), .events = POLLIN };

	(void)poll(&fd, 1, WAIT_MS);
}

static void await_records(struct sender *s)
{
	struct pollfd fds[] = {
		{ .fd = s->wake, .events = POLLIN },
		{ .fd = kafka_producer_fd(s->producer), .events = POLLIN },
	};
	uint64_t count;

	atomic_store(&s->asleep, true);
	if (journal_state(s->gw->journal).unread == 0)
		(void)poll(fds, ARRAY_SIZE(fds), WAIT_MS);
	atomic_store(&s->asleep, false);
	(void)!read(s->wake, &count, sizeof(count));
}

/*
 * librdkafka's thread spins while an idempotent producer has a message that has lingered
 * and cannot go, since others of its partition are not acknowledged yet. So a burst is what
 * one request can take, it is complete before it has lingered, and the next one comes after
 * its acknowledgements.
 */
static void go_on(struct sender *s)
{
	uint64_t unread = journal_state(s->gw->journal).unread;

	if (s->under_way > 0 || s->failed) {
		await_acknowledgements(s);
	} else if (unread == 0) {
		await_records(s);
	} else {
		if (unread < BURST && !service_draining(s->gw->ctx))
			(void)poll(NULL, 0, GATHER_MS);
		send_burst(s);
	}
}

/* What is not sent by then is on the disk, for the next start. */
static bool is_done(struct sender *s, int64_t now_ms)
{
	if (!service_draining(s->gw->ctx))
		return false;
	if (s->draining_since_ms == 0)
		s->draining_since_ms = now_ms;
	/* in the order in which a call goes on to the next place */
	if (s->gw->calls > 0 || s->gw->n_records > 0)
		return false;
	struct journal_state state = journal_state(s->gw->journal);
	bool empty = state.unread == 0 && s->under_way == 0;
	return empty || now_ms - s->draining_since_ms > DRAIN_MS;
}

/* So long that a burst is complete when its first message has lingered: see go_on. */
static int open_producer(struct sender *s, struct err_text *why)
{
	struct kafka_config config = s->gw->config->kafka;
	CLEANUP(freep)
	char *extra = xasprintf("linger.ms=10,%s", config.extra ? config.extra : "");

	config.extra = extra;
	return kafka_producer_open(&config, &s->producer, why);
}

int sender_run(struct service_ctx *ctx, void *gateway)
{
	struct gateway *gw = gateway;
	struct sender *s = gw->sender;
	struct err_text why = { "" };
	int result = open_producer(s, &why);

	if (result) {
		log_error(NULL, "gateway.sender", "%s", why.text);
		return result;
	}
	while (!is_done(s, clock_mono_ms())) {
		kafka_producer_poll(s->producer);
		recover(s);
		look_around(s, clock_mono_ms());
		go_on(s);
	}
	if (journal_sync(gw->journal))
		log_error(NULL, "gateway.spool", "the spool cannot be synced to the disk");
	s->producer = kafka_producer_close(s->producer);
	return 0;
}
