/* Two generations: the younger is filled, and takes the older one's place when its time is
 * over or it is full. */
#include "domain/under_way.h"

#include "base/util.h"

#define SLOTS (2 * UNDER_WAY_MAX)

struct slot {
	struct log_id id;
	uint32_t attempt; /* 0: free */
};

struct generation {
	size_t n;
	struct slot slots[SLOTS];
};

struct under_way {
	int64_t keep_ms, begun_ms; /* begun: the younger generation */
	struct generation *younger, *older;
};

struct under_way *under_way_new(int64_t keep_ms)
{
	struct under_way *u = xcalloc(1, sizeof(*u));

	u->keep_ms = keep_ms;
	u->younger = xcalloc(1, sizeof(*u->younger));
	u->older = xcalloc(1, sizeof(*u->older));
	return u;
}

struct under_way *under_way_free(struct under_way *u)
{
	if (u) {
		free(u->younger);
		free(u->older);
		free(u);
	}
	return NULL;
}

/* Where it is, or where it would go: a generation is half empty at least. */
static struct slot *find_slot(struct generation *g, const struct log_id *id,
                              uint32_t attempt)
{
	uint64_t hash;

	/* the id is a part of a SHA-256, or an ObjectId, whose end counts up */
	memcpy(&hash, id->bytes + 4, sizeof(hash));
	hash = (hash ^ attempt) * 0x9e3779b97f4a7c15U;
	for (size_t i = hash >> 40;; i++) {
		struct slot *slot = &g->slots[i % SLOTS];

		if (slot->attempt == 0 ||
		    (slot->attempt == attempt && log_id_equal(&slot->id, id)))
			return slot;
	}
}

bool under_way_has(const struct under_way *u, const struct log_id *id, uint32_t attempt)
{
	return find_slot(u->younger, id, attempt)->attempt != 0 ||
	       find_slot(u->older, id, attempt)->attempt != 0;
}

static void turn_over(struct under_way *u, int64_t now_ms)
{
	struct generation *older = u->older;

	u->older = u->younger;
	u->younger = older;
	if (older->n > 0)
		memset(older, 0, sizeof(*older));
	u->begun_ms = now_ms;
}

void under_way_forget_old(struct under_way *u, int64_t now_ms)
{
	if (now_ms - u->begun_ms >= u->keep_ms)
		turn_over(u, now_ms);
}

void under_way_add(struct under_way *u, const struct log_id *id, uint32_t attempt,
                   int64_t now_ms)
{
	if (u->younger->n >= UNDER_WAY_MAX)
		turn_over(u, now_ms);

	struct slot *slot = find_slot(u->younger, id, attempt);

	if (slot->attempt == 0)
		u->younger->n++;
	*slot = (struct slot){ .id = *id, .attempt = attempt };
}
