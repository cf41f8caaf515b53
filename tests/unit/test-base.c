#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log_id.h"

static void iso_times_are_read_to_the_millisecond(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t ms;
	} cases[] = {
		{ .text = "1970-01-01T00:00:00Z", .ok = true, .ms = 0 },
		{ .text = "2026-11-21T09:30:00Z", .ok = true, .ms = 1795253400000 },
		{ .text = "2026-11-21T15:00:00+05:30", .ok = true, .ms = 1795253400000 },
		{ .text = "2026-11-21T09:30:00.1239Z", .ok = true, .ms = 1795253400123 },
		{ .text = "2026-11-21 09:30", .ok = true, .ms = 1795253400000 },
		{ .text = "2026-11-21", .ok = true, .ms = 1795219200000 },
		{ .text = "2026-13-21", .ok = false },
		{ .text = "2026-11-21T25:00:00Z", .ok = false },
		{ .text = "2026-11-21T09:30:00Zx", .ok = false },
		{ .text = "yesterday", .ok = false },
		{ .text = "", .ok = false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = -1;

		assert_int_equal(clock_parse_iso(cases[i].text, &ms), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(ms, cases[i].ms);
	}
}

static void iso_times_are_written(void **state)
{
	char text[CLOCK_ISO_SIZE];

	assert_string_equal(clock_format_iso(1795253400123, text),
	                    "2026-11-21T09:30:00.123Z");
	assert_string_equal(clock_format_iso(-1, text), "1969-12-31T23:59:59.999Z");
}

static void log_ids_read_back_in_both_forms(void **state)
{
	struct log_id id, again;
	char hex[LOG_ID_HEX_SIZE], base32[LOG_ID_BASE32_SIZE];

	/* domain.md 3.3 gives this pair */
	assert_true(log_id_parse("6701f0c2a1b2c3d4e5f6071a", &id));
	assert_string_equal(log_id_to_base32(&id, base32), "cs0v1gl1mb1t9pfm0sd0");
	assert_string_equal(log_id_to_hex(&id, hex), "6701f0c2a1b2c3d4e5f6071a");
	assert_true(log_id_parse(base32, &again));
	assert_true(log_id_equal(&id, &again));
	assert_true(log_id_parse("CS0V1GL1MB1T9PFM0SD0", &again));
	assert_true(log_id_equal(&id, &again));
}

static void log_ids_refuse_what_is_none(void **state)
{
	static const char *const bad[] = { "",
		                           "6701",
		                           "6701f0c2a1b2c3d4e5f6071g",
		                           "cs0v1gl1mb1t9pfm0sdw",
		                           "cs0v1gl1mb1t9pfm0sd1",
		                           "6701f0c2a1b2c3d4e5f6071a0" };
	struct log_id id;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(log_id_parse(bad[i], &id));
}

static void a_buffer_keeps_its_limit_and_says_so(void **state)
{
	struct buf b = BUF_INIT(5);

	buf_append_str(&b, "abc");
	assert_false(b.truncated);
	buf_printf(&b, "%d", 12345);
	assert_true(b.truncated);
	assert_string_equal(buf_str(&b), "abc12");
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_deinit(&b);
}

static void a_long_format_is_not_cut(void **state)
{
	struct buf b = BUF_INIT(0);
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_printf(&b, "%s!", big);
	assert_int_equal(b.len, sizeof(big));
	assert_int_equal(buf_str(&b)[b.len - 1], '!');
	buf_deinit(&b);
}

static void an_error_text_is_optional(void **state)
{
	struct err_text why = { "" };

	assert_int_equal(err_say(&why, 3, "field %s", "url"), 3);
	assert_string_equal(why.text, "field url");
	assert_int_equal(err_say(NULL, 3, "x"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iso_times_are_read_to_the_millisecond),
		cmocka_unit_test(iso_times_are_written),
		cmocka_unit_test(log_ids_read_back_in_both_forms),
		cmocka_unit_test(log_ids_refuse_what_is_none),
		cmocka_unit_test(a_buffer_keeps_its_limit_and_says_so),
		cmocka_unit_test(a_long_format_is_not_cut),
		cmocka_unit_test(an_error_text_is_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
