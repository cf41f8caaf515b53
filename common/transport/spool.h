#pragma once
/*
 * A request's documents on their way, one after the other: in a file without a name,
 * enciphered with a key that only this process has, so that they take no memory while its
 * partner is slow and nobody reads them from the disk. Written once, from one thread; then
 * read from any one thread at a time.
 */
#include "base/err.h"
#include "base/util.h"

#include <sys/types.h>

struct spool;

/* `folder` is where the file lives. -errno: it cannot be made there. */
int spool_new(const char *folder, struct spool **out) MUST_CHECK;
struct spool *spool_free(struct spool *s); /* NULL in, NULL out */
DEFINE_CLEANUP(struct spool *, spool_free);

/* -errno: the disk is full, for one. */
int spool_append(struct spool *s, const void *data, size_t len) MUST_CHECK;
/* How many bytes there are at `at`, up to `len`; -errno. */
ssize_t spool_read(const struct spool *s, size_t at, void *out, size_t len) MUST_CHECK;
size_t spool_size(const struct spool *s);
