#include "logstore/search_hint.h"

#include <pthread.h>

#define PLACES    1024 /* by the key's last bits; who comes later takes the place */
#define MINUTE_MS 60000

struct hint {
	uint64_t key;
	int64_t at_ms, newest_ms, last_ms;
};

static struct hint hints[PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value;
	hash *= 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 29);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = mix(hash, (unsigned char)*text);
	return mix(hash, 0);
}

static uint64_t mix_ids(uint64_t hash, const int64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = mix(hash, (uint64_t)ids[i]);
	return mix(hash, n);
}

uint64_t search_hint_key(const struct log_filter *f, size_t wanted, int64_t now_ms)
{
	uint64_t hash = mix_ids(wanted, f->labs, f->n_labs);
	int64_t ago_ms = f->to_ms ? now_ms - f->to_ms + MINUTE_MS / 2 : 0;

	hash = mix_ids(hash, f->actions, f->n_actions);
	hash = mix_text(hash, f->integration_type);
	hash = mix_text(hash, f->error_kind);
	hash = mix(hash, (uint64_t)(ago_ms / MINUTE_MS));
	hash = mix(hash, f->statuses);
	hash = mix(hash, f->words != NULL); /* any: as many logs are looked at */
	hash = mix(hash, (uint64_t)f->auth_id);
	return mix(hash, (uint64_t)f->integration_id) | 1; /* 0 is a free place */
}

/*
 * Of a steady flow a little more than it was then; of one that rests since then, up to the
 * last log that was found.
 */
static int64_t low_of(const struct hint *h, int64_t now_ms)
{
	int64_t age_ms = h->at_ms - h->last_ms;
	int64_t steady_ms = now_ms - age_ms - age_ms / 3;

	return steady_ms > h->last_ms ? steady_ms : h->last_ms;
}

bool search_hint_find(uint64_t key, int64_t now_ms, struct search_hint *out)
{
	(void)pthread_mutex_lock(&lock);
	const struct hint *h = &hints[key / 2 % PLACES];
	bool known = h->key == key;
	if (known)
		*out = (struct search_hint){ .low_ms = low_of(h, now_ms),
			                     .span_ms = h->newest_ms - h->last_ms };
	(void)pthread_mutex_unlock(&lock);
	return known;
}

void search_hint_learn(uint64_t key, int64_t now_ms, int64_t newest_ms, int64_t last_ms)
{
	(void)pthread_mutex_lock(&lock);
	hints[key / 2 % PLACES] = (struct hint){
		.key = key, .at_ms = now_ms, .newest_ms = newest_ms, .last_ms = last_ms
	};
	(void)pthread_mutex_unlock(&lock);
}
