/* A body with documents in it, as it goes over the wire; and the disk they wait on. */
#include "unit.h"

#include "base/buf.h"
#include "transport/content.h"
#include "transport/spool.h"

#include <sodium.h>
#include <stdio.h>

static unsigned char bytes_at(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static struct spool *make_spool(size_t size, size_t piece)
{
	CLEANUP(freep) unsigned char *data = xcalloc(1, size + 1);
	struct spool *s = NULL;

	for (size_t i = 0; i < size; i++)
		data[i] = bytes_at(i);
	assert_int_equal(spool_new("/tmp", &s), 0);
	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(
			spool_append(s, data + at, size - at < piece ? size - at : piece),
			0);
	assert_int_equal(spool_size(s), size);
	return s;
}

static char *base64_of(size_t from, size_t size)
{
	CLEANUP(freep) unsigned char *data = xcalloc(1, size + 1);
	size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
	char *text = xcalloc(1, room);

	for (size_t i = 0; i < size; i++)
		data[i] = bytes_at(from + i);
	return sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_ORIGINAL);
}

static void what_was_spooled_is_read_from_anywhere(void **state)
{
	static const size_t pieces[] = { 1, 63, 64, 65, 1000, 65536, 200000 };
	enum { SIZE = 150001 };
	static unsigned char out[SIZE];

	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		CLEANUP(spool_freep) struct spool *s = make_spool(SIZE, pieces[p]);
		static const size_t places[] = { 0, 1, 63, 64, 65, 65535, 150000, 150001 };

		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			ssize_t n = spool_read(s, places[i], out, sizeof(out));

			assert_int_equal(n, SIZE - places[i]);
			for (size_t k = 0; k < (size_t)n; k++)
				assert_int_equal(out[k], bytes_at(places[i] + k));
		}
	}
}

static void a_folder_that_takes_no_files_is_an_error(void **state)
{
	struct spool *s = NULL;

	assert_int_not_equal(spool_new("/nowhere/at/all", &s), 0);
	assert_null(s);
}

static char *read_in_pieces(const struct content *c, size_t piece)
{
	struct content_place place = { 0 };
	struct buf all = BUF_INIT(0);
	char room[70000];
	ssize_t n;

	while ((n = content_read(c, &place, room, piece)) > 0) {
		/* only the last one is short: a reader may count on it */
		assert_true((size_t)n == piece || all.len + (size_t)n == content_length(c));
		buf_append(&all, room, (size_t)n);
	}
	assert_int_equal(n, 0);
	assert_int_equal(all.len, content_length(c));
	return buf_take(&all);
}

static void documents_stand_where_they_belong(void **state)
{
	static const struct {
		size_t first, second; /* sizes */
		size_t at, and_at;    /* offsets into the text */
		const char *format;
	} cases[] = {
		{ 10, 0, 8, CONTENT_BESIDE, "{\"pdf\":\"%s\"}" },
		{ 0, 0, 8, CONTENT_BESIDE, "{\"pdf\":\"%s\"}" },
		{ 40000, 12289, 0, 0, "%s%s{\"pdf\":\"\"}" },
		{ 1, 2, 8, 10, "{\"pdf\":\"%s\"}%s" },
		{ 12288, 7, CONTENT_BESIDE, CONTENT_BESIDE, "{\"pdf\":\"\"}" },
	};
	static const size_t pieces[] = { 1, 2, 3, 5, 8, 16384, 65536 };
	static const char text[] = "{\"pdf\":\"\"}";

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(spool_freep) struct spool *first = make_spool(cases[i].first, 999);
		CLEANUP(spool_freep)
		struct spool *second = make_spool(cases[i].second + 3, 999);
		const struct content_document documents[] = {
			{ .offset = cases[i].at, .spool = first, .size = cases[i].first },
			{ .offset = cases[i].and_at,
			  .spool = second,
			  .from = 3,
			  .size = cases[i].second },
		};
		const struct content c = { .text = text,
			                   .len = sizeof(text) - 1,
			                   .documents = documents,
			                   .n_documents = ARRAY_SIZE(documents) };
		CLEANUP(freep) char *one = base64_of(0, cases[i].first);
		CLEANUP(freep) char *two = base64_of(3, cases[i].second);
		struct buf expected = BUF_INIT(0);

		for (const char *at = cases[i].format, *next = one; *at; at++) {
			if (at[0] == '%' && at[1] == 's') {
				buf_append_str(&expected, next);
				next = two;
				at++;
			} else {
				buf_append_char(&expected, *at);
			}
		}
		for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
			CLEANUP(freep) char *got = read_in_pieces(&c, pieces[p]);

			assert_string_equal(got, buf_str(&expected));
		}
		buf_deinit(&expected);
	}
}

static void raw_documents_stand_there_as_they_are(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 65536 };
	CLEANUP(spool_freep) struct spool *spool = make_spool(20000, 999);
	const struct content_document documents[] = {
		{ .offset = 1, .raw = true, .spool = spool, .from = 5, .size = 19000 },
		{ .offset = 2, .spool = spool, .size = 4 },
	};
	const struct content c = { .text = "abc",
		                   .len = 3,
		                   .documents = documents,
		                   .n_documents = ARRAY_SIZE(documents) };
	CLEANUP(freep) char *base64 = base64_of(0, 4);

	assert_int_equal(content_length(&c), 3 + 19000 + 8);
	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		CLEANUP(freep) char *got = read_in_pieces(&c, pieces[p]);

		assert_int_equal(got[0], 'a');
		for (size_t i = 0; i < 19000; i++)
			assert_int_equal((unsigned char)got[1 + i], bytes_at(5 + i));
		assert_int_equal(got[19001], 'b');
		assert_memory_equal(got + 19002, base64, 8);
		assert_int_equal(got[19010], 'c');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_spooled_is_read_from_anywhere),
		cmocka_unit_test(a_folder_that_takes_no_files_is_an_error),
		cmocka_unit_test(documents_stand_where_they_belong),
		cmocka_unit_test(raw_documents_stand_there_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
