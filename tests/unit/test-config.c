#include "unit.h"

#include "config/config.h"

#include <unistd.h>

struct inner {
	char *url;
	int64_t timeout;
};
struct outer {
	char *name;
	int64_t count, size, port;
	bool on;
	char *token;
	struct inner inner;
};

static const char *name_fault(const char *text)
{
	return strcmp(text, "nobody") == 0 ? "is nobody; write somebody" : NULL;
}

static const struct config_key outer_keys[] = {
	{ .name = "T_NAME",
	  .type = CONFIG_STRING,
	  .offset = offsetof(struct outer, name),
	  .min = 1,
	  .max = 8,
	  .dflt = "fleet",
	  .fault = name_fault,
	  .help = "A name | with a bar." },
	{ .name = "T_COUNT",
	  .type = CONFIG_INT,
	  .offset = offsetof(struct outer, count),
	  .min = -5,
	  .max = 100,
	  .dflt = "7",
	  .help = "How many." },
	{ .name = "T_SIZE",
	  .type = CONFIG_BYTES,
	  .offset = offsetof(struct outer, size),
	  .min = 1024,
	  .max = 1 << 20,
	  .dflt = "64KiB",
	  .help = "How large." },
	{ .name = "T_PORT",
	  .type = CONFIG_PORT,
	  .offset = offsetof(struct outer, port),
	  .help = "Where." },
	{ .name = "T_ON",
	  .type = CONFIG_BOOL,
	  .offset = offsetof(struct outer, on),
	  .help = "Whether." },
	{ .name = "T_TOKEN",
	  .type = CONFIG_STRING,
	  .offset = offsetof(struct outer, token),
	  .flags = CONFIG_REQUIRED | CONFIG_SECRET,
	  .dflt = "hidden",
	  .help = "A secret." },
	CONFIG_END,
};
static const struct config_key inner_keys[] = {
	{ .name = "T_URL",
	  .type = CONFIG_URL,
	  .offset = offsetof(struct inner, url),
	  .dflt = "http://user:p%40ss@host:1/x?password=q",
	  .help = "Whereto." },
	{ .name = "T_TIMEOUT",
	  .type = CONFIG_MSEC,
	  .offset = offsetof(struct inner, timeout),
	  .min = 1,
	  .max = 600000,
	  .dflt = "30s",
	  .help = "How long." },
	CONFIG_END,
};
static const struct config_group groups[] = {
	{ .keys = outer_keys },
	{ .keys = inner_keys, .offset = offsetof(struct outer, inner) },
	{ .keys = NULL },
};

/* Loads with `variable` = `value`; returns the faults, their text in *out (caller frees).
 */
static int load_with(const char *variable, const char *value, struct outer *config,
                     char **out)
{
	size_t size;
	FILE *errors = open_memstream(out, &size);

	if (variable)
		assert_int_equal(setenv(variable, value, 1), 0);
	memset(config, 0, sizeof(*config));
	int faults = config_load(groups, config, errors);
	assert_int_equal(fclose(errors), 0);
	if (variable)
		assert_int_equal(unsetenv(variable), 0);
	return faults;
}

static int forget_variables(void **state)
{
	static const char *const names[] = { "T_NAME",       "T_COUNT", "T_SIZE",
		                             "T_PORT",       "T_ON",    "T_TOKEN",
		                             "T_TOKEN_FILE", "T_URL",   "T_TIMEOUT" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unsetenv(names[i]);
	return setenv("T_TOKEN", "s3cret", 1);
}

static void defaults_fill_both_groups(void **state)
{
	struct outer c;
	CLEANUP(freep) char *errors = NULL;

	assert_int_equal(load_with(NULL, NULL, &c, &errors), 0);
	assert_string_equal(errors, "");
	assert_string_equal(c.name, "fleet");
	assert_int_equal(c.count, 7);
	assert_int_equal(c.size, 65536);
	assert_int_equal(c.port, 0);
	assert_false(c.on);
	assert_string_equal(c.token, "s3cret");
	assert_string_equal(c.inner.url, "http://user:p%40ss@host:1/x?password=q");
	assert_int_equal(c.inner.timeout, 30000);
	config_release(groups, &c);
	assert_null(c.name);
	assert_null(c.inner.url);
}

static void values_are_read_by_type(void **state)
{
	static const struct {
		const char *name, *value;
		size_t offset;
		int64_t expected;
	} cases[] = {
		{ "T_COUNT", "-5", offsetof(struct outer, count), -5 },
		{ "T_COUNT", "100", offsetof(struct outer, count), 100 },
		{ "T_COUNT", "", offsetof(struct outer, count), 7 },
		{ "T_SIZE", "1048576", offsetof(struct outer, size), 1048576 },
		{ "T_SIZE", "1MiB", offsetof(struct outer, size), 1048576 },
		{ "T_SIZE", "2048B", offsetof(struct outer, size), 2048 },
		{ "T_PORT", "65535", offsetof(struct outer, port), 65535 },
		{ "T_TIMEOUT", "1ms", offsetof(struct outer, inner.timeout), 1 },
		{ "T_TIMEOUT", "2s", offsetof(struct outer, inner.timeout), 2000 },
		{ "T_TIMEOUT", "10m", offsetof(struct outer, inner.timeout), 600000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outer c;
		CLEANUP(freep) char *errors = NULL;

		assert_int_equal(load_with(cases[i].name, cases[i].value, &c, &errors), 0);
		assert_int_equal(*(int64_t *)(void *)((char *)&c + cases[i].offset),
		                 cases[i].expected);
		config_release(groups, &c);
	}
}

static void booleans_are_read(void **state)
{
	static const struct {
		const char *value;
		bool on;
	} cases[] = { { "true", true }, { "1", true },  { "YES", true },
		      { "no", false },  { "0", false }, { "false", false } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outer c;
		CLEANUP(freep) char *errors = NULL;

		assert_int_equal(load_with("T_ON", cases[i].value, &c, &errors), 0);
		assert_int_equal(c.on, cases[i].on);
		config_release(groups, &c);
	}
}

static void faults_name_key_and_remedy_but_no_value(void **state)
{
	static const struct {
		const char *name, *value, *message;
	} cases[] = {
		{ "T_NAME", "far-too-long",
		  "T_NAME: length out of range; 1 to 8 characters\n" },
		{ "T_COUNT", "101", "T_COUNT: out of range; -5 to 100\n" },
		{ "T_COUNT", "9x", "T_COUNT: not an integer; write 42\n" },
		{ "T_COUNT", " 9", "T_COUNT: not an integer; write 42\n" },
		{ "T_COUNT", "99999999999999999999",
		  "T_COUNT: not an integer; write 42\n" },
		{ "T_SIZE", "64KB",
		  "T_SIZE: not a size; write 65536, 64KiB, 1MiB or 1GiB\n" },
		{ "T_SIZE", "2MiB", "T_SIZE: out of range; 1KiB to 1MiB\n" },
		{ "T_SIZE", "9999999999999GiB",
		  "T_SIZE: not a size; write 65536, 64KiB, 1MiB or 1GiB\n" },
		{ "T_PORT", "65536", "T_PORT: out of range; 0 to 65535\n" },
		{ "T_PORT", "-1", "T_PORT: out of range; 0 to 65535\n" },
		{ "T_ON", "maybe", "T_ON: not a boolean; write true or false\n" },
		{ "T_TIMEOUT", "30",
		  "T_TIMEOUT: not a duration; write 500ms, 30s, 5m or 24h\n" },
		{ "T_TIMEOUT", "0s", "T_TIMEOUT: out of range; 1ms to 10m\n" },
		{ "T_URL", "s3cret@host", "T_URL: not a url; write scheme://host:port\n" },
		{ "T_URL", "http://", "T_URL: not a url; write scheme://host:port\n" },
		{ "T_URL", "http://a b", "T_URL: not a url; write scheme://host:port\n" },
		{ "T_TOKEN_FILE", "/nonexistent",
		  "T_TOKEN: set it or its _FILE variant, not both\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outer c;
		CLEANUP(freep) char *errors = NULL;

		assert_int_equal(load_with(cases[i].name, cases[i].value, &c, &errors), 1);
		assert_string_equal(errors, cases[i].message);
		config_release(groups, &c);
	}
}

static void all_faults_are_reported_at_once(void **state)
{
	struct outer c;
	CLEANUP(freep) char *errors = NULL;

	assert_int_equal(unsetenv("T_TOKEN"), 0);
	assert_int_equal(setenv("T_COUNT", "x", 1), 0);
	assert_int_equal(setenv("T_TIMEOUT", "1y", 1), 0);
	assert_int_equal(setenv("T_NAME", "nobody", 1), 0);
	assert_int_equal(load_with("T_ON", "s3cret", &c, &errors), 5);
	assert_non_null(strstr(errors, "T_NAME: is nobody; write somebody\n"));
	assert_non_null(strstr(errors, "T_TOKEN: required, but not set\n"));
	assert_non_null(strstr(errors, "T_COUNT: "));
	assert_non_null(strstr(errors, "T_TIMEOUT: "));
	assert_non_null(strstr(errors, "T_ON: "));
	assert_null(strstr(errors, "s3cret"));
	config_release(groups, &c);
}

static void a_file_variant_gives_the_value_without_its_line_end(void **state)
{
	static const struct {
		const char *content, *token, *error;
	} cases[] = {
		{ "from file\r\n\n", "from file", "" },
		{ "from file", "from file", "" },
		{ "\n", NULL, "T_TOKEN: the file that its _FILE variant names is empty\n" },
		{ NULL, NULL,
		  "T_TOKEN: cannot read the file that its _FILE variant names\n" },
	};

	assert_int_equal(unsetenv("T_TOKEN"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outer c;
		char path[] = "/tmp/test-config-XXXXXX";
		CLEANUP(freep) char *errors = NULL;
		int fd = mkstemp(path);

		assert_true(fd >= 0);
		if (cases[i].content)
			assert_int_equal(
				write(fd, cases[i].content, strlen(cases[i].content)),
				(ssize_t)strlen(cases[i].content));
		else
			assert_int_equal(unlink(path), 0);
		assert_int_equal(load_with("T_TOKEN_FILE", path, &c, &errors),
		                 cases[i].token == NULL);
		assert_string_equal(errors, cases[i].error);
		if (cases[i].token)
			assert_string_equal(c.token, cases[i].token);
		config_release(groups, &c);
		(void)close(fd);
		(void)unlink(path);
	}
}

static void the_reference_shows_ranges_and_defaults_but_no_secret(void **state)
{
	CLEANUP(freep) char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	config_print_head(to);
	config_print(groups, to);
	assert_int_equal(fclose(to), 0);
	assert_non_null(strstr(text, "| `T_NAME` | text | 1 to 8 characters | `fleet` |  | "
	                             "A name \\| with a bar. |\n"));
	assert_non_null(strstr(text, "| `T_TOKEN` | text |  |  | required, secret | "));
	assert_non_null(strstr(text, "| `T_URL` | url |  | `http://host:1/x` |  | "));
	assert_non_null(strstr(text, "| `T_TIMEOUT` | duration | 1ms to 10m | `30s` |"));
	assert_null(strstr(text, "hidden"));
	assert_null(strstr(text, "s3cret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults_fill_both_groups, forget_variables),
		cmocka_unit_test_setup(values_are_read_by_type, forget_variables),
		cmocka_unit_test_setup(booleans_are_read, forget_variables),
		cmocka_unit_test_setup(faults_name_key_and_remedy_but_no_value,
		                       forget_variables),
		cmocka_unit_test_setup(all_faults_are_reported_at_once, forget_variables),
		cmocka_unit_test_setup(a_file_variant_gives_the_value_without_its_line_end,
		                       forget_variables),
		cmocka_unit_test_setup(
			the_reference_shows_ranges_and_defaults_but_no_secret,
			forget_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
