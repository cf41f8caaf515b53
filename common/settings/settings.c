/* The snapshot: rows, found by id and by (lab, action). Immutable once built. */
#include "settings/row.h"

#include <stdatomic.h>
#include <stdio.h>

struct settings {
	atomic_int refs;
	int64_t version;
	struct integration *rows;         /* ascending id */
	const struct integration **index; /* ascending (lab, action, id) */
	size_t n;
};

static int compare_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_id(const void *a, const void *b)
{
	return compare_int(((const struct integration *)a)->id,
	                   ((const struct integration *)b)->id);
}

static int compare_place(const struct integration *row, int64_t lab_id, int action_id)
{
	int r = compare_int(row->lab_id, lab_id);

	return r ? r : compare_int(row->action_id, action_id);
}

static int by_place(const void *a, const void *b)
{
	const struct integration *left = *(const struct integration *const *)a;
	const struct integration *right = *(const struct integration *const *)b;
	int r = compare_place(left, right->lab_id, right->action_id);

	return r ? r : compare_int(left->id, right->id);
}

struct settings *settings_build(int64_t version, const struct settings_cells *rows,
                                size_t n, const struct keyring *keys)
{
	struct settings *s = xcalloc(1, sizeof(*s));

	atomic_init(&s->refs, 1);
	s->version = version;
	s->rows = xcalloc(n, sizeof(*s->rows));
	s->index = xcalloc(n, sizeof(*s->index));
	s->n = n;
	for (size_t i = 0; i < n; i++)
		settings_row_parse(&rows[i], keys, NULL, NULL, &s->rows[i]);
	qsort(s->rows, n, sizeof(*s->rows), by_id);
	for (size_t i = 0; i < n; i++)
		s->index[i] = &s->rows[i];
	qsort(s->index, n, sizeof(*s->index), by_place);
	return s;
}

struct settings *settings_ref(struct settings *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

struct settings *settings_unref(struct settings *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		settings_row_release(&s->rows[i]);
	free(s->rows);
	free(s->index);
	free(s);
	return NULL;
}

int64_t settings_version(const struct settings *s)
{
	return s->version;
}

const struct integration *settings_find(const struct settings *s, int64_t integration_id)
{
	const struct integration key = { .id = integration_id };

	return bsearch(&key, s->rows, s->n, sizeof(*s->rows), by_id);
}

void settings_each(const struct settings *s,
                   void (*visit)(const struct integration *row, void *arg), void *arg)
{
	for (size_t i = 0; i < s->n; i++)
		visit(&s->rows[i], arg);
}

/* The first place in the index that is not before (lab, action). */
static size_t first_at(const struct settings *s, int64_t lab_id, int action_id)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_place(s->index[middle], lab_id, action_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Every org_id that counts equals the event's: the row's own where it has one, and, with
 * is_org, the authentication's, where null matches nothing. */
static bool matches_organisation(const struct integration *row, int64_t org_id)
{
	if (row->org_id != 0 && row->org_id != org_id)
		return false;
	return !row->is_org || (row->auth_org_id != 0 && row->auth_org_id == org_id);
}

const char *settings_changed(const struct integration *row, int64_t lab_id, int action_id,
                             int64_t org_id)
{
	if (row->lab_id != lab_id)
		return "the integration is another lab's now";
	if (row->action_id != action_id)
		return "the integration is for another action now";
	if (!matches_organisation(row, org_id))
		return "the integration is for another organisation now";
	return NULL;
}

size_t settings_match(const struct settings *s, int64_t lab_id, int action_id,
                      int64_t org_id, const struct integration **out, size_t max)
{
	size_t found = 0;

	for (size_t i = first_at(s, lab_id, action_id);
	     i < s->n && compare_place(s->index[i], lab_id, action_id) == 0; i++) {
		const struct integration *row = s->index[i];

		if (!row->active || !matches_organisation(row, org_id))
			continue;
		if (found < max)
			out[found] = row;
		found++;
	}
	return found;
}

const char *settings_lane_key(const struct integration *row, char out[LANE_KEY_SIZE])
{
	if (row->rate_limit_group)
		(void)snprintf(out, LANE_KEY_SIZE, "%s", row->rate_limit_group);
	else
		(void)snprintf(out, LANE_KEY_SIZE, "%lld", (long long)row->auth_id);
	return out;
}
