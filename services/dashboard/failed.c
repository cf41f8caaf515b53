/* integration.failed-tasks, read from its end back. */
#include "failed.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "kafka/reader.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>

enum {
	READ_MS = 8000,
	PARTITIONS_MAX = 32,
	SHOWN_MAX = 64 * 1024, /* bytes of a message */
	PAGE_BYTES = 8 << 20,  /* of all the messages of a page */
};

struct failed {
	int64_t at_ms;
	int partition;
	int64_t offset;
	json_t *item;
};

struct failed_page {
	struct call *call;
	char *reason;
	struct failed *items;
	size_t n, cap;
	size_t bytes;
	int64_t before[PARTITIONS_MAX];
	size_t n_before;
};

static json_t *header_json(const struct kafka_message *m, const char *name)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	return h && utf8_valid(h->value, h->len) ? json_stringn(h->value, h->len)
	                                         : json_null();
}

static json_t *header_int(const struct kafka_message *m, const char *name)
{
	const struct kafka_header *h = kafka_header_find(m, name);
	char text[24];
	char *end;

	(void)snprintf(text, sizeof(text), "%.*s", h ? (int)(h->len < 20 ? h->len : 20) : 0,
	               h ? (const char *)h->value : "");
	long long value = strtoll(text, &end, 10);
	return end > text && !*end ? json_integer(value) : json_null();
}

/* The value says it, or the key where it is the lab's. */
int64_t failed_lab(const struct kafka_message *m)
{
	CLEANUP_JSON json_t *doc =
		m->value ? jdoc_parse(m->value, m->value_len, NULL) : NULL;
	int64_t lab = jdoc_int_or(doc, "lab_id", 0);
	const struct kafka_header *source = kafka_header_find(m, "source_topic");
	char key[24];
	char *end;

	if (!lab)
		lab = jdoc_int_or(json_object_get(doc, "data"), "lab_id", 0);
	if (lab || !source || !memmem(source->value, source->len, "lis.events", 10))
		return lab;
	(void)snprintf(key, sizeof(key), "%.*s", (int)(m->key_len < 20 ? m->key_len : 20),
	               m->key ? m->key : "");
	lab = strtoll(key, &end, 10);
	return *end || end == key ? 0 : lab;
}

/* What programs send themselves has ids alone; what else failed may hold anything. */
static bool has_ids_alone(const struct kafka_message *m)
{
	const struct kafka_header *source = kafka_header_find(m, "source_topic");

	return source && memmem(source->value, source->len, "integration.retries", 19);
}

static json_t *base64_json(const char *data, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	CLEANUP(freep) char *text = xcalloc(1, size);

	(void)sodium_bin2base64(text, size, (const unsigned char *)data, len,
	                        sodium_base64_VARIANT_ORIGINAL);
	return json_string(text);
}

static bool is_hidden(const struct call *call, const struct kafka_message *m)
{
	return m->value && mask_applies(call) &&
	       (call->who.role < ROLE_OPERATOR || !has_ids_alone(m));
}

static void add_value(json_t *item, const struct kafka_message *m, bool hidden)
{
	bool text = m->value && !hidden && utf8_valid(m->value, m->value_len);
	size_t len = m->value_len < SHOWN_MAX ? m->value_len : SHOWN_MAX;

	if (text)
		len = utf8_cut(m->value, m->value_len, SHOWN_MAX);
	(void)json_object_set_new(item, "size", json_integer((json_int_t)m->value_len));
	(void)json_object_set_new(item, "value",
	                          text ? json_stringn(m->value, len) : json_null());
	(void)json_object_set_new(item, "value_base64",
	                          m->value && !text && !hidden ? base64_json(m->value, len)
	                                                       : json_null());
	(void)json_object_set_new(item, "truncated",
	                          json_boolean(m->value && !hidden && len < m->value_len));
	(void)json_object_set_new(item, "masked",
	                          hidden ? json_pack("[s]", "value") : json_array());
}

/* Of ours an id; a stranger's may be anything. */
static json_t *key_json(const struct call *call, const struct kafka_message *m)
{
	bool is_id = m->key_len <= 24;

	if (!m->key || !utf8_valid(m->key, m->key_len))
		return json_null();
	for (size_t i = 0; i < m->key_len; i++)
		is_id &= isxdigit((unsigned char)m->key[i]) != 0;
	return call->who.role < ROLE_OPERATOR && !is_id ? json_null()
	                                                : json_stringn(m->key, m->key_len);
}

json_t *failed_item(const struct call *call, const struct kafka_message *m, bool revealed)
{
	int64_t lab_id = failed_lab(m);
	char id[48], at[CLOCK_ISO_SIZE];
	json_t *item;

	(void)snprintf(id, sizeof(id), "%d-%lld", m->partition, (long long)m->offset);
	item = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", id, "at",
	                 clock_format_iso(m->timestamp_ms, at), "reason",
	                 header_json(m, "reason"), "exception", header_json(m, "exception"),
	                 "source_topic", header_json(m, "source_topic"), "source_partition",
	                 header_int(m, "source_partition"), "source_offset",
	                 header_int(m, "source_offset"), "key", key_json(call, m), "lab_id",
	                 lab_id ? json_integer(lab_id) : json_null());
	add_value(item, m, !revealed && is_hidden(call, m));
	/* a parser's words quote what it did not understand */
	mask_text(call, item, "exception");
	return item;
}

/* A message of nobody's lab is for who sees all labs. */
bool failed_may_see(const struct call *call, int64_t lab_id)
{
	return call->who.all_labs || (lab_id && who_sees(&call->who, lab_id));
}

static bool is_wanted(const struct failed_page *p, const struct kafka_message *m)
{
	const struct kafka_header *reason = kafka_header_find(m, "reason");

	if ((size_t)m->partition < p->n_before && m->offset >= p->before[m->partition])
		return false;
	return !p->reason || (reason && reason->len == strlen(p->reason) &&
	                      memcmp(reason->value, p->reason, reason->len) == 0);
}

static void keep(struct failed_page *p, const struct kafka_message *m)
{
	struct failed f = { .at_ms = m->timestamp_ms,
		            .partition = m->partition,
		            .offset = m->offset };

	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->items = xrealloc(p->items, p->cap * sizeof(*p->items));
	}
	if (is_wanted(p, m) && p->bytes < PAGE_BYTES) {
		if (failed_may_see(p->call, failed_lab(m)))
			f.item = failed_item(p->call, m, false);
		p->bytes += m->value_len < SHOWN_MAX ? m->value_len : SHOWN_MAX;
	}
	p->items[p->n++] = f;
}

static int newest_first(const void *a, const void *b)
{
	const struct failed *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms > y->at_ms ? -1 : 1;
	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return x->offset > y->offset ? -1 : 1;
}

/* "12.7.30": each partition's offset below which the next page is. */
static bool read_before(struct call *call, struct failed_page *p)
{
	CLEANUP(freep) char *text = call_query(call, "cursor");

	for (const char *at = text; at && *at && p->n_before < PARTITIONS_MAX;) {
		char *end;
		long long offset = strtoll(at, &end, 10);

		if (end == at || offset < 0 || (*end && *end != '.')) {
			call_fault(call, "cursor",
			           "cursor must be a next_cursor of this list");
			break;
		}
		p->before[p->n_before++] = offset;
		at = end + (*end == '.');
	}
	return !call_failed(call);
}

static bool read_all(struct call *call, struct failed_page *p, int64_t count)
{
	struct kafka_reader *reader = NULL;
	struct kafka_message m;
	int64_t deadline_ms = clock_mono_ms() + READ_MS;

	const struct kafka_reader_back back = { .before = p->before,
		                                .n_before = p->n_before,
		                                .count = count };

	if (kafka_reader_open_before(&call->d->config->kafka, KAFKA_TOPIC_FAILED, &back,
	                             deadline_ms, &reader, NULL)) {
		call_fail(call, CODE_AWAY, "Kafka does not answer; try again");
		return false;
	}
	while (!kafka_reader_at_end(reader) && clock_mono_ms() < deadline_ms)
		if (kafka_reader_next(reader, 200, &m))
			keep(p, &m);
	bool all = kafka_reader_at_end(reader);
	for (size_t i = p->n_before; all && i < PARTITIONS_MAX; i++) {
		int64_t next = kafka_reader_position(reader, (int)i);

		if (next < 0)
			break;
		p->before[p->n_before++] = next;
	}
	(void)kafka_reader_close(reader);
	if (!all)
		call_fail(call, CODE_AWAY, "Kafka is too slow; ask for fewer");
	return all;
}

static json_t *cursor_json(const struct failed_page *p)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);

	for (size_t i = 0; i < p->n_before; i++)
		buf_printf(&text, "%s%lld", i ? "." : "", (long long)p->before[i]);
	return json_string(buf_str(&text));
}

/* Fewer than were asked for: each partition was read to its beginning. */
static void give(struct call *call, struct failed_page *p, int64_t limit)
{
	json_t *items = json_array();
	size_t taken = 0;

	if (p->n)
		qsort(p->items, p->n, sizeof(*p->items), newest_first);
	for (; taken < p->n && (int64_t)json_array_size(items) < limit; taken++) {
		const struct failed *f = &p->items[taken];

		if (f->item)
			(void)json_array_append(items, f->item);
		if ((size_t)f->partition < p->n_before &&
		    f->offset < p->before[f->partition])
			p->before[f->partition] = f->offset;
	}
	call_answer(call, CODE_OK,
	            json_pack("{s:o,s:o}", "items", items, "next_cursor",
	                      (int64_t)p->n < limit ? json_null() : cursor_json(p)));
}

void api_failed_tasks(struct call *call)
{
	struct failed_page page = { .call = call };
	int64_t limit = 50;

	page.reason = call_query(call, "reason");
	if (!call_failed(call) && call_query_int(call, "limit", 1, 500, &limit) &&
	    read_before(call, &page) && read_all(call, &page, limit))
		give(call, &page, limit);
	for (size_t i = 0; i < page.n; i++)
		json_decref(page.items[i].item);
	free(page.items);
	free(page.reason);
}
