#include "settings/details.h"

#include "base/buf.h"
#include "domain/fax.h"
#include "secrets/mask.h"
#include "secrets/signature.h"
#include "json/jdoc.h"

#include <assert.h>

enum detail_type {
	DETAIL_TEXT,
	DETAIL_INT,      /* min..max */
	DETAIL_POSITIVE, /* a number above 0 */
	DETAIL_BOOL,
	DETAIL_WORD,  /* one of words */
	DETAIL_TEXTS, /* an array of texts */
	DETAIL_WORDS, /* an array of words */
	DETAIL_OBJECT,
	DETAIL_SECRETS, /* whsec_<base64>, several separated by blanks */
};

struct detail_key {
	const char *name;
	enum detail_type type;
	int64_t min, max;
	const char *const *words;         /* ends with NULL */
	const struct detail_key *members; /* ends with a NULL name */
	bool secret; /* a text that is sealed at rest and never shown */
};

static const char *const transports[] = { "http", "mllp", "sftp", "fax", NULL };
static const char *const orders[] = { "patient", "bill", "accession", NULL };
static const char *const auth_types[] = { "basic", "bearer", "oauth2_client_credentials",
	                                  "mtls", NULL };
static const char *const ack_modes[] = { "original", "enhanced", NULL };
static const char *const hl7_versions[] = { "2.3", "2.5.1", NULL };
static const char *const injections[] = { "msh", "zid", "nte", "none", NULL };

static const struct detail_key auth_keys[] = {
	{ .name = "type", .type = DETAIL_WORD, .words = auth_types },
	{ .name = "username", .type = DETAIL_TEXT },
	{ .name = "password", .type = DETAIL_TEXT, .secret = true },
	{ .name = "token", .type = DETAIL_TEXT, .secret = true },
	{ .name = "token_url", .type = DETAIL_TEXT },
	{ .name = "client_id", .type = DETAIL_TEXT },
	{ .name = "client_secret", .type = DETAIL_TEXT, .secret = true },
	{ .name = "scope", .type = DETAIL_TEXT },
	{ .name = "certificate", .type = DETAIL_TEXT },
	{ .name = "private_key", .type = DETAIL_TEXT, .secret = true },
	{ .name = NULL },
};

static const struct detail_key tls_keys[] = {
	{ .name = "ca", .type = DETAIL_TEXT },
	{ .name = "insecure", .type = DETAIL_BOOL },
	{ .name = NULL },
};

static const struct detail_key hl7_keys[] = {
	{ .name = "version", .type = DETAIL_WORD, .words = hl7_versions },
	{ .name = "receiving_application", .type = DETAIL_TEXT },
	{ .name = "receiving_facility", .type = DETAIL_TEXT },
	{ .name = "id_injection", .type = DETAIL_WORDS, .words = injections },
	{ .name = NULL },
};

static const struct detail_key ack_keys[] = {
	{ .name = "mode", .type = DETAIL_WORD, .words = ack_modes },
	{ .name = "timeout_ms", .type = DETAIL_INT, .min = 1, .max = 600000 },
	{ .name = "await_downstream", .type = DETAIL_BOOL },
	{ .name = NULL },
};

static const struct detail_key sftp_keys[] = {
	{ .name = "username", .type = DETAIL_TEXT },
	{ .name = "private_key", .type = DETAIL_TEXT, .secret = true },
	{ .name = "password", .type = DETAIL_TEXT, .secret = true },
	{ .name = "host_key_sha256", .type = DETAIL_TEXTS },
	{ .name = "directory", .type = DETAIL_TEXT, .max = 500 },
	{ .name = "make_directory", .type = DETAIL_BOOL },
	{ .name = "file_name", .type = DETAIL_TEXT, .max = 200 },
	{ .name = NULL },
};

static const struct detail_key fax_keys[] = {
	{ .name = "access_key", .type = DETAIL_TEXT, .secret = true },
	{ .name = "secret_key", .type = DETAIL_TEXT, .secret = true },
	{ .name = "from", .type = DETAIL_TEXT },
	{ .name = NULL },
};

static const struct detail_key auto_retry_keys[] = {
	{ .name = "max", .type = DETAIL_INT, .min = 0, .max = 1000 },
	{ .name = "patterns", .type = DETAIL_TEXTS },
	{ .name = NULL },
};

static const struct detail_key detail_keys[] = {
	{ .name = "transport", .type = DETAIL_WORD, .words = transports },
	{ .name = "host", .type = DETAIL_TEXT },
	{ .name = "port", .type = DETAIL_INT, .min = 1, .max = 65535 },
	{ .name = "x-api-key", .type = DETAIL_TEXT, .secret = true },
	{ .name = "vendor", .type = DETAIL_TEXT },
	{ .name = "timeout_ms", .type = DETAIL_INT, .min = 1, .max = 600000 },
	{ .name = "rate_limit_per_second", .type = DETAIL_POSITIVE },
	{ .name = "rate_limit_group", .type = DETAIL_TEXT, .max = 100 },
	{ .name = "max_concurrency", .type = DETAIL_INT, .min = 1, .max = 1000 },
	{ .name = "ordered_by", .type = DETAIL_WORD, .words = orders },
	{ .name = "auth", .type = DETAIL_OBJECT, .members = auth_keys },
	{ .name = "webhook_secret", .type = DETAIL_SECRETS, .secret = true },
	{ .name = "tls", .type = DETAIL_OBJECT, .members = tls_keys },
	{ .name = "hl7", .type = DETAIL_OBJECT, .members = hl7_keys },
	{ .name = "ack", .type = DETAIL_OBJECT, .members = ack_keys },
	{ .name = "sftp", .type = DETAIL_OBJECT, .members = sftp_keys },
	{ .name = "fax", .type = DETAIL_OBJECT, .members = fax_keys },
	{ .name = "auto_retry", .type = DETAIL_OBJECT, .members = auto_retry_keys },
	{ .name = NULL },
};

/* What an authentication needs, by its type. */
static const struct {
	const char *type;
	const char *needs[4];
} auth_needs[] = {
	{ .type = "basic", .needs = { "username", "password" } },
	{ .type = "bearer", .needs = { "token" } },
	{ .type = "oauth2_client_credentials",
	  .needs = { "token_url", "client_id", "client_secret" } },
	{ .type = "mtls", .needs = { "certificate", "private_key" } },
};

#define ROOT "integration_extra_details"

static bool is_word(const json_t *value, const char *const *words)
{
	const char *text = json_string_value(value);

	for (; text && *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool all_texts(const json_t *array, const char *const *words)
{
	size_t i;
	const json_t *member;

	if (!json_is_array(array))
		return false;
	json_array_foreach (array, i, member)
		if (!json_is_string(member) || (words && !is_word(member, words)))
			return false;
	return true;
}

static int say_words(const char *path, const char *name, const char *const *words,
                     const char *lead, struct err_text *why)
{
	CLEANUP(buf_deinit) struct buf list = BUF_INIT(120);

	for (; *words; words++) {
		buf_append_str(&list, list.len ? ", " : "");
		buf_append_str(&list, *words);
	}
	return err_say(why, SETTINGS_E_DETAILS, "%s.%s must be %s %s", path, name, lead,
	               buf_str(&list));
}

static int check_int(const json_t *value, const struct detail_key *key, const char *path,
                     struct err_text *why)
{
	json_int_t n = json_integer_value(value);

	if (json_is_integer(value) && n >= key->min && n <= key->max)
		return 0;
	return err_say(why, SETTINGS_E_DETAILS,
	               "%s.%s must be an integer from %lld to %lld", path, key->name,
	               (long long)key->min, (long long)key->max);
}

static int check_text(const json_t *value, const struct detail_key *key, const char *path,
                      struct err_text *why)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return err_say(why, SETTINGS_E_DETAILS, "%s.%s must be a text", path,
		               key->name);
	if (key->max && json_string_length(value) > (size_t)key->max)
		return err_say(why, SETTINGS_E_DETAILS, "%s.%s may have up to %lld bytes",
		               path, key->name, (long long)key->max);
	return 0;
}

struct report {
	settings_say_fn say;
	void *arg;
};

static void check_object(const json_t *object, const struct detail_key *keys,
                         const char *path, const struct report *report);

static int check_members(const json_t *value, const struct detail_key *key,
                         const char *path, const struct report *report,
                         struct err_text *why)
{
	char inner[96];

	if (!json_is_object(value))
		return err_say(why, SETTINGS_E_DETAILS, "%s.%s must be an object", path,
		               key->name);
	int n = snprintf(inner, sizeof(inner), "%s.%s", path, key->name);

	assert(n > 0 && (size_t)n < sizeof(inner)); /* the table's own names */
	check_object(value, key->members, inner, report);
	return 0;
}

static int check_secrets(const json_t *value, const struct detail_key *key,
                         const char *path, struct err_text *why)
{
	CLEANUP(buf_deinit) struct buf unused = BUF_INIT(0);
	const char *text = json_string_value(value);

	if (text && signature_append(text, "", 0, "", 0, &unused, NULL) == 0)
		return 0;
	return err_say(why, SETTINGS_E_DETAILS,
	               "%s.%s must be whsec_ and base64, several separated by blanks", path,
	               key->name);
}

static int check_value(const json_t *value, const struct detail_key *key, const char *path,
                       const struct report *report, struct err_text *why)
{
	const char *wanted = NULL;

	switch (key->type) {
	case DETAIL_TEXT:
		return check_text(value, key, path, why);
	case DETAIL_INT:
		return check_int(value, key, path, why);
	case DETAIL_POSITIVE:
		wanted = json_number_value(value) > 0 ? NULL : "a number above 0";
		break;
	case DETAIL_BOOL:
		wanted = json_is_boolean(value) ? NULL : "true or false";
		break;
	case DETAIL_WORD:
		return is_word(value, key->words)
		               ? 0
		               : say_words(path, key->name, key->words, "one of", why);
	case DETAIL_TEXTS:
		wanted = all_texts(value, NULL) ? NULL : "an array of texts";
		break;
	case DETAIL_WORDS:
		return all_texts(value, key->words)
		               ? 0
		               : say_words(path, key->name, key->words, "an array of", why);
	case DETAIL_OBJECT:
		return check_members(value, key, path, report, why);
	case DETAIL_SECRETS:
		return check_secrets(value, key, path, why);
	}
	if (!wanted)
		return 0;
	return err_say(why, SETTINGS_E_DETAILS, "%s.%s must be %s", path, key->name,
	               wanted);
}

static const struct detail_key *find_key(const struct detail_key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

/* Recursion is as deep as the table: two. */
static void check_object(const json_t *object, const struct detail_key *keys,
                         const char *path, const struct report *report)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		const struct detail_key *key = find_key(keys, name);
		struct err_text why = { "" };
		int r = 0;

		if (!key)
			r = err_say(&why, SETTINGS_E_DETAILS, "%s.%.40s is not a known key",
			            path, name);
		else if (!json_is_null(value))
			r = check_value(value, key, path, report, &why);
		if (r)
			report->say(report->arg, why.text);
	}
}

static void check_auth(const json_t *auth, const struct report *report)
{
	const char *type = jdoc_text_or(auth, "type", NULL);
	struct err_text why;

	if (!type)
		report->say(report->arg, ROOT ".auth.type is missing");
	for (size_t i = 0; type && i < ARRAY_SIZE(auth_needs); i++) {
		if (strcmp(auth_needs[i].type, type) != 0)
			continue;
		for (const char *const *need = auth_needs[i].needs; *need; need++) {
			if (json_is_string(json_object_get(auth, *need)))
				continue;
			(void)err_say(&why, 0, ROOT ".auth.%s is missing, %s needs it",
			              *need, type);
			report->say(report->arg, why.text);
		}
	}
}

/* SHA256:<base64>, as ssh-keygen -l shows it, or the base64 or hex digits alone. */
static bool is_fingerprint(const char *text)
{
	if (strncmp(text, "SHA256:", 7) == 0)
		text += 7;
	size_t len = strlen(text);

	if (len == 64 && strspn(text, "0123456789abcdefABCDEF") == 64)
		return true;
	if (len == 44 && text[43] == '=')
		len = 43;
	return len == 43 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
	                                 "wxyz0123456789+/") >= 43;
}

/* Without a host's key anybody could take the files. */
static void check_host_keys(const json_t *keys, const struct report *report)
{
	const json_t *key;
	size_t i;

	if (json_array_size(keys) == 0)
		report->say(report->arg, ROOT
		            ".sftp.host_key_sha256 is missing: the host key's "
		            "fingerprint, as ssh-keyscan HOST | ssh-keygen -lf - shows "
		            "it");
	json_array_foreach (keys, i, key)
		if (json_is_string(key) && !is_fingerprint(json_string_value(key)))
			report->say(report->arg, ROOT ".sftp.host_key_sha256 must be "
			                              "SHA256: and base64, or hex digits");
}

static void check_file_name(const char *name, const struct report *report)
{
	if (strchr(name, '/') || *name == '.')
		report->say(report->arg,
		            ROOT ".sftp.file_name must be a name, without a directory");
}

static void check_sftp(const json_t *sftp, const struct report *report)
{
	if (!jdoc_text_or(sftp, "username", NULL))
		report->say(report->arg, ROOT ".sftp.username is missing");
	if (!jdoc_text_or(sftp, "private_key", NULL) &&
	    !jdoc_text_or(sftp, "password", NULL))
		report->say(report->arg, ROOT ".sftp needs a private_key or a password");
	check_host_keys(json_object_get(sftp, "host_key_sha256"), report);
	check_file_name(jdoc_text_or(sftp, "file_name", "x"), report);
}

void settings_details_check(const json_t *details, settings_say_fn say, void *arg)
{
	const json_t *auth = json_object_get(details, "auth");
	const struct report report = { .say = say, .arg = arg };

	if (!json_is_object(details)) {
		say(arg, ROOT " must be an object");
		return;
	}
	check_object(details, detail_keys, ROOT, &report);
	if (json_is_object(auth))
		check_auth(auth, &report);
}

void settings_details_check_sftp(const json_t *details, settings_say_fn say, void *arg)
{
	const struct report report = { .say = say, .arg = arg };

	check_sftp(json_object_get(details, "sftp"), &report);
}

void settings_details_check_fax(const json_t *details, const struct fax_vendor *vendor,
                                settings_say_fn say, void *arg)
{
	const json_t *fax = json_object_get(details, "fax");
	const char *from = jdoc_text_or(fax, "from", NULL);
	char names[FAX_VENDOR_NAMES_SIZE], number[FAX_NUMBER_SIZE];
	struct err_text why;

	if (!vendor) {
		(void)err_say(&why, 0, ROOT ".vendor must be one of %s",
		              fax_vendor_names(names));
		say(arg, why.text);
		return;
	}
	for (const char *const *need = vendor->needs; *need; need++) {
		if (jdoc_text_or(fax, *need, NULL))
			continue;
		(void)err_say(&why, 0, ROOT ".fax.%s is missing, %s needs it", *need,
		              vendor->name);
		say(arg, why.text);
	}
	if (from && !fax_number(vendor, from, number))
		say(arg, ROOT ".fax.from must be a number with the country's code; of "
		              "humblefax one of the US or Canada");
}

struct walk {
	settings_secret_fn fn;
	void *arg;
	bool scalars; /* numbers and flags count as texts */
};

/* What the table does not know is an error of the row; a secret it may be all the same. */
static bool is_secret(const struct detail_key *key, const char *name)
{
	return key ? key->secret : mask_wants(name, strlen(name));
}

static char *visit(const struct walk *walk, const char *path, const json_t *value)
{
	if (json_is_string(value))
		return walk->fn(walk->arg, path, json_string_value(value));
	if (!walk->scalars || json_is_null(value) || json_is_array(value))
		return NULL;
	CLEANUP(freep) char *text = jdoc_dump(value, NULL);

	return walk->fn(walk->arg, path, text);
}

/* Recursion is bounded by JDOC_MAX_DEPTH. */
static void walk_object(const struct walk *walk, json_t *object,
                        const struct detail_key *keys, const char *path)
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		const struct detail_key *key = find_key(keys, name);
		CLEANUP(freep) char *inner = xasprintf("%s.%s", path, name);
		CLEANUP(freep) char *text = NULL;

		if (json_is_object(value))
			walk_object(walk, value, key ? key->members : NULL, inner);
		else if (is_secret(key, name))
			text = visit(walk, inner, value);
		if (text)
			(void)json_object_set_new_nocheck(object, name, json_string(text));
	}
}

void settings_details_secrets(json_t *details, settings_secret_fn fn, void *arg)
{
	const struct walk walk = { .fn = fn, .arg = arg };

	walk_object(&walk, details, detail_keys, ROOT);
}

void settings_headers_secrets(json_t *headers, settings_secret_fn fn, void *arg)
{
	const struct walk walk = { .fn = fn, .arg = arg, .scalars = true };

	walk_object(&walk, headers, NULL, "headers");
}
