#include "inbound/references.h"

#include "base/buf.h"
#include "inbound/target.h"
#include "message/posted.h"
#include "json/jdoc.h"

#include <stddef.h>
#include <stdio.h>

#define RULE_MAX 256

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "bill_id", offsetof(struct inbound_call, bill_id) },
	{ "patient_id", offsetof(struct inbound_call, patient_id) },
	{ "lrr_id", offsetof(struct inbound_call, lrr_id) },
	{ "report_id", offsetof(struct inbound_call, report_id) },
	{ "appointment_id", offsetof(struct inbound_call, appointment_id) },
};

/* Bodies are parsed when a rule asks for them, and once. */
struct bodies {
	const struct inbound_call *call;
	json_t *request, *response;
	bool asked_request, asked_response;
};

static json_t *parse(const char *body, bool cut)
{
	if (!body || cut)
		return NULL;
	body += strspn(body, " \t\r\n");
	return *body == '{' || *body == '[' ? posted_parse(body, strlen(body), NULL) : NULL;
}

static bool in_json(const json_t *doc, const char *path, int64_t *id)
{
	return posted_int(jdoc_path(doc, path), id);
}

static bool in_query(const char *query, const char *name, int64_t *id)
{
	CLEANUP(buf_deinit) struct buf value = BUF_INIT(64);
	CLEANUP_JSON json_t *text = NULL;

	if (!query || !target_query_value(query, strlen(query), name, &value))
		return false;
	text = json_string(buf_str(&value));
	return posted_int(text, id);
}

static bool in_request(struct bodies *b, const char *path, int64_t *id)
{
	if (!b->asked_request)
		b->request = parse(b->call->request_body, b->call->request_body_truncated);
	b->asked_request = true;
	if (b->request)
		return in_json(b->request, path, id);
	/* a form; other texts have no such name */
	return in_query(b->call->request_body, path, id);
}

static bool in_response(struct bodies *b, const char *path, int64_t *id)
{
	if (!b->asked_response)
		b->response =
			parse(b->call->response_body, b->call->response_body_truncated);
	b->asked_response = true;
	return b->response && in_json(b->response, path, id);
}

static bool in_target(struct bodies *b, const char *path, int64_t *id)
{
	const char *query = b->call->end_point ? strchr(b->call->end_point, '?') : NULL;

	return query && in_query(query + 1, path, id);
}

static const struct {
	const char *prefix;
	bool (*find)(struct bodies *b, const char *path, int64_t *id);
} places[] = {
	{ "request.", in_request },
	{ "response.", in_response },
	{ "query.", in_target },
};

static int64_t *field_of(struct inbound_call *call, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return (int64_t *)(void *)((char *)call + fields[i].offset);
	return NULL;
}

bool references_check(const char *field, const char *place, struct err_text *why)
{
	struct inbound_call none;

	if (!field_of(&none, field)) {
		(void)err_say(why, 1, "inbound_route.refs: %.40s is no reference", field);
		return false;
	}
	for (size_t i = 0; place && i < ARRAY_SIZE(places); i++)
		if (strncmp(place, places[i].prefix, strlen(places[i].prefix)) == 0 &&
		    strlen(field) + strlen(place) < RULE_MAX - 2 && !strpbrk(place, " \n"))
			return true;
	(void)err_say(why, 1,
	              "inbound_route.refs: a place begins with request., response. or "
	              "query.");
	return false;
}

static void apply(struct bodies *b, struct inbound_call *call, char *rule)
{
	char *place = strchr(rule, ' ');
	int64_t id;

	if (!place)
		return;
	*place++ = '\0';
	int64_t *field = field_of(call, rule);
	if (!field || *field)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t n = strlen(places[i].prefix);

		if (strncmp(place, places[i].prefix, n) == 0 &&
		    places[i].find(b, place + n, &id) && id > 0)
			*field = id;
	}
}

void references_find(const char *rules, struct inbound_call *call)
{
	struct bodies bodies = { .call = call };
	char rule[RULE_MAX];

	while (rules && *rules) {
		size_t len = strcspn(rules, "\n");

		if (len > 0 && len < sizeof(rule)) {
			memcpy(rule, rules, len);
			rule[len] = '\0';
			apply(&bodies, call, rule);
		}
		rules += len + (rules[len] == '\n');
	}
	json_decref(bodies.request);
	json_decref(bodies.response);
}
