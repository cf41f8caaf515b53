#include "unit.h"

#include "base/util.h"
#include "spool/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
	char path[64];
};

static int make(void **state)
{
	struct folder *f = xcalloc(1, sizeof(*f));

	(void)snprintf(f->path, sizeof(f->path), "/tmp/test-journal-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	*state = f;
	return 0;
}

static size_t each_file(const char *folder, void (*visit)(const char *path))
{
	DIR *d = opendir(folder);
	const struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		CLEANUP(freep) char *path = xasprintf("%s/%s", folder, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (visit)
			visit(path);
	}
	(void)closedir(d);
	return n;
}

static void delete (const char *path)
{
	(void)unlink(path);
}

static int clean(void **state)
{
	struct folder *f = *state;

	(void)each_file(f->path, delete);
	(void)rmdir(f->path);
	free(f);
	return 0;
}

static struct journal *open_at(void **state, int64_t limit, int64_t segment_bytes)
{
	const struct folder *f = *state;
	const struct journal_options options = { .folder = f->path,
		                                 .limit = limit,
		                                 .segment_bytes = segment_bytes };
	struct journal *j;

	assert_int_equal(journal_open(&options, &j, NULL), 0);
	return j;
}

static int append_text(struct journal *j, const char *text)
{
	CLEANUP(buf_deinit) struct buf batch = BUF_INIT(0);

	assert_int_equal(journal_add(&batch, text, strlen(text)), 0);
	return journal_append(j, &batch);
}

static void append(struct journal *j, int i)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "record %d", i);
	assert_int_equal(append_text(j, text), 0);
}

static uint64_t expect(struct journal *j, int i)
{
	struct journal_entry e;
	char text[32];

	(void)snprintf(text, sizeof(text), "record %d", i);
	assert_int_equal(journal_read(j, &e), 0);
	assert_int_equal(e.len, strlen(text));
	assert_memory_equal(e.data, text, e.len);
	return e.number;
}

static void expect_end(struct journal *j)
{
	struct journal_entry e;

	assert_int_equal(journal_read(j, &e), JOURNAL_E_END);
}

static void gives_what_it_got_in_order(void **state)
{
	struct journal *j = open_at(state, 1 << 20, 100);
	const struct folder *f = *state;
	uint64_t numbers[50];

	for (int i = 0; i < 50; i++)
		append(j, i);
	for (int i = 0; i < 50; i++)
		numbers[i] = expect(j, i);
	expect_end(j);
	assert_true(each_file(f->path, NULL) > 5);
	for (int i = 49; i >= 0; i--) /* done with in any order */
		journal_done(j, numbers[i]);
	assert_int_equal(each_file(f->path, NULL), 1);
	assert_int_equal(journal_state(j).unread, 0);
	(void)journal_close(j);
	assert_int_equal(each_file(f->path, NULL), 0);
}

static void rewinds_to_what_is_not_done(void **state)
{
	struct journal *j = open_at(state, 1 << 20, 64);

	for (int i = 0; i < 10; i++)
		append(j, i);
	for (int i = 0; i < 4; i++)
		journal_done(j, expect(j, i));
	(void)expect(j, 4);
	uint64_t five = expect(j, 5);
	journal_done(j, five); /* behind one that is not */
	journal_rewind(j);
	journal_done(j, five); /* means nothing any more */
	for (int i = 4; i < 10; i++)
		journal_done(j, expect(j, i));
	expect_end(j);
	(void)journal_close(j);
}

static void keeps_to_its_limit(void **state)
{
	struct journal *j = open_at(state, 200, 100);
	int i = 0;

	while (append_text(j, "0123456789") == 0)
		i++;
	assert_int_equal(i, 200 / 26);
	for (int k = 0; k < i; k++) {
		struct journal_entry e;

		assert_int_equal(journal_read(j, &e), 0);
		journal_done(j, e.number);
	}
	assert_int_equal(append_text(j, "0123456789"), 0);
	(void)journal_close(j);
}

static void keeps_a_batch_as_a_whole(void **state)
{
	struct journal *j = open_at(state, 200, 1 << 20);
	CLEANUP(buf_deinit) struct buf batch = BUF_INIT(0);
	char text[32];

	for (int i = 0; i < 8; i++) {
		(void)snprintf(text, sizeof(text), "record %d", i);
		assert_int_equal(journal_add(&batch, text, strlen(text)), 0);
		if (i == 3)
			assert_int_equal(journal_append(j, &batch), 0);
	}
	assert_int_equal(journal_append(j, &batch), JOURNAL_E_FULL); /* 4 + 8 */
	for (int i = 0; i < 4; i++)
		journal_done(j, expect(j, i));
	expect_end(j);
	(void)journal_close(j);
}

/* A process that dies without a word: its descriptors are closed, its files stay. */
static void die_with(void **state, int n, int64_t segment_bytes)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct journal *j = open_at(state, 1 << 20, segment_bytes);

		for (int i = 0; i < n; i++)
			append(j, i);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void takes_over_from_the_dead(void **state)
{
	const struct folder *f = *state;

	die_with(state, 20, 64);
	struct journal *j = open_at(state, 1 << 20, 64);
	append(j, 20);
	struct journal *other = open_at(state, 1 << 20, 64);
	expect_end(other); /* a living one's are its own */
	for (int i = 0; i <= 20; i++)
		journal_done(j, expect(j, i));
	expect_end(j);
	(void)journal_close(other);
	(void)journal_close(j);
	assert_int_equal(each_file(f->path, NULL), 0);
}

static void adopts_while_it_runs(void **state)
{
	struct journal *j = open_at(state, 1 << 20, 1 << 20);

	die_with(state, 3, 1 << 20);
	assert_int_equal(journal_adopt(j), 1);
	assert_int_equal(journal_adopt(j), 0);
	for (int i = 0; i < 3; i++)
		journal_done(j, expect(j, i));
	expect_end(j);
	(void)journal_close(j);
}

static int64_t cut_to;

static void cut(const char *path)
{
	assert_int_equal(truncate(path, cut_to), 0);
}

/* Wherever the last write was torn, all before it is there. */
static void survives_a_torn_end(void **state)
{
	const int64_t record = 16 + 8;

	for (cut_to = 2 * record; cut_to <= 3 * record; cut_to++) {
		const struct folder *f = *state;

		die_with(state, 3, 1 << 20);
		(void)each_file(f->path, cut);
		struct journal *j = open_at(state, 1 << 20, 1 << 20);
		for (int i = 0; i < (cut_to == 3 * record ? 3 : 2); i++)
			journal_done(j, expect(j, i));
		expect_end(j);
		assert_int_equal(journal_state(j).torn,
		                 cut_to > 2 * record && cut_to < 3 * record);
		append(j, 9);
		journal_done(j, expect(j, 9));
		(void)journal_close(j);
		assert_int_equal(each_file(f->path, NULL), 0);
	}
}

static void spoil(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 24 + 20), 1); /* within the second record */
	(void)close(fd);
}

static void sets_a_broken_file_aside(void **state)
{
	const struct folder *f = *state;

	die_with(state, 3, 1 << 20);
	(void)each_file(f->path, spoil);
	struct journal *j = open_at(state, 1 << 20, 1 << 20);
	journal_done(j, expect(j, 0));
	expect_end(j);
	assert_int_equal(journal_state(j).broken, 1);
	(void)journal_close(j);
	assert_int_equal(each_file(f->path, NULL), 1); /* *.broken */
	j = open_at(state, 1 << 20, 1 << 20);
	expect_end(j);
	(void)journal_close(j);
}

/* What is appended after the damage is read, though the file was still in use. */
static void begins_a_new_file_behind_damage(void **state)
{
	const struct folder *f = *state;
	struct journal *j = open_at(state, 1 << 20, 1 << 20);

	for (int i = 0; i < 3; i++)
		append(j, i);
	(void)each_file(f->path, spoil);
	journal_done(j, expect(j, 0));
	expect_end(j);
	append(j, 3);
	journal_done(j, expect(j, 3));
	expect_end(j);
	assert_int_equal(journal_state(j).broken, 1);
	(void)journal_close(j);
	assert_int_equal(each_file(f->path, NULL), 1); /* *.broken */
}

static void knows_what_a_power_cut_would_lose(void **state)
{
	struct journal *j = open_at(state, 1 << 20, 64);

	for (int i = 0; i < 10; i++)
		append(j, i);
	assert_int_equal(journal_state(j).unsynced, 10 * 24);
	assert_int_equal(journal_sync(j), 0);
	assert_int_equal(journal_state(j).unsynced, 0);
	(void)journal_close(j);
}

static void says_why_there_is_no_folder(void **state)
{
	const struct journal_options options = { .folder = "/proc/none", .limit = 1 };
	struct journal *j;
	struct err_text why = { "" };

	assert_true(journal_open(&options, &j, &why) < 0);
	assert_non_null(strstr(why.text, "/proc/none"));
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make, clean)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(gives_what_it_got_in_order),
		IN_FOLDER(rewinds_to_what_is_not_done),
		IN_FOLDER(keeps_to_its_limit),
		IN_FOLDER(keeps_a_batch_as_a_whole),
		IN_FOLDER(takes_over_from_the_dead),
		IN_FOLDER(adopts_while_it_runs),
		IN_FOLDER(survives_a_torn_end),
		IN_FOLDER(sets_a_broken_file_aside),
		IN_FOLDER(begins_a_new_file_behind_damage),
		IN_FOLDER(knows_what_a_power_cut_would_lose),
		cmocka_unit_test(says_why_there_is_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
