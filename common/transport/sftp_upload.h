#pragma once
/*
 * One file to an SFTP server: under a temporary name (.NAME.tmp), its size checked, then
 * renamed, so that it is never there by its name in part. A file that is there by that name
 * already, with the same content, counts as delivered (our process died after the rename);
 * another is never overwritten. Private to transport/sftp*.c.
 */
#include "transport/sftp_session.h"

struct sftp_file {
	const char *name;
	/* Where a file of this name is there that is another one; NULL: that is an error.
	 */
	const char *other_name;
	bool is_unique; /* no other log's file has this name: the same one is this one */
	uint64_t size;
	/* The bytes from the beginning, each time after rewind(); 0 at the end, -errno. */
	ssize_t (*read)(void *source, char *out, size_t len);
	void (*rewind)(void *source);
	void *source;
};

/* Writes the name that it has now. -1: s->fault says why. */
int sftp_upload(struct sftp_session *s, const struct sftp_target *target,
                const struct sftp_file *file, char name[SFTP_NAME_SIZE]) MUST_CHECK;
