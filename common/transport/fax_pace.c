#include "transport/fax_pace.h"

#include "base/clock.h"

#include <event2/event.h>

TAILQ_HEAD(turn_list, fax_turn);

struct fax_pace {
	LIST_ENTRY(fax_pace) link;
	struct fax_paces *all;
	char *where;
	double rate;
	int64_t next_ms; /* monotonic: when the next one may start */
	struct turn_list waiting;
	struct event *timer; /* armed while somebody waits */
};

struct fax_paces {
	struct event_base *loop;
	LIST_HEAD(, fax_pace) list;
	size_t n_waiting;
};

/* A little more than the rate asks for: the way to the vendor may push two together. */
static int64_t gap_ms(const struct fax_pace *p)
{
	return p->rate > 0 ? (int64_t)(1050 / p->rate) : 0;
}

static void arm(struct fax_pace *p)
{
	int64_t wait = p->next_ms - clock_mono_ms();
	struct timeval tv = { .tv_sec = 0 };

	if (wait > 0)
		tv = (struct timeval){ .tv_sec = wait / 1000,
			               .tv_usec = wait % 1000 * 1000 };
	(void)evtimer_add(p->timer, &tv);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct fax_pace *p = arg;
	struct fax_turn *turn = TAILQ_FIRST(&p->waiting);
	int64_t now_ms = clock_mono_ms();

	if (!turn)
		return;
	if (p->next_ms > now_ms) { /* it was told to rest meanwhile */
		arm(p);
		return;
	}
	fax_turn_leave(turn);
	p->next_ms = now_ms + gap_ms(p);
	if (!TAILQ_EMPTY(&p->waiting))
		arm(p);
	turn->start(turn->arg);
}

static struct fax_pace *obtain(struct fax_paces *all, const char *where)
{
	struct fax_pace *p;

	LIST_FOREACH(p, &all->list, link)
	if (strcmp(p->where, where) == 0)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->all = all;
	p->where = xstrdup(where);
	p->timer = evtimer_new(all->loop, on_turn, p);
	if (!p->timer)
		abort(); /* out of memory */
	TAILQ_INIT(&p->waiting);
	LIST_INSERT_HEAD(&all->list, p, link);
	return p;
}

static struct fax_pace *pace_free(struct fax_pace *p)
{
	struct fax_turn *turn;

	while ((turn = TAILQ_FIRST(&p->waiting)))
		fax_turn_leave(turn);
	LIST_REMOVE(p, link);
	event_free(p->timer);
	free(p->where);
	free(p);
	return NULL;
}

/* Addresses that no row has any more. */
static void forget_idle(struct fax_paces *all, const struct fax_pace *but)
{
	struct fax_pace *p = LIST_FIRST(&all->list);
	int64_t now_ms = clock_mono_ms();

	while (p) {
		struct fax_pace *next = LIST_NEXT(p, link);

		if (p != but && TAILQ_EMPTY(&p->waiting) && p->next_ms <= now_ms)
			(void)pace_free(p);
		p = next;
	}
}

void fax_pace_wait(struct fax_paces *all, const char *where, double rate,
                   struct fax_turn *turn)
{
	struct fax_pace *p = obtain(all, where);

	forget_idle(all, p);
	p->rate = rate;
	turn->pace = p;
	if (TAILQ_EMPTY(&p->waiting))
		arm(p);
	TAILQ_INSERT_TAIL(&p->waiting, turn, link);
	all->n_waiting++;
}

void fax_turn_leave(struct fax_turn *turn)
{
	if (!turn->pace)
		return;
	TAILQ_REMOVE(&turn->pace->waiting, turn, link);
	turn->pace->all->n_waiting--;
	turn->pace = NULL;
}

void fax_pace_rest(struct fax_paces *all, const char *where, int64_t ms)
{
	struct fax_pace *p = obtain(all, where);
	int64_t until_ms = clock_mono_ms() + ms;

	if (until_ms > p->next_ms)
		p->next_ms = until_ms;
}

size_t fax_paces_waiting(const struct fax_paces *p)
{
	return p->n_waiting;
}

struct fax_paces *fax_paces_new(struct event_base *loop)
{
	struct fax_paces *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	LIST_INIT(&p->list);
	return p;
}

struct fax_paces *fax_paces_free(struct fax_paces *p)
{
	struct fax_pace *pace;

	if (!p)
		return NULL;
	while ((pace = LIST_FIRST(&p->list)))
		(void)pace_free(pace);
	free(p);
	return NULL;
}
