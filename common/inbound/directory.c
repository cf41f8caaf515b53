#include "inbound/directory.h"

#include "inbound/route.h"
#include "secrets/keyring.h"
#include "secrets/seal.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>

#define HASH_SIZE AUTH_KEY_HASH_SIZE

struct entry {
	unsigned char hash[HASH_SIZE];
	int64_t until_ms;           /* of a replaced key; INT64_MAX: for ever */
	uint32_t same_as;           /* 1 + index of its developer's key; 0: its own */
	struct developer developer; /* empty where another's counts */
};

/*
 * What the last texts led to. The same keys, and parts of paths that are no keys, come
 * again and again, and to hash a text as the table has it costs more than all else that is
 * done to find a key. The texts are known by a hash of this process, which nobody can aim
 * at.
 */
#define RECALLED 512
struct recall {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	struct recalled {
		unsigned char text[crypto_shorthash_siphashx24_BYTES];
		uint32_t index; /* as in the slots; 0: nobody's */
	} last[RECALLED];
};

struct directory {
	atomic_int refs;
	int64_t version;
	const struct keyring *keys;
	struct recall *recall;
	unsigned char secret[crypto_generichash_KEYBYTES];
	struct entry *entries; /* their place is final once it is shared */
	size_t n;
	uint32_t *slots; /* 1 + index; 0 = free */
	size_t n_slots;  /* a power of two */
	struct inbound_route *routes;
	size_t n_routes;
	struct inbound_route fallback;
};

struct directory *directory_new(int64_t version, const struct keyring *keys)
{
	struct directory *d = xcalloc(1, sizeof(*d));

	if (sodium_init() < 0)
		abort();
	atomic_init(&d->refs, 1);
	d->version = version;
	d->keys = keys;
	crypto_generichash_keygen(d->secret);
	d->recall = xcalloc(1, sizeof(*d->recall));
	(void)pthread_mutex_init(&d->recall->lock, NULL);
	randombytes_buf(d->recall->secret, sizeof(d->recall->secret));
	d->n_slots = 64;
	d->slots = xcalloc(d->n_slots, sizeof(*d->slots));
	route_init_fallback(&d->fallback);
	return d;
}

struct directory *directory_ref(struct directory *d)
{
	atomic_fetch_add(&d->refs, 1);
	return d;
}

struct directory *directory_unref(struct directory *d)
{
	if (!d || atomic_fetch_sub(&d->refs, 1) > 1)
		return NULL;
	for (size_t i = 0; i < d->n; i++) {
		free(d->entries[i].developer.name);
		free(d->entries[i].developer.addresses);
	}
	for (size_t i = 0; i < d->n_routes; i++)
		route_deinit(&d->routes[i]);
	route_deinit(&d->fallback);
	(void)pthread_mutex_destroy(&d->recall->lock);
	free(d->recall);
	free(d->entries);
	free(d->slots);
	free(d->routes);
	free(d);
	return NULL;
}

int64_t directory_version(const struct directory *d)
{
	return d->version;
}

size_t directory_size(const struct directory *d)
{
	return d->n;
}

static void hash_key(const struct directory *d, const char *key, size_t len,
                     unsigned char *out)
{
	(void)crypto_generichash(out, HASH_SIZE, (const unsigned char *)key, len, d->secret,
	                         sizeof(d->secret));
}

/* The slot of that hash, or the free one where it would be. */
static size_t slot_of(const struct directory *d, const unsigned char *hash)
{
	uint64_t start;
	size_t i;

	memcpy(&start, hash, sizeof(start));
	for (i = start & (d->n_slots - 1); d->slots[i]; i = (i + 1) & (d->n_slots - 1))
		if (sodium_memcmp(d->entries[d->slots[i] - 1].hash, hash, HASH_SIZE) == 0)
			break;
	return i;
}

static void grow_slots(struct directory *d)
{
	if (2 * (d->n + 1) < d->n_slots)
		return;
	free(d->slots);
	d->n_slots *= 2;
	d->slots = xcalloc(d->n_slots, sizeof(*d->slots));
	for (size_t i = 0; i < d->n; i++)
		d->slots[slot_of(d, d->entries[i].hash)] = (uint32_t)(i + 1);
}

static int64_t int_of(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

/* PostgreSQL's {a,b}. */
static void take_addresses(struct developer *to, const char *list)
{
	while (list && *list) {
		list += strspn(list, "{},\"");
		size_t len = strcspn(list, "{},\"");
		struct address_block block;

		if (len > 0 && address_block_parse(list, len, &block)) {
			to->addresses = xrealloc(to->addresses,
			                         (to->n_addresses + 1) * sizeof(block));
			to->addresses[to->n_addresses++] = block;
		}
		list += len;
	}
}

static bool hash_of(const struct directory *d, const struct developer_cells *cells,
                    unsigned char *out)
{
	size_t len = 0;

	if (cells->auth_key_hash)
		return sodium_hex2bin(out, HASH_SIZE, cells->auth_key_hash,
		                      strlen(cells->auth_key_hash), NULL, &len,
		                      NULL) == 0 &&
		       len == HASH_SIZE;
	if (!cells->auth_key || !*cells->auth_key)
		return false;
	hash_key(d, cells->auth_key, strlen(cells->auth_key), out);
	return true;
}

/* 1 + index of the developer's own key; 0: it has none. */
static uint32_t entry_of(const struct directory *d, int64_t auth_id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->entries[i].developer.auth_id == auth_id)
			return (uint32_t)(i + 1);
	return 0;
}

static void fill_developer(struct developer *to, const struct developer_cells *cells)
{
	*to = (struct developer){
		.auth_id = int_of(cells->id),
		.lab_id = int_of(cells->lab_id),
		.org_id = int_of(cells->org_id),
		.name = xstrdup(cells->name ? cells->name : ""),
		.enabled = cells->enabled && *cells->enabled == 't',
		.rate = cells->rate ? strtod(cells->rate, NULL) : 0,
	};
	take_addresses(to, cells->addresses);
	bucket_init(&to->bucket, to->rate, 0);
}

void directory_add_developer(struct directory *d, const struct developer_cells *cells)
{
	unsigned char hash[HASH_SIZE];

	if (!hash_of(d, cells, hash) || d->slots[slot_of(d, hash)])
		return; /* none, or somebody's before it */
	grow_slots(d);
	if ((d->n & (d->n - 1)) == 0)
		d->entries =
			xrealloc(d->entries, (d->n ? 2 * d->n : 1) * sizeof(*d->entries));
	struct entry *e = &d->entries[d->n];
	*e = (struct entry){
		.until_ms = cells->until_ms ? int_of(cells->until_ms) : INT64_MAX,
		.same_as = cells->until_ms ? entry_of(d, int_of(cells->id)) : 0,
	};
	memcpy(e->hash, hash, sizeof(hash));
	if (!e->same_as)
		fill_developer(&e->developer, cells);
	d->slots[slot_of(d, hash)] = (uint32_t)++d->n;
}

int directory_add_route(struct directory *d, const struct route_cells *cells,
                        struct err_text *why)
{
	struct inbound_route route;
	int result = route_parse(cells, &route, why);

	if (result)
		return result;
	d->routes = xrealloc(d->routes, (d->n_routes + 1) * sizeof(*d->routes));
	d->routes[d->n_routes++] = route;
	return 0;
}

static int by_auth(const void *a, const void *b)
{
	const struct developer *x = *(const struct developer *const *)a;
	const struct developer *y = *(const struct developer *const *)b;

	return (x->auth_id > y->auth_id) - (x->auth_id < y->auth_id);
}

void directory_keep_buckets(struct directory *d, const struct directory *before)
{
	CLEANUP(freep)
	const struct developer **old = xcalloc(before->n + 1, sizeof(struct developer *));
	size_t n = 0;

	for (size_t i = 0; i < before->n; i++)
		if (before->entries[i].developer.rate > 0)
			old[n++] = &before->entries[i].developer;
	qsort(old, n, sizeof(*old), by_auth);
	for (size_t i = 0; i < d->n; i++) {
		struct developer *now = &d->entries[i].developer;
		const struct developer *key = now;
		const struct developer *const *was =
			n ? bsearch(&key, old, n, sizeof(*old), by_auth) : NULL;

		if (!was || now->rate <= 0)
			continue;
		now->bucket = was[0]->bucket;
		bucket_set_rate(&now->bucket, now->rate, now->bucket.at_ms);
	}
}

static uint32_t look_up(const struct directory *d, const char *key, size_t len)
{
	unsigned char hashes[3][HASH_SIZE];
	size_t n = keyring_auth_key_hashes(d->keys, key, len, hashes);
	uint32_t index = 0;

	hash_key(d, key, len, hashes[n++]);
	for (size_t i = 0; i < n && !index; i++)
		index = d->slots[slot_of(d, hashes[i])];
	return index;
}

static uint32_t recall(const struct directory *d, const char *key, size_t len)
{
	struct recall *r = d->recall;
	struct recalled now;
	uint64_t place;

	(void)crypto_shorthash_siphashx24(now.text, (const unsigned char *)key, len,
	                                  r->secret);
	memcpy(&place, now.text, sizeof(place));
	struct recalled *last = &r->last[place % RECALLED];
	(void)pthread_mutex_lock(&r->lock);
	bool known = sodium_memcmp(last->text, now.text, sizeof(now.text)) == 0;

	now.index = last->index;
	(void)pthread_mutex_unlock(&r->lock);
	if (known)
		return now.index;
	now.index = look_up(d, key, len);
	(void)pthread_mutex_lock(&r->lock);
	*last = now;
	(void)pthread_mutex_unlock(&r->lock);
	return now.index;
}

struct developer *directory_find(const struct directory *d, const char *key, size_t len,
                                 int64_t now_ms)
{
	/* what stands in the table is not what opens the door */
	if (len == 0 || seal_is_sealed(key))
		return NULL;
	uint32_t index = recall(d, key, len);
	if (!index || d->entries[index - 1].until_ms <= now_ms)
		return NULL;
	if (d->entries[index - 1].same_as)
		index = d->entries[index - 1].same_as;
	return &d->entries[index - 1].developer;
}

const struct inbound_route *directory_route(const struct directory *d, const char *method,
                                            const struct target *target)
{
	for (size_t i = 0; i < d->n_routes; i++)
		if (route_matches(&d->routes[i], method, target))
			return &d->routes[i];
	return &d->fallback;
}
