#include "domain/recent.h"

/* A ring in order of arrival, and chains by hash into it. Log ids are hashes already. */
#define BUCKETS (RECENT_MAX * 2)
#define NONE    UINT32_MAX

struct slot {
	struct recent_entry entry;
	uint32_t next; /* in its chain */
};

struct recent {
	struct slot *slots;
	uint32_t *buckets;
	uint32_t n, oldest;
};

static uint32_t bucket_of(const struct log_id *id)
{
	uint32_t hash;

	memcpy(&hash, id->bytes, sizeof(hash));
	return hash % BUCKETS;
}

struct recent *recent_new(void)
{
	struct recent *r = xcalloc(1, sizeof(*r));

	r->slots = xcalloc(RECENT_MAX, sizeof(*r->slots));
	r->buckets = xcalloc(BUCKETS, sizeof(*r->buckets));
	memset(r->buckets, 0xff, BUCKETS * sizeof(*r->buckets));
	return r;
}

struct recent *recent_free(struct recent *r)
{
	if (r) {
		free(r->slots);
		free(r->buckets);
		free(r);
	}
	return NULL;
}

struct recent_entry *recent_find(struct recent *r, const struct log_id *id)
{
	for (uint32_t i = r->buckets[bucket_of(id)]; i != NONE; i = r->slots[i].next)
		if (log_id_equal(&r->slots[i].entry.id, id))
			return &r->slots[i].entry;
	return NULL;
}

static void forget(struct recent *r, uint32_t slot)
{
	uint32_t *link = &r->buckets[bucket_of(&r->slots[slot].entry.id)];

	while (*link != slot)
		link = &r->slots[*link].next;
	*link = r->slots[slot].next;
}

void recent_add(struct recent *r, const struct log_id *id, int32_t partition,
                int64_t offset)
{
	uint32_t slot = r->n;

	if (recent_find(r, id))
		return;
	if (r->n == RECENT_MAX) {
		slot = r->oldest;
		r->oldest = (r->oldest + 1) % RECENT_MAX;
		forget(r, slot);
	} else {
		r->n++;
	}
	uint32_t *bucket = &r->buckets[bucket_of(id)];
	r->slots[slot] = (struct slot){
		.entry = { .id = *id, .partition = partition, .offset = offset },
		.next = *bucket,
	};
	*bucket = slot;
}
