#include "settings/sealing.h"

#include "secrets/mask.h"
#include "secrets/seal.h"

#define AUTH "developer_authentication"

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
	job->table = kind == SETTINGS_DOCUMENT_AUTH_HEADERS ? AUTH : "lab_integration";
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

static char *mask_one(void *arg, const char *path, const char *text)
{
	return *text ? xstrdup(MASK_TEXT) : NULL;
}

void settings_mask(json_t *doc, enum settings_document kind)
{
	struct job job = { .id = 0 };

	walk(doc, kind, mask_one, &job);
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
