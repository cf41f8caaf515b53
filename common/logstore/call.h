#pragma once
/*
 * Logs of inbound calls (integration_type API), which callback inserts complete: nothing
 * changes them later. Blocking, one thread.
 */
#include "logstore/update.h"
#include "message/inbound_call.h"

struct log_call {
	struct log_id id;
	const struct inbound_call *call;
	int64_t inserted_at_ms;
	struct event_position position;
};

/*
 * results[i] for calls[i]; rows[i], the value of integration.status-updates, is the
 * caller's, and NULL unless ADD_NEW. LOGSTORE_E_AWAY: nothing is known.
 */
int logstore_add_calls(struct logstore *s, const struct log_call *calls, size_t n,
                       enum add_result *results, json_t **rows) MUST_CHECK;
