#include "config/parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: a value is shown in the largest unit that divides it. */
static const struct unit time_units[] = {
	{ .name = "h", .factor = 3600000 },
	{ .name = "m", .factor = 60000 },
	{ .name = "s", .factor = 1000 },
	{ .name = "ms", .factor = 1 },
	{ .name = NULL },
};
static const struct unit byte_units[] = {
	{ .name = "GiB", .factor = (int64_t)1 << 30 },
	{ .name = "MiB", .factor = (int64_t)1 << 20 },
	{ .name = "KiB", .factor = (int64_t)1 << 10 },
	{ .name = "", .factor = 1 },
	{ .name = "B", .factor = 1 },
	{ .name = NULL },
};
static const struct unit plain_units[] = {
	{ .name = "", .factor = 1 },
	{ .name = NULL },
};

static const struct type {
	const char *name;
	const char *fault;
	const struct unit *units; /* NULL: not a number */
} types[] = {
	[CONFIG_STRING] = { .name = "text", .fault = "not a text" },
	[CONFIG_INT] = { .name = "integer",
	                 .fault = "not an integer; write 42",
	                 .units = plain_units },
	[CONFIG_MSEC] = { .name = "duration",
	                  .fault = "not a duration; write 500ms, 30s, 5m or 24h",
	                  .units = time_units },
	[CONFIG_BYTES] = { .name = "size",
	                   .fault = "not a size; write 65536, 64KiB, 1MiB or 1GiB",
	                   .units = byte_units },
	[CONFIG_BOOL] = { .name = "boolean",
	                  .fault = "not a boolean; write true or false" },
	[CONFIG_PORT] = { .name = "port",
	                  .fault = "not a port; write a number from 0 to 65535",
	                  .units = plain_units },
	[CONFIG_URL] = { .name = "url", .fault = "not a url; write scheme://host:port" },
};

bool config_type_is_text(enum config_type type)
{
	return type == CONFIG_STRING || type == CONFIG_URL;
}

const char *config_type_name(enum config_type type)
{
	return types[type].name;
}

static bool parse_number(const char *text, const struct unit *units, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '-')
		return false;
	errno = 0;
	int64_t number = strtoll(text, &end, 10);

	if (errno || end == text)
		return false;
	for (; units->name; units++)
		if (strcmp(units->name, end) == 0)
			return !__builtin_mul_overflow(number, units->factor, out);
	return false;
}

static bool parse_bool(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ .text = "true", .value = true }, { .text = "1", .value = true },
		{ .text = "yes", .value = true },  { .text = "false", .value = false },
		{ .text = "0", .value = false },   { .text = "no", .value = false },
		{ .text = "", .value = false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(words[i].text, text) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

/* scheme "://" something, without blanks or control characters. */
static bool is_url(const char *text)
{
	const char *p = text;

	if (!isalpha((unsigned char)*p))
		return false;
	while (isalnum((unsigned char)*p) || (*p && strchr("+.-", *p)))
		p++;
	if (strncmp(p, "://", 3) != 0 || p[3] == '\0')
		return false;
	for (; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

static bool in_range(const struct config_key *key, int64_t value)
{
	if (key->type == CONFIG_PORT && (value < 0 || value > 65535))
		return false;
	return (key->min == 0 && key->max == 0) || (value >= key->min && value <= key->max);
}

static const char *out_of_range(const struct config_key *key, char **out_range)
{
	*out_range = config_range_text(key);
	return config_type_is_text(key->type) ? "length out of range" : "out of range";
}

static const char *parse_text(const struct config_key *key, const char *text, void *field,
                              char **out_range)
{
	if (*text && key->type == CONFIG_URL && !is_url(text))
		return types[key->type].fault;
	if (*text && !in_range(key, (int64_t)strlen(text)))
		return out_of_range(key, out_range);
	*(char **)field = xstrdup(text);
	return NULL;
}

const char *config_parse(const struct config_key *key, const char *text, void *field,
                         char **out_range)
{
	const struct type *type = &types[key->type];

	if (config_type_is_text(key->type))
		return parse_text(key, text, field, out_range);
	if (key->type == CONFIG_BOOL)
		return parse_bool(text, field) ? NULL : type->fault;
	if (*text == '\0')
		return NULL; /* neither given nor defaulted: stays 0 */

	int64_t value;

	if (!parse_number(text, type->units, &value))
		return type->fault;
	if (!in_range(key, value))
		return out_of_range(key, out_range);
	*(int64_t *)field = value;
	return NULL;
}

static char *number_text(const struct config_key *key, int64_t value)
{
	const struct unit *unit = types[key->type].units;

	if (!unit)
		unit = plain_units;
	while (unit->factor != 1 && (value == 0 || value % unit->factor != 0))
		unit++;
	return xasprintf("%" PRId64 "%s", value / unit->factor, unit->name);
}

char *config_range_text(const struct config_key *key)
{
	if (key->type == CONFIG_PORT && key->min == 0 && key->max == 0)
		return xstrdup("0 to 65535");
	if (key->min == 0 && key->max == 0)
		return xstrdup("");

	CLEANUP(freep) char *min = number_text(key, key->min);
	CLEANUP(freep) char *max = number_text(key, key->max);

	return xasprintf("%s to %s%s", min, max,
	                 config_type_is_text(key->type) ? " characters" : "");
}

char *config_url_shown(const char *url)
{
	const char *host = strstr(url, "://");

	if (!host)
		return xstrdup("");
	host += 3;

	size_t scheme = (size_t)(host - url);
	const char *end = host + strcspn(host, "?#");
	/* a password may hold an unescaped '/' or '@': the last '@' ends the user */
	const char *at = memrchr(host, '@', (size_t)(end - host));

	return xasprintf("%.*s%.*s", (int)scheme, url, (int)(end - (at ? at + 1 : host)),
	                 at ? at + 1 : host);
}
