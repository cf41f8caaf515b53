/* Numbered migrations: each file once, in order, whole or not at all. */
#include "admin.h"

#include "base/clock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>

#define FILE_LIMIT (4 << 20)

/* The lock makes two migrators take turns; the key that the later one violates undoes it.
 */
#define LOCK "SELECT pg_advisory_xact_lock(7264108315);\n"

static const char table[] =
	LOCK "CREATE SCHEMA IF NOT EXISTS integration;\n"
	     "CREATE TABLE IF NOT EXISTS integration.schema_migration (\n"
	     "	name       text PRIMARY KEY,\n"
	     "	applied_at timestamptz NOT NULL DEFAULT now()\n"
	     ");\n";

/* 0001_configuration.sql: the name goes into SQL as a literal, so it holds nothing else. */
static bool is_migration_name(const char *name)
{
	size_t len = strlen(name);

	if (len < 10 || strcmp(name + len - 4, ".sql") != 0 || name[4] != '_')
		return false;
	for (size_t i = 0; i < 4; i++)
		if (!isdigit((unsigned char)name[i]))
			return false;
	for (size_t i = 5; i < len - 4; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return true;
}

static int keep_migrations(const struct dirent *entry)
{
	return is_migration_name(entry->d_name);
}

static int read_file(const char *path, struct buf *out)
{
	char chunk[65536];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_append(out, chunk, n);
	int result = ferror(f) ? -EIO : 0;
	(void)fclose(f);
	return out->truncated ? -EFBIG : result;
}

int admin_pg_failed(const struct pg *pg, const char *doing)
{
	(void)fprintf(stderr, "%s: %s%s%s\n", doing, pg_error(pg),
	              pg_sqlstate(pg)[0] ? ", SQLSTATE " : "", pg_sqlstate(pg));
	return pg_sqlstate(pg)[0] ? EXIT_REFUSED : EXIT_AWAY;
}

static int is_applied(struct pg *pg, const char *name, bool *out)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int result =
		pg_query(pg, "SELECT 1 FROM integration.schema_migration WHERE name = $1",
	                 &name, 1, clock_mono_ms() + ADMIN_DEADLINE_MS, &r);

	*out = r && pg_rows(r) > 0;
	return result;
}

static int apply_file(struct pg *pg, const char *dir, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", dir, name);
	CLEANUP(buf_deinit) struct buf sql = BUF_INIT(FILE_LIMIT);

	buf_printf(&sql,
	           LOCK "INSERT INTO integration.schema_migration (name) VALUES ('%s');\n",
	           name);
	int result = read_file(path, &sql);
	if (result) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(-result));
		return EXIT_REFUSED;
	}
	if (pg_script(pg, buf_str(&sql), clock_mono_ms() + ADMIN_DEADLINE_MS) == 0) {
		printf("postgres   %s applied\n", name);
		return EXIT_DONE;
	}
	if (strcmp(pg_sqlstate(pg), "23505") == 0) { /* another migrator was quicker */
		bool applied = false;

		if (is_applied(pg, name, &applied) == 0 && applied)
			return EXIT_DONE;
	}
	return admin_pg_failed(pg, path);
}

static int apply_missing(struct pg *pg, const char *dir, const char *name)
{
	bool applied;

	if (is_applied(pg, name, &applied))
		return admin_pg_failed(pg, name);
	return applied ? EXIT_DONE : apply_file(pg, dir, name);
}

int sql_apply_directory(struct pg *pg, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, keep_migrations, alphasort);
	int result = EXIT_DONE;

	if (n <= 0) {
		(void)fprintf(stderr, "%s: no migrations here (--dir, MIGRATIONS_DIR)\n",
		              dir);
		return EXIT_USAGE;
	}
	if (pg_script(pg, table, clock_mono_ms() + ADMIN_DEADLINE_MS))
		result = admin_pg_failed(pg, "integration.schema_migration");
	for (int i = 0; i < n; i++) {
		if (result == EXIT_DONE)
			result = apply_missing(pg, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (result == EXIT_DONE)
		printf("postgres   schema integration: %d migrations in place\n", n);
	return result;
}
