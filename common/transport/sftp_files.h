#pragma once
/*
 * The files of one request: its body, and the documents beside it as PDFs. Private to
 * transport/sftp*.c.
 */
#include "base/buf.h"
#include "transport/sftp_upload.h"

struct sftp_files {
	struct transport_request rq;
	char name[SFTP_NAME_SIZE];
	char other_name[SFTP_NAME_SIZE]; /* "": none */
	bool is_unique;
	char final_name[SFTP_NAME_SIZE]; /* of the last that was stored */
	struct buf list;                 /* of those that were stored, a line each */
};

/* TRANSPORT_E_CONFIG: the pattern cannot be used. */
int sftp_files_name(const struct transport_request *rq, struct sftp_files *out,
                    struct err_text *why) MUST_CHECK;
/* Stores them all. -1: s->fault says why. */
int sftp_files_put(struct sftp_session *s, const struct sftp_target *target,
                   struct sftp_files *f) MUST_CHECK;
