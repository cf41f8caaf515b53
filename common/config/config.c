#include "config/config.h"

#include "config/parse.h"

#include <errno.h>
#include <unistd.h>

#define FILE_VALUE_MAX ((size_t)1024 * 1024)

/* The text of a file without the line end that editors add; NULL (errno) on failure. */
static char *read_value_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;

	char *text = xcalloc(1, FILE_VALUE_MAX + 2);
	size_t len = fread(text, 1, FILE_VALUE_MAX + 1, file);
	int failed = ferror(file) ? EIO : len > FILE_VALUE_MAX ? EFBIG : 0;

	(void)fclose(file);
	if (failed) {
		free(text);
		errno = failed;
		return NULL;
	}
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	return xrealloc(text, len + 1);
}

/*
 * The text of a key: from NAME, or the file that NAME_FILE names, or the default. An empty
 * variable counts as absent, as container tools set it so. `fault` is set instead when it
 * cannot be had. The result is the caller's.
 */
static char *find_text(const struct config_key *key, const char **fault)
{
	CLEANUP(freep) char *file_name = xasprintf("%s_FILE", key->name);
	/* read before there are threads */
	const char *text = getenv(key->name); /* NOLINT(concurrency-mt-unsafe) */
	const char *path = getenv(file_name); /* NOLINT(concurrency-mt-unsafe) */
	bool has_text = text && *text, has_path = path && *path;

	if (has_text && has_path) {
		*fault = "set it or its _FILE variant, not both";
		return NULL;
	}
	if (has_path) {
		char *found = read_value_file(path);

		if (!found)
			*fault = "cannot read the file that its _FILE variant names";
		else if (*found == '\0' && key->flags & CONFIG_REQUIRED)
			*fault = "the file that its _FILE variant names is empty";
		return found;
	}
	if (!has_text && key->flags & CONFIG_REQUIRED)
		*fault = "required, but not set";
	return xstrdup(has_text ? text : key->dflt ? key->dflt : "");
}

static bool load_key(const struct config_key *key, void *part, FILE *errors)
{
	const char *fault = NULL;
	CLEANUP(freep) char *text = find_text(key, &fault);
	CLEANUP(freep) char *range = NULL;

	if (!fault)
		fault = config_parse(key, text, (char *)part + key->offset, &range);
	if (!fault && key->fault && *text)
		fault = key->fault(text);
	if (!fault)
		return true;
	(void)fprintf(errors, "%s: %s%s%s\n", key->name, fault, range ? "; " : "",
	              range ? range : "");
	return false;
}

int config_load(const struct config_group *groups, void *out, FILE *errors)
{
	int faults = 0;

	for (const struct config_group *g = groups; g->keys; g++)
		for (const struct config_key *key = g->keys; key->name; key++)
			faults += !load_key(key, (char *)out + g->offset, errors);
	return faults;
}

static void release_key(const struct config_key *key, void *part)
{
	char **field = (char **)(void *)((char *)part + key->offset);

	if (!config_type_is_text(key->type))
		return;
	free(*field);
	*field = NULL;
}

void config_release(const struct config_group *groups, void *out)
{
	for (const struct config_group *g = groups; g->keys; g++)
		for (const struct config_key *key = g->keys; key->name; key++)
			release_key(key, (char *)out + g->offset);
}
