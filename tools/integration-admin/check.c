/* integration-admin check: every fault of the rows that people wrote. */
#include "admin.h"

#include "base/clock.h"
#include "settings/check.h"
#include "json/jdoc.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

static const char rows_sql[] =
	"SELECT r.id, to_jsonb(r) || jsonb_build_object('auth_headers', a.headers)"
	" FROM integration.lab_integration r"
	" JOIN integration.developer_authentication a ON a.id = r.auth_id"
	" WHERE $1::bigint IS NULL OR r.id = $1::bigint ORDER BY r.id";

static void print_fault(void *id, const char *fault)
{
	printf("%" PRId64 ": %s\n", *(const int64_t *)id, fault);
}

static size_t check_row(const struct pg_result *rows, size_t i, const struct keyring *keys)
{
	int64_t id = pg_int(rows, i, 0);
	const char *text = pg_text(rows, i, 1);
	CLEANUP_JSON json_t *row = jdoc_parse(text, strlen(text), NULL);

	if (row)
		return settings_row_check(row, keys, print_fault, &id);
	print_fault(&id, "holds JSON that is nested too deeply or has too large numbers");
	return 1;
}

static int check(struct admin *a, const char *id)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	CLEANUP(keyring_freep) struct keyring *keys = keyring_new(&a->config.secrets);
	const char *const params[] = { id };
	size_t faults = 0;

	if (pg_query(admin_pg(a), rows_sql, params, 1, clock_mono_ms() + ADMIN_DEADLINE_MS,
	             &rows))
		return admin_pg_failed(admin_pg(a), "postgres");
	for (size_t i = 0; i < pg_rows(rows); i++)
		faults += check_row(rows, i, keys);
	if (id && pg_rows(rows) == 0) {
		(void)fprintf(stderr, "%s: no integration has this id\n", id);
		return EXIT_REFUSED;
	}
	(void)fprintf(stderr, "%zu rows, %zu faults\n", pg_rows(rows), faults);
	return faults ? EXIT_REFUSED : EXIT_DONE;
}

int command_check(struct admin *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "integration", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	const char *id = NULL;
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((option = getopt_long(argc, argv, "", options, NULL)) == 'i')
		id = optarg;
	if (option != -1 || optind != argc || (id && strtoll(id, NULL, 10) <= 0))
		return EXIT_USAGE;
	return check(a, id);
}
