#include "metrics/metrics.h"

#include "metrics/process.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#define METRICS_MAX  256 /* of one process; tables are ours, so more is a mistake */
#define LABEL_OTHER  "other"
#define SERIES_COUNT (METRIC_SERIES + 1) /* and "other" */

const double metric_seconds_buckets[14] = {
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
};

/* One label value; a metric without a label has exactly one, named NULL. */
struct one_series {
	char *label;
	double value; /* counter, gauge; a histogram's sum */
	uint64_t count;
	uint64_t buckets[METRIC_BUCKETS];
};

struct metric_series {
	size_t n;
	struct one_series *all[SERIES_COUNT];
};

/*
 * One lock for all: an update holds it for some tens of nanoseconds, and the hot paths make
 * a few updates a delivery. It also gives a reader one moment's picture of a histogram.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *registered[METRICS_MAX];
static size_t n_registered;

void metrics_register(struct metric *const *table, size_t n)
{
	(void)pthread_mutex_lock(&lock);
	assert(n_registered + n <= METRICS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(table[i]->n_buckets <= METRIC_BUCKETS);
		registered[n_registered++] = table[i];
	}
	(void)pthread_mutex_unlock(&lock);
}

static bool same_label(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct one_series *find_series(const struct metric *m, const char *label)
{
	for (size_t i = 0; m->series && i < m->series->n; i++)
		if (same_label(m->series->all[i]->label, label))
			return m->series->all[i];
	return NULL;
}

static struct one_series *take_series(struct metric *m, const char *label)
{
	assert((m->label == NULL) == (label == NULL));

	struct one_series *found = find_series(m, label);

	if (found)
		return found;
	if (!m->series)
		m->series = xcalloc(1, sizeof(*m->series));
	if (m->series->n >= METRIC_SERIES && strcmp(label, LABEL_OTHER) != 0)
		return take_series(m, LABEL_OTHER);
	found = xcalloc(1, sizeof(*found));
	found->label = label ? xstrdup(label) : NULL;
	m->series->all[m->series->n++] = found;
	return found;
}

void metric_add(struct metric *m, const char *label, double n)
{
	(void)pthread_mutex_lock(&lock);
	take_series(m, label)->value += n;
	(void)pthread_mutex_unlock(&lock);
}

void metric_set(struct metric *m, const char *label, double value)
{
	(void)pthread_mutex_lock(&lock);
	take_series(m, label)->value = value;
	(void)pthread_mutex_unlock(&lock);
}

void metric_observe(struct metric *m, const char *label, double value)
{
	(void)pthread_mutex_lock(&lock);

	struct one_series *s = take_series(m, label);

	s->value += value;
	s->count++;
	for (size_t i = 0; i < m->n_buckets; i++) {
		if (value <= m->buckets[i]) {
			s->buckets[i]++;
			break;
		}
	}
	(void)pthread_mutex_unlock(&lock);
}

double metric_value(struct metric *m, const char *label)
{
	(void)pthread_mutex_lock(&lock);

	const struct one_series *s = find_series(m, label);
	double value = s ? s->value : 0;

	(void)pthread_mutex_unlock(&lock);
	return value;
}

static void render_escaped(struct buf *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_append_str(out, "\\n");
		else if (*text == '\\' || (quotes && *text == '"'))
			buf_printf(out, "\\%c", *text);
		else
			buf_append_char(out, *text);
	}
}

static void render_number(struct buf *out, double value)
{
	if (isnan(value))
		buf_append_str(out, " NaN\n");
	else if (isinf(value))
		buf_append_str(out, value > 0 ? " +Inf\n" : " -Inf\n");
	else if (fabs(value) < 1e15 && value == (double)(int64_t)value)
		buf_printf(out, " %.0f\n", value);
	else
		buf_printf(out, " %.9g\n", value);
}

/* name_suffix{label="...",le="..."} */
static void render_name(struct buf *out, const struct metric *m, const char *suffix,
                        const char *label, const char *le)
{
	buf_printf(out, "%s%s", m->name, suffix);
	if (!label && !le)
		return;
	buf_append_char(out, '{');
	if (label) {
		buf_printf(out, "%s=\"", m->label);
		render_escaped(out, label, true);
		buf_append_char(out, '"');
	}
	if (le)
		buf_printf(out, "%sle=\"%s\"", label ? "," : "", le);
	buf_append_char(out, '}');
}

static void render_histogram(struct buf *out, const struct metric *m,
                             const struct one_series *s)
{
	uint64_t below = 0;
	char bound[32];

	for (size_t i = 0; i < m->n_buckets; i++) {
		below += s->buckets[i];
		(void)snprintf(bound, sizeof(bound), "%g", m->buckets[i]);
		render_name(out, m, "_bucket", s->label, bound);
		render_number(out, (double)below);
	}
	render_name(out, m, "_bucket", s->label, "+Inf");
	render_number(out, (double)s->count);
	render_name(out, m, "_sum", s->label, NULL);
	render_number(out, s->value);
	render_name(out, m, "_count", s->label, NULL);
	render_number(out, (double)s->count);
}

static void render_metric(struct buf *out, const struct metric *m)
{
	static const struct one_series none;
	static const char *const types[] = {
		[METRIC_TYPE_COUNTER] = "counter",
		[METRIC_TYPE_GAUGE] = "gauge",
		[METRIC_TYPE_HISTOGRAM] = "histogram",
	};

	buf_printf(out, "# HELP %s ", m->name);
	render_escaped(out, m->help, false);
	buf_printf(out, "\n# TYPE %s %s\n", m->name, types[m->type]);
	/* without a label it exists from the start, at 0: rates need a first point */
	size_t n = m->series ? m->series->n : m->label ? 0 : 1;

	for (size_t i = 0; i < n; i++) {
		const struct one_series *s = m->series ? m->series->all[i] : &none;

		if (m->type == METRIC_TYPE_HISTOGRAM) {
			render_histogram(out, m, s);
		} else {
			render_name(out, m, "", s->label, NULL);
			render_number(out, s->value);
		}
	}
}

void metrics_render(struct buf *out)
{
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_registered; i++)
		render_metric(out, registered[i]);
	(void)pthread_mutex_unlock(&lock);
	process_metrics_render(out);
}
