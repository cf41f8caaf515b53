#include "unit.h"

#include "domain/lane.h"

static const struct lane_policy policy = {
	.circuit = { .threshold = 3, .first_pause_ms = 1000, .longest_pause_ms = 8000 },
	.slow_after_ms = 5000,
};

static void a_bucket_holds_one_second_and_is_never_early(void **state)
{
	struct bucket b;
	int64_t now = 1000, sent = 0;

	bucket_init(&b, 10, now);
	for (; bucket_wait_ms(&b, now) == 0; sent++)
		bucket_take(&b, now);
	assert_int_equal(sent, 10);
	assert_int_equal(bucket_wait_ms(&b, now), 100);
	assert_int_not_equal(bucket_wait_ms(&b, now + 99), 0);
	assert_int_equal(bucket_wait_ms(&b, now + 100), 0);
	assert_int_equal(bucket_wait_ms(&b, now + 3600000), 0);
	for (sent = 0; bucket_wait_ms(&b, now + 3600000) == 0; sent++)
		bucket_take(&b, now + 3600000);
	assert_int_equal(sent, 10); /* an hour of silence saves up no more than a second */
}

static void a_rate_below_one_still_sends(void **state)
{
	struct bucket b;

	bucket_init(&b, 0.5, 0);
	assert_int_equal(bucket_wait_ms(&b, 0), 0);
	bucket_take(&b, 0);
	assert_int_equal(bucket_wait_ms(&b, 0), 2000);
}

static void no_rate_means_no_limit(void **state)
{
	struct bucket b;

	bucket_init(&b, 0, 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(bucket_wait_ms(&b, 0), 0);
		bucket_take(&b, 0);
	}
}

static void a_minute_of_any_rate_sends_its_number(void **state)
{
	static const double rates[] = { 1, 3, 7, 50, 333, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct bucket b;
		int64_t sent = 0;

		bucket_init(&b, rates[i], 0);
		for (int64_t now = 0; now < 60000; now++)
			for (; bucket_wait_ms(&b, now) == 0; sent++)
				bucket_take(&b, now);
		assert_in_range(sent, (uintmax_t)(60 * rates[i]),
		                (uintmax_t)(61 * rates[i]));
	}
}

static void the_circuit_moves_as_its_table_says(void **state)
{
	/* every state by every signal; -1: not allowed */
	static const int expected[CIRCUIT_STATE_COUNT][CIRCUIT_SIGNAL_COUNT] = {
		[CIRCUIT_CLOSED] = {
			[CIRCUIT_ANSWERED] = -1,
			[CIRCUIT_TRIPPED] = CIRCUIT_OPEN,
			[CIRCUIT_UNAVAILABLE] = -1,
			[CIRCUIT_PROBED] = -1,
			[CIRCUIT_UNDECIDED] = -1,
		},
		[CIRCUIT_OPEN] = {
			[CIRCUIT_ANSWERED] = CIRCUIT_CLOSED,
			[CIRCUIT_TRIPPED] = -1,
			[CIRCUIT_UNAVAILABLE] = -1,
			[CIRCUIT_PROBED] = CIRCUIT_HALF_OPEN,
			[CIRCUIT_UNDECIDED] = -1,
		},
		[CIRCUIT_HALF_OPEN] = {
			[CIRCUIT_ANSWERED] = CIRCUIT_CLOSED,
			[CIRCUIT_TRIPPED] = CIRCUIT_OPEN,
			[CIRCUIT_UNAVAILABLE] = -1,
			[CIRCUIT_PROBED] = -1,
			[CIRCUIT_UNDECIDED] = CIRCUIT_OPEN,
		},
	};

	for (int s = 0; s < CIRCUIT_STATE_COUNT; s++) {
		for (int g = 0; g < CIRCUIT_SIGNAL_COUNT; g++) {
			enum circuit_state next;
			bool moves = circuit_next((enum circuit_state)s,
			                          (enum circuit_signal)g, &next);

			assert_int_equal(moves ? (int)next : -1, expected[s][g]);
		}
	}
}

static void only_trouble_of_the_partner_itself_counts(void **state)
{
	static const struct {
		enum error_kind kind;
		int code;
		bool counts;
	} cases[] = {
		{ .kind = ERROR_KIND_TIMEOUT, .counts = true },
		{ .kind = ERROR_KIND_CONNECT, .counts = true },
		{ .kind = ERROR_KIND_DNS, .counts = true },
		{ .kind = ERROR_KIND_TLS, .counts = true },
		{ .kind = ERROR_KIND_HTTP_STATUS, .code = 503, .counts = true },
		{ .kind = ERROR_KIND_HTTP_STATUS, .code = 504, .counts = true },
		{ .kind = ERROR_KIND_HTTP_STATUS, .code = 500, .counts = false },
		{ .kind = ERROR_KIND_HTTP_STATUS, .code = 404, .counts = false },
		{ .kind = ERROR_KIND_HTTP_STATUS, .code = 429, .counts = false },
		{ .kind = ERROR_KIND_RESPONSE, .counts = false },
		{ .kind = ERROR_KIND_CONFIG, .counts = false },
		{ .kind = ERROR_KIND_BLOCKED, .counts = false },
		{ .kind = ERROR_KIND_NONE, .code = 200, .counts = false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(circuit_counts(cases[i].kind, cases[i].code),
		                 cases[i].counts);
}

static void end_one(struct lane *l, enum lane_verdict verdict, int64_t now)
{
	lane_started(l, now);
	(void)lane_ended(l, &policy, verdict, 1000, now, 0);
}

static void a_run_of_failures_opens_and_an_answer_closes(void **state)
{
	struct bucket b;
	struct lane l;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 4);
	end_one(&l, LANE_UNAVAILABLE, 0);
	end_one(&l, LANE_UNAVAILABLE, 0);
	end_one(&l, LANE_ANSWERED, 0); /* breaks the run */
	end_one(&l, LANE_UNAVAILABLE, 0);
	end_one(&l, LANE_UNAVAILABLE, 0);
	assert_int_equal(l.circuit.state, CIRCUIT_CLOSED);
	end_one(&l, LANE_UNAVAILABLE, 100);
	assert_int_equal(l.circuit.state, CIRCUIT_OPEN);
	assert_int_equal(l.circuit.open_since_ms, 100);
	assert_int_equal(lane_next(&l, 100).step, LANE_WAIT);
	assert_int_equal(lane_next(&l, 100).at_ms, 600); /* the lowest dice: half of 1 s */
	assert_int_equal(lane_next(&l, 600).step, LANE_SEND);
	lane_started(&l, 600);
	assert_int_equal(l.circuit.state, CIRCUIT_HALF_OPEN);
	assert_int_equal(lane_next(&l, 600).step, LANE_FULL); /* one probe at a time */
	assert_true(lane_ended(&l, &policy, LANE_ANSWERED, 1, 700, 0));
	assert_int_equal(l.circuit.state, CIRCUIT_CLOSED);
	assert_int_equal(lane_next(&l, 700).step, LANE_SEND);
}

static void pauses_double_up_to_the_longest(void **state)
{
	static const int64_t pauses[] = { 500, 1000, 2000, 4000, 4000 };
	struct bucket b;
	struct lane l;
	int64_t now = 0;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 1);
	end_one(&l, LANE_UNAVAILABLE, now);
	end_one(&l, LANE_UNAVAILABLE, now);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		end_one(&l, LANE_UNAVAILABLE, now);
		assert_int_equal(lane_next(&l, now).at_ms - now, pauses[i]);
		now = lane_next(&l, now).at_ms;
	}
	assert_int_equal(l.circuit.open_since_ms, 0); /* one outage, not five */
}

static void dice_stretch_a_pause_up_to_twice(void **state)
{
	for (uint32_t dice = 0; dice < 5000; dice += 7) {
		struct circuit c = { .failures = 2 };

		assert_true(circuit_failed(&c, &policy.circuit, 0, dice * 2654435761u));
		assert_in_range(c.probe_at_ms, 500, 1000);
	}
}

static void late_failures_do_not_prolong_a_pause(void **state)
{
	struct bucket b;
	struct lane l;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 8);
	for (int i = 0; i < 8; i++)
		lane_started(&l, 0);
	for (int i = 0; i < 3; i++)
		(void)lane_ended(&l, &policy, LANE_UNAVAILABLE, 1, 10, 0);
	for (int i = 0; i < 5; i++)
		assert_false(lane_ended(&l, &policy, LANE_UNAVAILABLE, 1, 400, 0));
	assert_int_equal(lane_next(&l, 400).at_ms, 510);
}

static void a_probe_that_never_left_lets_the_next_one_go(void **state)
{
	struct bucket b;
	struct lane l;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 1);
	for (int i = 0; i < 3; i++)
		end_one(&l, LANE_UNAVAILABLE, 0);
	end_one(&l, LANE_UNDECIDED, 500);
	assert_int_equal(l.circuit.state, CIRCUIT_OPEN);
	assert_int_equal(lane_next(&l, 500).step, LANE_SEND);
}

static void the_window_shrinks_fast_and_widens_slowly(void **state)
{
	struct bucket b;
	struct lane l;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 10);
	end_one(&l, LANE_UNAVAILABLE, 0);
	assert_int_equal(l.window, 5);
	for (int i = 0; i < 5; i++)
		end_one(&l, LANE_ANSWERED, 0);
	assert_int_equal(l.window, 6);
	for (int i = 0; i < 200; i++)
		end_one(&l, LANE_ANSWERED, 0);
	assert_int_equal(l.window, 10);
	lane_set_widest(&l, 3);
	assert_int_equal(l.window, 3);
	lane_set_widest(&l, 20);
	assert_int_equal(l.window, 20);
}

static void the_window_bounds_requests_at_once(void **state)
{
	struct bucket b;
	struct lane l;
	int sent = 0;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 3);
	for (; lane_next(&l, 0).step == LANE_SEND; sent++)
		lane_started(&l, 0);
	assert_int_equal(sent, 3);
	assert_int_equal(lane_next(&l, 0).step, LANE_FULL);
}

static void a_parked_lane_is_never_early(void **state)
{
	struct bucket b;
	struct lane l;

	bucket_init(&b, 0, 0);
	lane_init(&l, &b, 3);
	lane_park(&l, 2000);
	lane_park(&l, 1500); /* the later one counts */
	assert_int_equal(lane_next(&l, 1999).step, LANE_WAIT);
	assert_int_equal(lane_next(&l, 1999).at_ms, 2000);
	assert_int_equal(lane_next(&l, 2000).step, LANE_SEND);
}

static void lanes_of_a_group_share_their_rate(void **state)
{
	struct bucket b;
	struct lane l, m;

	bucket_init(&b, 2, 0);
	lane_init(&l, &b, 5);
	lane_init(&m, &b, 5);
	lane_started(&l, 0);
	lane_started(&m, 0);
	assert_int_equal(lane_next(&l, 0).step, LANE_WAIT);
	assert_int_equal(lane_next(&m, 0).at_ms, 500);
}

static void a_lane_is_slow_when(void **state)
{
	static const struct {
		const char *what;
		double rate;
		int64_t duration_us, oldest_ms, parked_until_ms, holds_up_ms;
		unsigned in_flight;
		enum circuit_state circuit;
		size_t queued;
		bool slow;
	} cases[] = {
		{ .what = "nothing is queued", .slow = false },
		{ .what = "it is quick",
		  .duration_us = 2000,
		  .queued = 5000,
		  .slow = false },
		{ .what = "its requests take long",
		  .duration_us = 1000000,
		  .queued = 100,
		  .slow = true },
		{ .what = "its rate is low", .rate = 10, .queued = 100, .slow = true },
		{ .what = "its rate suffices", .rate = 100, .queued = 100, .slow = false },
		{ .what = "nothing comes back",
		  .in_flight = 10,
		  .oldest_ms = 7000,
		  .queued = 100,
		  .slow = true },
		{ .what = "requests went out just now",
		  .in_flight = 10,
		  .oldest_ms = 9500,
		  .queued = 5000,
		  .slow = false },
		{ .what = "it is rather slow",
		  .duration_us = 30000,
		  .queued = 1000,
		  .slow = false },
		{ .what = "it is rather slow, and others begin to wait for it",
		  .duration_us = 30000,
		  .queued = 1000,
		  .holds_up_ms = 6000,
		  .slow = false },
		{ .what = "it is rather slow, and others have waited long for it",
		  .duration_us = 30000,
		  .queued = 1000,
		  .holds_up_ms = 5000,
		  .slow = true },
		{ .what = "it is quick, and others have waited long for it",
		  .duration_us = 2000,
		  .queued = 1000,
		  .holds_up_ms = 5000,
		  .slow = false },
		{ .what = "it was told to wait", .parked_until_ms = 10001, .slow = true },
		{ .what = "its circuit is open", .circuit = CIRCUIT_OPEN, .slow = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bucket b;
		struct lane l;

		bucket_init(&b, cases[i].rate, 0);
		lane_init(&l, &b, 10);
		l.duration_us = cases[i].duration_us;
		l.oldest_start_ms = cases[i].oldest_ms;
		l.parked_until_ms = cases[i].parked_until_ms;
		l.holds_up_since_ms = cases[i].holds_up_ms;
		l.in_flight = cases[i].in_flight;
		l.circuit.state = cases[i].circuit;
		if (lane_is_slow(&l, &policy, cases[i].queued, 10000) != cases[i].slow)
			fail_msg("wrong when %s", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_holds_one_second_and_is_never_early),
		cmocka_unit_test(a_rate_below_one_still_sends),
		cmocka_unit_test(no_rate_means_no_limit),
		cmocka_unit_test(a_minute_of_any_rate_sends_its_number),
		cmocka_unit_test(the_circuit_moves_as_its_table_says),
		cmocka_unit_test(only_trouble_of_the_partner_itself_counts),
		cmocka_unit_test(a_run_of_failures_opens_and_an_answer_closes),
		cmocka_unit_test(pauses_double_up_to_the_longest),
		cmocka_unit_test(dice_stretch_a_pause_up_to_twice),
		cmocka_unit_test(late_failures_do_not_prolong_a_pause),
		cmocka_unit_test(a_probe_that_never_left_lets_the_next_one_go),
		cmocka_unit_test(the_window_shrinks_fast_and_widens_slowly),
		cmocka_unit_test(the_window_bounds_requests_at_once),
		cmocka_unit_test(a_parked_lane_is_never_early),
		cmocka_unit_test(lanes_of_a_group_share_their_rate),
		cmocka_unit_test(a_lane_is_slow_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
