#include "feed.h"

#include "api.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

const char *feed_id(const struct feed_position *p, char out[FEED_ID_SIZE])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n; i++)
		len += (size_t)snprintf(out + len, FEED_ID_SIZE - len, "%s%" PRId64,
		                        i ? "." : "", p->next[i]);
	return out;
}

bool feed_id_parse(const char *text, struct feed_position *out)
{
	*out = (struct feed_position){ .n = 0 };
	while (out->n < FEED_PARTITIONS && *text >= '0' && *text <= '9') {
		char *end;

		out->next[out->n++] = strtoll(text, &end, 10);
		if (*end == '\0')
			return true;
		text = *end == '.' ? end + 1 : "";
	}
	return false;
}

void feed_begin(struct feed *f, const struct feed_position *at)
{
	feed_release(f);
	f->first = f->end;
	f->from = f->next = *at;
	f->ready = true;
}

void feed_entry_release(struct feed_entry *entry)
{
	for (int i = 0; i < FEED_READERS; i++)
		free(entry->frames[i].text);
	if (entry->state)
		free(entry->state->labs);
	free(entry->state);
	*entry = (struct feed_entry){ .lab_id = 0 };
}

void feed_release(struct feed *f)
{
	for (; f->first < f->end; f->first++)
		feed_entry_release(&f->ring[f->first % FEED_RING]);
}

void feed_push(struct feed *f, const struct feed_entry *entry)
{
	if (f->end - f->first == FEED_RING) {
		struct feed_entry *oldest = &f->ring[f->first % FEED_RING];

		if (!oldest->state)
			f->from.next[oldest->partition] = oldest->offset + 1;
		feed_entry_release(oldest);
		f->first++;
	}
	f->ring[f->end++ % FEED_RING] = *entry;
	if (!entry->state)
		f->next.next[entry->partition] = entry->offset + 1;
}

/* A state was seen by who has something that came after it. */
static bool is_behind(const struct feed_position *p, const struct feed_position *state)
{
	for (size_t i = 0; i < p->n && i < state->n; i++)
		if (p->next[i] > state->next[i])
			return true;
	return false;
}

bool feed_has_seen(const struct feed_position *p, const struct feed_entry *entry)
{
	if (entry->state)
		return is_behind(p, &entry->state->after);
	return (size_t)entry->partition < p->n && entry->offset < p->next[entry->partition];
}

bool feed_resume(const struct feed *f, const struct feed_position *p, uint64_t *at)
{
	*at = f->end;
	if (!f->ready || p->n != f->next.n)
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (p->next[i] < f->from.next[i] || p->next[i] > f->next.next[i])
			return false;
	*at = f->first;
	while (*at < f->end && feed_has_seen(p, &f->ring[*at % FEED_RING]))
		(*at)++;
	return true;
}

/* ---- frames ---- */

static json_t *retry_json(const json_t *row)
{
	static const char *const fields[] = {
		"log_id",      "retry_id",         "lab_id",     "status",
		"retry_count", "auto_retry_count", "updated_at",
	};
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(row, fields[i]);

		(void)json_object_set(json, fields[i], value ? value : json_null());
	}
	return json;
}

void feed_append_event(struct buf *out, const char *name, const json_t *data)
{
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(data, &len);

	buf_printf(out, "event: %s\ndata: ", name);
	buf_append(out, text, len);
	buf_append_str(out, "\n");
}

static void end_frame(struct buf *events, const struct feed_position *next,
                      struct feed_frame *out)
{
	char id[FEED_ID_SIZE];

	buf_printf(events, "id: %s\n\n", feed_id(next, id));
	out->len = events->len;
	out->text = buf_take(events);
}

const struct feed_frame *feed_frame_for(const struct feed_entry *entry,
                                        enum feed_reader reader)
{
	const struct feed_frame *own = &entry->frames[reader];

	return own->text ? own : &entry->frames[FEED_OPERATOR];
}

static void make_frame(const json_t *row, const struct feed_position *next,
                       struct feed_frame *out)
{
	CLEANUP(buf_deinit) struct buf events = BUF_INIT(0);

	feed_append_event(&events, "log", row);
	if (jdoc_text_or(row, "retry_id", NULL)) {
		CLEANUP_JSON json_t *retry = retry_json(row);

		buf_append_str(&events, "\n");
		feed_append_event(&events, "UpdateRetryIntegrationStatus", retry);
	}
	end_frame(&events, next, out);
}

bool feed_read(struct feed_entry *entry, const char *value, size_t len,
               const struct feed_position *next)
{
	CLEANUP_JSON json_t *row = value ? jdoc_parse(value, len, NULL) : NULL;

	if (!json_is_object(row) || jdoc_int(row, "lab_id", &entry->lab_id, NULL))
		return false;
	make_frame(row, next, &entry->frames[FEED_OPERATOR]);
	mask_row_for_viewer(row);
	if (json_array_size(json_object_get(row, "masked")) > 0)
		make_frame(row, next, &entry->frames[FEED_VIEWER]);
	return true;
}

/* ---- states ---- */

static struct feed_state *new_state(const struct feed *f)
{
	struct feed_state *state = xcalloc(1, sizeof(*state));

	state->after = f->next;
	return state;
}

static void add_frame(const struct feed *f, struct feed_entry *entry,
                      enum feed_reader reader, const json_t *run)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	feed_append_event(&out, "run", run);
	end_frame(&out, &f->next, &entry->frames[reader]);
}

void feed_push_run(struct feed *f, const json_t *run)
{
	struct feed_entry entry = { .state = new_state(f) };
	CLEANUP_JSON json_t *masked = json_deep_copy(run);
	const json_t *labs = json_object_get(run, "labs"), *lab;
	size_t i;

	entry.state->labs = xcalloc(json_array_size(labs) + 1, sizeof(*entry.state->labs));
	json_array_foreach (labs, i, lab)
		entry.state->labs[entry.state->n_labs++] = json_integer_value(lab);
	add_frame(f, &entry, FEED_OPERATOR, run);
	mask_run(masked);
	add_frame(f, &entry, FEED_VIEWER, masked);
	feed_push(f, &entry);
}

void feed_push_health(struct feed *f)
{
	struct feed_entry entry = { .state = new_state(f) };

	entry.state->is_health = true;
	feed_push(f, &entry);
}
