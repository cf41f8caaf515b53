/* The order of one entity's deliveries, as scripts: a step a letter, a task a digit. */
#include "unit.h"

#include "domain/order.h"

#include <ctype.h>

enum { TASKS = 10, HOLD_MS = 1000 };

struct bench {
	struct order *order;
	struct order_task tasks[TASKS];
	struct order_ticket *tickets[TASKS];
	int64_t now_ms;
};

static unsigned woken; /* a bit a task */

static void wake(void *owner)
{
	woken |= 1u << (uintptr_t)owner;
}

/* Task n is the n-th event's, so its place is n; odd and even ones are two entities. */
static void set_up(struct bench *b, bool two_entities)
{
	*b = (struct bench){ .order = order_new() };
	for (int i = 0; i < TASKS; i++) {
		b->tasks[i] =
			(struct order_task){ .lane = "lane!",
			                     .lane_len = 4,
			                     .entity = two_entities && i % 2 ? "patient:1"
			                                                     : "patient:2",
			                     .place = i,
			                     .attempt = i,
			                     .partition = 3 };
	}
}

/*
 * Steps: J joins, S starts, L leaves, K is parked, M its record is met, R is released, E it
 * ends while parked, D the partition leaves, T 600 ms pass; and what must be so: + may
 * start, - may not, > starts ahead, f follows parked, n does not, w was woken, r may be
 * released, s soon, x not yet. All but D and T have a task behind them.
 */
static bool step(struct bench *b, char what, int i)
{
	const struct order_task *task = &b->tasks[i];
	struct order_ticket **t = &b->tickets[i];
	bool ok = true;
	void *next;

	switch (what) {
	case 'J':
		*t = order_join(b->order, task, (void *)(uintptr_t)i, b->now_ms);
		break;
	case 'S':
		ok = !order_start(*t);
		break;
	case '>':
		ok = order_start(*t);
		break;
	case 'L':
		next = order_leave(b->order, STEAL(*t));
		if (next)
			wake(next);
		break;
	case 'K':
		order_park(b->order, STEAL(*t), b->now_ms);
		break;
	case 'M':
		order_meet_parked(b->order, task, b->now_ms);
		break;
	case 'R':
		order_release(b->order, task, b->now_ms);
		break;
	case 'E':
		next = order_end_parked(b->order, task);
		if (next)
			wake(next);
		break;
	case '+':
	case '-':
		ok = order_may_start(*t) == (what == '+');
		break;
	case 'f':
	case 'n':
		ok = order_follows_parked(*t) == (what == 'f');
		break;
	case 'w':
		ok = woken & 1u << i;
		woken = 0;
		break;
	case 'r':
		ok = order_ask_release(b->order, task) == ORDER_MAY_RELEASE;
		break;
	case 's':
		ok = order_ask_release(b->order, task) == ORDER_SOON;
		break;
	case 'x':
		ok = order_ask_release(b->order, task) == ORDER_NOT_YET;
		break;
	default:
		fail_msg("no step %c", what);
	}
	return ok;
}

static void run(struct bench *b, const char *script)
{
	for (const char *p = script; *p; p++) {
		if (*p == ' ')
			continue;
		if (*p == 'D') {
			order_drop_parked(b->order, 3);
		} else if (*p == 'T') {
			b->now_ms += 600;
			(void)order_second(b->order, b->now_ms, HOLD_MS, wake);
		} else {
			if (!isdigit((unsigned char)p[1]) || !step(b, p[0], p[1] - '0'))
				fail_msg("%s: not so: %s", script, p);
			p++;
		}
	}
}

static const struct {
	const char *what, *script;
	bool two_entities;
} scripts[] = {
	{ "one after the other", "J1 J2 J3 +1 -2 -3 S1 -2 L1 w2 +2 -3 S2 L2 w3 S3 L3" },
	{ "entities do not meet", "J1 J2 J3 +1 +2 -3 S1 S2 -3 L2 -3 L1 w3 +3", true },
	{ "by place, not by arrival", "J3 J1 J2 +1 -2 -3 S1 L1 +2 -3" },
	{ "an earlier one comes while a later is on the wire", "J2 S2 J1 -1 L2 w1 +1" },
	{ "without a place: behind those that wait", "J2 J0 J1 +1 S1 L1 +2 -0 S2 L2 +0" },
	{ "one that goes away in the middle", "J1 J2 J3 L2 -3 S1 L1 w3 +3" },
	{ "late: ahead of what waits", "J1 J2 T -2 T w2 +2 >2 -1 L2 +1" },
	{ "late, but the earlier one is on the wire", "J1 J2 S1 T T T -2 L1 w2 +2" },
	{ "a parked one holds back", "J1 J2 K1 -2 f2 J3 f3" },
	{ "not those before it", "J1 J2 K2 +1 n1" },
	{ "it comes back", "J1 J2 K1 R1 -2 J1 n1 +1 -2 S1 L1 w2 +2" },
	{ "released one by one", "J1 J2 J3 K1 K2 K3 r1 x2 x3 R1 s2 s3 J1 r2 R2 s3 J2 r3" },
	{ "ended while it was parked", "J1 J2 K1 K2 x2 E1 r2" },
	{ "the next is woken", "J1 J2 K1 -2 E1 w2 +2" },
	{ "parked for too long", "J1 J2 K1 T T w2 +2 n2 >2" },
	{ "late ones are released as well", "J1 J2 K1 K2 x2 T T r2" },
	{ "known by its record alone", "M1 J2 f2 M1 R1 J1 +1 -2" },
	{ "its record again", "J1 K1 M1 J2 f2 R1 J1 +1 -2" },
	{ "the partition is another's", "J1 J2 K1 -2 D +2 n2" },
	{ "parked in vain", "r5 E5 R5 J1 +1" },
};

static void test_scripts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct bench b;

		set_up(&b, scripts[i].two_entities);
		woken = 0;
		run(&b, scripts[i].script);
		assert_null(order_free(b.order));
	}
}

/* One that is released and never comes back was ended elsewhere (its fact was undone). */
static void test_a_release_that_does_not_come_back(void **state)
{
	struct bench b;

	set_up(&b, false);
	run(&b, "J1 J2 K1 R1 -2");
	struct order_survey survey = order_second(b.order, 20000, 1000000, wake);
	assert_int_equal(survey.waiting, 1);
	assert_int_equal(survey.longest_ms, 20000);
	run(&b, "-2");
	(void)order_second(b.order, 40000, 1000000, wake);
	run(&b, "+2");
	survey = order_second(b.order, 41000, 1000000, wake);
	assert_int_equal(survey.waiting, 0);
	assert_null(order_free(b.order));
}

static void test_lanes_do_not_meet(void **state)
{
	struct bench b;

	set_up(&b, false);
	b.tasks[2].lane_len = 5;
	run(&b, "J1 J2 J3 +1 +2 -3");
	assert_null(order_free(b.order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_a_release_that_does_not_come_back),
		cmocka_unit_test(test_lanes_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
