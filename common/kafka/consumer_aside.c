/* Keys of a batch consumer that were set aside: their messages wait in lines of their own.
 */
#include "kafka/consumer_group.h"

static struct aside_key *find(struct kafka_consumer *c, const void *key, size_t len)
{
	for (size_t i = 0; i < c->n_aside_keys; i++)
		if (c->aside_keys[i].len == len &&
		    memcmp(c->aside_keys[i].bytes, key, len) == 0)
			return &c->aside_keys[i];
	return NULL;
}

struct fair *window_line_of(struct kafka_consumer *c, const void *key, size_t len)
{
	return c->n_aside_keys && find(c, key ? key : "", key ? len : 0) ? c->aside
	                                                                 : c->waiting;
}

static void move(struct fair *from, struct fair *to, const void *key, size_t len)
{
	struct fair_item *item;

	while ((item = fair_take_of(from, key, len)))
		fair_add(to, key, len, item);
}

static bool is_of(const struct held *h, const struct aside_key *key)
{
	return h->rd->key_len == key->len &&
	       memcmp(h->rd->key ? h->rd->key : "", key->bytes, key->len) == 0;
}

static struct aside_key *add_key(struct kafka_consumer *c, const void *key, size_t len)
{
	c->aside_keys =
		xrealloc(c->aside_keys, (c->n_aside_keys + 1) * sizeof(*c->aside_keys));
	struct aside_key *aside = &c->aside_keys[c->n_aside_keys++];

	aside->bytes = memcpy(xcalloc(1, len + 1), key, len);
	aside->len = len;
	return aside;
}

/* Those in hand come first: they are the key's oldest. */
void kafka_consumer_set_aside(struct kafka_consumer *c, const void *key, size_t len)
{
	size_t kept = 0;

	if (find(c, key ? key : "", len))
		return;
	const struct aside_key *aside = add_key(c, key ? key : "", len);

	for (size_t i = 0; i < c->n_batch; i++) {
		struct held *h = c->batch[i];

		if (is_of(h, aside))
			fair_add(c->aside, aside->bytes, len, &h->turn);
		else
			c->batch[kept++] = h;
	}
	c->n_batch = kept;
	c->handed = 0;
	move(c->waiting, c->aside, aside->bytes, len);
}

void kafka_consumer_let_back(struct kafka_consumer *c, const void *key, size_t len)
{
	struct aside_key *aside = find(c, key ? key : "", key ? len : 0);

	if (!aside)
		return;
	move(c->aside, c->waiting, aside->bytes, aside->len);
	free(aside->bytes);
	*aside = c->aside_keys[--c->n_aside_keys];
}

static struct kafka_held *copy(const struct held *h, struct header_pool *pool)
{
	struct kafka_message view;
	size_t first;

	pool->n = 0;
	message_view(h->rd, h->owned->topic, &view, pool, &first);
	view.headers = view.n_headers ? &pool->items[first] : NULL;
	return message_hold(&view);
}

size_t kafka_consumer_aside(struct kafka_consumer *c, struct kafka_held **out, size_t max)
{
	struct fair_item *item = max ? fair_take(c->aside) : NULL;
	struct header_pool pool = { 0 };
	size_t n = 0;

	while (item) {
		out[n++] = copy((const struct held *)item, &pool);
		item = n < max ? fair_take_of(c->aside, out[0]->m.key, out[0]->m.key_len)
		               : NULL;
	}
	free(pool.items);
	return n;
}

static struct held *find_held(struct kafka_consumer *c, const struct kafka_message *m)
{
	struct owned *o = consumer_find_owned(c, m->topic, m->partition);
	struct held *h = NULL;

	if (o)
		TAILQ_FOREACH (h, &o->held, link)
			if (h->offset >= m->offset)
				break;
	return h && h->offset == m->offset && h->rd ? h : NULL;
}

/* A partition that was given up meanwhile knows nothing of them. */
void kafka_consumer_aside_done(struct kafka_consumer *c, struct kafka_held **list, size_t n,
                               bool done)
{
	for (size_t i = 0; i < n; i++) {
		struct held *h = done ? find_held(c, &list[i]->m) : NULL;

		if (h && !h->turn.line)
			window_done(c, h);
		list[i] = kafka_held_free(list[i]);
	}
}

void consumer_aside_free(struct kafka_consumer *c)
{
	for (size_t i = 0; i < c->n_aside_keys; i++)
		free(c->aside_keys[i].bytes);
	free(c->aside_keys);
	(void)fair_free(c->aside);
}
