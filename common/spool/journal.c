#include "spool/journal.h"

#include "base/clock.h"
#include "spool/segment.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* When everything is done with, a file this large begins anew. */
#define EMPTY_FROM (256 << 10)

/* Records that were read, in their order. */
struct under_way {
	struct segment *segment;
	int64_t end;
	bool done;
};

struct journal {
	char *folder;
	int64_t limit, segment_bytes;
	pthread_mutex_t lock;   /* for all below but the reader's own */
	struct segment *first;  /* oldest; those adopted before our own */
	struct segment *active; /* the last one */
	int64_t bytes;
	int64_t oldest_ms;
	uint64_t torn, broken;
	/* the reader's own */
	struct under_way *ring;
	size_t ring_cap;
	uint64_t next, oldest; /* numbers: [oldest, next) are under way */
	struct segment_window window;
};

static int make_folder(const char *folder, struct err_text *why)
{
	if (mkdir(folder, 0700) && errno != EEXIST)
		return err_say(why, -errno, "cannot make the folder %.150s", folder);
	if (access(folder, R_OK | W_OK | X_OK))
		return err_say(why, -errno, "cannot write in the folder %.150s", folder);
	return 0;
}

int journal_open(const struct journal_options *options, struct journal **out,
                 struct err_text *why)
{
	if (sodium_init() < 0)
		abort();
	int result = make_folder(options->folder, why);
	if (result)
		return result;
	struct journal *j = xcalloc(1, sizeof(*j));

	j->folder = xstrdup(options->folder);
	j->limit = options->limit;
	j->segment_bytes = options->segment_bytes;
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)journal_adopt(j);
	*out = j;
	return 0;
}

struct journal *journal_close(struct journal *j)
{
	if (!j)
		return NULL;
	while (j->first) {
		struct segment *s = j->first;

		j->first = s->next;
		segment_free(s, s->done_to == s->size);
	}
	(void)pthread_mutex_destroy(&j->lock);
	free(j->ring);
	free(j->window.data);
	free(j->folder);
	free(j);
	return NULL;
}

static int open_active(struct journal *j)
{
	struct segment *made;
	int result = segment_make(j->folder, &made);

	if (result)
		return result;
	if (j->active) {
		j->active->active = false;
		j->active->next = made;
	} else if (j->first) {
		struct segment *last = j->first;

		while (last->next)
			last = last->next;
		last->next = made;
	} else {
		j->first = made;
	}
	j->active = made;
	return 0;
}

int journal_add(struct buf *batch, const void *data, size_t len)
{
	struct record_head head = { .magic = RECORD_MAGIC, .len = (uint32_t)len };

	if (len > JOURNAL_RECORD_MAX)
		return JOURNAL_E_FULL;
	head.check = record_check(data, head.len);
	buf_append(batch, &head, sizeof(head));
	buf_append(batch, data, len);
	return 0;
}

int journal_append(struct journal *j, const struct buf *batch)
{
	int64_t need = (int64_t)batch->len;
	int result = 0;

	(void)pthread_mutex_lock(&j->lock);
	if (j->bytes + need > j->limit)
		result = JOURNAL_E_FULL;
	else if (!j->active || j->active->size >= j->segment_bytes)
		result = open_active(j);
	if (result == 0)
		result = segment_write(j->active, batch->data, batch->len);
	if (result == 0) {
		j->bytes += need;
		if (j->oldest_ms == 0)
			j->oldest_ms = clock_mono_ms();
	}
	(void)pthread_mutex_unlock(&j->lock);
	return result;
}

/* A segment that is synced outside the lock must not be freed meanwhile: its descriptor is
 * copied. */
int journal_sync(struct journal *j)
{
	for (;;) {
		struct segment *s;
		int fd = -1, result;
		int64_t to = 0;

		(void)pthread_mutex_lock(&j->lock);
		for (s = j->first; s && s->synced_to >= s->size; s = s->next)
			;
		if (s) {
			fd = dup(s->fd);
			to = s->size;
		}
		(void)pthread_mutex_unlock(&j->lock);
		if (!s)
			return 0;
		if (fd < 0)
			return -errno;
		result = fdatasync(fd) ? -errno : 0;
		(void)close(fd);
		if (result)
			return result;
		(void)pthread_mutex_lock(&j->lock);
		for (struct segment *now = j->first; now; now = now->next)
			if (now == s && now->synced_to < to && now->size >= to)
				now->synced_to = to;
		(void)pthread_mutex_unlock(&j->lock);
	}
}

/* ---- reading ---- */

static struct under_way *slot(struct journal *j, uint64_t number)
{
	return &j->ring[number & (j->ring_cap - 1)];
}

static void grow_ring(struct journal *j)
{
	size_t cap = j->ring_cap ? 2 * j->ring_cap : 1024;
	struct under_way *ring = xcalloc(cap, sizeof(*ring));

	for (uint64_t n = j->oldest; n < j->next; n++)
		ring[n & (cap - 1)] = *slot(j, n);
	free(j->ring);
	j->ring = ring;
	j->ring_cap = cap;
}

static void note_read(struct journal *j, struct segment *s, const struct segment_record *r,
                      struct journal_entry *out)
{
	if (j->next - j->oldest == j->ring_cap)
		grow_ring(j);
	*out = (struct journal_entry){ .data = r->data,
		                       .len = r->len,
		                       .number = j->next++ };
	*slot(j, out->number) = (struct under_way){ .segment = s, .end = r->end };
	s->read_to = r->end;
}

/* What was read ahead is no more. */
static void forget_window(struct journal *j, const struct segment *s)
{
	if (j->window.of == s)
		j->window.of = NULL;
}

static void unlink_segment(struct journal *j, struct segment *s, bool remove)
{
	for (struct segment **p = &j->first; *p; p = &(*p)->next) {
		if (*p != s)
			continue;
		*p = s->next;
		break;
	}
	if (j->active == s)
		j->active = NULL;
	j->bytes -= s->size;
	forget_window(j, s);
	segment_free(s, remove);
}

/* All its records are done with: an active one begins anew, another goes. */
static void settle(struct journal *j, struct segment *s)
{
	if (s->done_to < s->size)
		return;
	if (!s->active) {
		unlink_segment(j, s, true);
	} else if (s->size >= EMPTY_FROM && ftruncate(s->fd, 0) == 0) {
		j->bytes -= s->size;
		s->size = s->read_to = s->done_to = s->synced_to = 0;
		forget_window(j, s);
	}
}

/*
 * Keeps the readable records of a damaged file; a broken one is set aside for a person.
 * JOURNAL_E_END, or -errno when that cannot be.
 */
static int cut_damage(struct journal *j, struct segment *s, int code)
{
	if (code == SEGMENT_E_TORN) {
		j->torn++;
	} else {
		CLEANUP(freep) char *aside = xasprintf("%s.broken", s->path);

		if (link(s->path, aside) && errno != EEXIST)
			return -errno;
		j->broken++;
	}
	if (j->active == s) { /* what is appended would stand behind the damage */
		s->active = false;
		j->active = NULL;
	}
	j->bytes -= s->size - s->read_to;
	s->size = s->read_to;
	if (s->synced_to > s->size)
		s->synced_to = s->size;
	if (s->done_to == s->size && !s->active)
		unlink_segment(j, s, true);
	return JOURNAL_E_END;
}

static struct segment *unread_segment(const struct journal *j)
{
	struct segment *s = j->first;

	while (s && s->read_to >= s->size)
		s = s->next;
	return s;
}

/* Whoever appends does not wait for the disk: only this thread takes segments away. */
int journal_read(struct journal *j, struct journal_entry *out)
{
	int result = JOURNAL_E_END;
	struct segment_record record;
	struct segment *s;

	(void)pthread_mutex_lock(&j->lock);
	while (result == JOURNAL_E_END && (s = unread_segment(j)) != NULL) {
		int64_t size = s->size;

		(void)pthread_mutex_unlock(&j->lock);
		result = segment_read(s, s->read_to, size, &j->window, &record);
		(void)pthread_mutex_lock(&j->lock);
		if (result == 0)
			note_read(j, s, &record, out);
		else if (result > 0)
			result = cut_damage(j, s, result);
	}
	(void)pthread_mutex_unlock(&j->lock);
	return result;
}

void journal_done(struct journal *j, uint64_t number)
{
	if (number < j->oldest || number >= j->next)
		return; /* read again since: then it is done with a second time */
	slot(j, number)->done = true;
	if (number != j->oldest)
		return;
	(void)pthread_mutex_lock(&j->lock);
	while (j->oldest < j->next && slot(j, j->oldest)->done) {
		const struct under_way *u = slot(j, j->oldest++);

		u->segment->done_to = u->end;
		settle(j, u->segment);
	}
	j->oldest_ms = j->oldest == j->next && !unread_segment(j) ? 0 : clock_mono_ms();
	(void)pthread_mutex_unlock(&j->lock);
}

void journal_rewind(struct journal *j)
{
	(void)pthread_mutex_lock(&j->lock);
	for (struct segment *s = j->first; s; s = s->next)
		s->read_to = s->done_to;
	j->oldest = j->next; /* numbers given out before mean nothing now */
	(void)pthread_mutex_unlock(&j->lock);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_segment(const char *name)
{
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, ".calls") == 0;
}

static size_t list_folder(const struct journal *j, char ***out)
{
	DIR *folder = opendir(j->folder);
	char **names = NULL;
	size_t n = 0;
	const struct dirent *entry;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): this stream is ours alone */
	while (folder && (entry = readdir(folder)) != NULL) {
		if (!is_segment(entry->d_name))
			continue;
		names = xrealloc(names, (n + 1) * sizeof(*names));
		names[n++] = xasprintf("%s/%s", j->folder, entry->d_name);
	}
	if (folder)
		(void)closedir(folder);
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	*out = names;
	return n;
}

static bool is_ours(const struct journal *j, const char *path)
{
	for (const struct segment *s = j->first; s; s = s->next)
		if (strcmp(s->path, path) == 0)
			return true;
	return false;
}

static size_t take_over(struct journal *j, const char *path, struct segment ***at)
{
	struct segment *s;

	if (is_ours(j, path) || segment_adopt(path, &s))
		return 0;
	if (s->size == 0) {
		segment_free(s, true);
		return 0;
	}
	s->next = **at;
	**at = s;
	*at = &s->next;
	j->bytes += s->size;
	if (j->oldest_ms == 0)
		j->oldest_ms = clock_mono_ms();
	return 1;
}

size_t journal_adopt(struct journal *j)
{
	char **paths;
	size_t adopted = 0, n;

	(void)pthread_mutex_lock(&j->lock);
	struct segment **at = &j->first;
	n = list_folder(j, &paths);
	for (size_t i = 0; i < n; i++) {
		adopted += take_over(j, paths[i], &at);
		free(paths[i]);
	}
	(void)pthread_mutex_unlock(&j->lock);
	free(paths);
	return adopted;
}

struct journal_state journal_state(struct journal *j)
{
	struct journal_state state;

	(void)pthread_mutex_lock(&j->lock);
	state = (struct journal_state){ .bytes = j->bytes,
		                        .torn = j->torn,
		                        .broken = j->broken,
		                        .under_way = (size_t)(j->next - j->oldest),
		                        .oldest_ms = j->oldest_ms };
	for (const struct segment *s = j->first; s; s = s->next) {
		state.unread += (uint64_t)(s->size - s->read_to);
		state.unsynced += (uint64_t)(s->size - s->synced_to);
	}
	(void)pthread_mutex_unlock(&j->lock);
	return state;
}
