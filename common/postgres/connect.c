#include "postgres/internal.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   10000

#define FIELD(f) offsetof(struct postgres_config, f)

const struct config_key postgres_config_keys[] = {
	{
		.name = "POSTGRES_URL",
		.type = CONFIG_URL,
		.offset = FIELD(url),
		.min = 1,
		.max = 4096,
		.flags = CONFIG_REQUIRED,
		.help = "postgres://user:password@host:port/database; libpq's parameters "
			"(sslmode, ...) may follow after a ?.",
	},
	{
		.name = "POSTGRES_CONNECT_TIMEOUT",
		.type = CONFIG_MSEC,
		.offset = FIELD(connect_timeout),
		.min = 100,
		.max = 60000,
		.dflt = "5s",
		.help = "How long one attempt to connect to PostgreSQL may take.",
	},
	CONFIG_END,
};

/*
 * client_connection_check_interval (PostgreSQL 14): a statement whose client is gone ends
 * within a second; that is how a statement past its deadline is stopped (exec.c). The
 * time-out is the net below it, for older servers and dead networks.
 */
static const char session_settings[] =
	"SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601';"
	"SET statement_timeout = '120s'; SET idle_in_transaction_session_timeout = '60s';"
	"SELECT set_config(name, '1s', false) FROM pg_settings"
	" WHERE name = 'client_connection_check_interval'";

int connection_say(struct pg *pg, int code, const char *sqlstate, const char *message)
{
	(void)snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", sqlstate);
	(void)snprintf(pg->error, sizeof(pg->error), "%s", message);
	pg->error[strcspn(pg->error, "\r\n")] = '\0';
	return code;
}

static void forget_statements(struct pg *pg)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		free(pg->statements[i].text);
	memset(pg->statements, 0, sizeof(pg->statements));
}

void connection_drop(struct pg *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->in_transaction = false;
	forget_statements(pg);
}

bool connection_wait(const PGconn *conn, short events, int64_t deadline_ms)
{
	struct pollfd pfd = { .fd = PQsocket(conn), .events = events };
	int64_t left = deadline_ms - clock_mono_ms();

	if (left < 0)
		return false;
	int n = poll(&pfd, 1, left > 1000 ? 1000 : (int)left);

	/* a slice without news is no time-out yet: the caller looks again */
	return n > 0 || (n < 0 && errno == EINTR) || clock_mono_ms() < deadline_ms;
}

static void ignore_notice(void *arg, const PGresult *notice)
{
	/* a notice may hold data, and nobody would read it */
}

static bool drive_connect(PGconn *conn, int64_t deadline_ms)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
		if (!connection_wait(conn,
		                     state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
		                     deadline_ms))
			return false;
		state = PQconnectPoll(conn);
	}
	return state == PGRES_POLLING_OK;
}

static PGconn *start_connect(const struct pg *pg)
{
	/* what stands before dbname may be changed by the URL, what follows may not */
	const char *const names[] = { "fallback_application_name",
		                      "gssencmode",
		                      "keepalives_idle",
		                      "tcp_user_timeout",
		                      "dbname",
		                      "client_encoding",
		                      NULL };
	const char *const values[] = { program_invocation_short_name,
		                       "disable",
		                       "30",
		                       "30000",
		                       pg->url,
		                       "UTF8",
		                       NULL };

	return PQconnectStartParams(names, values, 1);
}

static int set_up_session(struct pg *pg, int64_t deadline_ms)
{
	PGresult *result = NULL;

	(void)PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	if (PQsetnonblocking(pg->conn, 1) || !PQsendQuery(pg->conn, session_settings))
		return connection_say(pg, PG_E_AWAY, "", PQerrorMessage(pg->conn));
	int r = exec_finish(pg, deadline_ms, &result);

	PQclear(result);
	return r ? PG_E_AWAY : 0;
}

static int try_connect(struct pg *pg, int64_t deadline_ms)
{
	pg->conn = start_connect(pg);
	if (!pg->conn)
		return connection_say(pg, PG_E_AWAY, "", "no memory for a connection");
	if (PQstatus(pg->conn) == CONNECTION_BAD || !drive_connect(pg->conn, deadline_ms))
		return connection_say(pg, PG_E_AWAY, "",
		                      *PQerrorMessage(pg->conn)
		                              ? PQerrorMessage(pg->conn)
		                              : "connecting took too long");
	return set_up_session(pg, deadline_ms);
}

/*
 * A server that went away while we were idle is seen before anything is sent to it: its
 * farewell can be read, and the end behind it. Other news (a notice) is only read.
 */
static bool still_alive(struct pg *pg)
{
	struct pollfd pfd = { .fd = PQsocket(pg->conn), .events = POLLIN };

	while (PQstatus(pg->conn) == CONNECTION_OK) {
		if (poll(&pfd, 1, 0) <= 0)
			return true;
		if (!PQconsumeInput(pg->conn))
			return false;
	}
	return false;
}

int connection_ensure(struct pg *pg, int64_t deadline_ms)
{
	int64_t now = clock_mono_ms();

	if (pg->conn && still_alive(pg))
		return 0;
	if (pg->conn) {
		bool broken_off = pg->in_transaction;

		connection_drop(pg);
		if (broken_off) /* its first half is gone: the caller has to begin again */
			return connection_say(pg, PG_E_AWAY, "",
			                      "the connection broke inside a transaction");
	}
	if (now < pg->retry_at_ms)
		return PG_E_AWAY; /* pg_error() still says why */
	int64_t until = now + pg->connect_timeout_ms;
	int r = try_connect(pg, until < deadline_ms ? until : deadline_ms);

	if (!r) {
		pg->failures = 0;
		return 0;
	}
	connection_drop(pg);
	pg->failures++;
	pg->retry_at_ms =
		clock_mono_ms() + backoff_wait_ms(BACKOFF_FIRST_MS, BACKOFF_MAX_MS,
	                                          pg->failures, random_u32());
	return PG_E_AWAY;
}

struct pg *pg_open(const struct postgres_config *config)
{
	struct pg *pg = xcalloc(1, sizeof(*pg));

	pg->url = xstrdup(config->url);
	pg->connect_timeout_ms = config->connect_timeout;
	return pg;
}

struct pg *pg_close(struct pg *pg)
{
	if (!pg)
		return NULL;
	connection_drop(pg);
	free(pg->url);
	free(pg);
	return NULL;
}

const char *pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

const char *pg_error(const struct pg *pg)
{
	return pg->error;
}
