#include "publish.h"

#include "base/clock.h"
#include "log/log.h"

#include <poll.h>
#include <stdio.h>

#define WAIT_SLICE_MS  100
#define FAILED_TASK_MS 10000

struct publisher {
	struct kafka_producer *producer;
	int fd;
};

/* One batch under way. One that was given up lives until its last acknowledgement. */
struct sending {
	size_t waiting;
	bool failed;
	bool abandoned;
	struct flight {
		struct sending *sending;
		bool too_large;
	} flights[];
};

/* How a batch is waited for. */
struct patience {
	publisher_wait_fn wait;
	void *arg;
	int64_t since_ms;
};

int publisher_open(const struct kafka_config *config, struct publisher **out,
                   struct err_text *why)
{
	struct kafka_config patient = *config;
	CLEANUP(freep)
	char *extra =
		xasprintf("%s,message.timeout.ms=0", config->extra ? config->extra : "");
	CLEANUP(freep) struct publisher *p = xcalloc(1, sizeof(*p));

	patient.extra = extra;
	int r = kafka_producer_open(&patient, &p->producer, why);

	if (r)
		return r;
	p->fd = kafka_producer_fd(p->producer);
	*out = STEAL(p);
	return 0;
}

struct publisher *publisher_close(struct publisher *p)
{
	if (!p)
		return NULL;
	p->producer = kafka_producer_close(p->producer);
	free(p);
	return NULL;
}

static void on_ack(int result, void *arg)
{
	struct flight *flight = arg;
	struct sending *s = flight->sending;

	if (result == KAFKA_E_TOO_LARGE)
		flight->too_large = true;
	else if (result)
		s->failed = true;
	if (--s->waiting == 0 && s->abandoned)
		free(s);
}

/* False: no more waiting. */
static bool serve(struct publisher *p, const struct patience *patience)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	if (poll(&pfd, 1, WAIT_SLICE_MS) == 0 &&
	    !patience->wait(clock_mono_ms() - patience->since_ms, patience->arg))
		return false;
	kafka_producer_poll(p->producer);
	return true;
}

/* ---- one row as a message ---- */

enum { HEADERS_MAX = 8, SOURCE_SIZE = 32 };

struct envelope {
	char source[SOURCE_SIZE];
	struct kafka_header headers[HEADERS_MAX];
	struct kafka_message message;
};

static void add_header(struct envelope *e, const char *name, const char *value)
{
	if (value)
		e->headers[e->message.n_headers++] = (struct kafka_header){
			.name = name,
			.value = value,
			.len = strlen(value),
		};
}

/* Borrows the row's texts. */
static void fill_envelope(struct envelope *e, const struct outbox_row *row)
{
	(void)snprintf(e->source, sizeof(e->source), "/labs/%s", row->lab_id);
	e->message = (struct kafka_message){
		.topic = KAFKA_TOPIC_EVENTS,
		.partition = -1,
		.offset = -1,
		.key = row->lab_id,
		.key_len = strlen(row->lab_id),
		.value = row->data,
		.value_len = strlen(row->data),
		.headers = e->headers,
	};
	add_header(e, "ce_specversion", "1.0");
	add_header(e, "ce_id", row->event_id);
	add_header(e, "ce_source", e->source);
	add_header(e, "ce_type", row->type);
	add_header(e, "ce_subject", row->subject);
	add_header(e, "ce_time", row->time);
	add_header(e, "ce_traceparent", row->traceparent);
	add_header(e, "content-type", "application/json");
}

static int send_row(struct publisher *p, const struct outbox_row *row,
                    struct flight *flight, const struct patience *patience)
{
	struct envelope e;
	int r;

	fill_envelope(&e, row);
	flight->sending->waiting++; /* before: the ack may come while we wait for room */
	do
		r = kafka_produce(p->producer, &e.message, on_ack, flight);
	while (r == KAFKA_E_AWAY && serve(p, patience));
	if (r)
		flight->sending->waiting--;
	if (r != KAFKA_E_TOO_LARGE)
		return r;
	flight->too_large = true;
	return 0;
}

/* ---- rows that Kafka cannot take ---- */

static int add_failed(struct kafka_batch *batch, const struct outbox_row *row,
                      int64_t deadline_ms)
{
	struct envelope e;
	char exception[160];

	fill_envelope(&e, row);
	(void)snprintf(
		exception, sizeof(exception),
		"lis.outbox row %s has %zu bytes of data, more than lis.events takes",
		row->outbox_id, e.message.value_len);
	log_error(NULL, "outbox.too_large", "%s", exception);

	int r = kafka_batch_add_failed(batch, &e.message, "too_large", exception,
	                               deadline_ms);

	if (r != KAFKA_E_TOO_LARGE)
		return r;
	/* beyond failed-tasks, too: what remains is who it was */
	e.message.value = NULL;
	e.message.value_len = 0;
	return kafka_batch_add_failed(batch, &e.message, "too_large", exception,
	                              deadline_ms);
}

static int send_failed(struct publisher *p, const struct outbox_row *rows,
                       const struct flight *flights, size_t n)
{
	int64_t deadline_ms = clock_mono_ms() + FAILED_TASK_MS;
	struct kafka_batch *batch = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!flights[i].too_large)
			continue;
		if (!batch)
			batch = kafka_batch_new(p->producer);
		r = add_failed(batch, &rows[i], deadline_ms);
	}
	if (batch && r == 0)
		r = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	return r;
}

/* ---- the batch ---- */

static struct sending *new_sending(size_t n)
{
	struct sending *s = xcalloc(1, sizeof(*s) + n * sizeof(s->flights[0]));

	for (size_t i = 0; i < n; i++)
		s->flights[i].sending = s;
	return s;
}

static void leave(struct sending *s)
{
	s->abandoned = true;
	if (s->waiting == 0)
		free(s);
}

int publisher_send(struct publisher *p, const struct outbox_row *rows, size_t n,
                   publisher_wait_fn wait, void *arg)
{
	const struct patience patience = { wait, arg, clock_mono_ms() };
	struct sending *s = new_sending(n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = send_row(p, &rows[i], &s->flights[i], &patience);
	while (r == 0 && s->waiting > 0)
		r = serve(p, &patience) ? 0 : KAFKA_E_AWAY;
	if (r == 0 && s->failed)
		r = KAFKA_E_AWAY;
	if (r == 0)
		r = send_failed(p, rows, s->flights, n);
	leave(s);
	return r;
}
