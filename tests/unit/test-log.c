#include "unit.h"

#include "log/log.h"
#include "json/jdoc.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int stdout_before;
static FILE *capture;

static int capture_stdout(void **state)
{
	capture = tmpfile();
	(void)fflush(stdout);
	stdout_before = dup(STDOUT_FILENO);
	return capture && dup2(fileno(capture), STDOUT_FILENO) >= 0 ? 0 : -1;
}

static int release_stdout(void **state)
{
	(void)dup2(stdout_before, STDOUT_FILENO);
	(void)close(stdout_before);
	return fclose(capture);
}

/* The next captured line as JSON; NULL at the end. */
static json_t *next_line(void)
{
	char line[8192];

	if (!fgets(line, sizeof(line), capture))
		return NULL;
	json_t *doc = jdoc_parse(line, strlen(line), NULL);

	assert_non_null(doc);
	return doc;
}

static void a_line_says_when_who_what_and_about_whom(void **state)
{
	struct log_id id;
	int64_t ms;

	assert_true(log_id_parse("6701f0c2a1b2c3d4e5f6071a", &id));
	const struct log_ctx ctx = { .log_id = &id, .lab_id = 17, .topic = "lis.events" };

	log_init("trigger", LOG_LEVEL_INFO);
	errno = EAGAIN;
	log_warn(&ctx, "event.failed", "attempt %d", 2);
	assert_int_equal(errno, EAGAIN);
	rewind(capture);

	CLEANUP_JSON json_t *doc = next_line();

	assert_true(clock_parse_iso(jdoc_text_or(doc, "time", ""), &ms));
	assert_in_range(ms, clock_wall_ms() - 10000, clock_wall_ms());
	assert_string_equal(jdoc_text_or(doc, "level", ""), "warn");
	assert_string_equal(jdoc_text_or(doc, "service", ""), "trigger");
	assert_string_equal(jdoc_text_or(doc, "event", ""), "event.failed");
	assert_string_equal(jdoc_text_or(doc, "message", ""), "attempt 2");
	assert_string_equal(jdoc_text_or(doc, "log_id", ""), "6701f0c2a1b2c3d4e5f6071a");
	assert_int_equal(jdoc_int_or(doc, "lab_id", 0), 17);
	assert_string_equal(jdoc_text_or(doc, "topic", ""), "lis.events");
	assert_int_equal(jdoc_int_or(doc, "partition", -1), 0);
	assert_int_equal(jdoc_int_or(doc, "offset", -1), 0);
	assert_null(json_object_get(doc, "integration_id"));
	assert_null(json_object_get(doc, "action_id"));
}

static void any_text_stays_one_valid_line(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "a \"quote\" and a \\", "a \"quote\" and a \\" },
		{ "two\nlines\ttab\x01", "two\nlines\ttab\x01" },
		{ "Zoë 患者", "Zoë 患者" },
		{ "cut\xc3", "cut\xef\xbf\xbd" },
		{ "bad\xff tail", "bad\xef\xbf\xbd tail" },
	};

	log_init("x", LOG_LEVEL_DEBUG);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		log_debug(NULL, "test.text", "%s", cases[i].text);
	rewind(capture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *doc = next_line();

		assert_string_equal(jdoc_text_or(doc, "message", ""), cases[i].shown);
	}
	assert_null(next_line());
}

static void a_long_message_is_cut(void **state)
{
	log_init("x", LOG_LEVEL_INFO);
	log_info(NULL, "test.long", "%5000d", 1);
	rewind(capture);

	CLEANUP_JSON json_t *doc = next_line();

	assert_in_range(strlen(jdoc_text_or(doc, "message", "")), 1000, 2048);
}

static void lower_levels_are_left_out(void **state)
{
	log_init("x", LOG_LEVEL_WARN);
	log_info(NULL, "test.info", "left out");
	log_error(NULL, "test.error", "written");
	rewind(capture);

	CLEANUP_JSON json_t *doc = next_line();

	assert_string_equal(jdoc_text_or(doc, "event", ""), "test.error");
	assert_null(next_line());
}

static void *write_lines(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info(NULL, "test.thread", "%s", (const char *)arg);
	return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
	static char text[] = "a message that is long enough to be torn apart";
	pthread_t threads[4];
	int lines = 0;

	log_init("x", LOG_LEVEL_INFO);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, text), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	rewind(capture);
	for (json_t *doc = next_line(); doc; doc = next_line(), lines++) {
		assert_string_equal(jdoc_text_or(doc, "message", ""), text);
		json_decref(doc);
	}
	assert_int_equal(lines, 2000);
}

#define captured(test) cmocka_unit_test_setup_teardown(test, capture_stdout, release_stdout)

int main(void)
{
	const struct CMUnitTest tests[] = {
		captured(a_line_says_when_who_what_and_about_whom),
		captured(any_text_stays_one_valid_line),
		captured(a_long_message_is_cut),
		captured(lower_levels_are_left_out),
		captured(threads_do_not_mix_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
