#include "outgoing.h"

#include "json/jdoc.h"

struct outgoing_item {
	char *value; /* a status update; NULL for a failed message */
	size_t value_len;
	char key[24];
	const struct kafka_message *failed;
	const char *reason;
	struct err_text exception;
};

static struct outgoing_item *add(struct outgoing *o)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 64;
		o->items = xrealloc(o->items, o->cap * sizeof(*o->items));
	}
	o->items[o->n] = (struct outgoing_item){ 0 };
	return &o->items[o->n++];
}

void outgoing_add_update(struct outgoing *o, const json_t *row)
{
	struct outgoing_item *item = add(o);

	item->value = jdoc_dump(row, &item->value_len);
	(void)snprintf(item->key, sizeof(item->key), "%lld",
	               (long long)jdoc_int_or(row, "lab_id", 0));
}

void outgoing_add_failed(struct outgoing *o, const struct kafka_message *message,
                         const char *reason, const char *exception)
{
	struct outgoing_item *item = add(o);

	item->failed = message;
	item->reason = reason;
	(void)err_say(&item->exception, 0, "%s", exception);
}

static int produce(struct kafka_batch *batch, const struct outgoing_item *item,
                   int64_t deadline_ms)
{
	const struct kafka_message m = {
		.topic = KAFKA_TOPIC_STATUS_UPDATES,
		.partition = -1,
		.key = item->key,
		.key_len = strlen(item->key),
		.value = item->value,
		.value_len = item->value_len,
	};

	if (item->failed)
		return kafka_batch_add_failed(batch, item->failed, item->reason,
		                              item->exception.text, deadline_ms);
	return kafka_batch_add(batch, &m, deadline_ms);
}

int outgoing_send(const struct outgoing *o, struct kafka_producer *producer,
                  int64_t deadline_ms)
{
	int result = 0;

	if (o->n == 0)
		return 0;
	struct kafka_batch *batch = kafka_batch_new(producer);
	for (size_t i = 0; i < o->n && result == 0; i++)
		result = produce(batch, &o->items[i], deadline_ms);
	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	return result;
}

void outgoing_drop_failed(struct outgoing *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n; i++)
		if (!o->items[i].failed)
			o->items[kept++] = o->items[i];
	o->n = kept;
}

void outgoing_deinit(struct outgoing *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->items[i].value);
	free(o->items);
	*o = (struct outgoing){ 0 };
}
