#include "logstore/tally.h"

#include "base/util.h"

#include <math.h>

#define WIDER (4.0 / 3.0)

void tally_deinit(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->items[i].developer_name);
		free(t->items[i].operation);
	}
	free(t->items);
	free(t->places);
	*t = (struct tally){ .n = 0 };
}

/* ---- finding ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value;
	hash *= 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 29);
}

static uint64_t hash_of(const struct tally_item *i)
{
	uint64_t hash = mix(mix((uint64_t)i->lab_id, (uint64_t)i->hour), i->api);

	hash = mix(mix(hash, (uint64_t)i->integration_id), (uint64_t)i->auth_id);
	hash = mix(hash, (uint64_t)i->action_id);
	for (const char *c = i->operation; c && *c; c++)
		hash = mix(hash, (unsigned char)*c);
	return hash;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_key(const struct tally_item *a, const struct tally_item *b)
{
	return a->lab_id == b->lab_id && a->hour == b->hour && a->api == b->api &&
	       a->integration_id == b->integration_id && a->auth_id == b->auth_id &&
	       a->action_id == b->action_id && same_text(a->operation, b->operation);
}

static uint32_t *place_of(const struct tally *t, const struct tally_item *key)
{
	size_t at = (size_t)hash_of(key) & (t->n_places - 1);

	while (t->places[at] && !same_key(&t->items[t->places[at] - 1], key))
		at = (at + 1) & (t->n_places - 1);
	return &t->places[at];
}

static void grow(struct tally *t)
{
	t->cap = t->cap ? t->cap * 2 : 16;
	t->items = xrealloc(t->items, t->cap * sizeof(*t->items));
	free(t->places);
	t->n_places = t->cap * 2;
	t->places = xcalloc(t->n_places, sizeof(*t->places));
	for (size_t i = 0; i < t->n; i++)
		*place_of(t, &t->items[i]) = (uint32_t)i + 1;
}

/* NULL: there are too many. */
static struct tally_item *find(struct tally *t, const struct tally_item *key)
{
	if (t->n == t->cap)
		grow(t);
	uint32_t *place = place_of(t, key);
	if (*place)
		return &t->items[*place - 1];
	if (t->n == TALLY_ITEMS_MAX) {
		t->full = true;
		return NULL;
	}
	struct tally_item *new = &t->items[t->n++];
	*place = (uint32_t)t->n;
	*new = (struct tally_item){
		.lab_id = key->lab_id,
		.hour = key->hour,
		.integration_id = key->integration_id,
		.auth_id = key->auth_id,
		.action_id = key->action_id,
		.api = key->api,
		.developer_name = key->developer_name ? xstrdup(key->developer_name) : NULL,
		.operation = key->operation ? xstrdup(key->operation) : NULL,
	};
	return new;
}

/* ---- counting ---- */

size_t tally_bucket(double ms)
{
	double at = ms < 1 ? 0 : log(ms) / log(WIDER);

	return at >= TALLY_BUCKETS - 1 ? TALLY_BUCKETS - 1 : (size_t)at;
}

double tally_p95(const uint32_t times[TALLY_BUCKETS])
{
	int64_t total = 0, seen = 0;

	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		total += times[i];
	for (size_t i = 0; total > 0 && i < TALLY_BUCKETS; i++) {
		seen += times[i];
		if (seen >= total - total / 20)
			return pow(WIDER, (double)i + 0.5);
	}
	return -1;
}

void tally_add_log(struct tally *t, const struct log_brief *log)
{
	const struct tally_item key = {
		.lab_id = log->lab_id,
		.hour = log->inserted_at_ms / TALLY_HOUR_MS,
		.integration_id = log->integration_id,
		.auth_id = log->auth_id,
		.action_id = log->action_id,
		.api = log->api,
		.developer_name = (char *)(uintptr_t)log->developer_name,
		.operation = (char *)(uintptr_t)log->operation,
	};
	struct tally_item *item = find(t, &key);

	if (!item)
		return;
	item->by_status[log->status]++;
	if (log->response_time_ms >= 0)
		item->times[tally_bucket(log->response_time_ms)]++;
}

void tally_add_item(struct tally *t, const struct tally_item *item)
{
	struct tally_item *to = find(t, item);

	if (!to)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(to->by_status); i++)
		to->by_status[i] += item->by_status[i];
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		to->times[i] += item->times[i];
}

/* ---- filters ---- */

static bool among(int64_t value, const int64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i] == value)
			return true;
	return n == 0;
}

bool tally_fits(const struct tally_item *item, const struct log_filter *f)
{
	return among(item->lab_id, f->labs, f->n_labs) &&
	       among(item->action_id, f->actions, f->n_actions) &&
	       (!f->auth_id || f->auth_id == item->auth_id) &&
	       (!f->integration_id || f->integration_id == item->integration_id) &&
	       (!f->integration_type ||
	        (strcmp(f->integration_type, "API") == 0) == item->api);
}

bool tally_knows(const struct log_filter *f)
{
	return !f->error_kind && !f->words && !f->id && f->n_bills + f->n_patients == 0;
}
