/*
 * One context query a family and round. A statement that PostgreSQL refuses, or that takes
 * too long, is bisected until the entity that does it stands alone: that one fails, the
 * others are built.
 */
#include "base/clock.h"
#include "log/log.h"
#include "work.h"

#define LEAST_MS 2000

struct wanted {
	int64_t lab_id, id;
	const char *context; /* NULL: not there */
	char *fault;         /* NULL, or why it cannot be had */
};

struct fetch {
	struct trigger *trigger;
	struct work *work;
	enum action_family family;
};

#define X(symbol, name, key)                                                               \
	[FAMILY_##symbol] =                                                                \
		"SELECT q.lab, c.id, c.context FROM (SELECT lab, array_agg(id) AS ids"     \
		" FROM unnest($1::bigint[], $2::bigint[]) AS w (lab, id) GROUP BY lab) q"  \
		" CROSS JOIN LATERAL lis_api." name "_context(q.lab, q.ids) c",
static const char *const context_sql[FAMILY_COUNT] = { FAMILY_LIST(X) };
#undef X

static int by_entity(const void *a, const void *b)
{
	const struct wanted *left = a, *right = b;

	if (left->lab_id != right->lab_id)
		return left->lab_id < right->lab_id ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

/* The text stays where libpq has it; `rows` becomes the work's. */
static int keep_contexts(const struct fetch *f, struct pg_result *rows, struct wanted *list,
                         size_t n)
{
	work_keep_result(f->work, rows);
	for (size_t i = 0; i < pg_rows(rows); i++) {
		const struct wanted key = { .lab_id = pg_int(rows, i, 0),
			                    .id = pg_int(rows, i, 1) };
		struct wanted *found = bsearch(&key, list, n, sizeof(*list), by_entity);

		if (found)
			found->context = pg_text(rows, i, 2);
	}
	return 0;
}

static void fail_all(struct wanted *list, size_t n, const char *why)
{
	for (size_t i = 0; i < n; i++)
		list[i].fault = xstrdup(why);
}

static int query(const struct fetch *f, const struct wanted *list, size_t n,
                 int64_t timeout_ms, struct pg_result **rows)
{
	CLEANUP(freep) int64_t *numbers = xcalloc(n, sizeof(*numbers));
	CLEANUP(buf_deinit) struct buf labs = BUF_INIT(0);
	CLEANUP(buf_deinit) struct buf ids = BUF_INIT(0);

	for (size_t i = 0; i < n; i++)
		numbers[i] = list[i].lab_id;
	pg_array_int(&labs, numbers, n);
	for (size_t i = 0; i < n; i++)
		numbers[i] = list[i].id;
	pg_array_int(&ids, numbers, n);
	const char *const params[] = { buf_str(&labs), buf_str(&ids) };
	return pg_query(f->trigger->pg, context_sql[f->family], params, ARRAY_SIZE(params),
	                clock_mono_ms() + timeout_ms, rows);
}

enum trouble {
	TROUBLE_DATA,   /* something in these entities: bisect */
	TROUBLE_SCHEMA, /* the function is not there or not ours to call: none can be had */
	TROUBLE_SERVER, /* PostgreSQL itself: wait */
};

static enum trouble trouble_of(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum trouble trouble;
	} table[] = {
		{ .prefix = "57014", .trouble = TROUBLE_DATA }, /* statement_timeout */
		{ .prefix = "42", .trouble = TROUBLE_SCHEMA },
		{ .prefix = "3F", .trouble = TROUBLE_SCHEMA },
		{ .prefix = "25", .trouble = TROUBLE_SERVER },
		{ .prefix = "40", .trouble = TROUBLE_SERVER },
		{ .prefix = "53", .trouble = TROUBLE_SERVER },
		{ .prefix = "55", .trouble = TROUBLE_SERVER },
		{ .prefix = "57", .trouble = TROUBLE_SERVER },
		{ .prefix = "58", .trouble = TROUBLE_SERVER },
		{ .prefix = "XX", .trouble = TROUBLE_SERVER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
			return table[i].trouble;
	return TROUBLE_DATA;
}

/* A slow context function and a server that answers nobody look alike: ask for nothing. */
static bool server_answers(const struct fetch *f)
{
	for (int tries = 0; tries < 3; tries++) {
		if (pg_query(f->trigger->pg, "SELECT 1", NULL, 0, clock_mono_ms() + 2000,
		             NULL) == 0)
			return true;
		service_sleep(f->trigger->ctx,
		              500); /* the back-off of the new connection */
	}
	return false;
}

/* What a failed query of `n` entities means; sets the reason for an entity alone. */
static enum trouble judge(const struct fetch *f, int result, int64_t timeout_ms,
                          struct err_text *why)
{
	const char *family = action_family_name(f->family);

	if (result == PG_E_REFUSED) {
		(void)err_say(why, 0, "lis_api.%s_context failed: %s (%s)", family,
		              pg_error(f->trigger->pg), pg_sqlstate(f->trigger->pg));
		return trouble_of(pg_sqlstate(f->trigger->pg));
	}
	if (result != PG_E_TIMEOUT || !server_answers(f))
		return TROUBLE_SERVER;
	(void)err_say(why, 0, "lis_api.%s_context took longer than %lld ms", family,
	              (long long)timeout_ms);
	return TROUBLE_DATA;
}

static bool is_border(const struct wanted *list, size_t n, size_t at)
{
	return at > 0 && at < n && list[at - 1].lab_id != list[at].lab_id;
}

/* Between two labs where there is such a place, nearest the middle: the trouble is one
 * lab's more often than not. */
static size_t split_point(const struct wanted *list, size_t n)
{
	size_t middle = n / 2;

	for (size_t distance = 0; distance <= middle; distance++) {
		if (is_border(list, n, middle + distance))
			return middle + distance;
		if (is_border(list, n, middle - distance))
			return middle - distance;
	}
	return middle;
}

/* Half of the entities get half of the time, but enough for any that are not stuck. */
static int64_t shorter(int64_t timeout_ms)
{
	int64_t least = timeout_ms < LEAST_MS ? timeout_ms : LEAST_MS;

	return timeout_ms / 2 > least ? timeout_ms / 2 : least;
}

/* Recursion is bounded by the labs of a round and log2 of a lab's entities. */
static int fetch(const struct fetch *f, struct wanted *list, size_t n, int64_t timeout_ms)
{
	struct pg_result *rows = NULL;
	struct err_text why = { "" };
	int r = query(f, list, n, timeout_ms, &rows);

	if (r == 0)
		return keep_contexts(f, rows, list, n);
	switch (judge(f, r, timeout_ms, &why)) {
	case TROUBLE_SERVER:
		return TRIGGER_E_AGAIN;
	case TROUBLE_SCHEMA:
		fail_all(list, n, why.text);
		return 0;
	case TROUBLE_DATA:
		break;
	}
	if (n == 1) {
		fail_all(list, n, why.text);
		return 0;
	}
	size_t first = split_point(list, n);
	int64_t half_ms = shorter(timeout_ms);
	r = fetch(f, list, first, half_ms);
	return r ? r : fetch(f, list + first, n - first, half_ms);
}

static size_t collect(const struct work *w, enum action_family family, struct wanted *list)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < w->n_subjects; i++) {
		const struct subject *s = &w->subjects[i];

		if (s->action->family == family && s->entity_id != 0 && !s->context)
			list[n++] =
				(struct wanted){ .lab_id = s->lab_id, .id = s->entity_id };
	}
	qsort(list, n, sizeof(*list), by_entity);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_entity(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	return kept;
}

static void say_absent(struct subject *s, const struct wanted *found)
{
	const char *family = action_family_name(s->action->family);

	if (found->fault)
		s->result = err_say(&s->why, PAYLOAD_E_BUILD, "%s %lld: %s", family,
		                    (long long)s->entity_id, found->fault);
	else
		s->result = err_say(&s->why, PAYLOAD_E_BUILD, "%s %lld is not in lab %lld",
		                    family, (long long)s->entity_id, (long long)s->lab_id);
}

static void hand_out(struct work *w, enum action_family family, const struct wanted *list,
                     size_t n)
{
	for (size_t i = 0; i < w->n_subjects; i++) {
		struct subject *s = &w->subjects[i];
		const struct wanted key = { .lab_id = s->lab_id, .id = s->entity_id };

		if (s->action->family != family || s->entity_id == 0 || s->context)
			continue;
		const struct wanted *found =
			bsearch(&key, list, n, sizeof(*list), by_entity);
		if (found->context)
			s->context = found->context;
		else
			say_absent(s, found);
	}
}

static int fetch_family(struct trigger *t, struct work *w, enum action_family family)
{
	const struct fetch f = { .trigger = t, .work = w, .family = family };
	CLEANUP(freep) struct wanted *list = xcalloc(w->n_subjects, sizeof(*list));
	size_t n = collect(w, family, list);

	if (n == 0)
		return 0;
	int r = fetch(&f, list, n, t->config->context_timeout);
	if (r == 0)
		hand_out(w, family, list, n);
	for (size_t i = 0; i < n; i++)
		free(list[i].fault);
	return r;
}

int contexts_fetch(struct trigger *t, struct work *w)
{
	for (int family = 0; family < FAMILY_COUNT; family++) {
		int r = fetch_family(t, w, (enum action_family)family);

		if (r) {
			log_warn(NULL, "trigger.postgres_away",
			         "contexts cannot be read: %s", pg_error(t->pg));
			service_ready(t->ctx, t->pipeline->postgres, false,
			              pg_error(t->pg));
			return r;
		}
	}
	return 0;
}
