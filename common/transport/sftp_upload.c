#include "transport/sftp_upload.h"

#include <stdio.h>

/* libssh2 splits a write into packets and has several on their way. */
enum { PIECE = 128 * 1024 };

#define MODE (LIBSSH2_SFTP_S_IRUSR | LIBSSH2_SFTP_S_IWUSR | LIBSSH2_SFTP_S_IRGRP)

#define UNTIL_DONE(s, r, call)                                                             \
	do {                                                                               \
		(r) = (call);                                                              \
	} while ((r) == LIBSSH2_ERROR_EAGAIN && sftp_session_wait(s))

static int say(struct sftp_session *s, enum error_kind kind, const char *text)
{
	s->fault.kind = kind;
	return err_say(&s->fault.text, -1, "%s", text);
}

/* The server's own status of the last call; 0: the connection failed, not the call. */
static unsigned long status_of(struct sftp_session *s, int code)
{
	return code == LIBSSH2_ERROR_SFTP_PROTOCOL ? libssh2_sftp_last_error(s->sftp)
	                                           : LIBSSH2_FX_OK;
}

static int fail(struct sftp_session *s, int code, const char *doing)
{
	switch (status_of(s, code)) {
	case LIBSSH2_FX_PERMISSION_DENIED:
	case LIBSSH2_FX_WRITE_PROTECT:
		return say(s, ERROR_KIND_AUTH,
		           "The server does not let this user write in sftp.directory");
	case LIBSSH2_FX_NO_SUCH_FILE:
	case LIBSSH2_FX_NO_SUCH_PATH:
	case LIBSSH2_FX_NOT_A_DIRECTORY:
		return say(s, ERROR_KIND_CONFIG,
		           "sftp.directory is not there: have it made, or set "
		           "sftp.make_directory");
	default:
		return sftp_session_fail(s, code, doing);
	}
}

/* ---- the calls, until they are done ---- */

static LIBSSH2_SFTP_HANDLE *open_file(struct sftp_session *s, const char *path,
                                      unsigned long flags, int *code)
{
	LIBSSH2_SFTP_HANDLE *handle;

	*code = 0;
	while (!(handle = libssh2_sftp_open_ex(s->sftp, path, (unsigned)strlen(path), flags,
	                                       MODE, LIBSSH2_SFTP_OPENFILE))) {
		*code = libssh2_session_last_errno(s->ssh);
		if (*code != LIBSSH2_ERROR_EAGAIN || !sftp_session_wait(s))
			return NULL;
	}
	return handle;
}

static int close_file(struct sftp_session *s, LIBSSH2_SFTP_HANDLE *handle)
{
	int r;

	UNTIL_DONE(s, r, libssh2_sftp_close_handle(handle));
	return r;
}

static void remove_file(struct sftp_session *s, const char *path)
{
	int r;

	UNTIL_DONE(s, r, libssh2_sftp_unlink_ex(s->sftp, path, (unsigned)strlen(path)));
	(void)r; /* what is left is a temporary name, written anew the next time */
}

/* ---- directories ---- */

static void make_one(struct sftp_session *s, const char *path)
{
	int r;

	UNTIL_DONE(s, r,
	           libssh2_sftp_mkdir_ex(s->sftp, path, (unsigned)strlen(path),
	                                 LIBSSH2_SFTP_S_IRWXU | LIBSSH2_SFTP_S_IRGRP |
	                                         LIBSSH2_SFTP_S_IXGRP));
	(void)r; /* one that is there already fails too: the file's opening tells */
}

static void make_directories(struct sftp_session *s, const char *directory)
{
	char path[SFTP_PATH_SIZE];

	for (const char *at = directory; at && s->fault.kind == ERROR_KIND_NONE;) {
		at = strchr(at + 1, '/');
		size_t len = at ? (size_t)(at - directory) : strlen(directory);

		(void)snprintf(path, sizeof(path), "%.*s", (int)len, directory);
		make_one(s, path);
	}
}

static void path_of(const struct sftp_target *t, const char *before, const char *name,
                    const char *after, char out[SFTP_PATH_SIZE])
{
	size_t len = strlen(t->directory);
	const char *slash = len > 0 && t->directory[len - 1] != '/' ? "/" : "";

	(void)snprintf(out, SFTP_PATH_SIZE, "%s%s%s%s%s", t->directory, slash, before, name,
	               after);
}

/* ---- writing ---- */

static int write_piece(struct sftp_session *s, LIBSSH2_SFTP_HANDLE *handle,
                       const char *piece, size_t len)
{
	while (len > 0) {
		ssize_t n;

		UNTIL_DONE(s, n, libssh2_sftp_write(handle, piece, len));
		if (n < 0)
			return (int)n;
		piece += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fail_write(struct sftp_session *s, int code)
{
	switch (status_of(s, code)) {
	case LIBSSH2_FX_FAILURE: /* all that SFTP 3 has for a full disk */
	case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
	case LIBSSH2_FX_QUOTA_EXCEEDED:
		return say(s, ERROR_KIND_STORAGE,
		           "The server could not store the file: its disk may be full");
	default:
		return fail(s, code, "Writing");
	}
}

static int write_all(struct sftp_session *s, LIBSSH2_SFTP_HANDLE *handle,
                     const struct sftp_file *file)
{
	CLEANUP(freep) char *piece = xcalloc(1, PIECE);
	ssize_t n;

	file->rewind(file->source);
	while ((n = file->read(file->source, piece, PIECE)) > 0) {
		int r = write_piece(s, handle, piece, (size_t)n);

		if (r)
			return fail_write(s, r);
	}
	return n < 0 ? say(s, ERROR_KIND_STORAGE, "A document could not be read back") : 0;
}

static int check_size(struct sftp_session *s, LIBSSH2_SFTP_HANDLE *handle, uint64_t size)
{
	LIBSSH2_SFTP_ATTRIBUTES is = { 0 };
	int r;

	UNTIL_DONE(s, r, libssh2_sftp_fstat_ex(handle, &is, 0));
	if (r)
		return fail(s, r, "Asking for the file's size");
	if ((is.flags & LIBSSH2_SFTP_ATTR_SIZE) && is.filesize != size)
		return say(s, ERROR_KIND_STORAGE,
		           "The server's file has another size than what was sent");
	return 0;
}

static LIBSSH2_SFTP_HANDLE *create(struct sftp_session *s, const struct sftp_target *t,
                                   const char *path, int *code)
{
	static const unsigned long flags =
		LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC;
	LIBSSH2_SFTP_HANDLE *handle = open_file(s, path, flags, code);

	if (!handle && t->make_directory &&
	    status_of(s, *code) == LIBSSH2_FX_NO_SUCH_FILE) {
		make_directories(s, t->directory);
		handle = open_file(s, path, flags, code);
	}
	return handle;
}

static int write_temporary(struct sftp_session *s, const struct sftp_target *t,
                           const struct sftp_file *file, const char *path)
{
	int code;
	LIBSSH2_SFTP_HANDLE *handle = create(s, t, path, &code);

	if (!handle)
		return fail(s, code, "Opening the file");
	int r = write_all(s, handle, file);
	if (r == 0)
		r = check_size(s, handle, file->size);
	int closed = s->fault.broken ? 0 : close_file(s, handle);
	if (r == 0 && closed)
		r = fail_write(s, closed);
	if (r && !s->fault.broken)
		remove_file(s, path);
	return r;
}

/* ---- the name ---- */

/* Whether the server's file has these bytes; false also where it cannot be read. */
static bool is_same(struct sftp_session *s, const struct sftp_file *file, const char *path)
{
	CLEANUP(freep) char *ours = xcalloc(2, PIECE);
	char *theirs = ours + PIECE;
	bool same = true;
	uint64_t seen = 0;
	int code;
	LIBSSH2_SFTP_HANDLE *handle = open_file(s, path, LIBSSH2_FXF_READ, &code);

	if (!handle)
		return false;
	file->rewind(file->source);
	while (same) {
		ssize_t n, got;

		UNTIL_DONE(s, n, libssh2_sftp_read(handle, theirs, PIECE));
		if (n <= 0) {
			same = n == 0 && seen == file->size;
			break;
		}
		/* a reader may give less than it is asked for only at the end */
		got = file->read(file->source, ours, (size_t)n);
		same = got == n && memcmp(ours, theirs, (size_t)n) == 0;
		seen += (uint64_t)n;
	}
	if (!s->fault.broken)
		(void)close_file(s, handle);
	return same;
}

static int move(struct sftp_session *s, const char *from, const char *to)
{
	int r;

	UNTIL_DONE(s, r,
	           libssh2_sftp_rename_ex(s->sftp, from, (unsigned)strlen(from), to,
	                                  (unsigned)strlen(to), 0));
	return r;
}

/* 0: it has its name; 1: another file has it; -1: the fault says why. */
static int give_name(struct sftp_session *s, const struct sftp_file *file,
                     const char *temporary, const char *path)
{
	LIBSSH2_SFTP_ATTRIBUTES is;
	int r = move(s, temporary, path), found;

	if (r == 0)
		return 0;
	unsigned long status = status_of(s, r);
	if (status != LIBSSH2_FX_FAILURE && status != LIBSSH2_FX_FILE_ALREADY_EXISTS)
		return fail(s, r, "Renaming");
	UNTIL_DONE(s, found,
	           libssh2_sftp_stat_ex(s->sftp, path, (unsigned)strlen(path),
	                                LIBSSH2_SFTP_STAT, &is));
	if (found)
		return fail_write(s, r);
	if (!file->is_unique || !is_same(s, file, path))
		return s->fault.kind == ERROR_KIND_NONE ? 1 : -1;
	remove_file(s, temporary);
	return 0;
}

int sftp_upload(struct sftp_session *s, const struct sftp_target *target,
                const struct sftp_file *file, char name[SFTP_NAME_SIZE])
{
	char temporary[SFTP_PATH_SIZE], path[SFTP_PATH_SIZE];

	path_of(target, ".", file->name, ".tmp", temporary);
	path_of(target, "", file->name, "", path);
	(void)snprintf(name, SFTP_NAME_SIZE, "%s", file->name);
	int r = write_temporary(s, target, file, temporary);
	if (r)
		return r;
	r = give_name(s, file, temporary, path);
	if (r == 1 && file->other_name) {
		struct sftp_file other = *file;

		other.is_unique = true;
		path_of(target, "", file->other_name, "", path);
		(void)snprintf(name, SFTP_NAME_SIZE, "%s", file->other_name);
		r = give_name(s, &other, temporary, path);
	}
	if (r == 1) {
		remove_file(s, temporary);
		return say(s, ERROR_KIND_STORAGE,
		           "Another file with this name is on the server: it is kept");
	}
	return r;
}
