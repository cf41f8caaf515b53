#include "spool/segment.h"

#include "base/random.h"
#include "spool/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Read at once, for the sake of many small records. */
#define WINDOW (256 << 10)

/* Not against an adversary: a torn write and a flipped bit must not pass. */
uint64_t record_check(const void *data, uint32_t len)
{
	static const unsigned char key[crypto_shorthash_KEYBYTES] = "journal of calls";
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t check;

	(void)crypto_shorthash(hash, data, len, key);
	memcpy(&check, hash, sizeof(check));
	return check ^ len;
}

/* Keeps the path. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static struct segment *wrap(char *path, int fd, int64_t size)
{
	struct segment *s = xcalloc(1, sizeof(*s));

	*s = (struct segment){ .path = path, .fd = fd, .size = size };
	return s;
}

static int fail(int fd)
{
	int code = errno ? -errno : -EIO;

	if (fd >= 0)
		(void)close(fd);
	return code;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* Names sort by time: an adopted folder is read in the order in which it was written. */
int segment_make(const char *folder, struct segment **out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	CLEANUP(freep)
	char *path = xasprintf("%s/%012lld%09ld-%08x.calls", folder, (long long)now.tv_sec,
	                       now.tv_nsec, random_u32());
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(-1);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fail(fd);
	sync_folder(folder);
	*out = wrap(STEAL(path), fd, 0);
	(*out)->active = true;
	return 0;
}

int segment_adopt(const char *path, struct segment **out)
{
	struct stat now, linked;
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return fail(-1);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int code = errno == EWOULDBLOCK ? SEGMENT_E_HELD : -errno;

		(void)close(fd);
		return code;
	}
	/* its last owner may have deleted it between the two calls */
	if (fstat(fd, &now) || stat(path, &linked) || now.st_ino != linked.st_ino)
		return fail(fd);
	*out = wrap(xstrdup(path), fd, now.st_size);
	(*out)->synced_to = now.st_size;
	return 0;
}

void segment_free(struct segment *s, bool remove)
{
	if (remove)
		(void)unlink(s->path);
	(void)close(s->fd);
	free(s->path);
	free(s);
}

int segment_write(struct segment *s, const void *records, size_t len)
{
	ssize_t n;

	do
		n = write(s->fd, records, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len) {
		s->size += n;
		return 0;
	}
	int code = n < 0 ? -errno : -ENOSPC;
	/* a part of a record must not stand before the next one */
	if (ftruncate(s->fd, s->size))
		return -EIO;
	return code;
}

static int read_at(const struct segment *s, void *to, size_t len, int64_t at)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(s->fd, (char *)to + got, len - got, at + (int64_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return SEGMENT_E_TORN;
		got += (size_t)n;
	}
	return 0;
}

/* The window shows `need` bytes at `at`, and what follows them as far as there is room. */
static int show(const struct segment *s, int64_t at, int64_t size, size_t need,
                struct segment_window *w)
{
	size_t len = size - at < WINDOW ? (size_t)(size - at) : WINDOW;

	if (size - at < (int64_t)need)
		return SEGMENT_E_TORN;
	if (w->of == s && at >= w->at && at + (int64_t)need <= w->at + (int64_t)w->len)
		return 0;
	if (len < need)
		len = need;
	if (w->cap < len) {
		w->cap = len;
		w->data = xrealloc(w->data, len);
	}
	w->of = NULL;
	int result = read_at(s, w->data, len, at);
	if (result)
		return result;
	w->of = s;
	w->at = at;
	w->len = len;
	return 0;
}

int segment_read(const struct segment *s, int64_t at, int64_t size,
                 struct segment_window *window, struct segment_record *out)
{
	struct record_head head;
	int result = show(s, at, size, sizeof(head), window);

	if (result)
		return result;
	memcpy(&head, window->data + (at - window->at), sizeof(head));
	if (head.magic != RECORD_MAGIC || head.len > JOURNAL_RECORD_MAX)
		return SEGMENT_E_BROKEN;
	result = show(s, at, size, sizeof(head) + head.len, window);
	if (result)
		return result;
	out->data = window->data + (at - window->at) + sizeof(head);
	out->len = head.len;
	out->end = at + (int64_t)(sizeof(head) + head.len);
	return record_check(out->data, head.len) == head.check ? 0 : SEGMENT_E_BROKEN;
}
