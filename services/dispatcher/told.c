#include "told.h"

#include "base/clock.h"
#include "base/random.h"
#include "lanes.h"
#include "log/log.h"
#include "parking.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	EVERY_S = 2,
	WRITE_MS = 3000,
	LANES_MAX = 500,
};

struct told {
	struct dispatcher *d;
	struct worker *worker;
	struct pg *pg; /* the worker's, as what follows while `writing` */
	char instance[20];
	char *lanes;
	bool writing, reachable;
	int result;
	unsigned seconds;
	int64_t at_ms; /* of the survey before */
};

struct survey {
	json_t *lanes;
	int64_t now_ms, wall_ms;
	double seconds; /* since the one before */
};

/* ---- on the loop: a bounded look at what is in memory ---- */

static bool is_worth_telling(const struct lane_entry *l, int64_t now_ms)
{
	return l->n_queued > 0 || !TAILQ_EMPTY(&l->flying) || l->spilling ||
	       l->n_parked > 0 || l->sent > 0 || l->lane.parked_until_ms > now_ms ||
	       l->lane.circuit.state != CIRCUIT_CLOSED;
}

/* A monotonic time as the wall clock's; 0: null. */
static json_t *wall_json(const struct survey *s, int64_t mono_ms)
{
	char text[CLOCK_ISO_SIZE];

	return mono_ms ? json_string(
				 clock_format_iso(s->wall_ms + mono_ms - s->now_ms, text))
	               : json_null();
}

static json_t *lane_json(const struct survey *s, const struct lane_entry *l)
{
	const struct circuit *circuit = &l->lane.circuit;
	bool closed = circuit->state == CIRCUIT_CLOSED;
	bool waits = l->lane.parked_until_ms > s->now_ms;
	double sent = s->seconds > 0 ? l->sent / s->seconds : 0;

	return json_pack(
		"{s:I,s:I,s:I,s:I,s:b,s:s,s:o,s:o,s:o,s:o,s:o,s:f,s:o}", "id",
		(json_int_t)l->integration_id, "queued", (json_int_t)l->n_queued,
		"in_flight", (json_int_t)l->lane.in_flight, "parked",
		(json_int_t)l->n_parked, "spilling", l->spilling, "circuit",
		circuit_state_word(circuit->state), "error_kind",
		closed || l->last_kind == ERROR_KIND_NONE
			? json_null()
			: json_string(error_kind_word(l->last_kind)),
		"since", wall_json(s, closed ? 0 : circuit->open_since_ms), "probe_at",
		wall_json(s, circuit->state == CIRCUIT_OPEN ? circuit->probe_at_ms : 0),
		"waits_until", wall_json(s, waits ? l->lane.parked_until_ms : 0),
		"last_success_at", wall_json(s, l->success_ms), "sent_per_second", sent,
		"rate",
		l->lane.bucket->rate > 0 ? json_real(l->lane.bucket->rate) : json_null());
}

static void visit(struct lane_entry *l, void *arg)
{
	const struct survey *s = arg;

	if (is_worth_telling(l, s->now_ms) && json_array_size(s->lanes) < LANES_MAX)
		(void)json_array_append_new(s->lanes, lane_json(s, l));
	l->sent = 0;
	l->n_parked = 0;
}

static void count_parked(const struct job *job, void *arg)
{
	struct lane_entry *l = lanes_find(arg, job->task.integration_id);

	if (l)
		l->n_parked++;
}

static char *look(struct told *t)
{
	CLEANUP_JSON json_t *lanes = json_array();
	struct survey s = { .lanes = lanes,
		            .now_ms = clock_mono_ms(),
		            .wall_ms = clock_wall_ms() };

	s.seconds = t->at_ms ? (double)(s.now_ms - t->at_ms) / 1000 : 0;
	t->at_ms = s.now_ms;
	parking_each(t->d, count_parked, t->d);
	lanes_each(t->d, visit, &s);
	return jdoc_dump(lanes, NULL);
}

/* ---- on the worker ---- */

static void write_lanes(void *job)
{
	struct told *t = job;
	const char *params[] = { t->instance, t->lanes };

	t->result = pg_query(t->pg,
	                     "WITH gone AS (DELETE FROM integration.lane_state "
	                     "WHERE at < now() - interval '1 hour') "
	                     "INSERT INTO integration.lane_state (instance, at, lanes) "
	                     "VALUES ($1, now(), $2::jsonb) ON CONFLICT (instance) "
	                     "DO UPDATE SET at = excluded.at, lanes = excluded.lanes",
	                     params, ARRAY_SIZE(params), clock_mono_ms() + WRITE_MS, NULL);
}

static void on_written(void *job)
{
	struct told *t = job;
	bool reachable = t->result == 0;

	if (reachable != t->reachable && !reachable)
		log_warn(NULL, "lanes.not_told", "%s", pg_error(t->pg));
	t->reachable = reachable;
	t->writing = false;
	free(STEAL(t->lanes));
}

void told_second(struct told *t)
{
	if (++t->seconds % EVERY_S != 0 || t->writing)
		return;
	t->lanes = look(t);
	t->writing = worker_submit(t->worker, write_lanes, on_written, t);
	if (!t->writing)
		free(STEAL(t->lanes));
}

struct told *told_open(struct dispatcher *d)
{
	struct told *t = xcalloc(1, sizeof(*t));

	t->d = d;
	t->reachable = true;
	t->pg = pg_open(&d->config->postgres);
	t->worker = worker_new(d->ctx, "told", 1);
	(void)snprintf(t->instance, sizeof(t->instance), "%016" PRIx64, random_u64());
	return t;
}

struct told *told_close(struct told *t)
{
	if (!t)
		return NULL;
	t->worker = worker_free(t->worker);
	(void)pg_close(t->pg);
	free(t->lanes);
	free(t);
	return NULL;
}
