#include "config/config.h"

#include "config/parse.h"

/* A '|' would end the table's cell. */
static void print_cell(FILE *to, const char *text)
{
	for (; *text; text++)
		(void)fprintf(to, *text == '|' ? "\\%c" : "%c", *text);
}

static char *shown_default(const struct config_key *key)
{
	if (!key->dflt || !*key->dflt || key->flags & CONFIG_SECRET)
		return xstrdup("");

	CLEANUP(freep)
	char *text =
		key->type == CONFIG_URL ? config_url_shown(key->dflt) : xstrdup(key->dflt);

	return xasprintf("`%s`", text);
}

static void print_key(const struct config_key *key, FILE *to)
{
	CLEANUP(freep) char *range = config_range_text(key);
	CLEANUP(freep) char *dflt = shown_default(key);

	(void)fprintf(to, "| `%s` | %s | %s | ", key->name, config_type_name(key->type),
	              range);
	print_cell(to, dflt);
	(void)fprintf(to, " | %s%s%s | ", key->flags & CONFIG_REQUIRED ? "required" : "",
	              (key->flags & CONFIG_REQUIRED) && (key->flags & CONFIG_SECRET) ? ", "
	                                                                             : "",
	              key->flags & CONFIG_SECRET ? "secret" : "");
	print_cell(to, key->help);
	(void)fputs(" |\n", to);
}

void config_print_head(FILE *to)
{
	(void)fputs("| name | type | range | default | | meaning |\n"
	            "|---|---|---|---|---|---|\n",
	            to);
}

void config_print(const struct config_group *groups, FILE *to)
{
	for (const struct config_group *g = groups; g->keys; g++)
		for (const struct config_key *key = g->keys; key->name; key++)
			print_key(key, to);
}
