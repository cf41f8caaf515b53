#include "domain/order.h"

#include <stdio.h>
#include <sys/queue.h>

enum {
	ORDER_BUCKETS = 4096,
	PARKED_MAX = 100000, /* tickets of parked tasks; without one, order is not kept */
	/* one that does not come back by then was ended elsewhere */
	RELEASED_MAX_MS = 30 * 1000,
	PARKED_MAX_MS = 2 * 3600 * 1000, /* each look at its record begins it anew */
};

TAILQ_HEAD(order_tickets, order_ticket);

struct order_line {
	LIST_ENTRY(order_line) link;
	char *name;
	struct order_tickets tickets; /* by place */
	unsigned n_started, n_parked;
};

struct order_ticket {
	TAILQ_ENTRY(order_ticket) link;
	struct order_line *line;
	enum order_state state;
	int64_t place;
	struct log_id log_id;
	int attempt, partition;
	void *owner; /* NULL: parked */
	int64_t joined_ms;
	int64_t moved_ms; /* when it was parked or released */
	bool late;        /* it has waited for too long */
};

struct order {
	LIST_HEAD(order_bucket, order_line) lines[ORDER_BUCKETS];
	size_t n_parked;
};

struct order *order_new(void)
{
	return xcalloc(1, sizeof(struct order));
}

/* ---- lines ---- */

static struct order_bucket *bucket_of(struct order *o, const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return &o->lines[hash % ORDER_BUCKETS];
}

static struct order_line *line_find(struct order *o, const char *name)
{
	struct order_line *line;

	LIST_FOREACH(line, bucket_of(o, name), link)
	if (strcmp(line->name, name) == 0)
		return line;
	return NULL;
}

static char *name_of(const struct order_task *task)
{
	return xasprintf("%.*s %s", (int)task->lane_len, task->lane, task->entity);
}

static struct order_line *line_get(struct order *o, const struct order_task *task)
{
	CLEANUP(freep) char *name = name_of(task);
	struct order_line *line = line_find(o, name);

	if (line)
		return line;
	line = xcalloc(1, sizeof(*line));
	line->name = STEAL(name);
	TAILQ_INIT(&line->tickets);
	LIST_INSERT_HEAD(bucket_of(o, line->name), line, link);
	return line;
}

static void line_put(struct order_line *line)
{
	if (!TAILQ_EMPTY(&line->tickets))
		return;
	LIST_REMOVE(line, link);
	free(line->name);
	free(line);
}

static bool is_out(const struct order_ticket *t)
{
	return t->state == ORDER_PARKED || t->state == ORDER_RELEASED;
}

static void set_state(struct order *o, struct order_ticket *t, enum order_state state)
{
	bool was_out = is_out(t);

	t->line->n_started -= t->state == ORDER_STARTED;
	t->state = state;
	t->line->n_started += state == ORDER_STARTED;
	if (was_out == is_out(t))
		return;
	t->line->n_parked += was_out ? -1u : 1u;
	o->n_parked += was_out ? (size_t)-1 : 1;
}

static struct order_ticket *find(struct order_line *line, const struct order_task *task)
{
	struct order_ticket *t;

	if (line->n_parked == 0)
		return NULL;
	TAILQ_FOREACH (t, &line->tickets, link)
		if (is_out(t) && t->attempt == task->attempt &&
		    log_id_equal(&t->log_id, &task->log_id))
			return t;
	return NULL;
}

/* Behind those of the same place; one without a place goes behind all. */
static void insert(struct order_line *line, struct order_ticket *t)
{
	struct order_ticket *before = TAILQ_LAST(&line->tickets, order_tickets);

	if (t->place == 0 && before)
		t->place = before->place;
	while (before && before->place > t->place)
		before = TAILQ_PREV(before, order_tickets, link);
	if (before)
		TAILQ_INSERT_AFTER(&line->tickets, before, t, link);
	else
		TAILQ_INSERT_HEAD(&line->tickets, t, link);
}

static struct order_ticket *add(struct order_line *line, const struct order_task *task,
                                int64_t now_ms)
{
	struct order_ticket *t = xcalloc(1, sizeof(*t));

	t->line = line;
	t->state = ORDER_WAITING;
	t->place = task->place;
	t->log_id = task->log_id;
	t->attempt = task->attempt;
	t->partition = task->partition;
	t->joined_ms = now_ms;
	insert(line, t);
	return t;
}

static const struct order_ticket *earlier_out(const struct order_ticket *t)
{
	const struct order_ticket *other;

	if (t->line->n_parked == 0)
		return NULL;
	TAILQ_FOREACH (other, &t->line->tickets, link) {
		if (other == t)
			return NULL;
		if (is_out(other))
			return other;
	}
	return NULL;
}

/* ---- tasks in memory ---- */

struct order_ticket *order_join(struct order *o, const struct order_task *task, void *owner,
                                int64_t now_ms)
{
	struct order_line *line = line_get(o, task);
	struct order_ticket *t = find(line, task);

	if (!t)
		t = add(line, task, now_ms);
	set_state(o, t, ORDER_WAITING);
	t->owner = owner;
	return t;
}

bool order_may_start(const struct order_ticket *t)
{
	if (t->line->n_started > 0)
		return false;
	return t->late || TAILQ_FIRST(&t->line->tickets) == t;
}

bool order_follows_parked(const struct order_ticket *t)
{
	return !t->late && earlier_out(t);
}

bool order_start(struct order_ticket *t)
{
	bool ahead = TAILQ_FIRST(&t->line->tickets) != t;

	t->state = ORDER_STARTED;
	t->line->n_started++;
	return ahead;
}

void order_park(struct order *o, struct order_ticket *t, int64_t now_ms)
{
	if (o->n_parked >= PARKED_MAX && !is_out(t)) {
		(void)order_leave(o, t);
		return;
	}
	set_state(o, t, ORDER_PARKED);
	t->owner = NULL;
	t->moved_ms = now_ms;
}

static void *next_owner(const struct order_line *line)
{
	struct order_ticket *first = TAILQ_FIRST(&line->tickets);

	return first && order_may_start(first) ? first->owner : NULL;
}

void *order_leave(struct order *o, struct order_ticket *t)
{
	struct order_line *line = t->line;
	void *next;

	set_state(o, t, ORDER_WAITING); /* takes it off the counts */
	TAILQ_REMOVE(&line->tickets, t, link);
	free(t);
	next = next_owner(line);
	line_put(line);
	return next;
}

/* ---- parked tasks ---- */

static struct order_ticket *find_parked(struct order *o, const struct order_task *task)
{
	CLEANUP(freep) char *name = name_of(task);
	struct order_line *line = line_find(o, name);

	return line ? find(line, task) : NULL;
}

void order_meet_parked(struct order *o, const struct order_task *task, int64_t now_ms)
{
	struct order_ticket *t = find_parked(o, task);

	if (!t)
		t = add(line_get(o, task), task, now_ms);
	order_park(o, t, now_ms);
}

enum order_release order_ask_release(struct order *o, const struct order_task *task)
{
	const struct order_ticket *t = find_parked(o, task);
	const struct order_ticket *earlier = t && !t->late ? earlier_out(t) : NULL;

	if (!earlier)
		return ORDER_MAY_RELEASE;
	return earlier->state == ORDER_RELEASED ? ORDER_SOON : ORDER_NOT_YET;
}

void order_release(struct order *o, const struct order_task *task, int64_t now_ms)
{
	struct order_ticket *t = find_parked(o, task);

	if (!t)
		return;
	set_state(o, t, ORDER_RELEASED);
	t->moved_ms = now_ms;
}

void *order_end_parked(struct order *o, const struct order_task *task)
{
	struct order_ticket *t = find_parked(o, task);

	return t ? order_leave(o, t) : NULL;
}

/* ---- time ---- */

static bool is_lost(const struct order_ticket *t, int64_t now_ms, int64_t hold_ms)
{
	int64_t longest =
		t->state == ORDER_RELEASED ? RELEASED_MAX_MS : PARKED_MAX_MS + hold_ms;

	return is_out(t) && now_ms - t->moved_ms > longest;
}

static void look_at(struct order_ticket *t, int64_t now_ms, int64_t hold_ms,
                    struct order_survey *survey)
{
	int64_t waited = now_ms - t->joined_ms;

	if (t->state == ORDER_STARTED ||
	    (TAILQ_FIRST(&t->line->tickets) == t && t->line->n_started == 0))
		return;
	t->late |= waited > hold_ms;
	survey->waiting++;
	if (waited > survey->longest_ms)
		survey->longest_ms = waited;
}

static void wake_line(const struct order_line *line, void (*wake)(void *owner))
{
	struct order_ticket *t;

	TAILQ_FOREACH (t, &line->tickets, link)
		if (t->owner && t->state == ORDER_WAITING && order_may_start(t))
			wake(t->owner);
}

/* Ends what is lost, or all that is parked in this partition; the line may go with it. */
static void sweep_line(struct order *o, struct order_line *line, int partition,
                       int64_t now_ms, int64_t hold_ms)
{
	struct order_ticket *t = TAILQ_FIRST(&line->tickets);

	while (t) {
		struct order_ticket *next = TAILQ_NEXT(t, link);

		if (partition >= 0 ? is_out(t) && t->partition == partition
		                   : is_lost(t, now_ms, hold_ms))
			(void)order_leave(o, t);
		t = next;
	}
}

struct order_survey order_second(struct order *o, int64_t now_ms, int64_t hold_ms,
                                 void (*wake)(void *owner))
{
	struct order_survey survey = { 0 };

	for (size_t i = 0; i < ORDER_BUCKETS; i++) {
		struct order_line *line = LIST_FIRST(&o->lines[i]);

		while (line) {
			struct order_line *next = LIST_NEXT(line, link);
			struct order_ticket *t;

			TAILQ_FOREACH (t, &line->tickets, link)
				look_at(t, now_ms, hold_ms, &survey);
			wake_line(line, wake);
			sweep_line(o, line, -1, now_ms, hold_ms);
			line = next;
		}
	}
	return survey;
}

void order_drop_parked(struct order *o, int partition)
{
	for (size_t i = 0; i < ORDER_BUCKETS; i++) {
		struct order_line *line = LIST_FIRST(&o->lines[i]);

		while (line) {
			struct order_line *next = LIST_NEXT(line, link);

			sweep_line(o, line, partition, 0, 0);
			line = next;
		}
	}
}

static void line_free(struct order_line *line)
{
	struct order_ticket *t;

	while ((t = TAILQ_FIRST(&line->tickets))) {
		TAILQ_REMOVE(&line->tickets, t, link);
		free(t);
	}
	line_put(line);
}

struct order *order_free(struct order *o)
{
	struct order_line *line;

	if (!o)
		return NULL;
	for (size_t i = 0; i < ORDER_BUCKETS; i++)
		while ((line = LIST_FIRST(&o->lines[i])))
			line_free(line);
	free(o);
	return NULL;
}
