/* What happened: the newest logs as a table, live, and one in full. */
#include "admin.h"

#include "base/clock.h"
#include "domain/action.h"
#include "kafka/reader.h"
#include "logstore/query.h"
#include "secrets/mask.h"
#include "json/jdoc.h"

#include <getopt.h>
#include <limits.h>

#define DEFAULT_LIMIT 20
#define MAX_LIMIT     10000

struct listing {
	struct log_query query;
	bool follow, json;
	size_t shown;
	struct shown_row { /* --follow starts with the newest, printed oldest first */
		json_t **rows;
		size_t n;
	} first;
};

static const struct column {
	const char *title;
	const char *key;
	int width;
} columns[] = {
	{ .title = "UPDATED", .key = "updated_at", .width = 19 },
	{ .title = "STATUS", .key = "status", .width = 10 },
	{ .title = "LAB", .key = "lab_id", .width = 6 },
	{ .title = "ACTION", .key = "operation", .width = 26 },
	{ .title = "DEVELOPER", .key = "developer_name", .width = 18 },
	{ .title = "CODE", .key = "response_status_code", .width = 4 },
	{ .title = "MS", .key = "response_time", .width = 7 },
	{ .title = "TRY", .key = "retry_count", .width = 3 },
	{ .title = "LOG_ID", .key = "log_id", .width = 24 },
	{ .title = "ERROR", .key = "error_message", .width = 60 },
};

/* The cell's text, in `text` when it has to be made. */
static const char *cell(const json_t *row, const struct column *c, char text[32])
{
	const json_t *value = json_object_get(row, c->key);

	if (json_is_string(value)) {
		const char *s = json_string_value(value);

		return *s || strcmp(c->key, "status") != 0 ? s : "SUPPRESSED";
	}
	if (json_is_integer(value))
		(void)snprintf(text, 32, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(text, 32, "%.1f", json_real_value(value));
	else
		text[0] = '\0';
	return text;
}

/* Characters, not bytes, and no control characters: partners write what they like. */
static void print_cell(const char *text, int width, bool last)
{
	int used = 0;

	for (; *text && used < width; text++) {
		unsigned char c = (unsigned char)*text;
		bool begins = (c & 0xC0) != 0x80;

		used += begins;
		(void)putchar(c < 0x20 || c == 0x7F ? ' ' : c);
		while (((unsigned char)text[1] & 0xC0) == 0x80)
			(void)putchar((unsigned char)*++text);
	}
	if (!last)
		printf("%*s", width - used + 1, "");
}

static void print_titles(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		print_cell(columns[i].title, columns[i].width,
		           i + 1 == ARRAY_SIZE(columns));
	(void)putchar('\n');
}

static void print_row(const json_t *row, bool json)
{
	char text[32];

	if (json) {
		CLEANUP(freep) char *line = jdoc_dump(row, NULL);

		(void)puts(line);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		print_cell(cell(row, &columns[i], text), columns[i].width,
		           i + 1 == ARRAY_SIZE(columns));
	(void)putchar('\n');
}

static void keep_row(const json_t *row, void *arg)
{
	struct shown_row *first = arg;

	first->rows = xrealloc(first->rows, (first->n + 1) * sizeof(*first->rows));
	first->rows[first->n++] = json_incref((json_t *)(uintptr_t)row);
}

static bool is_wanted(const struct log_query *q, const json_t *row)
{
	return (!q->lab_id || jdoc_int_or(row, "lab_id", -1) == q->lab_id) &&
	       (!q->action_id ||
	        jdoc_int_or(row, "action_category_list_id", -1) == q->action_id) &&
	       (!q->has_status ||
	        strcmp(jdoc_text_or(row, "status", "?"), log_status_word(q->status)) == 0);
}

/* Until the reader of our output goes away, or somebody interrupts. */
static int follow(struct kafka_reader *reader, const struct listing *l)
{
	struct kafka_message m;

	while (!ferror(stdout)) {
		if (!kafka_reader_next(reader, 500, &m) || !m.value)
			continue;
		CLEANUP_JSON json_t *row = jdoc_parse(m.value, m.value_len, NULL);

		if (row && is_wanted(&l->query, row))
			print_row(row, l->json);
	}
	return EXIT_DONE;
}

static int list(struct admin *a, struct listing *l)
{
	struct logstore *store = admin_store(a);
	int result = EXIT_DONE;

	if (!store)
		return EXIT_CONFIG;
	if (logstore_list(store, &l->query, keep_row, &l->first)) {
		(void)fprintf(stderr, "mongodb: %s\n", logstore_error(store));
		result = EXIT_AWAY;
	}
	if (result == EXIT_DONE && !l->json)
		print_titles();
	for (size_t i = 0; i < l->first.n; i++) {
		size_t at = l->follow ? l->first.n - 1 - i : i;

		if (result == EXIT_DONE)
			print_row(l->first.rows[at], l->json);
	}
	for (size_t i = 0; i < l->first.n; i++)
		json_decref(l->first.rows[i]);
	free(l->first.rows);
	return result;
}

static int list_and_follow(struct admin *a, struct listing *l)
{
	struct kafka_reader *reader = NULL;
	struct err_text why = { "" };

	if (!l->follow)
		return list(a, l);
	if (!admin_load(a, NEED_KAFKA))
		return EXIT_CONFIG;
	/* the live end first: nothing falls between it and the list */
	if (kafka_reader_open(&a->config.kafka, KAFKA_TOPIC_STATUS_UPDATES,
	                      KAFKA_READER_FROM_END, clock_mono_ms() + ADMIN_DEADLINE_MS,
	                      &reader, &why)) {
		(void)fprintf(stderr, "kafka: %s\n", why.text);
		return EXIT_AWAY;
	}
	int result = list(a, l);
	if (result == EXIT_DONE)
		result = follow(reader, l);
	(void)kafka_reader_close(reader);
	return result;
}

static bool take_number(const char *text, int64_t max, int64_t *out)
{
	char *end;

	*out = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *out > 0 && *out <= max;
}

static bool take_option(struct listing *l, int option, const char *text)
{
	int64_t number = 0;

	switch (option) {
	case 'l':
		return take_number(text, INT64_MAX, &l->query.lab_id);
	case 'a':
		if (!take_number(text, INT_MAX, &number) || !action_find((int)number))
			return false;
		l->query.action_id = (int)number;
		return true;
	case 'n':
		if (!take_number(text, MAX_LIMIT, &number))
			return false;
		l->query.limit = (int)number;
		return true;
	case 's':
		l->query.has_status = true;
		return log_status_parse(strcmp(text, "SUPPRESSED") == 0 ? "" : text,
		                        &l->query.status);
	case 't':
		return clock_parse_iso(text, &l->query.since_ms);
	case 'f':
		l->follow = true;
		return true;
	case 'j':
		l->json = true;
		return true;
	default:
		return false;
	}
}

int command_logs_list(struct admin *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "lab", required_argument, NULL, 'l' },
		{ "action", required_argument, NULL, 'a' },
		{ "status", required_argument, NULL, 's' },
		{ "since", required_argument, NULL, 't' },
		{ "limit", required_argument, NULL, 'n' },
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct listing l = { .query.limit = DEFAULT_LIMIT };
	int c;

	while ((c = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (!take_option(&l, c, optarg)) {
			if (c != '?')
				(void)fprintf(stderr, "%s: not a value of this option\n",
				              optarg);
			return EXIT_USAGE;
		}
	}
	return optind < argc ? EXIT_USAGE : list_and_follow(a, &l);
}

/* Headers are masked when they are logged; this is for what other programs logged. */
static void mask_object(json_t *headers)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(headers, next, name,
	                         value) if (mask_wants(name, strlen(name)))(void)
		json_object_set_new(headers, name, json_string(MASK_TEXT));
}

static void mask_log(json_t *log)
{
	CLEANUP(freep) char *url = mask_url(jdoc_text_or(log, "end_point", ""));

	mask_object(json_object_get(log, "request_headers"));
	mask_object(json_object_get(log, "response_headers"));
	if (*url)
		(void)json_object_set_new(log, "end_point", json_string(url));
}

static void print_log(const json_t *log)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)log, name, value) {
		CLEANUP(freep)
		char *dump = json_is_string(value) ? NULL : jdoc_dump(value, NULL);

		printf("%-26s %s\n", strcmp(name, "_id") == 0 ? "log_id" : name,
		       dump ? dump : json_string_value(value));
	}
}

int command_logs_show(struct admin *a, int argc, char **argv)
{
	bool json = argc == 3 && strcmp(argv[2], "--json") == 0;
	struct log_id id;
	CLEANUP_JSON json_t *log = NULL;

	if ((argc != 2 && !json) || !log_id_parse(argv[1], &id))
		return EXIT_USAGE;
	struct logstore *store = admin_store(a);
	if (!store)
		return EXIT_CONFIG;
	if (logstore_get(store, &id, &log)) {
		(void)fprintf(stderr, "mongodb: %s\n", logstore_error(store));
		return EXIT_AWAY;
	}
	if (!log) {
		(void)fprintf(stderr, "%s: no log has this log_id\n", argv[1]);
		return EXIT_REFUSED;
	}
	mask_log(log);
	if (json)
		print_row(log, true);
	else
		print_log(log);
	return EXIT_DONE;
}
