/* Messages that could not be handled: which, why, and send them again. */
#include "admin.h"

#include "base/clock.h"
#include "kafka/reader.h"

#include <getopt.h>
#include <limits.h>

/* The id of a failed task is where it lies: partition/offset. */
static bool parse_id(const char *text, int *partition, int64_t *offset)
{
	char *end;
	long p = strtol(text, &end, 10);

	if (end == text || *end != '/' || p < 0 || p > INT_MAX)
		return false;
	const char *second = end + 1;
	*offset = strtoll(second, &end, 10);
	*partition = (int)p;
	return end != second && *end == '\0' && *offset >= 0;
}

static void print_header(const struct kafka_message *m, const char *name, int width)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	printf("%-*.*s ", width, h ? (int)(h->len > 200 ? 200 : h->len) : 0,
	       h ? (const char *)h->value : "");
}

static bool header_is(const struct kafka_message *m, const char *name, const char *value)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	return h && h->len == strlen(value) && memcmp(h->value, value, h->len) == 0;
}

static void print_line(const struct kafka_message *m)
{
	char id[48], time[CLOCK_ISO_SIZE];

	(void)snprintf(id, sizeof(id), "%d/%lld", m->partition, (long long)m->offset);
	printf("%-12s %s ", id, clock_format_iso(m->timestamp_ms, time));
	print_header(m, "reason", 18);
	print_header(m, "source_topic", 28);
	print_header(m, "source_partition", 4);
	print_header(m, "source_offset", 9);
	print_header(m, "exception", 0);
	(void)putchar('\n');
}

static int kafka_failed(const struct err_text *why, int result)
{
	(void)fprintf(stderr, "kafka: %s\n", why->text);
	return result == KAFKA_E_AWAY ? EXIT_AWAY : EXIT_REFUSED;
}

/* Calls `each` for every failed task of that reason (NULL: any); EXIT_... */
static int walk(struct admin *a, const char *reason,
                int (*each)(struct admin *a, const struct kafka_message *m, void *arg),
                void *arg)
{
	struct kafka_reader *reader;
	struct kafka_message m;
	struct err_text why = { "" };
	int64_t quiet_until = clock_mono_ms() + ADMIN_DEADLINE_MS;
	int result =
		kafka_reader_open(&a->config.kafka, KAFKA_TOPIC_FAILED,
	                          KAFKA_READER_FROM_BEGINNING, quiet_until, &reader, &why);

	if (result)
		return kafka_failed(&why, result);
	while (result == EXIT_DONE && !kafka_reader_at_end(reader)) {
		if (!kafka_reader_next(reader, 500, &m)) {
			if (clock_mono_ms() > quiet_until)
				result = EXIT_AWAY;
			continue;
		}
		quiet_until = clock_mono_ms() + ADMIN_DEADLINE_MS;
		if (!reason || header_is(&m, "reason", reason))
			result = each(a, &m, arg);
	}
	(void)kafka_reader_close(reader);
	return result;
}

static int list_one(struct admin *a, const struct kafka_message *m, void *arg)
{
	print_line(m);
	return EXIT_DONE;
}

int command_failed_tasks_list(struct admin *a, int argc, char **argv)
{
	const char *reason = argc == 3 && strcmp(argv[1], "--reason") == 0 ? argv[2] : NULL;

	if (argc != 1 && !reason)
		return EXIT_USAGE;
	printf("%-12s %-24s %-18s %-28s %-4s %-9s %s\n", "ID", "TIME", "REASON", "SOURCE",
	       "PART", "OFFSET", "EXCEPTION");
	return walk(a, reason, list_one, NULL);
}

static int with_one(struct admin *a, const char *id,
                    int (*each)(struct admin *a, const struct kafka_message *m, void *arg),
                    void *arg)
{
	struct kafka_reader *reader;
	struct kafka_message m;
	struct err_text why = { "" };
	int partition;
	int64_t offset;

	if (!parse_id(id, &partition, &offset))
		return EXIT_USAGE;
	int result = kafka_reader_open_at(&a->config.kafka, KAFKA_TOPIC_FAILED, partition,
	                                  offset, clock_mono_ms() + ADMIN_DEADLINE_MS,
	                                  &reader, &why);
	if (result)
		return kafka_failed(&why, result);
	result = EXIT_AWAY;
	for (int tries = 0; tries < 20 && result == EXIT_AWAY; tries++)
		if (kafka_reader_next(reader, 500, &m))
			result = m.offset == offset ? each(a, &m, arg) : EXIT_REFUSED;
	(void)kafka_reader_close(reader);
	return result;
}

static int show_one(struct admin *a, const struct kafka_message *m, void *arg)
{
	for (size_t i = 0; i < m->n_headers; i++)
		printf("%s: %.*s\n", m->headers[i].name, (int)m->headers[i].len,
		       (const char *)m->headers[i].value);
	printf("key: %.*s\n\n", (int)m->key_len, m->key ? m->key : "");
	if (m->value)
		(void)fwrite(m->value, 1, m->value_len, stdout);
	(void)putchar('\n');
	return EXIT_DONE;
}

int command_failed_tasks_show(struct admin *a, int argc, char **argv)
{
	return argc == 2 ? with_one(a, argv[1], show_one, NULL) : EXIT_USAGE;
}

struct requeue {
	struct kafka_producer *producer;
	size_t n;
};

static int send_back(struct requeue *r, const struct kafka_message *m)
{
	int64_t deadline_ms = clock_mono_ms() + ADMIN_DEADLINE_MS;
	struct kafka_batch *batch = kafka_batch_new(r->producer);
	int result = kafka_batch_add(batch, m, deadline_ms);

	if (result == 0)
		result = kafka_batch_wait(batch, deadline_ms);
	(void)kafka_batch_free(batch);
	if (result) {
		(void)fprintf(stderr, "kafka: the message was not acknowledged\n");
		return EXIT_AWAY;
	}
	r->n++;
	return EXIT_DONE;
}

/* The original's bytes, key and headers, to where it came from. */
static int requeue_one(struct admin *a, const struct kafka_message *m, void *arg)
{
	CLEANUP(freep) struct kafka_header *kept = xcalloc(m->n_headers, sizeof(*kept));
	struct kafka_message original;

	if (!kafka_failed_original(&a->config.kafka, m, kept, &original)) {
		(void)fprintf(stderr, "%d/%lld: its source_topic is none of the fleet's\n",
		              m->partition, (long long)m->offset);
		return EXIT_REFUSED;
	}
	return send_back(arg, &original);
}

static int requeue(struct admin *a, int argc, char **argv, bool all, const char *reason)
{
	struct requeue r = { 0 };
	struct err_text why = { "" };
	int result = kafka_producer_open(&a->config.kafka, &r.producer, &why);

	if (result)
		return kafka_failed(&why, result);
	if (all)
		result = walk(a, reason, requeue_one, &r);
	for (int i = 0; i < argc && result == EXIT_DONE; i++)
		result = with_one(a, argv[i], requeue_one, &r);
	(void)kafka_producer_close(r.producer);
	printf("%zu sent again\n", r.n);
	return result;
}

int command_failed_tasks_requeue(struct admin *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "reason", required_argument, NULL, 'r' },
		{ 0 },
	};
	const char *reason = NULL;
	bool all = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return EXIT_USAGE;
		if (c == 'r')
			reason = optarg;
		all = true;
	}
	if (all == (optind < argc)) /* ids, or all of a kind: one of them */
		return EXIT_USAGE;
	return requeue(a, argc - optind, argv + optind, all, reason);
}
