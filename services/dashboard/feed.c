#include "feed.h"

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

void feed_release(struct feed *f)
{
	for (; f->first < f->end; f->first++)
		free(f->ring[f->first % FEED_RING].frame);
}

void feed_push(struct feed *f, const struct feed_entry *entry)
{
	if (f->end - f->first == FEED_RING) {
		struct feed_entry *oldest = &f->ring[f->first % FEED_RING];

		f->from.next[oldest->partition] = oldest->offset + 1;
		free(oldest->frame);
		f->first++;
	}
	f->ring[f->end++ % FEED_RING] = *entry;
	f->next.next[entry->partition] = entry->offset + 1;
}

bool feed_has_seen(const struct feed_position *p, const struct feed_entry *entry)
{
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

static void append_event(struct buf *out, const char *name, const json_t *data)
{
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(data, &len);

	buf_printf(out, "event: %s\ndata: ", name);
	buf_append(out, text, len);
	buf_append_str(out, "\n");
}

char *feed_frame(const char *value, size_t len, const struct feed_position *next,
                 int64_t *lab_id, size_t *out_len)
{
	CLEANUP_JSON json_t *row = value ? jdoc_parse(value, len, NULL) : NULL;
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	char id[FEED_ID_SIZE];

	if (!json_is_object(row) || jdoc_int(row, "lab_id", lab_id, NULL))
		return NULL;
	append_event(&out, "log", row);
	if (jdoc_text_or(row, "retry_id", NULL)) {
		CLEANUP_JSON json_t *retry = retry_json(row);

		buf_append_str(&out, "\n");
		append_event(&out, "UpdateRetryIntegrationStatus", retry);
	}
	buf_printf(&out, "id: %s\n\n", feed_id(next, id));
	*out_len = out.len;
	return buf_take(&out);
}
