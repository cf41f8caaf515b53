#include "shared.h"

#include "base/clock.h"
#include "base/util.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

enum {
	PLACES = 24,
	TEXTS_MAX = 2 << 20, /* bytes of all of them */
	KEPT_TIMES = 20,
	KEPT_MAX_MS = 3000,
	OLD_MAX_MS = 10000, /* while a newer one is made, this will do */
	WAIT_MS = 2000,
};

struct place {
	char *question; /* NULL: free */
	char *text;     /* NULL: none yet */
	size_t len;
	int64_t made_ms, fresh_until_ms, asked_ms;
	bool is_made; /* somebody is at it */
};

struct shared {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t bytes;
	struct place places[PLACES];
};

struct shared *shared_new(void)
{
	struct shared *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t clock;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->changed, &clock);
	(void)pthread_condattr_destroy(&clock);
	return s;
}

static void empty(struct shared *s, struct place *p)
{
	s->bytes -= p->text ? p->len : 0;
	free(p->question);
	free(p->text);
	*p = (struct place){ .question = NULL };
}

struct shared *shared_free(struct shared *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < PLACES; i++)
		empty(s, &s->places[i]);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

static struct place *find(struct shared *s, const char *question)
{
	for (size_t i = 0; i < PLACES; i++)
		if (s->places[i].question && strcmp(s->places[i].question, question) == 0)
			return &s->places[i];
	return NULL;
}

/* Not asked for the longest; NULL: all are free, or being made. */
static struct place *oldest_of(struct shared *s)
{
	struct place *oldest = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &s->places[i];

		if (p->question && !p->is_made &&
		    (!oldest || p->asked_ms < oldest->asked_ms))
			oldest = p;
	}
	return oldest;
}

/* NULL: all are being made. */
static struct place *make_room(struct shared *s)
{
	for (size_t i = 0; i < PLACES; i++)
		if (!s->places[i].question)
			return &s->places[i];
	struct place *oldest = oldest_of(s);
	if (oldest)
		empty(s, oldest);
	return oldest;
}

static bool is_good(const struct place *p, int64_t now_ms)
{
	return p->text && (now_ms < p->fresh_until_ms ||
	                   (p->is_made && now_ms - p->made_ms < OLD_MAX_MS));
}

/* Until whoever makes it is done. */
static struct place *wait_for(struct shared *s, const char *question)
{
	int64_t until_ms = clock_mono_ms() + WAIT_MS;
	const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
		                        .tv_nsec = (long)(until_ms % 1000) * 1000000 };
	struct place *p = find(s, question);

	while (p && p->is_made && !is_good(p, clock_mono_ms()) &&
	       clock_mono_ms() < until_ms) {
		(void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
		p = find(s, question);
	}
	return p;
}

char *shared_take(struct shared *s, const char *question, size_t *len)
{
	char *text = NULL;

	(void)pthread_mutex_lock(&s->lock);
	struct place *p = wait_for(s, question);
	if (!p && (p = make_room(s)))
		p->question = xstrdup(question);
	if (p) {
		p->asked_ms = clock_mono_ms();
		if (is_good(p, p->asked_ms)) {
			*len = p->len;
			text = xstrndup(p->text, p->len);
		} else {
			p->is_made = true;
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
	return text;
}

static void keep(struct shared *s, struct place *p, const char *text, size_t len,
                 int64_t cost_ms)
{
	int64_t kept_ms = cost_ms * KEPT_TIMES;

	s->bytes -= p->text ? p->len : 0;
	free(p->text);
	p->text = NULL;
	for (struct place *old; s->bytes + len > TEXTS_MAX && (old = oldest_of(s));)
		empty(s, old);
	if (s->bytes + len > TEXTS_MAX)
		return;
	p->text = xstrndup(text, len);
	p->len = len;
	s->bytes += len;
	p->made_ms = clock_mono_ms();
	p->fresh_until_ms = p->made_ms + (kept_ms < KEPT_MAX_MS ? kept_ms : KEPT_MAX_MS);
}

void shared_put(struct shared *s, const char *question, const char *text, size_t len,
                int64_t cost_ms)
{
	(void)pthread_mutex_lock(&s->lock);
	struct place *p = find(s, question);
	if (p) {
		if (text)
			keep(s, p, text, len, cost_ms);
		p->is_made = false;
		if (!p->text)
			empty(s, p);
	}
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}
