#pragma once
/*
 * Where a row's files go over SFTP, who we are there and whom we expect, and the files'
 * names. Pure; private to transport/sftp*.c.
 */
#include "transport/transport.h"

enum { SFTP_NAME_SIZE = 256, SFTP_PATH_SIZE = 1024, SFTP_KEYS_MAX = 8 };

/* Borrowed from the row. */
struct sftp_target {
	const char *host;
	int port;
	const char *username;
	const char *private_key, *password; /* NULL: not this way */
	const char *directory;              /* "" is the one we arrive in */
	bool make_directory;
	unsigned char host_keys[SFTP_KEYS_MAX][32]; /* SHA-256; any of them */
	size_t n_host_keys;
	int64_t connect_ms, timeout_ms;
	/* Same text, same peer and same credentials: a connection serves both. */
	char identity[65];
};

/* TRANSPORT_E_CONFIG: `why` names the key. */
int sftp_target_read(const struct integration *row, int64_t connect_timeout_ms,
                     struct sftp_target *out, struct err_text *why) MUST_CHECK;

/*
 * The file's name by the row's pattern (file_name; placeholders <labId> <billId>
 * <labReportId> <patientId> <actionId> <LOGID>), or by the action:
 * ORM_<labId>_<billId>_<LOGID>.hl7. *has_log_id: no other log has this name.
 * TRANSPORT_E_CONFIG: an unknown placeholder.
 */
int sftp_file_name(const struct transport_request *rq, char out[SFTP_NAME_SIZE],
                   bool *has_log_id, struct err_text *why) MUST_CHECK;
/* The same with `more` before the extension: a_b.hl7 -> a_b_more.hl7. */
void sftp_name_insert(const char *name, const char *more, char out[SFTP_NAME_SIZE]);
/* The same with another extension (".pdf"). */
void sftp_name_extension(const char *name, const char *extension, char out[SFTP_NAME_SIZE]);
