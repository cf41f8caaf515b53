#include "domain/fair.h"

enum { FAIR_BUCKETS = 1024 };

struct fair_line {
	LIST_ENTRY(fair_line) hash_link;
	TAILQ_ENTRY(fair_line) round_link;
	TAILQ_HEAD(, fair_item) items;
	size_t len;
	char key[];
};

struct fair {
	LIST_HEAD(fair_bucket, fair_line) lines[FAIR_BUCKETS];
	TAILQ_HEAD(, fair_line) round; /* the first one is next */
	size_t n_items, n_lines;
};

struct fair *fair_new(void)
{
	struct fair *f = xcalloc(1, sizeof(*f));

	TAILQ_INIT(&f->round);
	return f;
}

static void end_line(struct fair *f, struct fair_line *line)
{
	LIST_REMOVE(line, hash_link);
	TAILQ_REMOVE(&f->round, line, round_link);
	f->n_lines--;
	free(line);
}

struct fair *fair_free(struct fair *f)
{
	struct fair_line *line;

	while (f && (line = TAILQ_FIRST(&f->round)))
		end_line(f, line);
	free(f);
	return NULL;
}

static struct fair_bucket *bucket_of(struct fair *f, const char *key, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)key[i]) * 16777619u;
	return &f->lines[hash % FAIR_BUCKETS];
}

static struct fair_line *line_find(struct fair *f, const char *key, size_t len)
{
	struct fair_line *line;

	LIST_FOREACH(line, bucket_of(f, key, len), hash_link)
	if (line->len == len && memcmp(line->key, key, len) == 0)
		return line;
	return NULL;
}

static struct fair_line *line_get(struct fair *f, const char *key, size_t len)
{
	struct fair_line *line = line_find(f, key, len);

	if (line)
		return line;
	line = xcalloc(1, sizeof(*line) + len);
	line->len = len;
	memcpy(line->key, key, len);
	TAILQ_INIT(&line->items);
	LIST_INSERT_HEAD(bucket_of(f, key, len), line, hash_link);
	TAILQ_INSERT_TAIL(&f->round, line, round_link);
	f->n_lines++;
	return line;
}

void fair_add(struct fair *f, const void *key, size_t len, struct fair_item *item)
{
	struct fair_line *line = line_get(f, key ? key : "", key ? len : 0);

	item->alone = TAILQ_EMPTY(&line->items);
	item->line = line;
	TAILQ_INSERT_TAIL(&line->items, item, link);
	f->n_items++;
}

void fair_remove(struct fair *f, struct fair_item *item)
{
	struct fair_line *line = item->line;

	TAILQ_REMOVE(&line->items, item, link);
	item->line = NULL;
	f->n_items--;
	if (TAILQ_EMPTY(&line->items))
		end_line(f, line);
}

struct fair_item *fair_take(struct fair *f)
{
	struct fair_line *line = TAILQ_FIRST(&f->round);

	if (!line)
		return NULL;
	struct fair_item *item = TAILQ_FIRST(&line->items);

	TAILQ_REMOVE(&f->round, line, round_link);
	TAILQ_INSERT_TAIL(&f->round, line, round_link);
	fair_remove(f, item);
	return item;
}

struct fair_item *fair_take_of(struct fair *f, const void *key, size_t len)
{
	struct fair_line *line = line_find(f, key ? key : "", key ? len : 0);
	struct fair_item *item = line ? TAILQ_FIRST(&line->items) : NULL;

	if (item)
		fair_remove(f, item);
	return item;
}

size_t fair_items(const struct fair *f)
{
	return f->n_items;
}

size_t fair_lines(const struct fair *f)
{
	return f->n_lines;
}
