#include "lock.h"

#define KEY(name) "hashtext('integration-fleet'), hashtext('" name "')"
#define TRY(name) "SELECT pg_try_advisory_lock(" KEY(name) ")"

/*
 * Says true again to the session that has it, so leading is never assumed but asked. A
 * leader whose machine is gone is noticed within half a minute.
 */
static const char lead_sql[] =
	TRY("retry-scheduler") ", set_config('tcp_keepalives_idle', '10', false),"
			       " set_config('tcp_keepalives_interval', '5', false),"
			       " set_config('tcp_keepalives_count', '3', false)";
static const char sweep_sql[] = TRY("retry-scheduler.sweep");
static const char release_sql[] =
	"SELECT pg_advisory_unlock(" KEY("retry-scheduler.sweep") ")";

static int ask(struct pg *pg, const char *sql, int64_t deadline_ms, bool *yes)
{
	CLEANUP(pg_result_freep) struct pg_result *answer = NULL;
	int r = pg_query(pg, sql, NULL, 0, deadline_ms, &answer);

	*yes = r == 0 && pg_rows(answer) == 1 && pg_bool(answer, 0, 0);
	return r;
}

int lock_lead(struct pg *pg, int64_t deadline_ms, bool *leads)
{
	return ask(pg, lead_sql, deadline_ms, leads);
}

int lock_sweep(struct pg *pg, int64_t deadline_ms, bool *held)
{
	return ask(pg, sweep_sql, deadline_ms, held);
}

void lock_release_sweep(struct pg *pg, int64_t deadline_ms)
{
	bool released;

	/* a connection that broke has released it */
	(void)ask(pg, release_sql, deadline_ms, &released);
}
