#include "transport/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

/* The cipher's own unit: a place in the file begins at a multiple of it. */
enum { BLOCK = 64, PIECE = 64 * 1024 };

struct spool {
	int fd;
	size_t size;
	unsigned char key[crypto_stream_chacha20_KEYBYTES];
};

/* A key is used for one file only, so the nonce need not differ. */
static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES];

/* File systems that cannot (overlayfs, before Linux 6.1) have a name for a moment. */
static int open_nameless(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	CLEANUP(freep) char *path = xasprintf("%s/fleet-XXXXXX", folder);

	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

int spool_new(const char *folder, struct spool **out)
{
	int fd = open_nameless(folder);

	if (fd < 0)
		return -errno;
	struct spool *s = xcalloc(1, sizeof(*s));

	s->fd = fd;
	randombytes_buf(s->key, sizeof(s->key));
	*out = s;
	return 0;
}

struct spool *spool_free(struct spool *s)
{
	if (s) {
		(void)close(s->fd);
		sodium_memzero(s->key, sizeof(s->key));
		free(s);
	}
	return NULL;
}

/* `data` begins `skip` bytes (less than a block) after the block's start. */
static void cipher(const struct spool *s, size_t block, size_t skip, unsigned char *data,
                   size_t len)
{
	unsigned char first[BLOCK];
	size_t n = skip ? BLOCK - skip : 0;

	if (n > len)
		n = len;
	if (n > 0) {
		memcpy(first + skip, data, n);
		(void)crypto_stream_chacha20_xor_ic(first, first, skip + n, nonce, block,
		                                    s->key);
		memcpy(data, first + skip, n);
		block++;
	}
	(void)crypto_stream_chacha20_xor_ic(data + n, data + n, len - n, nonce, block,
	                                    s->key);
}

static int write_all(int fd, const unsigned char *data, size_t len, size_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
		at += (size_t)n;
	}
	return 0;
}

int spool_append(struct spool *s, const void *data, size_t len)
{
	unsigned char piece[PIECE];
	const unsigned char *from = data;

	while (len > 0) {
		size_t n = len < sizeof(piece) ? len : sizeof(piece);

		memcpy(piece, from, n);
		cipher(s, s->size / BLOCK, s->size % BLOCK, piece, n);
		int r = write_all(s->fd, piece, n, s->size);
		if (r)
			return r;
		s->size += n;
		from += n;
		len -= n;
	}
	return 0;
}

ssize_t spool_read(const struct spool *s, size_t at, void *out, size_t len)
{
	ssize_t n;

	do {
		n = pread(s->fd, out, len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	cipher(s, at / BLOCK, at % BLOCK, out, (size_t)n);
	return n;
}

size_t spool_size(const struct spool *s)
{
	return s->size;
}
