#include "tasks.h"

#define BATCH_RECORDS 1000
#define BATCH_BYTES   (8 * 1024 * 1024)

/* The builds of one event for one row, in the order of its records. */
struct batch {
	const struct origin *origin;
	struct build **builds;
	size_t n, cap, bytes;
};

/* One request has one method: of an invoice's records each operation has its own. */
static bool fits(const struct batch *batch, const struct origin *origin,
                 const struct build *b)
{
	return batch->origin == origin && batch->builds[0]->row == b->row &&
	       strcmp(batch->builds[0]->body.method, b->body.method) == 0;
}

/* The latest first: records of one event come one after another. */
static struct batch *find(struct batches *batches, const struct origin *origin,
                          const struct build *b)
{
	for (size_t i = batches->n; i > 0; i--)
		if (fits(&batches->list[i - 1], origin, b))
			return &batches->list[i - 1];
	return NULL;
}

static struct batch *open_batch(struct batches *batches, const struct origin *origin)
{
	if (batches->n == batches->cap) {
		batches->cap = batches->cap ? 2 * batches->cap : 8;
		batches->list =
			xrealloc(batches->list, batches->cap * sizeof(*batches->list));
	}
	struct batch *batch = &batches->list[batches->n++];

	*batch = (struct batch){ .origin = origin };
	return batch;
}

static void append(struct batch *batch, struct build *b)
{
	if (batch->n == batch->cap) {
		batch->cap = batch->cap ? 2 * batch->cap : 16;
		batch->builds =
			xrealloc(batch->builds, batch->cap * sizeof(struct build *));
	}
	batch->builds[batch->n++] = b;
	batch->bytes += b->body.len + 1;
}

int batches_add(struct batches *batches, struct outbox *outbox, const struct work *w,
                struct build *b)
{
	const struct origin *origin = build_subject(w, b)->origin;
	struct batch *batch = find(batches, origin, b);
	int r = 0;

	if (!batch)
		batch = open_batch(batches, origin);
	if (batch->n == BATCH_RECORDS ||
	    (batch->n > 0 && batch->bytes + b->body.len > BATCH_BYTES)) {
		r = tasks_add(outbox, w, batch->builds, batch->n);
		batch->n = batch->bytes = 0;
	}
	append(batch, b);
	return r;
}

int batches_end_earlier(struct batches *batches, struct outbox *outbox,
                        const struct work *w, const struct origin *origin)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < batches->n; i++) {
		struct batch *batch = &batches->list[i];

		if (r || batch->origin == origin) {
			batches->list[kept++] = *batch;
			continue;
		}
		r = tasks_add(outbox, w, batch->builds, batch->n);
		free(batch->builds);
	}
	batches->n = kept;
	return r;
}

int batches_end(struct batches *batches, struct outbox *outbox, const struct work *w)
{
	int r = 0;

	for (size_t i = 0; i < batches->n && r == 0; i++)
		r = tasks_add(outbox, w, batches->list[i].builds, batches->list[i].n);
	return r;
}

void batches_deinit(struct batches *batches)
{
	for (size_t i = 0; i < batches->n; i++)
		free(batches->list[i].builds);
	free(batches->list);
	*batches = (struct batches){ 0 };
}
