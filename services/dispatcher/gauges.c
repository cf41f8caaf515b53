#include "gauges.h"

#include "base/clock.h"
#include "documents.h"
#include "lanes.h"
#include "outgoing.h"

struct metric metric_attempts =
	METRIC_COUNTER("dispatcher_attempts_total", "Attempts by outcome.", "outcome");
struct metric metric_errors =
	METRIC_COUNTER("dispatcher_errors_total", "Failed attempts by kind.", "kind");
struct metric metric_gone = METRIC_COUNTER(
	"dispatcher_gone_total",
	"Answers of 410: a partner's address is gone for good, and somebody must look.",
	NULL);
struct metric metric_attempt_seconds = METRIC_SECONDS(
	"dispatcher_attempt_seconds", "Duration of a request to a partner.", NULL);
struct metric metric_event_seconds =
	METRIC_SECONDS("dispatcher_event_to_partner_seconds",
                       "From the event's arrival to the request's start.", NULL);
struct metric metric_parking = METRIC_COUNTER(
	"dispatcher_parking_total",
	"Tasks of slow lanes on their way to and from the parked ones.", "step");
struct metric metric_limits =
	METRIC_COUNTER("dispatcher_limits_total",
                       "How often a limit made the intake or the sending wait.", "limit");
struct metric metric_failed_tasks = METRIC_COUNTER(
	"dispatcher_failed_tasks_total", "Messages sent to failed-tasks.", "reason");
struct metric metric_skipped =
	METRIC_COUNTER("dispatcher_skipped_total",
                       "Messages read again that had been finished before.", NULL);
struct metric metric_order_ahead = METRIC_COUNTER(
	"dispatcher_order_ahead_total",
	"Tasks sent ahead of an earlier one of their entity, after ORDER_HOLD.", NULL);
struct metric metric_fax_checks =
	METRIC_COUNTER("dispatcher_fax_checks_total",
                       "Questions to fax vendors by what came of them.", "result");
static struct metric order_waiting =
	METRIC_GAUGE("dispatcher_order_waiting",
                     "Tasks that wait for an earlier one of their entity.", NULL);
static struct metric order_longest =
	METRIC_GAUGE("dispatcher_order_longest_wait_seconds",
                     "The longest that one of them has waited, 0 without any.", NULL);
static struct metric in_flight =
	METRIC_GAUGE("dispatcher_in_flight", "Requests on the wire.", NULL);
static struct metric queued =
	METRIC_GAUGE("dispatcher_queued", "Tasks in memory, on the wire or waiting.", NULL);
static struct metric queued_bytes =
	METRIC_GAUGE("dispatcher_queued_bytes", "Memory of these tasks.", NULL);
static struct metric unacknowledged =
	METRIC_GAUGE("dispatcher_unacknowledged",
                     "Reports and other messages that the broker does not have yet.", NULL);
static struct metric lanes =
	METRIC_GAUGE("dispatcher_lanes", "Lanes by the state of their circuit.", "state");
static struct metric spilling = METRIC_GAUGE("dispatcher_lanes_spilling",
                                             "Lanes whose new tasks are parked.", NULL);
static struct metric oldest =
	METRIC_GAUGE("dispatcher_oldest_unhandled_seconds",
                     "Age of the oldest task in memory, 0 without any.", NULL);

static struct metric *const table[] = {
	&metric_attempts,
	&metric_errors,
	&metric_gone,
	&metric_attempt_seconds,
	&metric_event_seconds,
	&metric_parking,
	&metric_limits,
	&metric_failed_tasks,
	&metric_skipped,
	&metric_order_ahead,
	&metric_fax_checks,
	&order_waiting,
	&order_longest,
	&in_flight,
	&queued,
	&queued_bytes,
	&unacknowledged,
	&lanes,
	&spilling,
	&oldest,
};

void gauges_register(void)
{
	metrics_register(table, ARRAY_SIZE(table));
	metrics_register(transport_metrics, transport_n_metrics);
}

struct survey {
	unsigned states[CIRCUIT_STATE_COUNT];
	unsigned spilling;
	int64_t oldest_ms; /* Kafka's time of the oldest */
};

static void note_age(struct survey *s, const struct job *job)
{
	if (job && job->held->m.timestamp_ms < s->oldest_ms)
		s->oldest_ms = job->held->m.timestamp_ms;
}

static void visit(struct lane_entry *l, void *arg)
{
	struct survey *s = arg;

	s->states[l->lane.circuit.state]++;
	s->spilling += l->spilling;
	note_age(s, TAILQ_FIRST(&l->queue));
	note_age(s, TAILQ_FIRST(&l->flying));
}

void gauges_update(struct dispatcher *d)
{
	int64_t now_ms = clock_wall_ms();
	struct survey s = { .oldest_ms = now_ms };

	lanes_each(d, visit, &s);
	for (int i = 0; i < CIRCUIT_STATE_COUNT; i++)
		metric_set(&lanes, circuit_state_word((enum circuit_state)i), s.states[i]);
	metric_set(&spilling, NULL, s.spilling);
	metric_set(&oldest, NULL, (double)(now_ms - s.oldest_ms) / 1000);
	metric_set(&in_flight, NULL, d->in_flight);
	metric_set(&queued, NULL, (double)d->n_tasks);
	metric_set(&queued_bytes, NULL, (double)d->task_bytes);
	documents_gauge(d);
	metric_set(&unacknowledged, NULL, (double)outgoing_count(d));
}

void gauges_order(const struct order_survey *survey)
{
	metric_set(&order_waiting, NULL, survey->waiting);
	metric_set(&order_longest, NULL, (double)survey->longest_ms / 1000);
}
