/*
 * The third pipeline: counts of logs by lab and hour (logstore/hours.h). The status updates
 * tell which logs are new or changed; the slices of time that these are of are counted anew
 * out of the logs, and the hour's document is set. So nothing depends on how often an
 * update comes or where a process dies. Beside it the last days' hours are gone over again
 * and again, the newest first: for what a killed process had in mind, and for logs that
 * were written by others. Both together take at most a tenth of one core.
 */
#include "logstore/hours.h"

#include "base/clock.h"
#include "callback.h"
#include "log/log.h"

#include <stdio.h>

#define MESSAGES      2000
#define POLL_MS       200
#define SLICES        12 /* of an hour */
#define SLICE_MS      (TALLY_HOUR_MS / SLICES)
#define HOURS_MAX     256 /* of some lab, in mind */
#define ITEMS_MAX     50000
#define BACK_HOURS    (7 * 24)
#define SHARE         10 /* rests so many times as long as it worked */
#define REST_MIN      500
#define REST_MAX      30000
#define ROUND_EVERY   2000
#define ROUND_PARTS   4
#define ROUND_PART_MS (TALLY_HOUR_MS / ROUND_PARTS)

struct lab_hour {
	int64_t lab_id, hour;
	unsigned known, dirty; /* slices, a bit each */
	int64_t marked_at;     /* a number that grows */
	struct tally slices[SLICES];
};

struct hours {
	struct callback *cb;
	struct kafka_consumer *kafka;
	struct logstore *store;
	struct lab_hour *hours[HOURS_MAX];
	size_t n;
	int64_t marks, rest_until_ms, round_at_ms;
	int64_t back; /* hours ago, of the round */
};

/* ---- what is to be counted ---- */

static struct lab_hour *lab_hour_free(struct lab_hour *h)
{
	for (size_t i = 0; i < SLICES; i++)
		tally_deinit(&h->slices[i]);
	free(h);
	return NULL;
}

static void forget(struct hours *s, size_t i)
{
	(void)lab_hour_free(s->hours[i]);
	s->hours[i] = s->hours[--s->n];
}

static size_t longest_unmarked(const struct hours *s)
{
	size_t oldest = 0;

	for (size_t i = 1; i < s->n; i++)
		if (s->hours[i]->marked_at < s->hours[oldest]->marked_at)
			oldest = i;
	return oldest;
}

static struct lab_hour *find(struct hours *s, int64_t lab_id, int64_t hour)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->hours[i]->lab_id == lab_id && s->hours[i]->hour == hour)
			return s->hours[i];
	/* a mark that is lost this way is made good by the round */
	if (s->n == HOURS_MAX)
		forget(s, longest_unmarked(s));
	s->hours[s->n] = xcalloc(1, sizeof(struct lab_hour));
	s->hours[s->n]->lab_id = lab_id;
	s->hours[s->n]->hour = hour;
	return s->hours[s->n++];
}

/* Out of our own JSON: inside a text the name's quotes would be escaped. */
static bool inserted_at(const struct kafka_message *m, int64_t *out)
{
	static const char name[] = "\"inserted_at\":";
	const char *at =
		m->value ? memmem(m->value, m->value_len, name, sizeof(name) - 1) : NULL;
	char text[CLOCK_ISO_SIZE];
	size_t n = 0;

	if (!at)
		return false;
	at += sizeof(name) - 1;
	const char *end = (const char *)m->value + m->value_len;
	while (at < end && (*at == ' ' || *at == '"'))
		at++;
	while (at < end && *at != '"' && n < sizeof(text) - 1)
		text[n++] = *at++;
	text[n] = '\0';
	return clock_parse_iso(text, out);
}

static void mark(struct hours *s, const struct kafka_message *m)
{
	int64_t at_ms, now_ms = clock_wall_ms();
	char lab[24];

	if (!m->key || m->key_len >= sizeof(lab) || !inserted_at(m, &at_ms))
		return;
	if (at_ms > now_ms || at_ms < now_ms - BACK_HOURS * TALLY_HOUR_MS)
		return;
	(void)snprintf(lab, sizeof(lab), "%.*s", (int)m->key_len, (const char *)m->key);
	int64_t lab_id = strtoll(lab, NULL, 10);
	if (lab_id == 0)
		return; /* of no lab: the round counts it */
	struct lab_hour *h = find(s, lab_id, at_ms / TALLY_HOUR_MS);
	h->dirty |= 1U << (unsigned)(at_ms % TALLY_HOUR_MS / SLICE_MS);
	h->marked_at = ++s->marks;
}

/* ---- counting ---- */

static int count_slices(struct hours *s, struct lab_hour *h)
{
	int64_t from_ms = h->hour * TALLY_HOUR_MS, now_ms = clock_wall_ms();

	for (unsigned i = 0; i < SLICES; i++, from_ms += SLICE_MS) {
		unsigned bit = 1U << i;

		if (((h->known & bit) && !(h->dirty & bit)) || from_ms > now_ms)
			continue;
		tally_deinit(&h->slices[i]);
		h->known &= ~bit;
		if (hours_count(s->store, h->lab_id, from_ms, from_ms + SLICE_MS,
		                &h->slices[i]))
			return LOGSTORE_E_AWAY;
		h->known |= bit;
	}
	return 0;
}

static int count_lab_hour(struct hours *s, struct lab_hour *h)
{
	struct tally sum = { .n = 0 };
	int64_t at_ms = clock_wall_ms();
	int result = count_slices(s, h);

	for (size_t i = 0; i < SLICES; i++)
		for (size_t k = 0; k < h->slices[i].n; k++)
			tally_add_item(&sum, &h->slices[i].items[k]);
	if (result == 0)
		result = hours_write(s->store, &sum, at_ms);
	tally_deinit(&sum);
	if (result == 0)
		h->dirty = 0;
	return result;
}

static void keep_memory_small(struct hours *s)
{
	size_t items = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < SLICES; k++)
			items += s->hours[i]->slices[k].n;
	while (items > ITEMS_MAX && s->n > 0) {
		size_t oldest = longest_unmarked(s);

		for (size_t k = 0; k < SLICES; k++)
			items -= s->hours[oldest]->slices[k].n;
		forget(s, oldest);
	}
	metric_set(&metric_hours, NULL, (double)s->n);
}

static int count_marked(struct hours *s)
{
	int result = 0;

	for (size_t i = 0; i < s->n && result == 0; i++)
		if (s->hours[i]->dirty && !service_draining(s->cb->ctx))
			result = count_lab_hour(s, s->hours[i]);
	keep_memory_small(s);
	return result;
}

/* By type and action, for what is asked of all labs together. */
static void add_all_labs(struct tally *all)
{
	size_t n = all->n;

	for (size_t i = 0; i < n; i++) {
		struct tally_item item = all->items[i];

		item.lab_id = HOURS_ALL_LABS;
		item.integration_id = item.auth_id = 0;
		item.developer_name = item.operation = NULL;
		tally_add_item(all, &item);
	}
}

/* One hour of all labs, in parts, for a drain may come. */
static int count_round(struct hours *s)
{
	int64_t now_ms = clock_wall_ms();
	int64_t from_ms = (now_ms / TALLY_HOUR_MS - s->back) * TALLY_HOUR_MS;
	struct tally all = { .n = 0 };
	int result = 0;

	for (int i = 0; i < ROUND_PARTS && result == 0; i++, from_ms += ROUND_PART_MS)
		if (!service_draining(s->cb->ctx))
			result = hours_count(s->store, 0, from_ms, from_ms + ROUND_PART_MS,
			                     &all);
	add_all_labs(&all);
	if (result == 0 && !service_draining(s->cb->ctx))
		result = hours_write(s->store, &all, now_ms);
	tally_deinit(&all);
	if (result == 0)
		s->back = (s->back + 1) % BACK_HOURS;
	return result;
}

static int count(struct hours *s)
{
	int64_t now_ms = clock_mono_ms();
	int result = count_marked(s);

	if (result || now_ms < s->round_at_ms || service_draining(s->cb->ctx))
		return result;
	s->round_at_ms = now_ms + ROUND_EVERY;
	return count_round(s);
}

static void work(struct hours *s)
{
	int64_t began_ms = clock_mono_ms(), rest_ms;

	if (began_ms < s->rest_until_ms)
		return;
	if (count(s))
		log_info(NULL, "callback.hours_wait", "the log store does not answer: %s",
		         logstore_error(s->store));
	rest_ms = (clock_mono_ms() - began_ms) * SHARE;
	if (rest_ms < REST_MIN)
		rest_ms = REST_MIN;
	s->rest_until_ms = clock_mono_ms() + (rest_ms > REST_MAX ? REST_MAX : rest_ms);
}

/* ---- the pipeline ---- */

static int open_parts(struct hours *s, struct err_text *why)
{
	static const enum kafka_topic topics[] = { KAFKA_TOPIC_STATUS_UPDATES };
	const struct kafka_consumer_options options = {
		.group = "callback-hours",
		.topics = topics,
		.n_topics = ARRAY_SIZE(topics),
	};
	int result = logstore_open(&s->cb->config->logstore, &s->store, why);

	return result ? result
	              : kafka_consumer_open(&s->cb->config->kafka, &options, &s->kafka,
	                                    why);
}

static void run(struct hours *s)
{
	static struct kafka_message messages[MESSAGES];

	while (!service_draining(s->cb->ctx)) {
		size_t n = kafka_consumer_batch(s->kafka, messages, MESSAGES, POLL_MS);

		for (size_t i = 0; i < n; i++)
			mark(s, &messages[i]);
		if (n > 0)
			kafka_consumer_done(s->kafka);
		work(s);
	}
}

int hours_run(struct service_ctx *ctx, void *callback)
{
	struct hours s = { .cb = callback };
	struct err_text why = { "" };
	int result = open_parts(&s, &why);

	if (result)
		log_error(NULL, "callback.hours", "%s", why.text);
	else
		run(&s);
	while (s.n > 0)
		forget(&s, s.n - 1);
	s.kafka = kafka_consumer_close(s.kafka);
	s.store = logstore_close(s.store);
	return result;
}
