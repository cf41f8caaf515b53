#include "domain/budget.h"

#include "base/util.h"

/* What a partner has used, in a table with open addressing that is at most half full. */
struct account {
	int64_t auth_id;
	int64_t used; /* 0: free place */
};

struct budget {
	int64_t each;
	struct account *accounts;
	size_t n, places; /* places: a power of two */
};

struct budget *budget_new(int64_t each)
{
	struct budget *b = xcalloc(1, sizeof(*b));

	b->each = each;
	b->places = 64;
	b->accounts = xcalloc(b->places, sizeof(*b->accounts));
	return b;
}

struct budget *budget_free(struct budget *b)
{
	if (b) {
		free(b->accounts);
		free(b);
	}
	return NULL;
}

void budget_reset(struct budget *b)
{
	memset(b->accounts, 0, b->places * sizeof(*b->accounts));
	b->n = 0;
}

static struct account *find(const struct budget *b, int64_t auth_id)
{
	uint64_t hash = (uint64_t)auth_id * 0x9e3779b97f4a7c15U;

	for (size_t i = hash >> 32;; i++) {
		struct account *account = &b->accounts[i & (b->places - 1)];

		if (account->used == 0 || account->auth_id == auth_id)
			return account;
	}
}

static void grow(struct budget *b)
{
	struct account *old = b->accounts;
	size_t places = b->places;

	b->places *= 2;
	b->accounts = xcalloc(b->places, sizeof(*b->accounts));
	for (size_t i = 0; i < places; i++)
		if (old[i].used > 0)
			*find(b, old[i].auth_id) = old[i];
	free(old);
}

bool budget_take(struct budget *b, int64_t auth_id)
{
	if (2 * b->n >= b->places)
		grow(b);

	struct account *account = find(b, auth_id);

	if (account->used >= b->each)
		return false;
	if (account->used++ == 0) {
		account->auth_id = auth_id;
		b->n++;
	}
	return true;
}
