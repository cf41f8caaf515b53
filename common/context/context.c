#include "context/context.h"

#include "base/clock.h"

#include <unistd.h>

#define LEAST_MS 2000

struct wanted {
	enum action_family family;
	int64_t lab_id, id;
	const char *context; /* of one of the results; NULL: not there */
	char *fault;         /* NULL, or why it cannot be had */
	bool slow;           /* given up for the others' sake */
};

struct contexts {
	struct wanted *list; /* ascending and each once, when fetched */
	size_t n, cap;
	struct pg_result **results; /* hold the contexts' text */
	size_t n_results;
};

struct fetch {
	const struct context_source *source;
	struct contexts *contexts;
	enum action_family family;
};

#define X(symbol, name, key)                                                               \
	[FAMILY_##symbol] =                                                                \
		"SELECT q.lab, c.id, c.context FROM (SELECT lab, array_agg(id) AS ids"     \
		" FROM unnest($1::bigint[], $2::bigint[]) AS w (lab, id) GROUP BY lab) q"  \
		" CROSS JOIN LATERAL lis_api." name "_context(q.lab, q.ids) c",
static const char *const context_sql[FAMILY_COUNT] = { FAMILY_LIST(X) };
#undef X

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_entity(const void *a, const void *b)
{
	const struct wanted *left = a, *right = b;
	int r = compare((int64_t)left->family, (int64_t)right->family);

	if (r == 0)
		r = compare(left->lab_id, right->lab_id);
	return r ? r : compare(left->id, right->id);
}

struct contexts *contexts_new(void)
{
	return xcalloc(1, sizeof(struct contexts));
}

struct contexts *contexts_free(struct contexts *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n; i++)
		free(c->list[i].fault);
	for (size_t i = 0; i < c->n_results; i++)
		(void)pg_result_free(c->results[i]);
	free(c->list);
	free(c->results);
	free(c);
	return NULL;
}

void contexts_want(struct contexts *c, enum action_family family, int64_t lab_id,
                   int64_t id)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 64;
		c->list = xrealloc(c->list, c->cap * sizeof(*c->list));
	}
	c->list[c->n++] = (struct wanted){ .family = family, .lab_id = lab_id, .id = id };
}

/* The text stays where libpq has it. */
static void keep_contexts(const struct fetch *f, struct pg_result *rows,
                          struct wanted *list, size_t n)
{
	struct contexts *c = f->contexts;

	c->results = xrealloc(c->results, (c->n_results + 1) * sizeof(struct pg_result *));
	c->results[c->n_results++] = rows;
	for (size_t i = 0; i < pg_rows(rows); i++) {
		const struct wanted key = { .family = f->family,
			                    .lab_id = pg_int(rows, i, 0),
			                    .id = pg_int(rows, i, 1) };
		struct wanted *found = bsearch(&key, list, n, sizeof(*list), by_entity);

		if (found)
			found->context = pg_text(rows, i, 2);
	}
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
	return pg_query(f->source->pg, context_sql[f->family], params, ARRAY_SIZE(params),
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

static void pause_for(const struct context_source *source, int64_t ms)
{
	if (source->pause)
		source->pause(source->arg, ms);
	else
		(void)usleep((useconds_t)ms * 1000);
}

/* A slow context function and a server that answers nobody look alike: ask for nothing. */
static bool server_answers(const struct fetch *f)
{
	for (int tries = 0; tries < 3; tries++) {
		if (pg_query(f->source->pg, "SELECT 1", NULL, 0, clock_mono_ms() + 2000,
		             NULL) == 0)
			return true;
		pause_for(f->source, 500); /* the back-off of the new connection */
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
		              pg_error(f->source->pg), pg_sqlstate(f->source->pg));
		return trouble_of(pg_sqlstate(f->source->pg));
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

	if (r == 0) {
		keep_contexts(f, rows, list, n);
		return 0;
	}
	switch (judge(f, r, timeout_ms, &why)) {
	case TROUBLE_SERVER:
		return CONTEXT_E_AWAY;
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

/* It took too long, and PostgreSQL itself is well. */
static bool was_slow(const struct fetch *f, int result)
{
	if (result == PG_E_REFUSED)
		return strcmp(pg_sqlstate(f->source->pg), "57014") == 0;
	return result == PG_E_TIMEOUT && server_answers(f);
}

static int try_fetch(const struct fetch *f, struct wanted *list, size_t n, bool *slow)
{
	struct pg_result *rows = NULL;
	int r = query(f, list, n, f->source->patience_ms, &rows);

	*slow = r && was_slow(f, r);
	if (r == 0)
		keep_contexts(f, rows, list, n);
	else if (!*slow)
		return fetch(f, list, n, f->source->timeout_ms);
	return 0;
}

static size_t same_lab(const struct wanted *list, size_t n)
{
	size_t same = 1;

	while (same < n && list[same].lab_id == list[0].lab_id)
		same++;
	return same;
}

/* A lab that was asked for alone needs no second look. */
static int fetch_patiently(const struct fetch *f, struct wanted *list, size_t n)
{
	bool slow, alone = same_lab(list, n) == n;
	int r = try_fetch(f, list, n, &slow);

	if (r || !slow)
		return r;
	for (size_t at = 0, some; at < n && r == 0; at += some) {
		some = same_lab(list + at, n - at);
		if (!alone)
			r = try_fetch(f, list + at, some, &slow);
		for (size_t i = 0; i < some; i++)
			list[at + i].slow = slow;
	}
	return r;
}

static void order(struct contexts *c)
{
	size_t kept = 0;

	if (c->n > 0)
		qsort(c->list, c->n, sizeof(*c->list), by_entity);
	for (size_t i = 0; i < c->n; i++)
		if (kept == 0 || by_entity(&c->list[kept - 1], &c->list[i]) != 0)
			c->list[kept++] = c->list[i];
	c->n = kept;
}

int contexts_fetch(struct contexts *c, const struct context_source *source)
{
	order(c);
	for (size_t from = 0, to; from < c->n; from = to) {
		const struct fetch f = { .source = source,
			                 .contexts = c,
			                 .family = c->list[from].family };

		to = from;
		while (to < c->n && c->list[to].family == f.family)
			to++;
		int r = source->patience_ms
		                ? fetch_patiently(&f, c->list + from, to - from)
		                : fetch(&f, c->list + from, to - from, source->timeout_ms);
		if (r)
			return r;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].slow)
			return CONTEXT_E_SLOW;
	return 0;
}

bool contexts_is_slow(const struct contexts *c, int64_t lab_id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].slow && c->list[i].lab_id == lab_id)
			return true;
	return false;
}

int contexts_find(const struct contexts *c, enum action_family family, int64_t lab_id,
                  int64_t id, const char **out, struct err_text *why)
{
	const struct wanted key = { .family = family, .lab_id = lab_id, .id = id };
	const struct wanted *found =
		c->n ? bsearch(&key, c->list, c->n, sizeof(*c->list), by_entity) : NULL;
	const char *name = action_family_name(family);

	if (found && found->context) {
		*out = found->context;
		return 0;
	}
	if (found && found->fault)
		return err_say(why, CONTEXT_E_ABSENT, "%s %lld: %s", name, (long long)id,
		               found->fault);
	return err_say(why, CONTEXT_E_ABSENT, "%s %lld is not in lab %lld", name,
	               (long long)id, (long long)lab_id);
}
