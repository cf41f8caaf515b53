/* integration-admin preview: what a row would send for a real entity. */
#include "admin.h"

#include "base/clock.h"
#include "preview/preview.h"
#include "json/jdoc.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

struct wish {
	int64_t integration_id;
	const char *entity; /* "bill/9001" */
	const char *operation;
	json_t *event; /* NULL, or --event's */
	bool json;
};

static bool parse_event(const char *text, json_t **out)
{
	struct err_text why = { "" };

	json_decref(*out);
	*out = jdoc_parse(text, strlen(text), &why);
	if (!json_is_object(*out))
		(void)fprintf(stderr, "--event: %s\n",
		              *out ? "must be a JSON object" : why.text);
	return json_is_object(*out);
}

static bool parse_options(int argc, char **argv, struct wish *wish)
{
	enum { INTEGRATION, ENTITY, OPERATION, EVENT, JSON };
	static const struct option options[] = {
		{ "integration", required_argument, NULL, INTEGRATION },
		{ "entity", required_argument, NULL, ENTITY },
		{ "operation", required_argument, NULL, OPERATION },
		{ "event", required_argument, NULL, EVENT },
		{ "json", no_argument, NULL, JSON },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == INTEGRATION)
			wish->integration_id = strtoll(optarg, NULL, 10);
		else if (option == ENTITY)
			wish->entity = optarg;
		else if (option == OPERATION)
			wish->operation = optarg;
		else if (option == JSON)
			wish->json = true;
		else if (option != EVENT || !parse_event(optarg, &wish->event))
			return false;
	}
	return optind == argc && wish->integration_id > 0 && wish->entity;
}

/* The id of "bill/9001"; 0, said on stderr, when it is not of this action. */
static int64_t entity_id(const char *entity, const struct action *action)
{
	const char *family = action_family_name(action->family);
	size_t len = strlen(family);
	char *end = NULL;
	int64_t id = strncmp(entity, family, len) == 0 && entity[len] == '/'
	                     ? strtoll(entity + len + 1, &end, 10)
	                     : 0;

	if (id > 0 && *end == '\0')
		return id;
	(void)fprintf(stderr, "--entity: %s is about a %s; write %s/ID\n", action->name,
	              family, family);
	return 0;
}

/* Documents are read at dispatch: here they are named. On a terminal an HL7 segment is a
 * line. */
static void print_body(const struct payload_body *body)
{
	bool lines = body->is_hl7 && isatty(STDOUT_FILENO);

	for (const char *c = payload_body_shown(body); c && *c; c++)
		(void)putchar(lines && *c == '\r' ? '\n' : *c);
}

static void print_preview(const struct preview *p)
{
	const char *name;
	json_t *value;

	printf("%s%s%s\n", p->method, *p->method ? " " : "",
	       p->end_point ? p->end_point : "");
	json_object_foreach (p->headers, name, value) {
		const char *text = json_string_value(value);

		printf("%s: %s\n", name, text ? text : "");
	}
	(void)putchar('\n');
	if (strcmp(p->method, "GET") != 0) /* a GET's is in its url */
		print_body(&p->body);
	(void)putchar('\n');
}

static void print_json(const struct preview *p)
{
	CLEANUP_JSON json_t *out = json_object();

	jdoc_set_text(out, "method", *p->method ? p->method : NULL);
	jdoc_set_text(out, "end_point", p->end_point);
	if (p->headers)
		(void)json_object_set(out, "request_headers", p->headers);
	jdoc_set_text(out, "request_body", payload_body_shown(&p->body));
	jdoc_set_text(out, "payload_sha256", p->sha256);
	CLEANUP(freep) char *text = jdoc_dump(out, NULL);
	puts(text);
}

static int tell(const struct wish *wish, const struct integration *row,
                const struct preview *p)
{
	if (wish->json)
		print_json(p);
	else
		print_preview(p);
	if (!row->active)
		(void)fprintf(stderr,
		              "note: the integration or its authentication is switched off "
		              "now\n");
	return EXIT_DONE;
}

static int fail(struct admin *a, int result, const struct err_text *why)
{
	if (result == PREVIEW_E_AWAY)
		return admin_pg_failed(admin_pg(a), "postgres");
	(void)fprintf(stderr, "nothing would be sent%s: %s\n",
	              result == PAYLOAD_E_SUPERSEDED ? ", SUPERSEDED" : "", why->text);
	return result == PREVIEW_E_EVENT ? EXIT_USAGE : EXIT_REFUSED;
}

static int preview_row(struct admin *a, const struct wish *wish,
                       const struct integration *row)
{
	const struct context_source source = { .pg = admin_pg(a),
		                               .timeout_ms = ADMIN_DEADLINE_MS };
	struct preview_request rq = { .row = row, .action = action_find(row->action_id) };
	CLEANUP_JSON json_t *event = NULL;
	struct err_text why = { "" };
	struct preview preview;

	if (!rq.action) {
		(void)fprintf(stderr, "action %d is not in the inventory\n",
		              row->action_id);
		return EXIT_REFUSED;
	}
	int64_t id = entity_id(wish->entity, rq.action);
	if (id == 0)
		return EXIT_USAGE;
	int r = preview_event(rq.action, row->lab_id, id, wish->operation, wish->event,
	                      &event, &why);
	if (r)
		return fail(a, r, &why);
	rq.event = event;
	r = preview_make(&source, &rq, &preview, &why);
	int result = r ? fail(a, r, &why) : tell(wish, row, &preview);
	preview_release(&preview);
	return result;
}

static int preview(struct admin *a, const struct wish *wish)
{
	struct settings_source *source =
		settings_source_new(admin_pg(a), &a->config.secrets);
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	int r = settings_refresh(source, clock_mono_ms() + ADMIN_DEADLINE_MS, &settings);

	(void)settings_source_free(source);
	if (r)
		return admin_pg_failed(admin_pg(a), "postgres");
	const struct integration *row = settings_find(settings, wish->integration_id);
	if (row)
		return preview_row(a, wish, row);
	(void)fprintf(stderr, "%lld: no integration has this id\n",
	              (long long)wish->integration_id);
	return EXIT_REFUSED;
}

int command_preview(struct admin *a, int argc, char **argv)
{
	struct wish wish = { .event = NULL };
	int result = parse_options(argc, argv, &wish) ? preview(a, &wish) : EXIT_USAGE;

	json_decref(wish.event);
	return result;
}
