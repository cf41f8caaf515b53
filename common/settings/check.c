#include "settings/check.h"

#include "domain/action.h"
#include "settings/row.h"
#include "json/jdoc.h"

struct column {
	const char *name;
	json_type type; /* JSON_TRUE: a flag */
	int cell;       /* enum settings_column; -1: checked here alone, or not at all */
};

static const struct column columns[] = {
	{ .name = "id", .type = JSON_INTEGER, .cell = SETTINGS_ID },
	{ .name = "auth_id", .type = JSON_INTEGER, .cell = SETTINGS_AUTH_ID },
	{ .name = "action_category_list_id",
	  .type = JSON_INTEGER,
	  .cell = SETTINGS_ACTION_ID },
	{ .name = "url", .type = JSON_STRING, .cell = SETTINGS_URL },
	{ .name = "request_type", .type = JSON_INTEGER, .cell = SETTINGS_REQUEST_TYPE },
	{ .name = "headers", .type = JSON_OBJECT, .cell = SETTINGS_HEADERS },
	{ .name = "integration_type",
	  .type = JSON_STRING,
	  .cell = SETTINGS_INTEGRATION_TYPE },
	{ .name = "payload_type", .type = JSON_STRING, .cell = SETTINGS_PAYLOAD_TYPE },
	{ .name = "template_text", .type = JSON_STRING, .cell = SETTINGS_TEMPLATE_TEXT },
	{ .name = "integration_extra_details",
	  .type = JSON_OBJECT,
	  .cell = SETTINGS_DETAILS },
	{ .name = "org_id", .type = JSON_INTEGER, .cell = SETTINGS_ORG_ID },
	{ .name = "is_batch", .type = JSON_TRUE, .cell = SETTINGS_IS_BATCH },
	{ .name = "is_auto_retry", .type = JSON_TRUE, .cell = SETTINGS_IS_AUTO_RETRY },
	{ .name = "auth_headers", .type = JSON_OBJECT, .cell = SETTINGS_AUTH_HEADERS },
	{ .name = "is_disable", .type = JSON_TRUE, .cell = -1 },
	{ .name = "is_auto_retry_since", .type = JSON_STRING, .cell = -1 },
	{ .name = "version", .type = JSON_INTEGER, .cell = -1 },
	{ .name = "created_at", .type = JSON_STRING, .cell = -1 },
	{ .name = "updated_at", .type = JSON_STRING, .cell = -1 },
};

struct check {
	settings_say_fn say;
	void *arg;
	size_t n;
};

static void count(void *arg, const char *fault)
{
	struct check *c = arg;

	c->n++;
	c->say(c->arg, fault);
}

static bool is_of_type(const json_t *value, json_type type)
{
	return json_typeof(value) == type || (type == JSON_TRUE && json_is_boolean(value));
}

static const char *type_words(json_type type)
{
	switch (type) {
	case JSON_INTEGER:
		return "an integer";
	case JSON_STRING:
		return "a text";
	case JSON_OBJECT:
		return "a JSON object";
	default:
		return "true or false";
	}
}

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

/* As PostgreSQL writes it. The caller frees. */
static char *cell_text(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "t" : "f");
	return jdoc_dump(value, NULL);
}

static void read_cells(struct check *c, const json_t *row,
                       char *texts[SETTINGS_COLUMN_COUNT])
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)row, name, value) {
		const struct column *column = find_column(name);
		struct err_text why = { "" };

		if (!column)
			(void)err_say(&why, 0, "%.60s is not a column of lab_integration",
			              name);
		else if (json_is_null(value))
			continue;
		else if (!is_of_type(value, column->type))
			(void)err_say(&why, 0, "%s must be %s", name,
			              type_words(column->type));
		else if (column->cell >= 0)
			texts[column->cell] = cell_text(value);
		if (why.text[0])
			count(c, why.text);
	}
}

static bool is_known_type(const char *text)
{
	static const char *const words[] = { "WEBHOOK", "API", "MIRTH" };

	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return !text;
}

/* Columns that the table itself refuses, so that no service meets them. */
static void check_constraints(struct check *c, char *const texts[SETTINGS_COLUMN_COUNT])
{
	const char *action = texts[SETTINGS_ACTION_ID];

	if (!action || !action_find((int)strtol(action, NULL, 10)))
		count(c, "action_category_list_id must be an Action ID of the inventory");
	if (!texts[SETTINGS_AUTH_ID])
		count(c, "auth_id is missing; it names the developer_authentication");
	if (!is_known_type(texts[SETTINGS_INTEGRATION_TYPE]))
		count(c, "integration_type must be WEBHOOK, API or MIRTH");
}

size_t settings_row_check(const json_t *row, const struct keyring *keys,
                          settings_say_fn say, void *arg)
{
	struct check c = { .say = say, .arg = arg };
	char *texts[SETTINGS_COLUMN_COUNT] = { NULL };
	struct settings_cells cells;
	struct integration parsed;

	read_cells(&c, row, texts);
	check_constraints(&c, texts);
	for (size_t i = 0; i < SETTINGS_COLUMN_COUNT; i++)
		cells.text[i] = texts[i];
	if (!texts[SETTINGS_REQUEST_TYPE])
		cells.text[SETTINGS_REQUEST_TYPE] = "1"; /* the table's default */
	settings_row_parse(&cells, keys, count, &c, &parsed);
	settings_row_release(&parsed);
	for (size_t i = 0; i < SETTINGS_COLUMN_COUNT; i++)
		free(texts[i]);
	return c.n;
}
