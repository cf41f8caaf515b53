#include "unit.h"

#include "domain/offsets.h"

#include <stdbool.h>
#include <stdio.h>

static void begin_all(struct offsets *o, int64_t first, int64_t end)
{
	for (int64_t i = first; i < end; i++)
		assert_true(offsets_begin(o, i));
}

static void the_watermark_stops_at_the_first_unfinished(void **state)
{
	struct offsets o;

	offsets_init(&o, -1, NULL);
	assert_int_equal(offsets_watermark(&o), -1);
	begin_all(&o, 10, 20);
	assert_int_equal(offsets_watermark(&o), 10);
	offsets_finish(&o, 11);
	assert_int_equal(offsets_watermark(&o), 10);
	offsets_finish(&o, 10);
	assert_int_equal(offsets_watermark(&o), 12);
	offsets_finish(&o, 12);
	offsets_finish(&o, 12); /* twice is harmless */
	offsets_finish(&o, 99); /* never begun */
	assert_int_equal(offsets_watermark(&o), 13);
	assert_int_equal(offsets_pending(&o), 7);
	offsets_deinit(&o);
}

static void offsets_that_do_not_exist_hold_nothing_up(void **state)
{
	struct offsets o;

	offsets_init(&o, 5, NULL);
	assert_true(offsets_begin(&o, 8)); /* 5..7 were compacted away */
	assert_true(offsets_begin(&o, 20));
	offsets_finish(&o, 8);
	assert_int_equal(offsets_watermark(&o), 20);
	offsets_finish(&o, 20);
	assert_int_equal(offsets_watermark(&o), 21);
	offsets_deinit(&o);
}

static void a_redelivered_offset_is_not_begun_twice(void **state)
{
	struct offsets o;

	offsets_init(&o, 0, NULL);
	begin_all(&o, 0, 3);
	assert_false(offsets_begin(&o, 1));
	offsets_finish(&o, 1);
	assert_false(offsets_begin(&o, 1));
	offsets_deinit(&o);
}

static void finished_ranges_survive_a_restart(void **state)
{
	char text[OFFSETS_METADATA_SIZE];
	struct offsets o, p;

	offsets_init(&o, 100, "");
	begin_all(&o, 100, 200);
	for (int64_t i = 101; i < 200; i += 2)
		offsets_finish(&o, i);
	assert_true(offsets_encode(&o, text, sizeof(text)));
	offsets_init(&p, offsets_watermark(&o), text);
	for (int64_t i = 100; i < 200; i++)
		assert_int_equal(offsets_begin(&p, i), i % 2 == 0);
	assert_true(offsets_begin(&p, 200));
	offsets_deinit(&o);
	offsets_deinit(&p);
}

static void ranges_not_read_again_yet_are_kept(void **state)
{
	char text[OFFSETS_METADATA_SIZE];
	struct offsets o, p, q;

	offsets_init(&o, 0, NULL);
	begin_all(&o, 0, 1000);
	for (int64_t i = 500; i < 1000; i++)
		offsets_finish(&o, i);
	assert_true(offsets_encode(&o, text, sizeof(text)));
	offsets_init(&p, 0, text);
	assert_true(offsets_begin(&p, 0)); /* and crashes again before it read on */
	assert_true(offsets_encode(&p, text, sizeof(text)));
	offsets_init(&q, 0, text);
	assert_true(offsets_begin(&q, 0));
	assert_true(offsets_begin(&q, 499));
	assert_false(offsets_begin(&q, 500));
	assert_false(offsets_begin(&q, 999));
	assert_true(offsets_begin(&q, 1000));
	offsets_deinit(&o);
	offsets_deinit(&p);
	offsets_deinit(&q);
}

static void what_does_not_fit_is_left_out(void **state)
{
	char text[64];
	struct offsets o, p;

	offsets_init(&o, 0, NULL);
	begin_all(&o, 0, 1000);
	for (int64_t i = 1; i < 1000; i += 2)
		offsets_finish(&o, i);
	assert_false(offsets_encode(&o, text, sizeof(text)));
	assert_in_range(strlen(text), 50, sizeof(text) - 1);
	offsets_init(&p, 0, text);
	assert_true(offsets_begin(&p, 0));
	assert_false(offsets_begin(&p, 1));  /* the lowest are kept */
	assert_true(offsets_begin(&p, 999)); /* repeated, not lost */
	offsets_deinit(&o);
	offsets_deinit(&p);
}

static void damaged_metadata_repeats_work_and_loses_none(void **state)
{
	static const char *const texts[] = {
		"",
		"r1:",
		"r1",
		"r2:BB",
		"r1:B",
		"r1:B!",
		"r1:\xff\xff",
		"something else",
		"r1:________________________________________",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct offsets o;

		offsets_init(&o, 7, texts[i]);
		assert_true(offsets_begin(&o, 7));
		assert_true(offsets_begin(&o, 8));
		offsets_deinit(&o);
	}
}

static void a_topic_made_anew_forgets_the_ranges(void **state)
{
	struct offsets o;

	offsets_init(&o, 100, "r1:BF"); /* 101..105 are finished */
	assert_true(offsets_begin(&o, 0));
	assert_true(offsets_begin(&o, 101));
	assert_int_equal(offsets_watermark(&o), 0);
	offsets_deinit(&o);
}

/* A model: one byte an offset. Restarts at random and compares what is handed out. */
enum { SPAN = 4000, ABSENT = 0, FRESH, PENDING, FINISHED };

static void check_restart(struct offsets *o, const unsigned char *model)
{
	char text[OFFSETS_METADATA_SIZE];
	struct offsets p;

	assert_true(offsets_encode(o, text, sizeof(text)));
	offsets_init(&p, offsets_watermark(o), text);
	for (int64_t i = offsets_watermark(o); i >= 0 && i < SPAN; i++)
		if (model[i] != ABSENT)
			assert_int_equal(offsets_begin(&p, i), model[i] != FINISHED);
	offsets_deinit(&p);
}

static int64_t model_watermark(const unsigned char *model, int64_t next)
{
	for (int64_t i = 0; i < next; i++)
		if (model[i] == PENDING)
			return i;
	return next;
}

static void play(unsigned seed)
{
	unsigned char model[SPAN];
	struct offsets o;
	int64_t next = 0;

	srand(seed);
	for (size_t i = 0; i < SPAN; i++)
		model[i] = rand() % 8 ? FRESH : ABSENT;
	model[0] = FRESH;
	offsets_init(&o, 0, NULL);
	for (int step = 0; step < 2000 && next < SPAN; step++) {
		for (int n = rand() % 4; n > 0 && next < SPAN; next++, n--) {
			if (model[next] == ABSENT)
				continue;
			assert_true(offsets_begin(&o, next));
			model[next] = PENDING;
		}
		for (int n = rand() % 8; n > 0 && next > 0; n--) {
			int64_t at = rand() % next;
			offsets_finish(&o, at);
			if (model[at] == PENDING)
				model[at] = FINISHED;
		}
		int64_t mark = model_watermark(model, next);
		int64_t at = offsets_watermark(&o);
		for (int64_t i = at; i < mark; i++) /* only absent ones lie between */
			assert_int_equal(model[i], ABSENT);
		assert_true(at <= mark);
		if (step % 200 == 0)
			check_restart(&o, model);
	}
	offsets_deinit(&o);
}

static void agrees_with_a_model(void **state)
{
	for (unsigned seed = 1; seed <= 20; seed++)
		play(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_watermark_stops_at_the_first_unfinished),
		cmocka_unit_test(offsets_that_do_not_exist_hold_nothing_up),
		cmocka_unit_test(a_redelivered_offset_is_not_begun_twice),
		cmocka_unit_test(finished_ranges_survive_a_restart),
		cmocka_unit_test(ranges_not_read_again_yet_are_kept),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(damaged_metadata_repeats_work_and_loses_none),
		cmocka_unit_test(a_topic_made_anew_forgets_the_ranges),
		cmocka_unit_test(agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
