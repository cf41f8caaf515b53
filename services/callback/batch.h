#pragma once
/*
 * A batch of integration.callbacks messages against the log store: decode, group by log,
 * decide each log's change in memory (domain/logstate.h), write the changes in bulk. Every
 * step can be repeated, so a batch that met LOGSTORE_E_AWAY is simply begun again.
 */
#include "callback.h"
#include "domain/auto_retry.h"
#include "logstore/update.h"
#include "outgoing.h"

#define BATCH_MAX 500

struct batch;
/* The messages are borrowed until batch_free. */
struct batch *batch_new(const struct kafka_message *messages, size_t n);
struct batch *batch_free(struct batch *b);
DEFINE_CLEANUP(struct batch *, batch_free);

/*
 * 0: every message is settled, and `out` has what is to be told. LOGSTORE_E_AWAY: some are
 * not; `out` has the status updates of those that are. With `last`, what changes under our
 * hands again and again goes to the failed tasks instead: nothing stops a partition.
 */
int batch_settle(struct batch *b, struct logstore *store, const struct retry_policy *policy,
                 bool last, struct outgoing *out) MUST_CHECK;
