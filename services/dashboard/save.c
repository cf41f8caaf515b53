/*
 * add_update_webhook_integration: the authentication and one or more of its rows, checked
 * whole, saved in one statement, sealed after it. What is left out of the body stays.
 */
#include "setup.h"

#include "base/clock.h"
#include "base/random.h"
#include "log/log.h"
#include "settings/auth_key.h"
#include "settings/seal_rows.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

#define ACTIONS_MAX 31

enum place { OURS = 0, OF_AUTH = 1, OF_ROW = 2 };

static const struct field {
	const char *name;
	json_type type; /* JSON_TRUE: a flag; JSON_NULL: looked at elsewhere */
	bool nullable;
	int places;
} fields[] = {
	{ "id", JSON_INTEGER, true, OURS },
	{ "auth_id", JSON_INTEGER, true, OURS },
	{ "auth_key", JSON_STRING, true, OURS },
	{ "rotate_auth_key", JSON_TRUE, false, OURS },
	{ "old_auth_key_until", JSON_STRING, true, OURS }, /* keys.c */
	{ "add", JSON_TRUE, false, OURS },
	{ "lab_id", JSON_INTEGER, false, OURS },
	{ "action_category_list_id", JSON_NULL, true, OURS },
	{ "org_id", JSON_INTEGER, true, OURS }, /* by is_org */
	{ "is_org", JSON_TRUE, false, OF_AUTH },
	{ "developer_id", JSON_INTEGER, true, OF_AUTH },
	{ "developer_name", JSON_STRING, false, OF_AUTH },
	{ "is_integration_enable", JSON_TRUE, false, OF_AUTH },
	{ "flags", JSON_OBJECT, false, OF_AUTH },
	{ "integration_type", JSON_STRING, false, OF_AUTH | OF_ROW },
	{ "url", JSON_STRING, false, OF_ROW },
	{ "request_type", JSON_INTEGER, false, OF_ROW },
	{ "headers", JSON_OBJECT, false, OF_ROW },
	{ "payload_type", JSON_STRING, false, OF_ROW },
	{ "template_text", JSON_STRING, true, OF_ROW },
	{ "integration_extra_details", JSON_OBJECT, false, OF_ROW },
	{ "is_batch", JSON_TRUE, false, OF_ROW },
	{ "is_auto_retry", JSON_TRUE, false, OF_ROW },
	{ "is_disable", JSON_TRUE, false, OF_ROW },
};

struct saving {
	struct call *call;
	int64_t lab_id;
	int64_t auth_id; /* 0: a new one */
	char *auth_key;  /* to be shown: made, given or rotated */
	json_t *old_key; /* how the key before is kept; NULL: it is not */
	json_t *auth;    /* as it is: {} for a new one */
	json_t *auth_given, *row_given;
	int64_t actions[ACTIONS_MAX];
	size_t n_actions;
	json_t *existing; /* the authentication's rows */
	json_t *rows;     /* for integration.save_integration */
	int64_t expected; /* If-Match; 0: none */
};

/* ---- the body ---- */

static const char *type_words(json_type type)
{
	return type == JSON_INTEGER  ? "an integer"
	       : type == JSON_STRING ? "a text"
	       : type == JSON_OBJECT ? "an object"
	                             : "true or false";
}

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static void take_field(struct saving *s, const char *name, json_t *value)
{
	const struct field *field = find_field(name);
	char pointer[80];

	(void)snprintf(pointer, sizeof(pointer), "/%.70s", name);
	if (!field)
		call_fault(s->call, pointer, "%.60s is not a known field", name);
	else if (json_is_null(value) && !field->nullable)
		call_fault(s->call, pointer, "%s cannot be null; leave it out", name);
	else if (!json_is_null(value) && field->type != JSON_NULL &&
	         json_typeof(value) != field->type &&
	         !(field->type == JSON_TRUE && json_is_boolean(value)))
		call_fault(s->call, pointer, "%s must be %s", name,
		           type_words(field->type));
	if (field && field->places & OF_AUTH)
		(void)json_object_set(s->auth_given, name, value);
	if (field && field->places & OF_ROW)
		(void)json_object_set(s->row_given, name, value);
}

static void take_action(struct saving *s, const json_t *value)
{
	if (!json_is_integer(value) || !json_integer_value(value))
		call_fault(
			s->call, "/action_category_list_id",
			"action_category_list_id must be an Action ID, or a list of them");
	else if (s->n_actions == ACTIONS_MAX)
		call_fault(s->call, "/action_category_list_id", "too many Action IDs");
	else
		s->actions[s->n_actions++] = json_integer_value(value);
}

static void take_actions(struct saving *s)
{
	const json_t *said = json_object_get(s->call->body, "action_category_list_id");
	const json_t *value;
	size_t i;

	if (json_is_array(said)) {
		json_array_foreach (said, i, value)
			take_action(s, value);
	} else if (said && !json_is_null(said)) {
		take_action(s, said);
	}
}

static void take_if_match(struct saving *s)
{
	const char *text = http_head_find(&s->call->request->head, "if-match");
	char *end;

	if (!text || strcmp(text, "*") == 0)
		return;
	s->expected = strtoll(text + (*text == '"'), &end, 10);
	if (s->expected <= 0 || (*end && strcmp(end, "\"") != 0))
		call_fault(s->call, "if-match", "If-Match must be a row's version");
}

static bool read_body(struct saving *s)
{
	const char *name;
	json_t *value;

	s->auth_given = json_object();
	s->row_given = json_object();
	json_object_foreach (s->call->body, name, value)
		take_field(s, name, value);
	if (!json_object_get(s->call->body, "lab_id"))
		call_fault(s->call, "/lab_id", "lab_id is missing");
	take_actions(s);
	take_if_match(s);
	s->lab_id = jdoc_int_or(s->call->body, "lab_id", 0);
	if (!call_failed(s->call) && s->lab_id <= 0)
		call_fault(s->call, "/lab_id", "lab_id must be positive");
	return !call_failed(s->call) && call_lab(s->call, s->lab_id);
}

/* ---- which authentication, which rows ---- */

static bool find_by_key(struct saving *s, const char *key)
{
	struct auth_key_owner owner;
	int result = auth_key_find(stores_pg(s->call->stores), s->call->d->keys, key,
	                           clock_mono_ms() + DATABASE_MS, &owner);

	if (result == 0)
		s->auth_id = owner.auth_id;
	else if (result != AUTH_KEY_E_UNKNOWN)
		call_postgres_failed(s->call, result);
	return !call_failed(s->call);
}

static bool find_by_row(struct saving *s, int64_t id)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char number[24];
	const char *params[] = { number };

	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	if (call_pg(s->call,
	            "SELECT auth_id FROM integration.lab_integration WHERE id = $1", params,
	            1, &rows))
		return false;
	if (pg_rows(rows) == 0) {
		call_fail(s->call, CODE_NOT_FOUND, "no integration has this id");
		return false;
	}
	s->auth_id = pg_int(rows, 0, 0);
	return true;
}

static bool find_auth_id(struct saving *s)
{
	const json_t *body = s->call->body;
	const char *key = jdoc_text_or(body, "auth_key", NULL);
	int64_t row = jdoc_int_or(body, "id", 0);

	s->auth_id = jdoc_int_or(body, "auth_id", 0);
	if (row > 0)
		return find_by_row(s, row);
	if (s->auth_id || !key || !*key)
		return true;
	if (strlen(key) < 8 || strlen(key) > 256) {
		call_fault(s->call, "/auth_key", "auth_key has 8 to 256 characters");
		return false;
	}
	s->auth_key = xstrdup(key);
	return find_by_key(s, key);
}

static bool read_auth(struct saving *s)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char number[24];
	const char *params[] = { number };
	const char *text;

	s->auth = json_object();
	s->existing = json_array();
	if (!s->auth_id)
		return true;
	(void)snprintf(number, sizeof(number), "%" PRId64, s->auth_id);
	if (call_pg(s->call,
	            "SELECT to_jsonb(a) FROM integration.developer_authentication a "
	            "WHERE id = $1",
	            params, 1, &rows))
		return false;
	text = pg_rows(rows) ? pg_text(rows, 0, 0) : "{}";
	json_decref(s->auth);
	s->auth = jdoc_parse(text, strlen(text), NULL);
	if (jdoc_int_or(s->auth, "lab_id", -1) != s->lab_id) {
		call_fail(s->call, CODE_NOT_FOUND,
		          "this lab has no such developer authentication");
		return false;
	}
	json_decref(s->existing);
	s->existing = integrations_read(s->call, number, NULL);
	return s->existing != NULL;
}

static void make_key(struct saving *s)
{
	unsigned char bytes[16];

	free(s->auth_key);
	s->auth_key = xcalloc(1, 2 * sizeof(bytes) + 1);
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(s->auth_key + 2 * i, 3, "%02x", bytes[i]);
}

/* A new one needs a lab and a key; org_id is whose is_org says. */
static void complete_auth(struct saving *s)
{
	const json_t *body = s->call->body;
	json_t *org = json_object_get(body, "org_id");
	bool is_org = jdoc_bool_or(s->auth_given, "is_org",
	                           jdoc_bool_or(s->auth, "is_org", false));
	bool rotate = jdoc_bool_or(body, "rotate_auth_key", false);

	if (rotate || (!s->auth_id && !s->auth_key))
		make_key(s);
	if (rotate && s->auth_id)
		s->old_key = keys_keep(s->call, s->auth);
	if (!s->auth_id)
		(void)json_object_set_new(s->auth_given, "lab_id", json_integer(s->lab_id));
	if (s->auth_key && (!s->auth_id || rotate))
		(void)json_object_set_new(s->auth_given, "auth_key",
		                          json_string(s->auth_key));
	if (org)
		(void)json_object_set(is_org ? s->auth_given : s->row_given, "org_id", org);
}

/* ---- a row ---- */

/* `before` is {} for a new row. */
static void add_row(struct saving *s, json_t *before, int64_t action)
{
	CLEANUP_JSON json_t *given = json_deep_copy(s->row_given);
	json_t *one = json_object(), *after = NULL;
	bool there = json_object_get(before, "id") != NULL;

	if (action)
		(void)json_object_set_new(given, "action_category_list_id",
		                          json_integer(action));
	save_keep_secrets(s->call, given, before);
	after = save_check(s->call, s->auth_id, given, before);
	(void)json_object_set(one, "id",
	                      there ? json_object_get(before, "id") : json_null());
	(void)json_object_set_new(one, "version",
	                          s->expected && there ? json_integer(s->expected)
	                                               : json_null());
	(void)json_object_set(one, "given", given);
	(void)json_object_set_new(one, "before",
	                          there ? save_masked_copy(before) : json_null());
	(void)json_object_set_new(one, "after", after);
	(void)json_array_append_new(s->rows, one);
}

static json_t *find_row(const struct saving *s, const char *key, int64_t value)
{
	json_t *row;
	size_t i;

	json_array_foreach (s->existing, i, row)
		if (jdoc_int_or(row, key, 0) == value)
			return row;
	return NULL;
}

static void choose_rows(struct saving *s)
{
	CLEANUP_JSON json_t *none = json_object();
	int64_t id = jdoc_int_or(s->call->body, "id", 0);
	bool add = jdoc_bool_or(s->call->body, "add", false);

	s->rows = json_array();
	if (id && s->n_actions > 1) {
		call_fault(s->call, "/action_category_list_id",
		           "with an id there is one Action ID");
		return;
	}
	if (id) {
		json_t *row = find_row(s, "id", id);

		if (row)
			add_row(s, row, s->n_actions ? s->actions[0] : 0);
		else
			call_fail(s->call, CODE_NOT_FOUND, "no integration has this id");
		return;
	}
	for (size_t i = 0; i < s->n_actions; i++) {
		json_t *row =
			add ? NULL : find_row(s, "action_category_list_id", s->actions[i]);

		add_row(s, row ? row : none, s->actions[i]);
	}
}

/* ---- saving ---- */

static bool write_all(struct saving *s, json_t **saved)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(freep) char *auth = jdoc_dump(s->auth_given, NULL);
	CLEANUP(freep) char *list = jdoc_dump(s->rows, NULL);
	CLEANUP(freep) char *old = s->old_key ? jdoc_dump(s->old_key, NULL) : NULL;
	struct pg *pg = stores_pg(s->call->stores);
	char id[24];
	const char *params[] = { s->call->who.login, s->auth_id ? id : NULL, auth, list,
		                 old };

	(void)snprintf(id, sizeof(id), "%" PRId64, s->auth_id);
	int result =
		pg_query(pg,
	                 "SELECT integration.save_and_rotate($1, $2::bigint, "
	                 "$3::jsonb, $4::jsonb, $5::jsonb)",
	                 params, ARRAY_SIZE(params), clock_mono_ms() + DATABASE_MS, &rows);
	if (result == PG_E_REFUSED && strcmp(pg_sqlstate(pg), "FL412") == 0)
		call_fail(s->call, CODE_MOVED_ON,
		          "the row was changed since it was read; read it again");
	else if (result == PG_E_REFUSED && strncmp(pg_sqlstate(pg), "23", 2) == 0)
		call_fault(s->call, "", "a value is not allowed: %s", pg_error(pg));
	else if (result == PG_E_REFUSED && strncmp(pg_sqlstate(pg), "22", 2) == 0)
		call_fault(s->call, "", "a value is out of its range");
	else if (result)
		call_postgres_failed(s->call, result);
	if (result)
		return false;
	*saved = jdoc_parse(pg_text(rows, 0, 0), strlen(pg_text(rows, 0, 0)), NULL);
	return *saved != NULL;
}

static void seal(struct saving *s)
{
	struct settings_sealed sealed;

	if (settings_seal_rows(stores_pg(s->call->stores), s->call->d->keys,
	                       clock_mono_ms() + DATABASE_MS, &sealed))
		log_warn(NULL, "dashboard.not_sealed",
		         "a saved secret is not sealed yet; retry-scheduler will do it");
}

/* null: nothing was rotated, or the old key ended at once. */
static json_t *old_until(const struct saving *s)
{
	json_t *until = json_object_get(s->old_key, "valid_until");

	return until ? json_incref(until) : json_null();
}

static void answer(struct saving *s, const json_t *saved)
{
	const json_t *ids = json_object_get(saved, "integrations");
	CLEANUP(freep) char *list = jdoc_dump(ids, NULL);
	json_t *items, *row;
	size_t i;

	list[0] = '{';
	list[strlen(list) - 1] = '}';
	items = integrations_read(s->call, NULL, list);
	if (!items)
		return;
	json_array_foreach (items, i, row)
		integration_show(s->call, row);
	call_answer(s->call, CODE_OK,
	            json_pack("{s:O,s:o,s:o,s:o,s:b}", "auth_id",
	                      json_object_get(saved, "auth_id"), "auth_key",
	                      s->auth_key ? json_string(s->auth_key) : json_null(),
	                      "old_auth_key_until", old_until(s), "integrations", items,
	                      "created", s->auth_id == 0));
}

/* A key that was made anew has a row of its own in the audit. */
static bool audit_key(struct saving *s, const char *auth_id)
{
	const struct audit audit = {
		.action = "rotate-auth-key",
		.object = "developer-authentication",
		.object_id = auth_id,
		.lab_id = s->lab_id,
		.detail = json_pack("{s:o}", "old_auth_key_until", old_until(s)),
	};

	return call_audit(s->call, &audit);
}

static void save(struct saving *s)
{
	CLEANUP_JSON json_t *saved = NULL;
	char id[24];

	if (!write_all(s, &saved))
		return;
	(void)snprintf(id, sizeof(id), "%" PRId64, jdoc_int_or(saved, "auth_id", 0));
	seal(s);
	const struct audit audit = {
		.action = s->auth_id ? "update" : "create",
		.object = "integration",
		.object_id = id,
		.lab_id = s->lab_id,
		.detail = json_pack("{s:O}", "integrations",
		                    json_object_get(saved, "integrations")),
	};
	bool rotated = s->auth_id && json_object_get(s->auth_given, "auth_key");
	if (call_audit(s->call, &audit) && (!rotated || audit_key(s, id)))
		answer(s, saved);
}

void api_save_integration(struct call *call)
{
	struct saving s = { .call = call };

	if (read_body(&s) && find_auth_id(&s) && read_auth(&s)) {
		complete_auth(&s);
		choose_rows(&s);
		if (!call_failed(call))
			save(&s);
	}
	json_decref(s.auth);
	json_decref(s.auth_given);
	json_decref(s.row_given);
	json_decref(s.existing);
	json_decref(s.rows);
	json_decref(s.old_key);
	free(s.auth_key);
}
