/* One row before it is saved: secrets that were sent back masked, faults, its history. */
#include "setup.h"

#include "secrets/mask.h"
#include "settings/check.h"
#include "settings/sealing.h"
#include "json/jdoc.h"

#include <stdio.h>

/* What a masked secret stands for: the text that the row has at that path, sealed. */
static char *keep_secret(void *arg, const char *path, const char *text)
{
	const json_t *before = arg;
	const char *header = strncmp(path, "headers.", 8) == 0 ? path + 8 : NULL;
	const json_t *kept =
		header ? json_object_get(json_object_get(before, "headers"), header)
		       : jdoc_path(before, path);

	if (strcmp(text, MASK_TEXT) != 0 || !json_is_string(kept))
		return NULL;
	return xstrdup(json_string_value(kept));
}

/* ---- the same within the url ---- */

struct wanted {
	const char *path;
	char *found;
};

static char *find_in_url(void *arg, const char *path, const char *text)
{
	struct wanted *w = arg;

	if (!w->found && strcmp(w->path, path) == 0 && strcmp(text, MASK_TEXT) != 0)
		w->found = xstrdup(text);
	return NULL;
}

static char *keep_in_url(void *arg, const char *path, const char *text)
{
	struct wanted w = { .path = path };

	if (strcmp(text, MASK_TEXT) == 0)
		free(url_replace_secrets(arg, find_in_url, &w));
	return w.found;
}

static char *find_masked_in_url(void *arg, const char *path, const char *text)
{
	if (strcmp(text, MASK_TEXT) == 0)
		call_fault(arg, "/url", "%s is masked, and there is none to keep", path);
	return NULL;
}

static void keep_url(struct call *call, json_t *given, const char *before)
{
	const char *url = jdoc_text_or(given, "url", NULL);

	if (!url)
		return;
	CLEANUP(freep)
	char *kept = url_replace_secrets(url, keep_in_url, (char *)(uintptr_t)before);

	free(url_replace_secrets(kept, find_masked_in_url, call));
	(void)json_object_set_new(given, "url", json_string(kept));
}

static char *find_masked(void *arg, const char *path, const char *text)
{
	struct call *call = arg;
	CLEANUP(freep) char *pointer = xasprintf("/%s", path);

	for (char *c = pointer; *c; c++)
		if (*c == '.')
			*c = '/';
	if (strcmp(text, MASK_TEXT) == 0)
		call_fault(call, pointer, "%s is masked, and there is none to keep", path);
	return NULL;
}

void save_keep_secrets(struct call *call, json_t *given, json_t *before)
{
	json_t *headers = json_object_get(given, "headers");
	json_t *details = json_object_get(given, "integration_extra_details");

	keep_url(call, given, jdoc_text_or(before, "url", ""));
	if (headers) {
		settings_headers_secrets(headers, keep_secret, before);
		settings_headers_secrets(headers, find_masked, call);
	}
	if (details) {
		settings_details_secrets(details, keep_secret, before);
		settings_details_secrets(details, find_masked, call);
	}
}

/* "integration_extra_details.auth.token must be ..." is about that member. */
static void say_fault(void *arg, const char *fault)
{
	char pointer[200];
	size_t len = strcspn(fault, " :,");

	(void)snprintf(pointer, sizeof(pointer), "/%.*s", (int)(len > 190 ? 190 : len),
	               fault);
	for (char *c = pointer; *c; c++)
		if (*c == '.')
			*c = '/';
	call_fault(arg, pointer, "%s", fault);
}

/* As it is shown and kept in the history. */
json_t *save_masked_copy(const json_t *row)
{
	static const char *const hidden[] = { "auth_headers", "lab_id", "created_at",
		                              "updated_at" };
	json_t *copy = json_deep_copy(row);

	settings_mask_row(copy);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		(void)json_object_del(copy, hidden[i]);
	return copy;
}

json_t *save_check(struct call *call, int64_t auth_id, const json_t *given,
                   const json_t *before)
{
	json_t *whole = json_deep_copy(before);

	(void)json_object_update(whole, (json_t *)(uintptr_t)given);
	json_t *after = save_masked_copy(whole);
	(void)json_object_del(whole, "lab_id");
	(void)json_object_del(whole, "version");
	if (!json_object_get(whole, "auth_id"))
		(void)json_object_set_new(whole, "auth_id",
		                          json_integer(auth_id ? auth_id : 1));
	(void)settings_row_check(whole, call->d->keys, say_fault, call);
	json_decref(whole);
	return after;
}
