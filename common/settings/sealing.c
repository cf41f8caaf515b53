#include "settings/sealing.h"

#include "base/buf.h"
#include "secrets/mask.h"
#include "secrets/seal.h"

#define AUTH        "developer_authentication"
#define INTEGRATION "lab_integration"

struct job {
	const char *table;
	int64_t id;
	const struct keyring *keys;
	settings_say_fn say;
	void *arg;
	size_t sealed;
};

static char *place_of(const struct job *job, const char *path)
{
	return xasprintf("%s/%lld/%s", job->table, (long long)job->id, path);
}

static void walk(json_t *doc, enum settings_document kind, settings_secret_fn fn,
                 struct job *job)
{
	job->table = kind == SETTINGS_DOCUMENT_AUTH_HEADERS ? AUTH : INTEGRATION;
	if (kind == SETTINGS_DOCUMENT_DETAILS)
		settings_details_secrets(doc, fn, job);
	else
		settings_headers_secrets(doc, fn, job);
}

static char *open_one(void *arg, const char *path, const char *text)
{
	struct job *job = arg;
	CLEANUP(freep) char *place = place_of(job, path);
	char *plain = NULL;
	struct err_text why;

	if (!seal_is_sealed(text))
		return NULL;
	if (seal_open(job->keys, place, text, &plain, &why) != 0) {
		CLEANUP(freep) char *fault = xasprintf("%s %s", path, why.text);

		job->say(job->arg, fault);
	}
	return plain;
}

void settings_open(json_t *doc, enum settings_document kind, int64_t id,
                   const struct keyring *keys, settings_say_fn say, void *arg)
{
	struct job job = { .id = id, .keys = keys, .say = say, .arg = arg };

	walk(doc, kind, open_one, &job);
}

/* NULL where nothing is to be done, or can be. */
static char *seal_one(void *arg, const char *path, const char *text)
{
	struct job *job = arg;
	CLEANUP(freep) char *place = place_of(job, path);
	CLEANUP(freep) char *plain = NULL;

	if (*text == '\0' || seal_is_current(job->keys, text) ||
	    seal_open(job->keys, place, text, &plain, NULL) != 0)
		return NULL;
	char *sealed = seal_close(job->keys, place, plain);

	job->sealed += sealed != NULL;
	return sealed;
}

size_t settings_seal(json_t *doc, enum settings_document kind, int64_t id,
                     const struct keyring *keys)
{
	struct job job = { .id = id, .keys = keys };

	walk(doc, kind, seal_one, &job);
	return job.sealed;
}

/* ---- within a url: base64's signs are escaped there ---- */

static const struct {
	char sign;
	const char *escaped;
} signs[] = { { '+', "%2B" }, { '/', "%2F" }, { '=', "%3D" } };

static char *escape_signs(const char *sealed)
{
	struct buf out = BUF_INIT(0);

	for (; *sealed; sealed++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(signs) && signs[i].sign != *sealed)
			i++;
		if (i < ARRAY_SIZE(signs))
			buf_append_str(&out, signs[i].escaped);
		else
			buf_append_char(&out, *sealed);
	}
	return buf_take(&out);
}

/* Of what is not sealed nothing is touched. */
static char *unescape_signs(const char *text)
{
	struct buf out = BUF_INIT(0);

	if (!seal_is_sealed(text))
		return xstrdup(text);
	while (*text) {
		size_t i = 0;

		while (i < ARRAY_SIZE(signs) && strncmp(text, signs[i].escaped, 3) != 0)
			i++;
		if (i < ARRAY_SIZE(signs))
			buf_append_char(&out, signs[i].sign);
		else
			buf_append_char(&out, *text);
		text += i < ARRAY_SIZE(signs) ? 3 : 1;
	}
	return buf_take(&out);
}

static char *open_in_url(void *arg, const char *path, const char *text)
{
	CLEANUP(freep) char *sealed = unescape_signs(text);

	return open_one(arg, path, sealed);
}

static char *seal_in_url(void *arg, const char *path, const char *text)
{
	CLEANUP(freep) char *now = unescape_signs(text);
	CLEANUP(freep) char *sealed = seal_one(arg, path, now);

	return sealed ? escape_signs(sealed) : NULL;
}

char *settings_open_url(const char *url, int64_t id, const struct keyring *keys,
                        settings_say_fn say, void *arg)
{
	struct job job = {
		.table = INTEGRATION, .id = id, .keys = keys, .say = say, .arg = arg
	};

	return url_replace_secrets(url, open_in_url, &job);
}

char *settings_seal_url(const char *url, int64_t id, const struct keyring *keys)
{
	struct job job = { .table = INTEGRATION, .id = id, .keys = keys };
	CLEANUP(freep) char *sealed = url_replace_secrets(url, seal_in_url, &job);

	return job.sealed ? STEAL(sealed) : NULL;
}

static char *mask_one(void *arg, const char *path, const char *text)
{
	return *text ? xstrdup(MASK_TEXT) : NULL;
}

void settings_mask(json_t *doc, enum settings_document kind)
{
	struct job job = { .id = 0 };

	walk(doc, kind, mask_one, &job);
}

void settings_mask_row(json_t *row)
{
	const char *url = json_string_value(json_object_get(row, "url"));
	CLEANUP(freep) char *shown = url ? mask_url(url) : NULL;

	if (shown)
		(void)json_object_set_new(row, "url", json_string(shown));
	settings_mask(json_object_get(row, "headers"), SETTINGS_DOCUMENT_HEADERS);
	settings_mask(json_object_get(row, "integration_extra_details"),
	              SETTINGS_DOCUMENT_DETAILS);
}

char *settings_seal_auth_key(const char *auth_key, int64_t auth_id,
                             const struct keyring *keys)
{
	struct job job = { .table = AUTH, .id = auth_id, .keys = keys };

	return seal_one(&job, "auth_key", auth_key);
}

char *settings_open_auth_key(const char *auth_key, int64_t auth_id,
                             const struct keyring *keys)
{
	const struct job job = { .table = AUTH, .id = auth_id };
	CLEANUP(freep) char *place = place_of(&job, "auth_key");
	char *plain = NULL;

	return seal_open(keys, place, auth_key, &plain, NULL) == 0 ? plain : NULL;
}
