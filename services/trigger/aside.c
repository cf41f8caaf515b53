#include "aside.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "intake.h"
#include "kafka/stream.h"
#include "log/log.h"
#include "pipeline.h"

#include <pthread.h>
#include <unistd.h>

enum {
	ASIDE_BATCH = 50, /* events of one lab */
	ASIDE_LABS = 256, /* more are not set aside: then the trouble is PostgreSQL's */
	REST_MS = 60000,  /* since it was slow last */
	LOOK_MS = 50,
	CLOSE_MS = 3000,
};

enum stage { STAGE_FREE, STAGE_GIVEN, STAGE_DONE };

struct lab {
	char *key;
	size_t len;
	int64_t slow_ms; /* monotonic: the last time */
};

struct aside {
	struct trigger *events; /* owns the consumer */
	struct trigger worker;
	pthread_mutex_t lock; /* of what follows, but the labs */
	pthread_cond_t given;
	enum stage stage;
	struct kafka_held *held[ASIDE_BATCH];
	size_t n;
	bool done, slow; /* of what was given */
	bool closed;
	struct lab labs[ASIDE_LABS]; /* the pipeline's */
	size_t n_labs;
};

struct aside *aside_new(struct trigger *events)
{
	struct aside *a = xcalloc(1, sizeof(*a));

	a->events = events;
	a->worker = *events;
	a->worker.patience_ms = 0;
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->given, NULL);
	return a;
}

/* ---- the thread ---- */

/* False: the process ends first. */
static bool carry_out(struct aside *a, const struct kafka_message *messages, size_t n)
{
	struct trigger *t = &a->worker;

	for (unsigned failures = 0; !service_draining(t->ctx);) {
		if (pipeline_handle(t, messages, n) == 0)
			return true;
		metric_add(&metric_waits, "aside", 1);
		service_sleep(t->ctx, backoff_wait_ms(200, 5000, ++failures, random_u32()));
	}
	return false;
}

static bool wait_given(struct aside *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->stage != STAGE_GIVEN && !a->closed)
		(void)pthread_cond_wait(&a->given, &a->lock);
	bool given = a->stage == STAGE_GIVEN && !a->closed;

	pthread_mutex_unlock(&a->lock);
	return given;
}

static void work(struct aside *a)
{
	static struct kafka_message messages[ASIDE_BATCH];
	int64_t began_ms = clock_mono_ms();

	for (size_t i = 0; i < a->n; i++)
		messages[i] = a->held[i]->m;
	bool done = carry_out(a, messages, a->n);

	pthread_mutex_lock(&a->lock);
	a->done = done;
	a->slow = clock_mono_ms() - began_ms >= a->events->patience_ms;
	a->stage = STAGE_DONE;
	pthread_mutex_unlock(&a->lock);
}

int aside_run(struct service_ctx *ctx, void *aside)
{
	struct aside *a = aside;
	struct err_text why = { "" };
	int r = pipeline_open(&a->worker, &why);

	if (r)
		log_error(NULL, "trigger.start", "%s", why.text);
	while (r == 0 && wait_given(a))
		work(a);
	pipeline_close(&a->worker);
	return r;
}

/* ---- the events' pipeline ---- */

static struct lab *find(struct aside *a, const struct kafka_message *m)
{
	for (size_t i = 0; i < a->n_labs; i++)
		if (a->labs[i].len == m->key_len &&
		    memcmp(a->labs[i].key, m->key ? m->key : "", m->key_len) == 0)
			return &a->labs[i];
	return NULL;
}

bool aside_set(struct aside *a, const struct kafka_message *m)
{
	const struct log_ctx ctx = { .topic = kafka_topics[m->topic].name,
		                     .partition = m->partition,
		                     .offset = m->offset };

	if (find(a, m) || a->n_labs == ASIDE_LABS)
		return false;
	struct lab *lab = &a->labs[a->n_labs++];

	*lab = (struct lab){ .key = xstrndup(m->key ? m->key : "", m->key_len),
		             .len = m->key_len,
		             .slow_ms = clock_mono_ms() };
	log_warn(&ctx, "trigger.lab_set_aside",
	         "contexts of this event's lab take longer than %lld ms: it goes on beside "
	         "the others",
	         (long long)a->events->patience_ms);
	kafka_consumer_set_aside(a->events->consumer, m->key, m->key_len);
	metric_set(&metric_labs_aside, NULL, (double)a->n_labs);
	return true;
}

static void let_back(struct aside *a)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = a->n_labs; i-- > 0;) {
		struct lab *lab = &a->labs[i];

		if (now_ms - lab->slow_ms < REST_MS)
			continue;
		kafka_consumer_let_back(a->events->consumer, lab->key, lab->len);
		free(lab->key);
		*lab = a->labs[--a->n_labs];
	}
	metric_set(&metric_labs_aside, NULL, (double)a->n_labs);
}

static void take_back(struct aside *a)
{
	struct lab *lab = find(a, &a->held[0]->m);

	if (lab && a->slow)
		lab->slow_ms = clock_mono_ms();
	kafka_consumer_aside_done(a->events->consumer, a->held, a->n, a->done);
	a->n = 0;
	a->stage = STAGE_FREE;
}

void aside_turn(struct aside *a)
{
	if (a->n_labs == 0 && a->n == 0)
		return;
	pthread_mutex_lock(&a->lock);
	if (a->stage == STAGE_DONE)
		take_back(a);
	if (a->stage == STAGE_FREE) {
		let_back(a);
		a->n = kafka_consumer_aside(a->events->consumer, a->held, ASIDE_BATCH);
		a->stage = a->n ? STAGE_GIVEN : STAGE_FREE;
	}
	if (a->stage == STAGE_GIVEN)
		(void)pthread_cond_signal(&a->given);
	pthread_mutex_unlock(&a->lock);
}

static bool is_working(struct aside *a)
{
	pthread_mutex_lock(&a->lock);
	bool working = a->stage == STAGE_GIVEN;

	pthread_mutex_unlock(&a->lock);
	return working;
}

/* A batch that is nearly done need not be done again by the next owner. */
void aside_close(struct aside *a)
{
	int64_t until_ms = clock_mono_ms() + CLOSE_MS;

	while (is_working(a) && a->events->consumer && clock_mono_ms() < until_ms)
		(void)usleep(LOOK_MS * 1000);
	pthread_mutex_lock(&a->lock);
	a->closed = true;
	(void)pthread_cond_signal(&a->given);
	if (a->stage == STAGE_DONE)
		take_back(a);
	pthread_mutex_unlock(&a->lock);
}
