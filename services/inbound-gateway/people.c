#include "people.h"

#include "base/clock.h"
#include "log/log.h"

enum { POLL_MS = 100, QUERY_MS = 3000 };

static const char version_sql[] = "SELECT version FROM integration.settings_version";
/* Replaced keys after those that count. */
static const char developers_sql[] =
	"SELECT a.id, k.auth_key, a.lab_id, a.org_id, a.developer_name, "
	"a.is_integration_enable, a.inbound_rate_per_second, a.inbound_addresses, "
	"encode(k.hash, 'hex'), k.until FROM (SELECT id AS auth_id, "
	"CASE WHEN auth_key_hash IS NULL THEN auth_key END AS auth_key, "
	"auth_key_hash AS hash, NULL::bigint AS until "
	"FROM integration.developer_authentication WHERE coalesce(auth_key, '') <> '' "
	"UNION ALL SELECT auth_id, auth_key, auth_key_hash, "
	"(extract(epoch FROM valid_until) * 1000)::bigint FROM integration.old_auth_key "
	"WHERE valid_until > now()) k "
	"JOIN integration.developer_authentication a ON a.id = k.auth_id "
	"ORDER BY k.until IS NOT NULL, a.is_integration_enable DESC, a.id";
static const char routes_sql[] =
	"SELECT id, method, path, operation, action_category, keys, unknown_key, capture, "
	"body_limit, refs FROM integration.inbound_route WHERE NOT is_disable "
	"ORDER BY position, id";

/* One at a time: the worker's while it runs. */
struct reading {
	struct people *people;
	struct pg *pg;
	int64_t version;             /* of what is known */
	struct directory *directory; /* the result; NULL: nothing new */
	int result;
	char error[200];
};

TAILQ_HEAD(waiting_list, call);

struct people {
	struct gateway *gw;
	struct worker *worker;
	struct event *timer;
	struct reading reading;
	struct directory *now;
	struct waiting_list waiting, served; /* asked for after, and before, this reading */
	bool asking, reachable, known, told;
};

static void add_developers(struct directory *d, const struct pg_result *r)
{
	for (size_t i = 0; i < pg_rows(r); i++) {
		const struct developer_cells cells = {
			.id = pg_text(r, i, 0),
			.auth_key = pg_text(r, i, 1),
			.lab_id = pg_text(r, i, 2),
			.org_id = pg_text(r, i, 3),
			.name = pg_text(r, i, 4),
			.enabled = pg_text(r, i, 5),
			.rate = pg_text(r, i, 6),
			.addresses = pg_text(r, i, 7),
			.auth_key_hash = pg_text(r, i, 8),
			.until_ms = pg_text(r, i, 9),
		};

		directory_add_developer(d, &cells);
	}
}

static void add_routes(struct directory *d, const struct pg_result *r)
{
	for (size_t i = 0; i < pg_rows(r); i++) {
		struct err_text why = { "" };
		const struct route_cells cells = {
			.id = pg_text(r, i, 0),
			.method = pg_text(r, i, 1),
			.path = pg_text(r, i, 2),
			.operation = pg_text(r, i, 3),
			.category = pg_text(r, i, 4),
			.keys = pg_text(r, i, 5),
			.unknown_key = pg_text(r, i, 6),
			.capture = pg_text(r, i, 7),
			.body_limit = pg_text(r, i, 8),
			.references = pg_text(r, i, 9),
		};

		if (directory_add_route(d, &cells, &why))
			log_warn(NULL, "gateway.route", "row %s is left out: %s", cells.id,
			         why.text);
	}
}

/* The version first: rows newer than it are read once more, and none is hidden. */
static int read_all(struct reading *r, int64_t deadline_ms)
{
	CLEANUP(pg_result_freep) struct pg_result *version = NULL;
	CLEANUP(pg_result_freep) struct pg_result *developers = NULL;
	CLEANUP(pg_result_freep) struct pg_result *routes = NULL;
	int result = pg_query(r->pg, version_sql, NULL, 0, deadline_ms, &version);

	if (result || (pg_rows(version) && pg_int(version, 0, 0) == r->version))
		return result;
	result = pg_query(r->pg, developers_sql, NULL, 0, deadline_ms, &developers);
	if (result == 0)
		result = pg_query(r->pg, routes_sql, NULL, 0, deadline_ms, &routes);
	if (result)
		return result;
	r->directory = directory_new(pg_rows(version) ? pg_int(version, 0, 0) : 0,
	                             r->people->gw->keyring);
	add_developers(r->directory, developers);
	add_routes(r->directory, routes);
	return 0;
}

static void run(void *job)
{
	struct reading *r = job;

	r->directory = NULL;
	r->error[0] = '\0';
	r->result = read_all(r, clock_mono_ms() + QUERY_MS);
	if (r->result)
		(void)snprintf(r->error, sizeof(r->error), "%s", pg_error(r->pg));
}

/* Without PostgreSQL calls go on, with the keys of before; none known, none refused. */
static void note(struct people *p, const struct reading *r)
{
	bool reachable = r->result == 0;

	if (reachable != p->reachable || !p->told) {
		if (reachable)
			log_info(NULL, "gateway.keys", "version %lld, %zu keys",
			         (long long)directory_version(p->now),
			         directory_size(p->now));
		else
			log_warn(NULL, "gateway.keys_away", "%s", r->error);
	}
	p->told = true;
	p->reachable = reachable;
	p->known |= reachable;
	service_ready(p->gw->ctx, "keys", true, "");
}

static void ask(struct people *p);

static void serve(struct people *p)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&p->served)) != NULL) {
		TAILQ_REMOVE(&p->served, call, waiting);
		call->is_waiting = false;
		call_decide(call, p->now);
	}
}

static void take(void *job)
{
	struct reading *r = job;
	struct people *p = r->people;

	p->asking = false;
	if (r->directory) {
		directory_keep_buckets(r->directory, p->now);
		directory_unref(p->now);
		p->now = STEAL(r->directory);
	}
	note(p, r);
	serve(p);
	if (!TAILQ_EMPTY(&p->waiting))
		ask(p);
}

static void ask(struct people *p)
{
	if (p->asking)
		return;
	TAILQ_CONCAT(&p->served, &p->waiting, waiting);
	p->reading.version = p->known ? directory_version(p->now) : -1;
	p->asking = worker_submit(p->worker, run, take, &p->reading);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	ask(arg);
}

struct people *people_open(struct gateway *gw)
{
	static const struct timeval period = { .tv_usec = POLL_MS * 1000 };
	struct people *p = xcalloc(1, sizeof(*p));

	p->gw = gw;
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->served);
	p->now = directory_new(-1, gw->keyring);
	p->reading.people = p;
	p->reading.pg = pg_open(&gw->config->postgres);
	p->worker = worker_new(gw->ctx, "keys", 1);
	p->timer = event_new(gw->loop, -1, EV_PERSIST, on_timer, p);
	(void)event_add(p->timer, &period);
	service_ready(gw->ctx, "keys", false, "not asked for yet");
	ask(p);
	return p;
}

struct people *people_close(struct people *p)
{
	if (!p)
		return NULL;
	event_free(p->timer);
	p->worker = worker_free(p->worker);
	(void)pg_close(p->reading.pg);
	directory_unref(p->now);
	free(p);
	return NULL;
}

struct directory *people_now(const struct people *p)
{
	return p->now;
}

bool people_ask(struct people *p, struct call *call)
{
	if (!p->reachable)
		return false;
	TAILQ_INSERT_TAIL(&p->waiting, call, waiting);
	call->is_waiting = true;
	ask(p);
	return true;
}

void people_forget(struct people *p, struct call *call)
{
	if (!call->is_waiting)
		return;
	/* TAILQ_REMOVE needs the head only for the last element's sake */
	bool served = false;
	const struct call *c;

	TAILQ_FOREACH (c, &p->served, waiting)
		served |= c == call;
	if (served)
		TAILQ_REMOVE(&p->served, call, waiting);
	else
		TAILQ_REMOVE(&p->waiting, call, waiting);
	call->is_waiting = false;
}
