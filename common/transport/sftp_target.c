#include "transport/sftp_target.h"

#include "base/buf.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

/* "SHA256:..." as ssh-keygen shows it, base64 with or without padding, or hex. */
static bool read_fingerprint(const char *text, unsigned char out[32])
{
	static const int variants[] = { sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		                        sodium_base64_VARIANT_ORIGINAL };
	size_t len;

	if (strncasecmp(text, "SHA256:", 7) == 0)
		text += 7;
	if (strlen(text) == 64)
		return sodium_hex2bin(out, 32, text, 64, NULL, &len, NULL) == 0 &&
		       len == 32;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		if (sodium_base642bin(out, 32, text, strlen(text), NULL, &len, NULL,
		                      variants[i]) == 0 &&
		    len == 32)
			return true;
	return false;
}

static int read_host_keys(const json_t *keys, struct sftp_target *out, struct err_text *why)
{
	const json_t *key;
	size_t i;

	json_array_foreach (keys, i, key) {
		if (out->n_host_keys == SFTP_KEYS_MAX ||
		    !read_fingerprint(json_string_value(key),
		                      out->host_keys[out->n_host_keys]))
			return err_say(why, TRANSPORT_E_CONFIG,
			               "sftp.host_key_sha256: number %zu is no SHA-256, or "
			               "one too many (%d)",
			               i + 1, SFTP_KEYS_MAX);
		out->n_host_keys++;
	}
	if (out->n_host_keys == 0)
		return err_say(why, TRANSPORT_E_CONFIG,
		               "sftp.host_key_sha256 is missing: the host key's "
		               "fingerprint");
	return 0;
}

static void identify(struct sftp_target *t)
{
	const char *const parts[] = { t->host, t->username, t->private_key, t->password };
	crypto_hash_sha256_state state;
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *part = parts[i] ? parts[i] : "";

		(void)crypto_hash_sha256_update(&state, (const unsigned char *)part,
		                                strlen(part) + 1);
	}
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)&t->port,
	                                sizeof(t->port));
	(void)crypto_hash_sha256_update(&state, t->host_keys[0],
	                                t->n_host_keys * sizeof(t->host_keys[0]));
	(void)crypto_hash_sha256_final(&state, hash);
	(void)sodium_bin2hex(t->identity, sizeof(t->identity), hash, sizeof(hash));
}

/* ~/in, or as curl spells it /~/in: from where the server lets us arrive. */
static const char *from_home(const char *directory)
{
	const char *at = directory[0] == '/' ? directory + 1 : directory;

	if (at[0] != '~' || (at[1] != '/' && at[1] != '\0'))
		return directory;
	return at[1] ? at + 2 : at + 1;
}

int sftp_target_read(const struct integration *row, int64_t connect_timeout_ms,
                     struct sftp_target *out, struct err_text *why)
{
	const json_t *sftp = json_object_get(row->extra, "sftp");

	*out = (struct sftp_target){
		.host = row->host,
		.port = row->port,
		.username = jdoc_text_or(sftp, "username", NULL),
		.private_key = jdoc_text_or(sftp, "private_key", NULL),
		.password = jdoc_text_or(sftp, "password", NULL),
		.directory = from_home(jdoc_text_or(sftp, "directory", "")),
		.make_directory = jdoc_bool_or(sftp, "make_directory", false),
		.connect_ms = connect_timeout_ms < row->timeout_ms ? connect_timeout_ms
		                                                   : row->timeout_ms,
		.timeout_ms = row->timeout_ms,
	};
	if (!out->host || !out->username || (!out->private_key && !out->password))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "sftp needs host, sftp.username and sftp.private_key or "
		               "sftp.password");
	int r = read_host_keys(json_object_get(sftp, "host_key_sha256"), out, why);
	if (r == 0)
		identify(out);
	return r;
}

/* ---- names ---- */

static bool append_value(const struct transport_request *rq, const char *name, size_t len,
                         struct buf *out, bool *has_log_id)
{
	static const struct {
		const char *name, *key;
	} ids[] = {
		{ "billId", "bill_id" },
		{ "labReportId", "lab_report_id" },
		{ "patientId", "patient_id" },
	};
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{ "labId", rq->task->lab_id },
		{ "actionId", rq->task->action_id },
		{ "attempt", rq->task->attempt },
	};
	char hex[LOG_ID_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (strlen(ids[i].name) == len &&
		    strncasecmp(ids[i].name, name, len) == 0) {
			buf_printf(
				out, "%lld",
				(long long)jdoc_int_or(rq->task->context, ids[i].key, 0));
			return true;
		}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strlen(numbers[i].name) == len &&
		    strncasecmp(numbers[i].name, name, len) == 0) {
			buf_printf(out, "%lld", (long long)numbers[i].value);
			return true;
		}
	if (len != 5 || strncasecmp(name, "LOGID", len) != 0)
		return false;
	buf_append_str(out, log_id_to_hex(&rq->task->log_id, hex));
	*has_log_id = true;
	return true;
}

/* Without a pattern: what it is, whose, and which log. */
static const char *default_pattern(const struct transport_request *rq)
{
	const char *type = rq->task->content_type ? rq->task->content_type : "";
	bool hl7 = strstr(type, "hl7") != NULL;

	if (jdoc_int_or(rq->task->context, "lab_report_id", 0) > 0)
		return hl7 ? "ORU_<labId>_<labReportId>_<LOGID>.hl7"
		           : "<actionId>_<labId>_<labReportId>_<LOGID>.json";
	if (jdoc_int_or(rq->task->context, "bill_id", 0) > 0)
		return hl7 ? "ORM_<labId>_<billId>_<LOGID>.hl7"
		           : "<actionId>_<labId>_<billId>_<LOGID>.json";
	return hl7 ? "<actionId>_<labId>_<LOGID>.hl7" : "<actionId>_<labId>_<LOGID>.json";
}

/* A placeholder is <name>, {name} or {{name}}; returns what follows it, NULL: none here. */
static const char *placeholder(const char *at, const char **name, size_t *len)
{
	static const struct {
		const char *open, *close;
	} marks[] = { { "{{", "}}" }, { "{", "}" }, { "<", ">" } };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t n = strlen(marks[i].open);
		const char *end = strncmp(at, marks[i].open, n) == 0
		                          ? strstr(at + n, marks[i].close)
		                          : NULL;

		if (!end)
			continue;
		*name = at + n;
		*len = (size_t)(end - at) - n;
		return end + n;
	}
	return NULL;
}

int sftp_file_name(const struct transport_request *rq, char out[SFTP_NAME_SIZE],
                   bool *has_log_id, struct err_text *why)
{
	const char *at = jdoc_text_or(json_object_get(rq->row->extra, "sftp"), "file_name",
	                              default_pattern(rq));
	CLEANUP(buf_deinit) struct buf name = BUF_INIT(200);

	*has_log_id = false;
	while (*at) {
		const char *key = NULL, *rest;
		size_t len = 0;

		rest = placeholder(at, &key, &len);
		if (!rest) {
			buf_append_char(&name, *at++);
			continue;
		}
		if (!append_value(rq, key, len, &name, has_log_id))
			return err_say(why, TRANSPORT_E_CONFIG,
			               "sftp.file_name: <%.*s> is none of <labId> <billId> "
			               "<labReportId> <patientId> <actionId> <attempt> "
			               "<LOGID>",
			               (int)(len < 40 ? len : 40), key);
		at = rest;
	}
	if (name.truncated || name.len == 0)
		return err_say(why, TRANSPORT_E_CONFIG,
		               "sftp.file_name: longer than 200 bytes, or empty");
	for (char *p = name.data; *p; p++)
		if (*p == '/' || iscntrl((unsigned char)*p))
			*p = '_';
	(void)snprintf(out, SFTP_NAME_SIZE, "%s", buf_str(&name));
	return 0;
}

/* Where the extension begins; the end when it has none. */
static size_t stem_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

void sftp_name_insert(const char *name, const char *more, char out[SFTP_NAME_SIZE])
{
	size_t stem = stem_of(name);

	(void)snprintf(out, SFTP_NAME_SIZE, "%.*s_%s%s", (int)stem, name, more,
	               name + stem);
}

void sftp_name_extension(const char *name, const char *extension, char out[SFTP_NAME_SIZE])
{
	(void)snprintf(out, SFTP_NAME_SIZE, "%.*s%s", (int)stem_of(name), name, extension);
}
