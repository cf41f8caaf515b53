/* MLLP's framing over every way to cut the bytes. */
#include "unit.h"

#include "transport/mllp_frame.h"

#define VT "\x0b"
#define FS "\x1c"

static const struct {
	const char *what, *bytes;
	const char *messages[4];
} cases[] = {
	{ "one", VT "one" FS "\r", { "one" } },
	{ "several at once",
	  VT "one" FS "\r" VT "two" FS "\r" VT "three" FS "\r",
	  { "one", "two", "three" } },
	{ "no CR after FS", VT "one" FS VT "two" FS, { "one", "two" } },
	{ "junk around",
	  "junk\r\n" VT "one" FS "\r" FS "\rmore" VT "two" FS "\rend",
	  { "one", "two" } },
	{ "a message that begins anew", VT "half" VT "one" FS "\r", { "one" } },
	{ "CR inside", VT "MSH|\rMSA|AA\r" FS "\r", { "MSH|\rMSA|AA\r" } },
	{ "empty", VT FS "\r" VT "one" FS "\r", { "", "one" } },
	{ "no end", VT "one", { NULL } },
	{ "no frame", "HTTP/1.1 400 Bad Request\r\n\r\n", { NULL } },
	{ "nothing", "", { NULL } },
};

static size_t take_all(struct mllp_frame *f, const char *data, size_t len,
                       const char *const *messages, size_t seen)
{
	while (len > 0) {
		bool whole;
		size_t used = mllp_frame_take(f, data, len, &whole);

		assert_in_range(used, 1, len);
		data += used;
		len -= used;
		if (whole) {
			assert_true(seen < 4 && messages[seen]);
			assert_string_equal(buf_str(&f->message), messages[seen]);
			seen++;
		}
	}
	return seen;
}

static size_t count(const char *const *messages)
{
	size_t n = 0;

	while (n < 4 && messages[n])
		n++;
	return n;
}

/* At each place, and byte by byte. */
static void test_any_split(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].bytes), wanted = count(cases[i].messages);

		for (size_t cut = 0; cut <= len + 1; cut++) {
			struct mllp_frame f;
			size_t seen = 0, step = cut == len + 1 ? 1 : 0;

			mllp_frame_init(&f, 1000);
			if (step) {
				for (size_t at = 0; at < len; at++)
					seen = take_all(&f, cases[i].bytes + at, 1,
					                cases[i].messages, seen);
			} else {
				seen = take_all(&f, cases[i].bytes, cut, cases[i].messages,
				                0);
				seen = take_all(&f, cases[i].bytes + cut, len - cut,
				                cases[i].messages, seen);
			}
			if (seen != wanted)
				fail_msg("%s, cut at %zu: %zu messages", cases[i].what, cut,
				         seen);
			mllp_frame_deinit(&f);
		}
	}
}

static void test_a_long_message_is_cut(void **state)
{
	struct mllp_frame f;
	bool whole;

	mllp_frame_init(&f, 4);
	assert_int_equal(mllp_frame_take(&f, VT "12345678" FS "\r", 11, &whole), 10);
	assert_true(whole && f.message.truncated);
	assert_string_equal(buf_str(&f.message), "1234");
	assert_int_equal(mllp_frame_take(&f, VT "ab" FS, 4, &whole), 4);
	assert_true(whole && !f.message.truncated);
	assert_string_equal(buf_str(&f.message), "ab");
	mllp_frame_deinit(&f);
}

static void test_reset(void **state)
{
	struct mllp_frame f;
	bool whole;

	mllp_frame_init(&f, 100);
	(void)mllp_frame_take(&f, VT "half of a late ACK", 19, &whole);
	mllp_frame_reset(&f);
	(void)mllp_frame_take(&f, "the rest" FS, 9, &whole);
	assert_false(whole);
	mllp_frame_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_split),
		cmocka_unit_test(test_a_long_message_is_cut),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
