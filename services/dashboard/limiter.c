#include "limiter.h"

#include <pthread.h>
#include <sodium.h>

enum { SLOTS = 4096, PROBES = 8 };
#define WINDOW_MS      60000
#define LOGIN_FAILURES 5
#define PEER_FAILURES  50

struct slot {
	uint64_t key; /* 0: free */
	int failures;
	int64_t until_ms; /* when they are forgotten */
};

struct limiter {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_KEYBYTES]; /* nobody can aim at a slot */
	struct slot slots[SLOTS];
};

struct limiter *limiter_new(void)
{
	struct limiter *l = xcalloc(1, sizeof(*l));

	(void)pthread_mutex_init(&l->lock, NULL);
	randombytes_buf(l->secret, sizeof(l->secret));
	return l;
}

struct limiter *limiter_free(struct limiter *l)
{
	if (l)
		(void)pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

static uint64_t key_of(const struct limiter *l, char kind, const char *text)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t key;

	(void)crypto_shorthash(hash, (const unsigned char *)text, strlen(text), l->secret);
	memcpy(&key, hash, sizeof(key));
	return (key ^ (unsigned char)kind) | 1;
}

/* Its slot, or, to make one, a free or forgotten one, or the soonest forgotten. */
static struct slot *find(struct limiter *l, uint64_t key, bool make, int64_t now_ms)
{
	struct slot *best = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct slot *slot = &l->slots[(key / 2 + i) % SLOTS];

		if (slot->key == key && slot->until_ms > now_ms)
			return slot;
		if (!best || slot->until_ms < best->until_ms)
			best = slot;
	}
	if (!make)
		return NULL;
	*best = (struct slot){ .key = key, .until_ms = now_ms + WINDOW_MS };
	return best;
}

static int wait_of(struct limiter *l, uint64_t key, int most, int64_t now_ms)
{
	const struct slot *slot = find(l, key, false, now_ms);

	if (!slot || slot->failures < most)
		return 0;
	return (int)((slot->until_ms - now_ms + 999) / 1000);
}

int limiter_wait(struct limiter *l, const char *login, const char *peer, int64_t now_ms)
{
	(void)pthread_mutex_lock(&l->lock);
	int a = wait_of(l, key_of(l, 'l', login), LOGIN_FAILURES, now_ms);
	int b = wait_of(l, key_of(l, 'p', peer), PEER_FAILURES, now_ms);
	(void)pthread_mutex_unlock(&l->lock);
	return a > b ? a : b;
}

void limiter_failed(struct limiter *l, const char *login, const char *peer, int64_t now_ms)
{
	(void)pthread_mutex_lock(&l->lock);
	find(l, key_of(l, 'l', login), true, now_ms)->failures++;
	find(l, key_of(l, 'p', peer), true, now_ms)->failures++;
	(void)pthread_mutex_unlock(&l->lock);
}

void limiter_passed(struct limiter *l, const char *login)
{
	(void)pthread_mutex_lock(&l->lock);
	struct slot *slot = find(l, key_of(l, 'l', login), false, 0);
	if (slot)
		*slot = (struct slot){ .key = 0 };
	(void)pthread_mutex_unlock(&l->lock);
}
