#include "retryrun/chosen.h"

#include "logstore/search.h"
#include "json/jdoc.h"

#define PAGE 1000

bool retryrun_may_see(const struct retryrun_labs *labs, int64_t lab_id)
{
	for (size_t i = 0; i < labs->n; i++)
		if (labs->ids[i] == lab_id)
			return true;
	return labs->n == 0;
}

/* The filter's labs that may be seen; *labs is the caller's. False: there are none. */
static bool narrow(struct log_filter *filter, const struct retryrun_labs *allowed,
                   int64_t **labs)
{
	if (filter->n_labs == 0) {
		filter->labs = allowed->ids;
		filter->n_labs = allowed->n;
		return true;
	}
	size_t n = 0;
	*labs = xcalloc(filter->n_labs, sizeof(**labs));
	for (size_t i = 0; i < filter->n_labs; i++)
		if (retryrun_may_see(allowed, filter->labs[i]))
			(*labs)[n++] = filter->labs[i];
	filter->labs = *labs;
	filter->n_labs = n;
	return n > 0;
}

static void take_page(struct chosen *c, const struct log_page *page)
{
	const json_t *row;
	size_t i;

	json_array_foreach (page->rows, i, row) {
		const char *hex = jdoc_text_or(row, "log_id", "");

		if (c->n == RETRYRUN_LOGS_MAX)
			c->capped = true;
		else if (log_id_parse(hex, &c->ids[c->n]))
			c->n++;
	}
}

static int search(const struct retryrun_tools *tools, const struct retryrun_scope *scope,
                  int64_t cut_off_ms, struct chosen *c)
{
	CLEANUP(freep) int64_t *labs = NULL;
	struct log_filter filter = *scope->filter;
	struct log_page page = { .more = true };

	if (!narrow(&filter, &scope->labs, &labs))
		return 0;
	if (filter.to_ms == 0 || filter.to_ms > cut_off_ms)
		filter.to_ms = cut_off_ms;
	while (page.more && !c->capped) {
		const struct log_cursor after = page.next;
		int r = logstore_search(tools->store, &filter, after.set ? &after : NULL,
		                        PAGE, &page);

		if (r == 0)
			take_page(c, &page);
		json_decref(page.rows);
		if (r)
			return r;
	}
	return 0;
}

struct place {
	struct log_id id;
	size_t at;
};

static int by_id(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

/* The first one of each id, in the given order. */
static void take_ids(const struct retryrun_scope *scope, struct chosen *c)
{
	CLEANUP(freep) struct place *places = xcalloc(scope->n_ids, sizeof(*places));
	CLEANUP(freep) bool *repeated = xcalloc(scope->n_ids, sizeof(*repeated));

	for (size_t i = 0; i < scope->n_ids; i++)
		places[i] = (struct place){ .id = scope->ids[i], .at = i };
	qsort(places, scope->n_ids, sizeof(*places), by_id);
	for (size_t i = 1; i < scope->n_ids; i++)
		if (log_id_equal(&places[i].id, &places[i - 1].id))
			repeated[places[i].at] = true;
	for (size_t i = 0; i < scope->n_ids; i++)
		if (!repeated[i])
			c->ids[c->n++] = scope->ids[i];
}

int chosen_make(const struct retryrun_tools *tools, const struct retryrun_scope *scope,
                int64_t cut_off_ms, struct chosen *out, struct err_text *why)
{
	*out = (struct chosen){ .n = 0 };
	if (!scope->filter && (scope->n_ids == 0 || scope->n_ids > RETRYRUN_LOGS_MAX))
		return err_say(why, RETRYRUN_E_INVALID, "ids: 1 to %d of them",
		               RETRYRUN_LOGS_MAX);
	out->ids = xcalloc(RETRYRUN_LOGS_MAX, sizeof(*out->ids));
	if (!scope->filter)
		take_ids(scope, out);
	else if (search(tools, scope, cut_off_ms, out))
		return err_say(why, RETRYRUN_E_AWAY, "mongodb: %s",
		               logstore_error(tools->store));
	return 0;
}

void chosen_release(struct chosen *c)
{
	free(c->ids);
	*c = (struct chosen){ .n = 0 };
}
