#include "kafka/client.h"

#include <strings.h>

/* A record's lengths, attributes and the batch's header, rounded up. */
#define RECORD_OVERHEAD 128
#define HEADER_OVERHEAD 10

const struct kafka_header *kafka_header_find(const struct kafka_message *m,
                                             const char *name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (strcasecmp(m->headers[i].name, name) == 0)
			return &m->headers[i];
	return NULL;
}

size_t message_wire_size(const struct kafka_message *m)
{
	size_t size = RECORD_OVERHEAD + m->key_len + m->value_len;

	for (size_t i = 0; i < m->n_headers; i++)
		size += strlen(m->headers[i].name) + m->headers[i].len + HEADER_OVERHEAD;
	return size;
}

static struct kafka_header *pool_add(struct header_pool *pool)
{
	if (pool->n == pool->cap) {
		pool->cap = pool->cap ? pool->cap * 2 : 64;
		pool->items = xrealloc(pool->items, pool->cap * sizeof(*pool->items));
	}
	return &pool->items[pool->n++];
}

void message_view(const rd_kafka_message_t *rd, enum kafka_topic topic,
                  struct kafka_message *out, struct header_pool *pool, size_t *first)
{
	rd_kafka_headers_t *headers = NULL;
	struct kafka_header h;
	size_t n = 0;

	*first = pool->n;
	if (rd_kafka_message_headers(rd, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		while (rd_kafka_header_get_all(headers, n, &h.name, &h.value, &h.len) ==
		       RD_KAFKA_RESP_ERR_NO_ERROR) {
			*pool_add(pool) = h;
			n++;
		}
	*out = (struct kafka_message){
		.topic = topic,
		.partition = rd->partition,
		.offset = rd->offset,
		.timestamp_ms = rd_kafka_message_timestamp(rd, NULL),
		.key = rd->key,
		.key_len = rd->key_len,
		.value = rd->payload,
		.value_len = rd->len,
		.n_headers = n,
	};
}

/* Puts `len` bytes and a NUL at *at, which moves on. */
static char *place(char **at, const void *bytes, size_t len)
{
	char *start = *at;

	if (len)
		memcpy(start, bytes, len);
	start[len] = '\0';
	*at += len + 1;
	return start;
}

static size_t held_size(const struct kafka_message *m)
{
	size_t size = sizeof(struct kafka_held) +
	              m->n_headers * sizeof(struct kafka_header) + m->key_len + 1 +
	              m->value_len + 1;

	for (size_t i = 0; i < m->n_headers; i++)
		size += strlen(m->headers[i].name) + 1 + m->headers[i].len + 1;
	return size;
}

struct kafka_held *message_hold(const struct kafka_message *m)
{
	size_t size = held_size(m);
	struct kafka_held *h = xrealloc(NULL, size);
	struct kafka_header *headers = (struct kafka_header *)(h + 1);
	char *at = (char *)(headers + m->n_headers);

	h->m = *m;
	h->bytes = size;
	h->m.headers = m->n_headers ? headers : NULL;
	for (size_t i = 0; i < m->n_headers; i++) {
		const struct kafka_header *from = &m->headers[i];

		headers[i].name = place(&at, from->name, strlen(from->name));
		headers[i].value = place(&at, from->value, from->len);
		headers[i].len = from->len;
	}
	h->m.key = m->key ? place(&at, m->key, m->key_len) : NULL;
	h->m.value = m->value ? place(&at, m->value, m->value_len) : NULL;
	return h;
}

struct kafka_held *kafka_held_free(struct kafka_held *h)
{
	free(h);
	return NULL;
}
