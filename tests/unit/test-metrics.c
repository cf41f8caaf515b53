#include "unit.h"

#include "metrics/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static const double bounds[] = { 0.5, 2 };

static struct metric plain = METRIC_COUNTER("t_plain_total", "Plain\\ things,\nall.", NULL);
static struct metric labelled =
	METRIC_COUNTER("t_labelled_total", "By outcome.", "outcome");
static struct metric level = METRIC_GAUGE("t_level", "A level.", NULL);
static struct metric crowded = METRIC_GAUGE("t_crowded", "Too many.", "lane");
static struct metric shared = METRIC_COUNTER("t_shared_total", "Threads.", NULL);
static struct metric wait = {
	.name = "t_wait_seconds",
	.help = "Waits.",
	.type = METRIC_TYPE_HISTOGRAM,
	.label = "part",
	.buckets = bounds,
	.n_buckets = ARRAY_SIZE(bounds),
};
static struct metric seconds = METRIC_SECONDS("t_seconds", "Never observed.", NULL);
static struct metric *const table[] = { &plain, &labelled, &level, &crowded,
	                                &wait,  &seconds,  &shared };

static bool renders(const char *text)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	metrics_render(&out);
	if (strstr(buf_str(&out), text))
		return true;
	(void)fprintf(stderr, "missing: %s\nin: %s\n", text, buf_str(&out));
	return false;
}

static double rendered_value(const char *name)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	CLEANUP(freep) char *line = xasprintf("\n%s ", name);

	metrics_render(&out);
	const char *at = strstr(buf_str(&out), line);

	assert_non_null(at);
	return strtod(at + strlen(line), NULL);
}

static void metrics_without_a_label_start_at_zero(void **state)
{
	assert_true(renders("# HELP t_plain_total Plain\\\\ things,\\nall.\n"
	                    "# TYPE t_plain_total counter\nt_plain_total 0\n"));
	assert_true(
		renders("# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.001\"} 0\n"));
	assert_true(renders("t_seconds_bucket{le=\"60\"} 0\n"
	                    "t_seconds_bucket{le=\"+Inf\"} 0\nt_seconds_sum 0\n"
	                    "t_seconds_count 0\n"));
}

static void counters_add_and_gauges_are_set(void **state)
{
	metric_add(&plain, NULL, 1);
	metric_add(&plain, NULL, 2);
	metric_set(&level, NULL, 2.5);
	metric_add(&level, NULL, -1);
	assert_true(renders("\nt_plain_total 3\n"));
	assert_true(renders("# TYPE t_level gauge\nt_level 1.5\n"));
	assert_true(metric_value(&plain, NULL) == 3);
}

static void label_values_are_escaped(void **state)
{
	metric_add(&labelled, "a\"b\\c\nd", 1);
	assert_true(renders("t_labelled_total{outcome=\"a\\\"b\\\\c\\nd\"} 1\n"));
	assert_true(metric_value(&labelled, "never") == 0);
}

static void histograms_count_cumulatively(void **state)
{
	metric_observe(&wait, "x", 0.5);
	metric_observe(&wait, "x", 1);
	metric_observe(&wait, "x", 99);
	assert_true(renders("t_wait_seconds_bucket{part=\"x\",le=\"0.5\"} 1\n"
	                    "t_wait_seconds_bucket{part=\"x\",le=\"2\"} 2\n"
	                    "t_wait_seconds_bucket{part=\"x\",le=\"+Inf\"} 3\n"
	                    "t_wait_seconds_sum{part=\"x\"} 100.5\n"
	                    "t_wait_seconds_count{part=\"x\"} 3\n"));
}

static void label_values_beyond_the_cap_count_as_other(void **state)
{
	for (int i = 0; i < METRIC_SERIES + 10; i++) {
		CLEANUP(freep) char *lane = xasprintf("%d", i);

		metric_add(&crowded, lane, 1);
	}
	assert_true(metric_value(&crowded, "127") == 1);
	assert_true(metric_value(&crowded, "128") == 0);
	assert_true(metric_value(&crowded, "other") == 10);
}

static void *add_many(void *arg)
{
	for (int i = 0; i < 10000; i++)
		metric_add(&shared, NULL, 1);
	return NULL;
}

static void updates_of_threads_are_not_lost(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(metric_value(&shared, NULL) == 40000);
}

static void the_process_describes_itself(void **state)
{
	double now = (double)time(NULL);
	double start = rendered_value("process_start_time_seconds");

	assert_true(start > now - 3600 && start < now + 10);
	assert_true(rendered_value("process_resident_memory_bytes") > 100e3);
	assert_true(rendered_value("process_open_fds") >= 3);
	for (volatile unsigned i = 0; i < 100000000U; i++)
		;
	assert_true(rendered_value("process_cpu_seconds_total") > 0);
}

static int register_table(void **state)
{
	metrics_register(table, ARRAY_SIZE(table));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_without_a_label_start_at_zero),
		cmocka_unit_test(counters_add_and_gauges_are_set),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(histograms_count_cumulatively),
		cmocka_unit_test(label_values_beyond_the_cap_count_as_other),
		cmocka_unit_test(updates_of_threads_are_not_lost),
		cmocka_unit_test(the_process_describes_itself),
	};

	return cmocka_run_group_tests(tests, register_table, NULL);
}
